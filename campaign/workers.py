"""Who runs the seeds of a campaign: this process, processes of this machine, or the workers of a Dask cluster.

One rule: results come in the order in which the work was given, whoever was faster, so that a campaign is the same
campaign wherever it runs. Work is a pure function of its arguments: a worker that dies has lost nothing, its work is
given again.
"""

import gc
import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Protocol, TypeVar

from campaign import source
from campaign.outcome import Refused

T = TypeVar("T")
Call = tuple[Any, ...]
"""The arguments of one piece of work."""

NOT_YET: Call = ()
"""In place of a call: the next is known once more results are taken."""

DEATHS_MAX = 3
"""A piece of work during which workers died this often is not given again."""
CONNECT_SECONDS = 10


class Workers(Protocol):
    """Use as a context manager."""

    ahead: int
    """How many calls may be taken before the first of them has its result."""

    def __enter__(self) -> "Workers": ...

    def __exit__(self, *exception: object) -> None: ...

    def run(self, work: Callable[..., T], calls: Iterator[Call]) -> Iterator[T]:
        """The results in the order of the calls, of which a few are taken ahead. Refused where workers keep dying.

        Where the next call depends on results that nobody has yet, `calls` yields `NOT_YET`.
        """
        ...


class Here:
    """This process, one call after the other."""

    ahead = 1

    def __enter__(self) -> "Here":
        self._collector = gc.get_threshold()
        spare_the_collector()
        return self

    def __exit__(self, *exception: object) -> None:
        gc.set_threshold(*self._collector)
        gc.unfreeze()

    def run(self, work: Callable[..., T], calls: Iterator[Call]) -> Iterator[T]:
        for call in calls:
            assert call is not NOT_YET, "nothing is under way"
            yield work(*call)


class Pool:
    """Anything that `concurrent.futures` can give work to. `make` makes it anew when its workers have died."""

    def __init__(self, make: Callable[[], Executor], size: int, died: tuple[type[BaseException], ...]) -> None:
        """`size` is how many calls run at once; `died` is what a result raises whose worker died."""
        self._make = make
        self.ahead = 2 * size
        self._died = died
        self._executor: Executor | None = None

    def __enter__(self) -> "Pool":
        self._executor = self._make()
        return self

    def __exit__(self, *exception: object) -> None:
        if exception[0] is KeyboardInterrupt:
            # Nobody wants what they are at, and it may take them a minute yet.
            for process in multiprocessing.active_children():
                process.terminate()
        self._stop()

    def run(self, work: Callable[..., T], calls: Iterator[Call]) -> Iterator[T]:
        pending: deque[tuple[Call, Future[T]]] = deque()
        try:
            yield from self._results(work, calls, pending)
        finally:
            # Whoever has heard enough does not wait for what was taken ahead.
            for _, future in pending:
                future.cancel()

    def _results(
        self, work: Callable[..., T], calls: Iterator[Call], pending: "deque[tuple[Call, Future[T]]]"
    ) -> Iterator[T]:
        deaths = 0
        while True:
            while len(pending) < self.ahead and (call := next(calls, None)) is not None and call is not NOT_YET:
                pending.append((call, self._submit(work, call)))
            if not pending:
                return
            call, future = pending[0]
            try:
                result = future.result()
            except self._died as error:
                deaths += 1
                if deaths == DEATHS_MAX:
                    raise Refused(
                        f"{deaths} workers died, the last while {work.__name__}{call} was next ({error}); see whether "
                        "the machine has memory left, and go on with fewer --processes"
                    ) from None
                self._stop()
                self._executor = self._make()
                again = [waiting for waiting, _ in pending]
                pending.clear()
                pending.extend((waiting, self._submit(work, waiting)) for waiting in again)
                continue
            deaths = 0
            pending.popleft()
            yield result

    def _submit(self, work: Callable[..., T], call: Call) -> "Future[T]":
        assert self._executor is not None, "entered before it is used"
        try:
            return self._executor.submit(work, *call)
        except self._died as error:
            # A worker has died since, and nobody has asked for its result yet: whoever asks for this one learns of it.
            never: Future[T] = Future()
            never.set_exception(error)
            return never

    def _stop(self) -> None:
        if self._executor is not None:
            self._executor.shutdown(wait=True)
            self._executor = None


def local(processes: int) -> Workers:
    """Processes of this machine; with one, this process."""
    if processes == 1:
        return Here()
    return Pool(lambda: ProcessPoolExecutor(processes, initializer=_prepare_here), processes, (BrokenProcessPool,))


def dask(address: str) -> Workers:
    """The workers behind a Dask scheduler. Refused where it is not reached, or a worker has other source."""
    try:
        import distributed
    except ImportError:
        raise Refused(f"--workers {address}: needs the package distributed: pip install 'fencepost[cluster]'") from None
    try:
        client = distributed.Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise Refused(
            f"--workers {address}: no Dask scheduler answers there ({error}); start one with `dask scheduler`, and "
            "name it as tcp://HOST:8786"
        ) from None
    threads = sum(client.nthreads().values())
    if not threads:
        raise Refused(f"--workers {address}: the scheduler has no workers; start some with `dask worker {address}`")
    own = source.commit()
    for worker, other in client.run(_prepare).items():
        if other != own:
            raise Refused(
                f"--workers {address}: {worker} runs fencepost of commit {other or 'unknown'}, this is {own}; "
                "update it, so that all search the same code"
            )
    return Pool(lambda: client.get_executor(pure=False), threads, (distributed.KilledWorker,))


def _prepare_here() -> None:
    """In a process of this machine: an interrupt at the terminal is the business of whoever started it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    spare_the_collector()


def _prepare() -> str:
    """On a worker: spare the collector, and say which source this is."""
    spare_the_collector()
    return source.commit()


def spare_the_collector() -> None:
    """A run makes many small objects, of which few are left in cycles: collect rarely, and not what is there now."""
    gc.freeze()
    gc.set_threshold(500_000, 50, 100)
