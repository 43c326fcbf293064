"""Drawing a trace: a space-time diagram as SVG, PNG, Graphviz source or Graphviz JSON.

One rule: the `.gv` source is always saved beside the picture, so that nothing is lost where no renderer is at hand. The
renderer is `graphviz-pure`, a Python package that brings its own program; a `dot` on the PATH serves as well.
"""

import shutil
import subprocess
import sysconfig
from dataclasses import replace
from pathlib import Path

from traces.drawing import MOST, draw
from traces.picture import source
from traces.storyteller import tell
from traces.trace import Trace
from traces.why import why
from traces.written import write_whole

SUFFIXES = (".svg", ".png", ".gv", ".json")
RENDERERS = ("graphviz-pure", "dot")


class RenderError(Exception):
    """The picture could not be made: one line that says why, and the remedy."""


def render(trace: Trace, out: str | Path, most: int = MOST) -> Path:
    """Draw the trace to `out`, whose suffix names the format; at most `most` steps are drawn. Returns `out`."""
    out = Path(out)
    if out.suffix not in SUFFIXES:
        known = ", ".join(SUFFIXES)
        raise RenderError(f"{out}: cannot draw a {out.suffix or 'file without a suffix'}; name it with one of {known}")
    if not trace.lines:
        raise RenderError(f"{trace.source or 'trace'}: has no steps to draw; give a trace in which something happened")
    gv = out.with_suffix(".gv")
    try:
        story = replace(tell(trace), sentence=why(trace))
        write_whole(gv, source(draw(story, most)).source)
    except OSError as error:
        raise RenderError(f"{gv}: cannot be written: {error.strerror}; name a file in a directory of yours") from None
    if out.suffix != ".gv":
        _run(gv, out)
    return out


def renderer() -> str:
    """The path of the program that draws; RenderError where there is none."""
    own = Path(sysconfig.get_path("scripts")) / RENDERERS[0]
    if own.is_file():
        return str(own)
    for name in RENDERERS:
        found = shutil.which(name)
        if found:
            return found
    raise RenderError(
        "no Graphviz program found (graphviz-pure, dot); run `pip install graphviz-pure`: the .gv source is saved"
    )


def _run(gv: Path, out: Path) -> None:
    beside = out.with_name(f"{out.name}.new")
    command = [renderer(), "-Kneato", f"-T{out.suffix[1:]}", "-o", str(beside), str(gv)]
    if out.suffix == ".png":
        command.insert(1, "-Gdpi=110")
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode == 0 and beside.is_file():
        beside.replace(out)
    else:
        beside.unlink(missing_ok=True)
        said = result.stderr.split("\n")
        told = [line for line in said if line.startswith("Error")] or [line for line in said if line.strip()][-1:]
        why = told[0].strip() if told else "it gave no reason"
        raise RenderError(
            f"{gv}: {command[0]} cannot draw it ({why}); make room, or draw the .gv with another Graphviz"
        )
