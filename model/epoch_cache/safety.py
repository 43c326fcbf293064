"""What probes rely on: the cache says of every epoch what the log would."""

from model.epoch_cache.state import State
from model.language import LeaderEpoch, Offset, Replica, safety


@safety
def epochs_are_cached(s: State) -> bool:
    """Where an epoch's records begin in a log, the cache has it beginning. Broken by leads-again."""
    return all(
        s.cached[r, s.log[r][o].epoch] and s.cached_start[r, s.log[r][o].epoch] == o
        for r in Replica
        for o in Offset
        if 0 <= o < len(s.log[r]) and (o == 0 or s.log[r][o - 1].epoch != s.log[r][o].epoch)
    )


@safety
def cached_are_epochs(s: State) -> bool:
    """Where the cache has an epoch beginning, its records begin, or the log ends."""
    return all(
        s.cached_start[r, e] <= len(s.log[r])
        and (s.cached_start[r, e] == len(s.log[r]) or s.log[r][s.cached_start[r, e]].epoch == e)
        for r in Replica
        for e in LeaderEpoch
        if e >= 1 and s.cached[r, e]
    )


@safety
def epochs_never_fall(s: State) -> bool:
    """Along a log epochs never fall."""
    return all(s.log[r][o - 1].epoch <= s.log[r][o].epoch for r in Replica for o in Offset if 1 <= o < len(s.log[r]))


SAFETY = (epochs_are_cached, cached_are_epochs, epochs_never_fall)
