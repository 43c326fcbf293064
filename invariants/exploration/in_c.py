"""The search compiled by the machine's C compiler: the emitted model inside `search.c`, called through ctypes.

One rule: the library lives as long as its search object and leaves nothing behind; its source is built in a temporary
directory that is removed as soon as it is loaded. The loop returns often, to heed time, memory and the keyboard.
"""

import ctypes
import subprocess
import tempfile
from importlib import resources
from pathlib import Path

import numpy as np

from invariants.exploration.keys import make_keys
from invariants.exploration.limits import Found, Limits, Progress
from model.columns import emit_c
from model.columns.tracing import Tracing

FLAGS = ("-march=native", "-shared", "-fPIC", "-pthread")
SHORT = 100_000
"""Characters of a program that is optimised in full: it is compiled in a second. A long one would take minutes."""
ROUND = 1 << 18
"""States expanded before the loop looks at the clock."""

LONGEST = 10_000
"""Steps of a counterexample at most."""

MORE, DONE, VIOLATED, FULL, RANGE = range(5)


class CompilerFailed(RuntimeError):
    """The C compiler did not build the search: its first complaint, and what to use instead."""


def source(tracing: Tracing, *, exact: bool, renamings: int) -> str:
    """The whole program."""
    folder = resources.files("invariants.exploration")
    names = "search.c", "plain.c" if tracing.view is None else "viewed.c"
    loop, expansion = (folder.joinpath(name).read_text(encoding="utf-8") for name in names)
    loop = loop.replace("/*EXPANSION*/", expansion)
    definitions = emit_c.definitions(tracing, exact=exact, renamings=renamings)
    return loop.replace("/*DEFINITIONS*/", definitions).replace("/*MODEL*/", emit_c.program(tracing))


def build(text: str, compiler: str) -> ctypes.CDLL:
    """Compiles and loads a program."""
    with tempfile.TemporaryDirectory(prefix="fencepost-") as folder:
        program, library = Path(folder, "search.c"), Path(folder, "search.so")
        program.write_text(text, encoding="utf-8")
        command = [compiler, "-O3" if len(text) < SHORT else "-O1", *FLAGS, "-o", str(library), str(program)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            complaint = next(iter(done.stderr.splitlines()), "no message")
            raise CompilerFailed(f"{compiler} did not build the search ({complaint}): use form 'numpy'")
        return ctypes.CDLL(str(library))


class CSearch:
    """A traced model, compiled. `run` searches it; one search at a time."""

    def __init__(
        self, tracing: Tracing, *, compiler: str, symmetry: bool = False, seed: int = 0, threads: int = 2
    ) -> None:
        self.tracing, self.threads = tracing, max(1, min(threads, 8))
        self.keys = make_keys(tracing.layout, symmetry=symmetry, seed=seed)
        self.library = build(source(tracing, exact=self.keys.exact, renamings=self.keys.renamings), compiler)
        for name in ("turn", "states_seen", "states_generated", "used_bytes"):
            getattr(self.library, name).restype = ctypes.c_uint64
        self.library.begin.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint64]
        self.library.advance.argtypes = [ctypes.c_uint64, ctypes.c_int]
        self.library.path.argtypes = [ctypes.c_void_p, ctypes.c_int]

    def run(self, limits: Limits, progress: Progress | None = None) -> Found:
        """Searches until nothing is new, a property is violated, or a limit is reached.

        Which of several shortest counterexamples threads find first is chance; so what they find is found again by one.
        """
        found = self.search(limits, progress, self.threads)
        if found.violated is not None and self.threads > 1:
            found = self.search(limits, None, 1)
        return found

    def search(self, limits: Limits, progress: Progress | None, threads: int) -> Found:
        table = np.ascontiguousarray(self.keys.table)
        row = np.array(self.tracing.layout.initial_row(), np.int8)
        if not self.library.begin(table.ctypes.data, row.ctypes.data, limits.memory):
            raise MemoryError(f"{limits.memory} bytes of memory cannot be had: give less")
        try:
            return self.levels(limits, progress, threads)
        finally:
            self.library.end()

    def levels(self, limits: Limits, progress: Progress | None, threads: int) -> Found:
        library, found = self.library, Found()
        before = 1
        while True:
            if limits.depth is not None and len(found.levels) > limits.depth:
                found.stopped = limits.reason_depth()
                break
            status = MORE
            while status == MORE and not limits.over_time():
                status = library.advance(ROUND, threads)
            seen = int(library.states_seen())
            if seen > before:
                found.levels.append(seen - before)
                before = seen
            found.bytes = max(found.bytes, int(library.used_bytes()))
            if status == DONE:
                if not int(library.turn()):
                    break
                if progress is not None:
                    progress(len(found.levels) - 1, seen, found.levels[-1])
                continue
            self.ended(status, found, limits)
            break
        found.generated = int(library.states_generated())
        return found

    def ended(self, status: int, found: Found, limits: Limits) -> None:
        """Says why a level was not finished."""
        if status == VIOLATED:
            found.violated = int(self.library.property_violated())
            steps = np.zeros(LONGEST, np.uint16)
            count = self.library.path(steps.ctypes.data, LONGEST)
            found.path = [int(step) for step in steps[:count][::-1]]
        elif status == RANGE:
            column = self.tracing.layout.columns[self.library.column_out_of_range()]
            raise AssertionError(f"{column.name} left its range {column.low} to {column.high}")
        elif status == FULL:
            found.stopped = limits.reason_memory(found.bytes)
        else:
            found.stopped = limits.reason_time()
