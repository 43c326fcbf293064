"""The controller's decisions by what they do: which facts begin a leader epoch, and which change who is in sync in one.

One rule: every fact of a decision is in exactly one of the two; each is a new version of the partition.
"""

BEGIN_AN_EPOCH = frozenset(
    {
        *("Elect", "ElectNone", "ElectEligible", "ElectUnclean", "FailOver", "TakeOffline"),
        *("Reassign", "LeaderLosesPower"),
    }
)
CHANGE_A_SET = frozenset({"Fence", "AddReplicas", "AlterPartition", "MemberLosesPower"})
ALL = tuple(sorted(BEGIN_AN_EPOCH | CHANGE_A_SET))
REGISTRATIONS = ("Register", "LosePower", "MemberLosesPower", "LeaderLosesPower")
