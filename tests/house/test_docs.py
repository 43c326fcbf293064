"""What the docs tell a reader to type is there: every command, every option, every heading that is linked to.

Each rule is a function from a page's text to complaints, and each is shown to complain.
"""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from fencepost import main
from tests.house.test_tidy import ROOT, tracked

COMMAND = re.compile(r"(?:^|`)fencepost ([a-z-]+[^`\n]*)", re.MULTILINE)
MODULE = re.compile(r"python -m ((?:campaign|invariants|tests)(?:\.\w+)+)")
PAGE_AND_ANCHOR = re.compile(r"\]\((?!https?://)([^)#\s]*)#([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.*)$", re.MULTILINE)
MADE = {"reference-commands.md"}
"""Made from the commands themselves; `fencepost` with what follows stands there in other roles."""


def unknown_commands(text: str) -> Iterator[str]:
    assert isinstance(main, click.Group)
    for typed in COMMAND.findall(text):
        words = shlex.split(typed.partition(" #")[0].partition(" <<<")[0].replace("'", " "))
        command = main.commands.get(words[0])
        if command is None:
            yield f"`fencepost {typed}`: there is no such command"
            continue
        options = {name for option in command.params for name in (*option.opts, *option.secondary_opts)} | {"--help"}
        for word in words[1:]:
            if word.startswith("-") and word.partition("=")[0] not in options:
                yield f"`fencepost {typed}`: {words[0]} has no option {word}"


def unknown_modules(text: str) -> Iterator[str]:
    for name in MODULE.findall(text):
        path = ROOT.joinpath(*name.split("."))
        if not path.with_suffix(".py").exists() and not (path / "__main__.py").exists():
            yield f"`python -m {name}`: there is no such module"


def anchor(heading: str) -> str:
    """As GitHub makes it: small letters, spaces to hyphens, other signs left out."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")


def unknown_headings(text: str, page: Path) -> Iterator[str]:
    for target, wanted in PAGE_AND_ANCHOR.findall(text):
        linked = page.parent / target if target else page
        found = (
            {anchor(each) for each in HEADING.findall(linked.read_text(encoding="utf-8"))} if linked.exists() else set()
        )
        if wanted not in found:
            yield f"links to the heading #{wanted} of {target or page.name}, which is not there"


@pytest.mark.parametrize("rule", [unknown_commands, unknown_modules], ids=lambda rule: rule.__name__)
def test_what_a_page_says_to_type_is_there(rule) -> None:
    pages = [path for path in tracked(".md") if path.name not in MADE]
    assert len([page for page in pages if "fencepost" in page.read_text(encoding="utf-8")]) > 20
    complaints = [
        f"{page.relative_to(ROOT)}: {complaint}"
        for page in pages
        for complaint in rule(page.read_text(encoding="utf-8"))
    ]
    assert complaints == []


def test_headings_that_are_linked_to_are_there() -> None:
    complaints = [
        f"{page.relative_to(ROOT)}: {complaint}"
        for page in tracked(".md")
        for complaint in unknown_headings(page.read_text(encoding="utf-8"), page)
    ]
    assert complaints == []


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (unknown_commands, "type `fencepost prov replication`"),
        (unknown_commands, "```\nfencepost prove replication --replica any\n```"),
        (unknown_modules, "run `python -m campaign.galery`"),
    ],
)
def test_what_is_not_there_is_noticed(rule, text) -> None:
    assert list(rule(text))


def test_a_heading_that_is_not_there_is_noticed() -> None:
    page = ROOT / "README.md"
    assert list(unknown_headings("[this](#no-such-heading)", page))
    assert not list(unknown_headings("[this](#what-is-what)", page))
