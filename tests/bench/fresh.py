"""Whether a compiled copy is of the sources as they are.

One rule: a copy that is older than its sources runs nothing. `tests/bench/compiled.py` puts this file into the copy as
`campaign/copy_of.py`, and whoever imports `campaign` there has it looked at: a line on standard error says that the
copy is used, or the process ends with one that says why it is not.
"""

import hashlib
import json
import sys
from pathlib import Path

PACKAGES = ("campaign", "impl", "invariants", "model", "traces")
MARKER = ".fast"
"""In the copy's root: of which sources it is, and their digest."""


def digest(root: Path) -> str:
    """Of the sources under this root."""
    found = hashlib.sha256()
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            found.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()


def mark(copy: Path, root: Path, of: str) -> None:
    """Write down what the copy is of."""
    (copy / MARKER).write_text(json.dumps({"sources": str(root), "digest": of}))


def check(copy: Path) -> None:
    """Raises SystemExit where the sources are not those that were compiled, or are gone."""
    told = json.loads((copy / MARKER).read_text())
    sources = Path(told["sources"])
    if digest(sources) != told["digest"]:
        raise SystemExit(f"{copy} is compiled from {sources} as it was: build it anew with `make fast`, or do without")
    print(f"compiled copy of {sources}", file=sys.stderr)


if __name__ == "campaign.copy_of":
    check(Path(__file__).resolve().parents[1])
