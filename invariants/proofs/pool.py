"""Processes that prove, of which an interrupt at the terminal is not the business.

One rule: who presses Ctrl-C speaks to the process that was started, which ends the others; none of them tells of it.
"""

import multiprocessing
import signal
from collections.abc import Callable
from multiprocessing import resource_tracker
from multiprocessing.pool import Pool
from typing import Any


def pool_of(count: int, start: Callable[..., None], setup: tuple[Any, ...]) -> Pool:
    """A pool whose processes run `start(*setup)` first. Use as a context manager.

    They are started with SIGINT blocked, which they inherit: to ignore it once they run would leave the time in which
    they import. An interrupt that comes meanwhile waits here.
    """
    # Where there is none yet, whoever starts it unblocks SIGINT.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        return multiprocessing.get_context("spawn").Pool(count, start, setup)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
