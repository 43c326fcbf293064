"""The gallery: a page and a drawing for each design that did not hold, made from its saved trace and its story.

    python -m campaign.gallery [--find]

writes `docs/gallery` anew. With `--find`, variants without a saved trace that still breaks them are searched first,
each in the space its story names: breadth first, so that the execution is a shortest one at the synchronous grain, then
spelled out in the model's own actions and minimised.

One rule: a page says nothing that a trace or a story does not. What refuses the execution today is asked of the model.
"""

import itertools
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from campaign.gallery_steps import table
from campaign.model_replay import replay_model
from invariants.exploration.explore import explore
from invariants.proofs.minimise import Replayer, minimised
from model.design import Model, syntax
from model.machine import ActionDisabled, Machine
from model.models import model_named
from model.quorum.stories import STORIES as QUORUM_STORIES
from model.replication.stories import STORIES as REPLICATION_STORIES
from model.story import Story
from model.survival.stories import STORIES as SURVIVAL_STORIES
from traces.modelled import calls_of, told
from traces.reader import read
from traces.recorder import write
from traces.render import render
from traces.trace import Trace
from traces.why import why

ROOT = Path(__file__).resolve().parents[1]
SAVED = ROOT / "traces" / "saved"
PAGES = ROOT / "docs" / "gallery"
STORIES = (*REPLICATION_STORIES, *SURVIVAL_STORIES, *QUORUM_STORIES)
MADE = "<!-- Made by `python -m campaign.gallery`: change the story or the trace, not this page. -->"
BUDGET_SECONDS = 300.0


def called(story: Story) -> str:
    """The name of a page and its drawing; variants of `replication` need no prefix."""
    return story.variant if story.model == "replication" else f"{story.model}-{story.variant}"


def saved(story: Story) -> Path:
    return SAVED / f"model-{called(story)}.jsonl"


# ------------------------------------------------------------ finding
def find(story: Story) -> Trace | None:
    """A short execution that the variant allows and that violates a property; None where the search found none, or
    there is no space to search."""
    if story.search is None:
        return None
    model = model_named(story.model)
    replicas, log, epochs, partition_epochs = story.search
    names = tuple(range(1, replicas + 1))
    found = explore(
        model,
        story.variant,
        names,
        log,
        epochs,
        partition_epochs=partition_epochs,
        grain="synchronous",
        symmetry=True,
        budget=BUDGET_SECONDS,
    )
    if found.violated is None:
        return None
    replayer = Replayer(model, story.variant, names, synchronous=False)
    violation = replayer.violation(found.steps)
    assert violation is not None, f"spelled out, the execution of {story.variant} violates nothing"
    short = minimised(replayer, violation)
    machine = Machine(model, replicas=names, variant=story.variant)
    machine.run(short.steps)
    said = lost(machine) if short.invariant == "committed_in_isr" else property_words(model, short.invariant)
    return told(
        short.steps, replicas=names, variant=story.variant, invariant=short.invariant, sentence=said, model=model
    )


def lost(machine: Machine) -> str:
    """What `committed_in_isr` misses in a state that breaks it: whose record, and where it is not."""
    state = machine.state
    for replica, member in itertools.product(sorted(machine.members), sorted(state.isr[state.newest_leader_epoch])):
        for offset in range(state.high_watermark[replica]):
            own, other = state.log[replica][offset], state.log[member]
            if offset >= len(other) or other[offset] != own:
                instead = "has another record there" if offset < len(other) else "does not have it"
                return f"n{replica} believes offset {offset} committed; n{member}, in the in-sync set, {instead}"
    raise AssertionError("asked about a state that breaks committed_in_isr")


def stands(trace: Trace) -> bool:
    """The trace fails on the variant its header names, with its last action, and passes on the model."""
    again = replay_model(trace)
    return (
        again.invariant is not None and again.steps == len(trace.lines) and replay_model(trace, True).invariant is None
    )


def find_missing(stories: Iterable[Story] = STORIES) -> list[str]:
    """Searches what has no saved trace that stands, and saves it; the ids of those that nothing was found for."""
    survivors = []
    for story in stories:
        if saved(story).exists() and stands(read(saved(story))):
            continue
        trace = find(story)
        if trace is None:
            survivors.append(story.variant)
        else:
            write(trace, saved(story))
    return survivors


# ------------------------------------------------------------ pages
def page(story: Story, trace: Trace) -> str:
    """One design's page, in Markdown."""
    model = model_named(story.model)
    variant = model.variant(story.variant)
    assert variant is not None, f"{story.variant} is a variant of {model.name}"
    assert trace.verdict is not None, f"the saved trace of {story.variant} has a verdict"
    broken = trace.verdict.invariant
    parts = [
        MADE,
        f"# {story.title}",
        f"{variant.sentence} {sentence(story.known_as)}",
        f"**Believed.** {story.believed}",
        f"**What happens.** {story.happens}",
        introduction(story, len(trace.lines)),
        f"![{story.title}]({called(story)}.svg)",
        table(trace),
        f"**Broken:** {why(trace)}. `{broken}`: {property_words(model, broken)}",
        f"**What holds instead.** {story.fix}",
        refused(trace, model),
        "```\n"
        f"fencepost replay {saved(story).relative_to(ROOT)}\n"
        f"fencepost replay {saved(story).relative_to(ROOT)} --clean\n"
        f"fencepost prove {model.name} --variant {story.variant}\n"
        "```",
    ]
    return "\n\n".join(parts) + "\n"


def sentence(text: str) -> str:
    """A phrase as a sentence."""
    return f"{text[:1].upper()}{text[1:]}."


def introduction(story: Story, actions: int) -> str:
    """What the execution that follows is."""
    if story.search is None:
        return f"An execution of {actions} of the model's actions:"
    replicas, log, epochs, partition_epochs = story.search
    return (
        f"A shortest execution within {replicas} replicas, logs of up to {log}, {epochs} leader epochs and "
        f"{partition_epochs} versions of the partition, counting a fetch as one step. Spelled out, it takes {actions} "
        "of the model's actions:"
    )


def property_words(model: Model, name: str) -> str:
    """A property's first sentence."""
    (function,) = [f for f in map(syntax, model.safety) if f.name == name]
    return " ".join(function.doc.split("\n\n")[0].split())


def refused(trace: Trace, model: Model) -> str:
    """What the model as it is says to the same execution.

    A variant that truncates in another way also confirms the log at once; the model confirms it by an action of its
    own, `reconcile`, which is taken here after each such truncation so that the comparison is fair.
    """
    machine = Machine(model, replicas=trace.header.configuration["replicas"], isr=trace.header.configuration["isr"])
    variant = model.variant(trace.header.variant)
    calls = calls_of(trace)
    merged = variant is not None and "truncate" in variant.replaces
    for taken, (name, parameters) in enumerate(calls):
        given = {key: parameters[key] for key, _ in machine.parameters[name] if key in parameters}
        try:
            machine.step(name, **given)
            if merged and name == "truncate":
                machine.step("reconcile", follower=parameters["follower"])
        except ActionDisabled as disabled:
            return f"The model takes {taken} of these {len(calls)} actions, and then refuses: `{disabled}`."
    own = ", ".join(f"`{name}`" for name in variant.replaces) if variant is not None else ""
    return f"The model allows all {len(calls)} actions, and nothing is violated: its own {own} does something else."


def index(pages: Sequence[tuple[Story, Trace]], untold: Sequence[Story]) -> str:
    """The list of all, with how each ends; a variant for which no execution was found is unknown, not safe."""
    rows = []
    for story, trace in pages:
        assert trace.verdict is not None, f"the saved trace of {story.variant} has a verdict"
        design = f"[{story.title}]({called(story)}.md) | {story.model} | `{story.variant}` | {story.known_as}"
        rows.append(f"| {design} | {len(trace.lines)} | `{trace.verdict.invariant}` |")
    rows += [
        f"| {story.title} | {story.model} | `{story.variant}` | {story.known_as} | - | unknown: none found yet |"
        for story in untold
    ]
    head = [
        MADE,
        "# Designs that did not hold",
        "What Kafka once did, and single rules left out. Each is a variant of a model with a saved execution that\n"
        "breaks it: `fencepost replay` shows it fail on the variant and pass on the model, and `fencepost prove`\n"
        "fails on every one of them. In a log, `|` is the high watermark.",
        "| design | model | variant | known as | actions | broken |\n|---|---|---|---|---|---|\n" + "\n".join(rows),
    ]
    return "\n\n".join(head) + "\n"


def generate(out: Path = PAGES, stories: Sequence[Story] = STORIES) -> list[Path]:
    """Writes every page with its drawing, and the index; the files written. Raises TraceError, RenderError."""
    out.mkdir(parents=True, exist_ok=True)
    pages = [(story, read(saved(story))) for story in stories if saved(story).exists()]
    written = []
    for story, trace in pages:
        drawing = render(trace, out / f"{called(story)}.svg")
        drawing.with_suffix(".gv").unlink()
        written.append(drawing)
        text = out / f"{called(story)}.md"
        text.write_text(page(story, trace), encoding="utf-8")
        written.append(text)
    untold = [story for story in stories if not saved(story).exists()]
    (out / "README.md").write_text(index(pages, untold), encoding="utf-8")
    return [*written, out / "README.md"]


def main(arguments: Sequence[str]) -> int:
    survivors = find_missing() if "--find" in arguments else []
    for variant in survivors:
        print(f"{variant}: unknown within its bounds, no execution found that breaks it")
    for path in generate():
        print(path.relative_to(ROOT))
    return 3 if survivors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
