"""Who votes, by the header of a trace, and what voters are called in it.

One rule: nothing is guessed. Where a header does not say who the controllers are, their quorum is not followed.
"""

from collections.abc import Mapping

from traces.schema import Header

FIRST = 3000
"""The node id of a single controller; of several, the first has the next one."""


def voter_of(name: str) -> int | None:
    """The node id of a controller by its name, `controller` or `controller-1`, ...; None for whoever is none."""
    kind, _, number = name.partition("-")
    if kind != "controller" or not (number.isdigit() or not number):
        return None
    return FIRST + int(number or 0)


def voters_of(header: Header) -> tuple[int, ...]:
    """The node ids of all voters; empty where the header does not say."""
    count = header.configuration.get("controllers")
    if isinstance(count, int) and count > 0:
        return (FIRST,) if count == 1 else tuple(range(FIRST + 1, FIRST + count + 1))
    processes = header.configuration.get("processes")
    if not isinstance(processes, Mapping):
        return ()
    return tuple(sorted(voter for name in processes if (voter := voter_of(str(name))) is not None))
