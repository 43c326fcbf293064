"""`fencepost validate`: is this execution one of the model's?"""

from collections.abc import Sequence
from pathlib import Path

from campaign.outcome import Outcome
from campaign.progress import Progress
from campaign.validation import told
from traces.merge import merge
from traces.reader import read
from traces.reasons.refusals import refused_in_words
from traces.validate import validate


def run(paths: Sequence[Path], progress: Progress) -> Outcome:
    """One trace, or the files of several live processes, which are merged. Raises TraceError."""
    trace = read(paths[0]) if len(paths) == 1 else merge(paths)
    result = validate(trace, lambda done, of: progress(done / max(of, 1), f"line {done} of {of}"))
    left = result.divergence
    words = "" if left is None or not left.node else refused_in_words(trace, left)
    return told(result, len(trace.lines), trace.source, words)
