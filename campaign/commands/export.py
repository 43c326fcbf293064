"""`fencepost export`: a trace for the viewers people have."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from campaign.outcome import Outcome, Refused
from traces.itf import itf
from traces.perfetto import perfetto
from traces.reader import read
from traces.trace import Trace
from traces.written import write_whole

FORMS: dict[str, tuple[Callable[[Trace], dict[str, Any]], str]] = {
    "itf": (itf, ".itf.json"),
    "perfetto": (perfetto, ".perfetto.json"),
}
"""By name: what makes the document, and the end of its file's name."""


def run(path: Path, form: str, out: Path | None) -> Outcome:
    """Write the trace in another format. Raises TraceError; Refused where `out` cannot be written."""
    make, suffix = FORMS[form]
    document = make(read(path))
    target = out or Path(f"{path.stem}{suffix}")
    try:
        write_whole(target, json.dumps(document, separators=(",", ":")) + "\n")
    except OSError as error:
        raise Refused(f"{target}: cannot be written: {error.strerror}; name a file in a directory of yours") from None
    count = len(document["states"] if form == "itf" else document["traceEvents"])
    said = f"{count} states: {target}" if form == "itf" else f"{count} events: {target}"
    return Outcome(
        verdict="done",
        document={"trace": str(path), "to": form, "exported": str(target), "size": count},
        lines=(said,),
    )
