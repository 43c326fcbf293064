"""Every model there is, by name: what commands look up.

One rule: a model is listed here once; whether it is proved, and how, `invariants/proofs/arguments.py` knows.
"""

from model.design import Model
from model.epoch_cache import EPOCH_CACHE
from model.kip320 import KIP320
from model.quorum import QUORUM
from model.quorum.pre_vote import PRE_VOTE
from model.quorum.voter_changes import VOTER_CHANGES
from model.replication import REPLICATION
from model.survival import SURVIVAL

MODELS = {model.name: model for model in (REPLICATION, SURVIVAL, EPOCH_CACHE, QUORUM, PRE_VOTE, VOTER_CHANGES, KIP320)}


class NoSuchModel(ValueError):
    """No model has this name."""


def model_named(name: str) -> Model:
    """The model of this name; NoSuchModel lists those there are."""
    if name not in MODELS:
        raise NoSuchModel(f"there is no model {name!r}; there is {', '.join(MODELS)}")
    return MODELS[name]
