"""The reference pages that are quoted from the code: commands, trace lines and facts, invariants, planted bugs,
modules.

    python -m campaign.reference

One rule: these pages are never edited by hand; a test says when one is stale.
"""

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from campaign.modules import modules
from campaign.mutants import MUTANTS
from campaign.rows import ROWS
from campaign.trial import HEALS, NO_EXCEPTION
from fencepost import main
from invariants.answers.invariant import AnswerInvariant
from invariants.catalogue import CATALOGUE, Invariant
from invariants.history.judge import CLASSES
from invariants.step.invariant import StepInvariant
from traces import facts, quorum_facts, schema

DOCS = Path(__file__).resolve().parent.parent / "docs"
NOTE = "<!-- Written by `python -m campaign.reference`; do not edit. -->"


def pages() -> dict[str, str]:
    """File name in docs/ -> what it must say."""
    return {
        "reference-commands.md": _page(_commands()),
        "reference-traces.md": _page(_traces()),
        "reference-invariants.md": _page(_invariants()),
        "reference-planted-bugs.md": _page(_planted_bugs()),
        "reference-modules.md": _page(modules()),
    }


def write() -> list[Path]:
    written = []
    for name, text in pages().items():
        path = DOCS / name
        path.write_text(text, encoding="utf-8")
        written.append(path)
    return written


def _page(lines: Iterator[str]) -> str:
    return "\n".join([NOTE, "", *lines]).rstrip() + "\n"


def _commands() -> Iterator[str]:
    yield "# Commands"
    yield ""
    yield "Exit codes: 0 holds or done, 1 violated, 2 usage or bad input, 3 unknown. Commands that judge take `--json`."
    front = click.Context(
        main, info_name="fencepost", terminal_width=100, max_content_width=100, **main.context_settings
    )
    for name, command in sorted(main.commands.items()):
        context = click.Context(command, info_name=name, parent=front)
        yield ""
        yield f"## {name}"
        yield ""
        yield "```"
        yield command.get_help(context)
        yield "```"


def _traces() -> Iterator[str]:
    yield "# The trace format"
    yield ""
    yield from _paragraphs(schema)
    yield ""
    yield f"This is version {schema.VERSION}. Each line is one JSON object; its `line` field says which kind."
    for kind in (schema.Header, schema.Step, schema.Fault, schema.Op, schema.Verdict, schema.End):
        yield from _structure(kind, f"`{kind.__struct_config__.tag}`")
    yield ""
    yield "## Facts"
    yield ""
    yield "The objects in a step's `facts`. Each has the name of the model action it claims to be."
    for fact in facts.VOCABULARY.values():
        yield from _structure(fact, f"`{fact.__struct_config__.tag}`")
    yield ""
    yield "## Facts of the quorum"
    yield ""
    yield "The objects in a step's `quorum`: what a controller did as a voter."
    for told in quorum_facts.VOCABULARY.values():
        yield from _structure(told, f"`{told.__struct_config__.tag}`")


def _structure(kind: Any, title: str) -> Iterator[str]:
    yield ""
    yield f"### {title}"
    yield ""
    yield from _paragraphs(kind)
    yield ""
    yield "| field | type |"
    yield "|---|---|"
    for name, annotation in kind.__annotations__.items():
        words = annotation if isinstance(annotation, str) else _type_words(annotation)
        spelled = words.replace(" | ", " or ")
        yield f"| `{name}` | `{spelled}` |"


def _type_words(annotation: Any) -> str:
    plain = getattr(annotation, "__name__", "") if not getattr(annotation, "__args__", None) else ""
    return (plain or str(annotation)).replace("typing.", "").replace("traces.facts.", "").replace("traces.schema.", "")


def _invariants() -> Iterator[str]:
    yield "# Invariants"
    yield ""
    yield "| name | invariants here | planted bug that each catches |"
    yield "|---|---|---|"
    for name, about in NAMES.items():
        known = [invariant for invariant in CATALOGUE.values() if name in invariant.names]
        links = ", ".join(f"[{each.id}](#{each.id})" for each in known) or ABSENT[name]
        yield f"| {name}, {about} | {links} | {', '.join(each.breaks for each in known)} |"
    yield ""
    yield (
        "Facts are judged as they happen in every simulated run, in every Hypothesis run, and in the traces of live "
        "clusters; what clients saw is judged as it is read, and as a whole when a run is over. Beside these a run may "
        f"break `{HEALS}` (after the last fault a partition stays without its leader or its whole in-sync set, a send "
        "without its answer, or the log cannot be read to its end), `refines_the_model` (a step that the model "
        f"refuses) or `{NO_EXCEPTION}` (the broker let an exception out)."
    )
    for invariant in CATALOGUE.values():
        yield ""
        yield f"## {invariant.id}"
        yield ""
        yield f"{invariant.statement}"
        yield ""
        yield f"Why it should hold: {invariant.argument}"
        yield ""
        yield _where(invariant)
        yield ""
        yield f"In the literature: {', '.join(invariant.names)}. Shown to catch: {invariant.breaks}."


def _where(invariant: Invariant) -> str:
    """Where the predicate is, and what it is judged on."""
    if isinstance(invariant, AnswerInvariant):
        return (
            "Judged in simulated runs, on every request that a node hears and every answer that leaves it "
            "(`invariants/answers/`)."
        )
    if not isinstance(invariant, StepInvariant):
        return "Judged on every fact of the controllers' quorum (`invariants/step/quorum.py`)."
    words = []
    if invariant.before:
        words.append(f"before {', '.join(f'`{name}`' for name in sorted(invariant.before))} is taken for true")
    if invariant.after:
        words.append(f"after {', '.join(f'`{name}`' for name in sorted(invariant.after))}")
    seen = [kind for kind, broken in CLASSES.items() if broken == invariant.id]
    if seen:
        words.append(f"in what clients saw: {', '.join(seen)} (`invariants/history/`)")
    module = f"`invariants/step/{invariant.id}.py`"
    return f"Judged {'; '.join(words)} ({module})." if words else f"Judged on every decision ({module})."


NAMES = {
    "I1": "nothing acknowledged is lost",
    "I2": "a leader has all that was committed",
    "I3": "so has whoever may lead next",
    "I4": "logs match",
    "I5": "the high watermark is bounded",
    "I6": "the maximal in-sync set holds the committed one",
    "I7": "fencing",
    "I8": "stable reads",
    "I9": "idempotence and order",
    "I10": "transactions are atomic",
    "I11": "no transaction hangs",
    "I12": "one owner",
    "I13": "commits are fenced",
    "I14": "the controllers' quorum is safe",
    "I15": "recovery",
    "I16": "compaction",
}
"""The invariants this project argues with, by the names its sources give them."""
ABSENT = {
    "I10": "none: the broker has no transactions",
    "I11": "none: the broker has no transactions",
    "I12": "none: the broker has no groups",
    "I13": "none: the broker has no groups",
}
"""Why a name has no invariant that is judged on runs."""


def _planted_bugs() -> Iterator[str]:
    yield "# Planted bugs"
    yield ""
    yield "`fencepost fuzz --mutant ID` plants one, `fencepost mutants` each in turn."
    yield ""
    yield "## Historic bugs, row by row"
    yield ""
    yield "R: replication. P: producers. T: transactions. G: groups. K: the controllers' quorum. S: storage."
    yield ""
    yield "| row | bug | planted as |"
    yield "|---|---|---|"
    for row in ROWS:
        links = ", ".join(f"[{name}](#{name})" for name in row.planted)
        yield f"| {row.id} | {row.about} | {links or f'not planted: {row.missing}'} |"
    others = len(MUTANTS.keys() - {name for row in ROWS for name in row.planted})
    yield ""
    yield f"{others} more below resemble none of these rows."
    for mutant in MUTANTS.values():
        yield ""
        yield f"## {mutant.id}"
        yield ""
        yield f"{mutant.title}"
        yield ""
        yield f"{mutant.history} Breaks: {', '.join(mutant.invariants)}."


def _paragraphs(thing: Any) -> Iterator[str]:
    yield inspect.getdoc(thing) or ""


if __name__ == "__main__":
    for path in write():
        print(path.name)
