"""What linters cannot see: the size of rooms, words that must not stand anywhere, links that lead somewhere.

Each rule is a function from a file's text to complaints, and each is shown to complain.
"""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINES_MAX = 400
FUNCTION_LINES_MAX = 80

REASONED = re.compile(r"type: *ignore|noqa|no cover|mark\.(?:skip|xfail)|time\.sleep\(")
UNFINISHED = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b|NotImplemented" + r"Error")
MACHINE_PATH = re.compile(r"(?:^|[^A-Za-z0-9_.])/(?:wo" + r"rk|fa" + r"rm|ro" + r"ot)/")
REGISTRY = re.compile(
    "|".join(("index-" + "url", "find-" + "links", "tarball_" + "url", "pypi[.]org/" + "simple", "registry[.]npm"))
)
LINK = re.compile(r"\]\((?!https?://|#)([^)#\s]+)")


def tracked(*suffixes: str) -> list[Path]:
    """Files git knows or would add, so that an unpacked archive and a work tree are both covered."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return [ROOT / name for name in names if name.endswith(suffixes) and (ROOT / name).exists()]


def too_long(text: str) -> Iterator[str]:
    count = text.count("\n")
    if count > LINES_MAX:
        yield f"{count} lines: split it by idea (limit {LINES_MAX})"


def long_functions(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES_MAX:
                yield f"{node.name} has {lines} lines: give its parts names (limit {FUNCTION_LINES_MAX})"


def no_purpose(text: str) -> Iterator[str]:
    if text.strip() and not ast.get_docstring(ast.parse(text)):
        yield "opens without a docstring that says what it is for"


def unreasoned(text: str) -> Iterator[str]:
    """An escape from a check carries its reason: in the same comment, or in the comment line above."""
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        found = REASONED.search(line)
        if found and not re.search(r"# *\S+ \S+|reason=|[:-] \w+ \w+", line[found.end() :]):
            above = lines[number - 2].strip() if number > 1 else ""
            if not above.startswith("#"):
                yield f"line {number}: {found.group()} without a reason beside it"


def unfinished(text: str) -> Iterator[str]:
    for number, line in enumerate(text.splitlines(), 1):
        if UNFINISHED.search(line):
            yield f"line {number}: unfinished: {line.strip()[:60]}"


def foreign(text: str) -> Iterator[str]:
    for number, line in enumerate(text.splitlines(), 1):
        if MACHINE_PATH.search(line) or REGISTRY.search(line):
            yield f"line {number}: a path of one machine or a registry's address: {line.strip()[:60]}"


def broken_links(text: str, folder: Path) -> Iterator[str]:
    for target in LINK.findall(text):
        if not (folder / target).exists():
            yield f"links to {target}, which is not there"


PYTHON_RULES = (too_long, long_functions, no_purpose, unreasoned, unfinished)


@pytest.mark.parametrize("rule", PYTHON_RULES, ids=lambda rule: rule.__name__)
def test_python_files_are_tidy(rule):
    me = Path(__file__).resolve()
    complaints = [
        f"{path.relative_to(ROOT)}: {complaint}"
        for path in tracked(".py")
        if path != me
        for complaint in rule(path.read_text())
    ]
    assert complaints == []


def test_no_file_names_a_machine_or_a_registry():
    me = Path(__file__).resolve()
    complaints = [
        f"{path.relative_to(ROOT)}: {complaint}"
        for path in tracked(".py", ".md", ".toml", ".txt", ".json", ".jsonl", "Makefile", "run", ".html")
        if path != me
        for complaint in foreign(path.read_text())
    ]
    assert complaints == []


def test_links_in_the_docs_lead_somewhere():
    complaints = [
        f"{path.relative_to(ROOT)}: {complaint}"
        for path in tracked(".md")
        for complaint in broken_links(path.read_text(), path.parent)
    ]
    assert complaints == []


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (too_long, "x = 1\n" * (LINES_MAX + 1)),
        (long_functions, "def f():\n" + "    x = 1\n" * FUNCTION_LINES_MAX),
        (no_purpose, "x = 1\n"),
        (unreasoned, "x = f()  # no" + "qa: E501\n"),
        (unfinished, "# TO" + "DO later\n"),
        (foreign, "path = '/wo" + "rk/main'\n"),
    ],
)
def test_each_rule_complains(rule, text):
    assert list(rule(text))


def test_a_broken_link_is_noticed(tmp_path):
    assert list(broken_links("see [this](nowhere.md)", tmp_path))


def test_a_registry_address_is_noticed():
    assert list(foreign("pip install --extra-index-" + "url somewhere\n"))
