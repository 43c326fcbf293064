"""`fencepost report`: the page of an earlier run, built again from its figures."""

from pathlib import Path

import msgspec

from campaign.outcome import Outcome, Refused
from invariants.report.build import read_report, write_report


def run(directory: Path) -> Outcome:
    """Rebuild `index.html` from `report.json`. Raises Refused where there is none, or it is not one."""
    try:
        report = read_report(directory)
    except FileNotFoundError:
        raise Refused(f"{directory}/report.json is not there; `fencepost check --out {directory}` writes it") from None
    except (msgspec.DecodeError, OSError) as error:
        raise Refused(f"{directory}/report.json is not a report ({error}); run `fencepost check` again") from None
    try:
        page = write_report(report, directory)
    except OSError as error:
        raise Refused(
            f"{directory}: the page cannot be written: {error.strerror}; make room and run this again"
        ) from None
    lines = [f"{invariant.verdict:9}{invariant.title}" for invariant in report.invariants]
    document = {"report": str(page), "invariants": {item.id: item.verdict for item in report.invariants}}
    return Outcome(verdict=report.verdict, document=document, lines=(*lines, f"report: {page}"))
