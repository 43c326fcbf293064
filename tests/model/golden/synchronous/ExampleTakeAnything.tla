---- MODULE ExampleTakeAnything ----
\* The model `example`, variant take-anything: A follower takes what it is shown, whatever it has.
\* Printed by `fencepost export-model example --to tla --grain synchronous --variant take-anything`, without
\* the ghosts that only its proof needs: change the model, not this file.
\* Check it: java -cp tla2tools.jar tlc2.TLC -deadlock ExampleTakeAnything
EXTENDS Integers, FiniteSets

---- MODULE Logs ----
LOCAL INSTANCE Integers
LOCAL INSTANCE Sequences
EndOffset(aLog) == Len(aLog)
At(aLog, offset) == aLog[offset + 1]    \* offsets count from 0
Record(anEpoch, aValue) == <<[epoch |-> anEpoch, value |-> aValue]>>
Joined(aLog, more) == aLog \o more
Slice(aLog, from, to) == SubSeq(aLog, from + 1, IF to < Len(aLog) THEN to ELSE Len(aLog))
    \* from `from` up to, not including, `to`
====
INSTANCE Logs

CONSTANTS Replica, MaxLeaderEpoch, MaxEndOffset, Values

LeaderEpoch == 0 .. MaxLeaderEpoch
LeaderEpochKey == 0 .. (MaxLeaderEpoch + 1)    \* a step may write one beyond the bound
Offset == 0 .. MaxEndOffset
Value == 0 .. (Values - 1)
ReplicaSet == SUBSET Replica \ {{}}
AnyReplica == CHOOSE r \in Replica : \A other \in Replica : r <= other
Min(a, b) == IF a < b THEN a ELSE b

VARIABLES
    newest,
    members,
    \* Who leads an epoch; anybody before the first.
    leader,
    epoch,
    log,
    seen

\* At this grain no message outlives the step that sent it.
sent == [r \in Replica |-> FALSE]
sentLog == [r \in Replica |-> <<>>]

\* It leads the epoch it knows.
Leads(r) ==
    epoch[r] >= 1 /\ leader[epoch[r]] = r

\* The members that are not chosen.
Others(chosen) ==
    members \ chosen

\* Nobody leads.
\* Here: all replicas are its members.
Init ==
    /\ \E r \in Replica : r \in Replica
    /\ members = Replica
    /\ seen = [a \in Replica, b \in Replica |-> -1]
    /\ newest = 0
    /\ leader = [l \in LeaderEpochKey |-> AnyReplica]
    /\ epoch = [r \in Replica |-> 0]
    /\ log = [r \in Replica |-> <<>>]

\* A member leads the next epoch, and knows it.
Elect(theLeader) ==
    /\ theLeader \in members
    /\ newest' = newest + 1
    /\ leader' = [leader EXCEPT ![newest'] = theLeader]
    /\ epoch' = [epoch EXCEPT ![theLeader] = newest']
    /\ UNCHANGED <<members, log, seen>>

\* A leader writes two records at once.
Append(theLeader, value) ==
    LET log1 == [log EXCEPT ![theLeader] = Joined(log[theLeader], Record(epoch[theLeader], value))]
    IN
    /\ Leads(theLeader)
    /\ log' = [log1 EXCEPT ![theLeader] = Joined(log1[theLeader], Record(epoch[theLeader], value))]
    /\ UNCHANGED <<newest, members, leader, epoch, seen>>

\* Only some members stay, and those are no longer counted as having anything.
Remove(kept) ==
    /\ \A r \in Replica : r \in kept => r \in members
    /\ Others(kept) # kept \ kept
    /\ members' = members \cap kept
    /\ seen' = [a \in Replica, b \in Replica |-> IF a \in kept THEN seen[a, b] ELSE Min(seen[a, b], 0)]
    /\ UNCHANGED <<newest, leader, epoch, log>>

\* A follower is shown a log, and takes a part of it in place of its own.
Copy(follower, theLeader, logEnd) ==
    LET sent1 == [sent EXCEPT ![theLeader] = TRUE]
        sentLog1 == [sentLog EXCEPT ![theLeader] = log[theLeader]]
    IN
    \* Send(theLeader)
    /\ Leads(theLeader)
    \* ReceiveAnything(follower, theLeader, logEnd)
    /\ sent1[theLeader]
    /\ theLeader # follower
    /\ logEnd <= EndOffset(sentLog1[theLeader])
    /\ log' = [log EXCEPT ![follower] = Slice(sentLog1[theLeader], 0, logEnd)]
    /\ UNCHANGED <<newest, members, leader, epoch, seen>>

\* What the search looks at; a step that leads beyond is not taken.
WithinBounds ==
    /\ newest <= MaxLeaderEpoch
    /\ \A r \in Replica : EndOffset(log[r]) <= MaxEndOffset

Next ==
    \/ \E theLeader \in Replica : Elect(theLeader) /\ WithinBounds'
    \/ \E theLeader \in Replica, value \in Value : Append(theLeader, value) /\ WithinBounds'
    \/ \E kept \in ReplicaSet : Remove(kept) /\ WithinBounds'
    \/ \E follower \in Replica, theLeader \in Replica, logEnd \in Offset :
           Copy(follower, theLeader, logEnd) /\ WithinBounds'

vars == <<newest, members, leader, epoch, log, seen>>

Spec == Init /\ [][Next]_vars

\* Logs agree wherever both have an entry.
Prefixes ==
    \A a \in Replica, b \in Replica :
        \A o \in 0 .. EndOffset(log[a]) - 1 : o < EndOffset(log[b]) => At(log[a], o) = At(log[b], o)

\* There is somebody left.
SomeMember ==
    \E r \in Replica : r \in members

====
