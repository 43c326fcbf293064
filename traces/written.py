"""Files that are there as a whole or not at all.

One rule: what stood under the name stays until all of the new content is on the disk: a full disk loses nothing.
"""

from pathlib import Path


def write_whole(path: Path, content: str | bytes) -> None:
    """Write text as UTF-8, or bytes, making the directory if need be. Raises OSError, and leaves what was there."""
    data = content.encode() if isinstance(content, str) else content
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and not path.is_file():
        # A device or a pipe is written to; a file of its name would take its place.
        path.write_bytes(data)
        return
    beside = path.with_name(f"{path.name}.new")
    try:
        beside.write_bytes(data)
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
