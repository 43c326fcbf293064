"""The map in ARCHITECTURE.md is the tree: every package stands in it under its folder, and all that it names is there.

Its lines are `name, name    what it is`, a folder's name ends with `/`, and two spaces more are one folder deeper.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from tests.house.test_tidy import ROOT, tracked

BLOCK = re.compile(r"```\n(.*?)```", re.DOTALL)
LINE = re.compile(r"( *)(\S+(?:, \S+)*)(?:  +.*)?$")


def named(text: str) -> Iterator[Path]:
    """The paths that the first block of the page names."""
    block = BLOCK.search(text)
    assert block is not None, "the map is the first block of the page"
    folders: list[str] = []
    for line in block.group(1).splitlines():
        found = LINE.match(line)
        assert found is not None, f"not a line of a map: {line}"
        depth, names = len(found.group(1)) // 2, found.group(2).split(", ")
        del folders[depth:]
        yield from (Path(*folders, name.rstrip("/")) for name in names)
        if names[0].endswith("/"):
            folders.append(names[0].rstrip("/"))


def missing(paths: set[Path], packages: set[Path]) -> list[str]:
    """The packages that the map does not name where they are."""
    return sorted(str(package) for package in packages - paths)


def invented(paths: set[Path], root: Path) -> list[str]:
    """What the map names and the tree has not: a folder, a module, or files by a pattern."""
    return sorted(
        str(path) for path in paths if not any(any(root.glob(str(path) + ending)) for ending in ("", ".py", "/"))
    )


def test_every_package_stands_in_the_map_where_it_is():
    packages = {path.parent.relative_to(ROOT) for path in tracked("__init__.py")}
    code = {package for package in packages if package.parts[0] != "tests"}
    assert len(code) > 30
    assert missing(set(named((ROOT / "ARCHITECTURE.md").read_text())), code) == []


def test_all_that_the_map_names_is_there():
    paths = set(named((ROOT / "ARCHITECTURE.md").read_text()))
    assert len(paths) > 80
    assert invented(paths, ROOT) == []


MAP = """
```
impl/          a broker
  core/        decisions
    quorum/      Raft
  sim/
    world, gone  the world
model/         what it should do
```
"""


def test_a_map_is_read_folder_by_folder():
    assert [str(path) for path in named(MAP)] == [
        "impl",
        "impl/core",
        "impl/core/quorum",
        "impl/sim",
        "impl/sim/world",
        "impl/sim/gone",
        "model",
    ]


def test_what_is_missing_and_what_is_invented_is_noticed(tmp_path):
    (tmp_path / "impl" / "core" / "quorum").mkdir(parents=True)
    (tmp_path / "impl" / "sim").mkdir()
    (tmp_path / "impl" / "sim" / "world.py").touch()
    (tmp_path / "model").mkdir()
    paths = set(named(MAP))
    assert invented(paths, tmp_path) == ["impl/sim/gone"]
    assert missing(paths, {Path("impl/core"), Path("impl/quorum")}) == ["impl/quorum"]
