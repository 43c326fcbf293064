"""The quorum with pre-votes: the same invariant, for pre-votes bind nobody.

One rule: nothing is added to the base's argument but that whoever stands after pre-votes stands as anybody does.
"""

from dataclasses import replace

from invariants.proofs.quorum import ARGUMENT as BASE

ARGUMENT = replace(
    BASE,
    step_lemmas={**BASE.step_lemmas, "stand_after_pre_vote": BASE.step_lemmas["stand"]},
    hints="invariants.proofs.quorum.pre_vote",
)
