"""The reference pages that are quoted from the code: commands, trace lines and facts, invariants, planted bugs.

    python -m campaign.reference

One rule: these pages are never edited by hand; a test says when one is stale.
"""

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from campaign.mutants import MUTANTS
from fencepost import main
from invariants.catalogue import CATALOGUE
from traces import facts, quorum_facts, schema

DOCS = Path(__file__).resolve().parent.parent / "docs"
NOTE = "<!-- Written by `python -m campaign.reference`; do not edit. -->"


def pages() -> dict[str, str]:
    """File name in docs/ -> what it must say."""
    return {
        "reference-commands.md": _page(_commands()),
        "reference-traces.md": _page(_traces()),
        "reference-invariants.md": _page(_invariants()),
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
    for invariant in CATALOGUE.values():
        yield ""
        yield f"## {invariant.id}"
        yield ""
        yield f"{invariant.statement}"
        yield ""
        yield f"Why it should hold: {invariant.argument}"
        yield ""
        yield f"In the literature: {', '.join(invariant.names)}. Shown to catch: {invariant.breaks}."
    yield ""
    yield "# Planted bugs"
    yield ""
    yield "`fencepost fuzz --mutant ID` plants one."
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
