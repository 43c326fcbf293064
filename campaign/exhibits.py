"""A saved counterexample as the report shows it: its story, its drawing, its steps."""

import re
import tempfile
from pathlib import Path

from campaign.mutants import MUTANTS
from campaign.saved import SAVED, Kept
from campaign.steps import steps_of
from invariants.report.build import Exhibit
from invariants.report.frames import frames
from model.design import UnknownVariant
from model.models import NoSuchModel, model_named
from traces.quorum_facts import METADATA
from traces.render import RenderError, render
from traces.storyteller import tell
from traces.trace import Trace
from traces.why import why


def order(kept: Kept) -> tuple[bool, bool, str]:
    """The broker's before the models', and first of all the bug that everything here began with."""
    return (kept.trace.header.origin == "model", kept.path.stem != "kip-101", kept.path.stem)


def exhibit(kept: Kept) -> Exhibit:
    trace = kept.trace
    verdict, story = trace.verdict, tell(trace)
    return Exhibit(
        title=_title(trace, kept.path),
        story=_story(trace),
        invariant=verdict.invariant if verdict else "",
        sentence=why(trace),
        steps=steps_of(trace) if trace.header.origin == "simulated" else len(trace.lines),
        command=f"fencepost replay {_shown(kept.path)}",
        drawing=drawing(trace),
        frames=frames(trace),
        id=kept.path.stem,
        lanes=story.lanes,
        voters=story.partition == METADATA,
    )


def drawing(trace: Trace) -> str:
    """The drawing as SVG to stand inside a page; empty where no renderer is at hand."""
    with tempfile.TemporaryDirectory(prefix="fencepost-") as scratch:
        try:
            svg = render(trace, Path(scratch) / "trace.svg").read_text(encoding="utf-8")
        except RenderError:
            return ""
    bare = re.sub(r"^.*?(?=<svg)", "", svg, count=1, flags=re.DOTALL)
    # Every drawing numbers its parts alike; on a page of many an id would name several.
    return re.sub(r' id="[^"]*"', "", bare)


def _shown(path: Path) -> str:
    """The path as a reader of the report types it: those that are kept, from the top of the repository."""
    return f"traces/saved/{path.name}" if path.parent == SAVED else str(path)


def _title(trace: Trace, path: Path) -> str:
    planted = trace.header.mutant
    if planted in MUTANTS:
        return f"{planted}, in the broker: {MUTANTS[planted].title.rstrip('.')}"
    if trace.header.variant:
        return f"{trace.header.variant}, in the model {trace.header.model}"
    return path.stem.replace("-", " ")


def _story(trace: Trace) -> str:
    planted = trace.header.mutant
    if planted in MUTANTS:
        return MUTANTS[planted].history
    if trace.header.variant:
        try:
            variant = model_named(trace.header.model).variant(trace.header.variant)
        except (NoSuchModel, UnknownVariant):
            return ""
        return variant.sentence if variant else ""
    return "Kafka's default syncs nothing before it acknowledges: a power loss can take acknowledged records with it."
