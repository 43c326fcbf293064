"""A node's data directory: whose it is, and that only one process uses it.

One rule: nothing is read or written in a data directory before its lock is held and its `meta.properties` agrees.

The layout is Kafka's: `meta.properties` (version 1: cluster.id, node.id, directory.id), `.lock`, one directory per
partition beside them. `serve` keeps one such directory per process under its own: `controller`, `broker-1`, ...
"""

import base64
import fcntl
import os
import re
import uuid
from pathlib import Path

import javaproperties
import msgspec

from impl.server.errors import DirectoryInUse, DirectoryUnusable

META = "meta.properties"
LOCK = ".lock"
ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class MetaProperties(msgspec.Struct, frozen=True, kw_only=True):
    """Kafka's meta.properties, version 1."""

    cluster_id: str
    node_id: int
    directory_id: str


def new_id() -> str:
    """A random id the way Kafka prints them: 16 bytes, URL-safe base64 without padding."""
    return base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()


class DirectoryLock:
    """An advisory lock on a directory's `.lock`, gone with the process however that ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            path.mkdir(parents=True, exist_ok=True)
            self._descriptor = os.open(path / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise DirectoryUnusable(_unusable(path, error)) from error
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(self._descriptor, 20, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(self._descriptor)
            raise DirectoryInUse(
                f"data directory {path} is in use by process {holder}: stop it or choose another directory"
            ) from error
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        os.close(self._descriptor)


def read_meta(path: Path) -> MetaProperties | None:
    """The directory's identity; None where it is new. Raises DirectoryUnusable."""
    file = path / META
    try:
        fields = dict(javaproperties.loads(file.read_text(encoding="latin-1")))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DirectoryUnusable(_unusable(file, error)) from error
    except javaproperties.InvalidUEscapeError as error:
        raise _damaged(file, f"{error.escape!r} is no escape") from error
    for name in ("version", "cluster.id", "node.id"):
        if not fields.get(name, ""):
            raise _damaged(file, f"{name} is missing")
    if fields["version"] != "1":
        raise _damaged(file, f"version is {fields['version']!r} and this broker reads 1")
    if not ID.fullmatch(fields["cluster.id"]):
        raise _damaged(file, f"cluster.id {fields['cluster.id']!r} is no id")
    if not fields["node.id"].isascii() or not fields["node.id"].isdigit():
        raise _damaged(file, f"node.id {fields['node.id']!r} is no number")
    return MetaProperties(
        cluster_id=fields["cluster.id"], node_id=int(fields["node.id"]), directory_id=fields.get("directory.id", "")
    )


def _damaged(file: Path, what: str) -> DirectoryUnusable:
    return DirectoryUnusable(f"{file} is damaged ({what}): restore it or choose another directory")


def claim(path: Path, *, cluster_id: str, node_id: int) -> MetaProperties:
    """Check that the (locked) directory is this node's, or make it so where it is new."""
    found = read_meta(path)
    if found is None:
        strangers = sorted(entry for entry in os.listdir(path) if entry != LOCK)
        if strangers:
            raise DirectoryUnusable(
                f"{path} holds {strangers[0]} but no {META}, so it is not a data directory: choose an empty one"
            )
        made = MetaProperties(cluster_id=cluster_id, node_id=node_id, directory_id=new_id())
        _write_meta(path, made)
        return made
    if found.cluster_id != cluster_id:
        raise DirectoryUnusable(
            f"{path} belongs to cluster {found.cluster_id}, not to {cluster_id}: choose the right directory"
        )
    if found.node_id != node_id:
        raise DirectoryUnusable(f"{path} belongs to node {found.node_id}, not to {node_id}: choose the right directory")
    return found


def _write_meta(path: Path, meta: MetaProperties) -> None:
    text = (
        f"version=1\ncluster.id={meta.cluster_id}\nnode.id={meta.node_id}\ndirectory.id={meta.directory_id}\n"
    ).encode()
    temporary = path / f"{META}.tmp"
    try:
        with temporary.open("wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path / META)
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise DirectoryUnusable(_unusable(path, error)) from error


def _unusable(path: Path, error: OSError) -> str:
    reason = error.strerror or str(error)
    return f"cannot use {path} ({reason}): check its permissions and its file system, or choose another directory"
