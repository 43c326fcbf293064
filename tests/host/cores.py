"""A core that does as it is told, and a disk that tells in which order it was asked."""

from collections.abc import Sequence
from typing import Any

from impl.core.events import Effect, SnapshotLoaded
from impl.core.image import MetadataImage
from impl.core.types import Millis
from impl.sim.disk import SimDisk

NOW = Millis(1_000)


class ScriptedCore:
    """Stands in for `Broker` and `Controller`: a step's event is the effects it shall have."""

    def __init__(self, *given: Any, **named: Any) -> None:
        self.given = given
        self.named = named
        self.image = MetadataImage()
        self.partitions: dict[Any, Any] = {}
        self.clean_epoch = -1

    def start(self, _now: Millis) -> list[Effect]:
        return []

    def step(self, effects: Sequence[Effect] | SnapshotLoaded, _now: Millis) -> list[Effect]:
        if isinstance(effects, SnapshotLoaded):
            self.loaded = effects
            return []
        return list(effects)


class TellingFile:
    """A file that writes down what is done to it."""

    def __init__(self, file: Any, path: str, story: list[str]) -> None:
        self._file = file
        self._path = path
        self._story = story

    def __getattr__(self, name: str) -> Any:
        if name in ("append", "truncate", "sync"):
            self._story.append(f"{name} {self._path}")
        return getattr(self._file, name)


class TellingDisk(SimDisk):
    """`story` is every change and sync, in order, of logs and checkpoints."""

    def __init__(self) -> None:
        super().__init__()
        self.story: list[str] = []

    def open(self, path: str, *, create: bool = False) -> Any:
        return TellingFile(super().open(path, create=create), path, self.story)

    def replace(self, source: str, target: str) -> None:
        super().replace(source, target)
        self.story.append(f"replace {target}")

    def told(self) -> list[str]:
        """What happened since the last time, of temporary files only that they took their place."""
        told = [line for line in self.story if ".tmp" not in line]
        self.story.clear()
        return told
