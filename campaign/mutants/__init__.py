"""Bugs to plant in the broker: past mistakes of Kafka and its kin, each a few overridden lines with its history.

One rule: nothing of them is in the broker. They are applied by name, at a seam the broker has anyway.

A mutant that is not found is a question, not a pass: either the search is too small or the guard is redundant.
"""

from campaign.mutants import (
    administering,
    answering,
    asking,
    cleaning,
    clocks,
    counting,
    deciding,
    deleting,
    disks,
    epoch_cache,
    following,
    in_sync,
    producing,
    promising,
    reading,
    reassigning,
    remaking,
    rereading,
    retaining,
    sending,
    storing,
    voting,
    watermark,
)
from campaign.mutants.registry import MUTANTS, Mutant, StaleMutant, raised_by_planted, usable

__all__ = [
    "MUTANTS",
    "Mutant",
    "StaleMutant",
    "administering",
    "answering",
    "asking",
    "cleaning",
    "clocks",
    "counting",
    "deciding",
    "deleting",
    "disks",
    "epoch_cache",
    "following",
    "in_sync",
    "producing",
    "promising",
    "raised_by_planted",
    "reading",
    "reassigning",
    "remaking",
    "rereading",
    "retaining",
    "sending",
    "storing",
    "usable",
    "voting",
    "watermark",
]
