"""Every model that there is a proof of, with its argument.

One rule: an argument is listed here once, by the name of its model.
"""

from invariants.proofs.argument import Argument
from invariants.proofs.epoch_cache import ARGUMENT as OF_EPOCH_CACHE
from invariants.proofs.quorum import ARGUMENT as OF_QUORUM
from invariants.proofs.quorum.pre_vote import ARGUMENT as OF_PRE_VOTE
from invariants.proofs.quorum.voters import ARGUMENT as OF_VOTERS
from invariants.proofs.replication import ARGUMENT as OF_REPLICATION
from invariants.proofs.survival import ARGUMENT as OF_SURVIVAL
from model.design import Model
from model.models import model_named

ARGUMENTS: dict[str, Argument] = {
    "replication": OF_REPLICATION,
    "survival": OF_SURVIVAL,
    "epoch-cache": OF_EPOCH_CACHE,
    "quorum": OF_QUORUM,
    "quorum-pre-vote": OF_PRE_VOTE,
    "quorum-voters": OF_VOTERS,
}


class NoProof(ValueError):
    """There is no inductive proof of this model."""


def model_with_argument(name: str) -> tuple[Model, Argument]:
    """The model of this name with its argument; NoSuchModel or NoProof where there is none."""
    model = model_named(name)
    if name not in ARGUMENTS:
        proved = ", ".join(ARGUMENTS)
        raise NoProof(f"there is no proof of {name}, of {proved} only: explore or search it within bounds")
    return model, ARGUMENTS[name]
