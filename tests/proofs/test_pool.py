"""Processes that prove: an interrupt at the terminal reaches the one that was started, and no other says a word."""

import os
import signal

from invariants.proofs.pool import pool_of


def test_an_interrupt_passes_the_processes_by():
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    with pool_of(1, int, ()) as pool:
        other = pool.apply(os.getpid)
        os.kill(other, signal.SIGINT)
        assert pool.apply(os.getpid) == other
        assert signal.SIGINT in pool.apply(signal.sigpending)
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == before
