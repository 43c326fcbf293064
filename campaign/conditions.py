"""Waiting for something to become true in processes that cannot notify us.

One rule: every wait has a deadline, and what was waited for is in the error.
"""

import time
from collections.abc import Callable

FIRST_PAUSE_SECONDS = 0.005
PAUSE_SECONDS_MAX = 0.1


def wait_for(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Return as soon as `condition()` holds. Raises TimeoutError, naming `what`, after `seconds`."""
    deadline = time.monotonic() + seconds
    pause = FIRST_PAUSE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:.0f} s for {what}")
        # A pause between two questions: the answer lies in another process.
        time.sleep(pause)
        pause = min(2 * pause, PAUSE_SECONDS_MAX)
