"""`fencepost render`: the space-time drawing of a trace."""

from pathlib import Path

from campaign.outcome import Outcome
from traces.reader import read
from traces.render import render


def run(path: Path, out: Path | None) -> Outcome:
    """Draw a trace; the suffix of `out` chooses svg, png, json or gv. Raises TraceError, RenderError."""
    target = out or Path(f"{path.stem}.svg")
    drawn = render(read(path), target)
    gv = drawn.with_suffix(".gv")
    document = {"trace": str(path), "drawing": str(drawn), "source": str(gv)}
    return Outcome(verdict="done", document=document, lines=(f"drawn: {drawn} (source: {gv})",))
