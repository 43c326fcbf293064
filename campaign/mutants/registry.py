"""What a planted bug is, and the list of them.

One rule: a mutant changes one decision. It subclasses the partition, the broker, the controller, a part of the quorum's
voter, a part of storage or the producer, and overrides the small method that decides, so that the code it breaks is the
code that runs. What else it overrides, and whom else it puts in place (`also`), puts the broker back to where the bug
lived, and says so.
"""

import ast
import inspect
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from impl.core import elections as controller_elections
from impl.core.administration import Administration
from impl.core.broker import Broker
from impl.core.clients import Clients
from impl.core.config_changes import ConfigChanges
from impl.core.controller import Controller
from impl.core.decisions import Decisions
from impl.core.metadata_reader import MetadataReader
from impl.core.partition import Partition
from impl.core.quorum.controller import QuorumController
from impl.core.quorum.elections import Elections
from impl.core.quorum.following import Following
from impl.core.quorum.leading import Leading
from impl.core.quorum.raft import Raft
from impl.core.quorum.replica import Replica
from impl.core.reassignments import Reassignments
from impl.core.sessions import Sessions
from impl.core.topics import Topics
from impl.host.broker import BrokerHost
from impl.host.upkeep import Upkeep
from impl.sim.producer import Producer
from impl.storage.cleaning.cleaner import Cleaner
from impl.storage.cleaning.rewrite import Cleaning
from impl.storage.log import Log
from impl.storage.log_directories import LogDirectories
from impl.storage.log_directory import LogDirectory
from impl.storage.recovery import Recovery


class Mutant(NamedTuple):
    """One planted bug and the classes to run in place of the broker's own."""

    id: str
    title: str
    history: str
    invariants: tuple[str, ...]
    """Ids of the invariants it may be seen to break; the first is the one it stands for."""
    broker: type[Broker]
    controller: type[Controller]
    quorum: type[QuorumController] = QuorumController
    """The voter of the quorum, where it is that which has the bug."""
    host: type[BrokerHost] = BrokerHost
    """The broker with its storage, where it is storage that has the bug."""
    producer: type[Producer] = Producer
    """The client, where the bug is the client's."""
    modelled: bool = True
    """Without the bug's consequences its runs are the model's. An older design as a whole is not: it leaves the model
    before it does any harm, so the model does not follow it, and it counts as found when an invariant breaks."""
    stale: str = ""
    """Why it cannot be planted any more: the code it overrides has moved. Empty: it can."""


MUTANTS: dict[str, Mutant] = {}
"""By id."""


class StaleMutant(Exception):
    """A planted bug whose seam is gone: what it would override does not exist any more."""


def usable(name: str) -> Mutant:
    """The mutant of this name, to be planted. Raises KeyError; StaleMutant where its seam is gone."""
    found = MUTANTS[name]
    if found.stale:
        raise StaleMutant(f"{name}: {found.stale}; move the override to where the decision is made now")
    return found


def stale(planted: type[Any]) -> str:
    """What of a planted class overrides nothing, in words; empty where all of it does.

    A name that begins with an underscore and that the class above has not is the planted code's own.
    """
    for place, cls in enumerate(planted.__mro__):
        if not cls.__module__.startswith(__package__):
            continue
        above = planted.__mro__[place + 1 :]
        for name, override in vars(cls).items():
            if name.startswith("__") or not callable(override):
                continue
            base = next((vars(other)[name] for other in above if name in vars(other)), None)
            if base is None and not name.startswith("_"):
                return f"{cls.__name__}.{name} overrides nothing: no class above it has a method of this name"
            if callable(base) and _parameters(base) != _parameters(override):
                return f"{cls.__name__}.{name} takes {_parameters(override)}, what it overrides {_parameters(base)}"
    return ""


def raised_by_planted(error: BaseException) -> bool:
    """It is the planted code itself that raised this, and not the broker: nothing is shown by that but that the
    planted code does not fit."""
    frames = list(traceback.walk_tb(error.__traceback__))
    return bool(frames) and str(frames[-1][0].f_globals.get("__name__", "")).startswith(f"{__package__}.")


def _parameters(function: Callable[..., Any]) -> str:
    try:
        return ", ".join(inspect.signature(function).parameters)
    except ValueError:
        return _written(function)


def _written(function: Any) -> str:
    """Compiled code does not tell all parameters; the source that it was made of lies beside it, in a copy of ours."""
    owner = function.__objclass__
    compiled = Path(getattr(sys.modules[owner.__module__], "__file__", None) or "none")
    source = compiled.with_name(f"{compiled.name.partition('.')[0]}.py")
    if not source.is_file():
        return "what compiled code does not tell"
    classes = [node for node in ast.walk(ast.parse(source.read_text())) if isinstance(node, ast.ClassDef)]
    methods = [node for cls in classes if cls.name == owner.__name__ for node in cls.body]
    named = [node for node in methods if isinstance(node, ast.FunctionDef) and node.name == function.__name__]
    arguments = [
        each for method in named for each in (*method.args.posonlyargs, *method.args.args, *method.args.kwonlyargs)
    ]
    return ", ".join(argument.arg for argument in arguments)


_SEAMS: tuple[tuple[type[Any], type[Any], str], ...] = (
    (Partition, Broker, "partition_class"),
    (MetadataReader, Broker, "metadata_class"),
    (Clients, Broker, "clients_class"),
    (Topics, Broker, "topics_class"),
    (Decisions, Controller, "decisions_class"),
    (controller_elections.Elections, Controller, "elections_class"),
    (Sessions, Controller, "sessions_class"),
    (ConfigChanges, Administration, "configs_class"),
    (Reassignments, Administration, "reassignments_class"),
    (Administration, Controller, "administration_class"),
    (Elections, Raft, "elections_class"),
    (Following, Raft, "following_class"),
    (Leading, Raft, "leading_class"),
    (Replica, Raft, "replica_class"),
    (Raft, QuorumController, "raft_class"),
    (Log, Recovery, "log_class"),
    (Recovery, LogDirectory, "recovery_class"),
    (LogDirectory, LogDirectories, "directory_class"),
    (LogDirectories, BrokerHost, "directories_class"),
    (Cleaning, Cleaner, "terms_class"),
    (Cleaner, Upkeep, "cleaner_class"),
    (Upkeep, BrokerHost, "upkeep_class"),
)
"""What may be planted, who makes it, and under which name: from a part up to a node."""


def _whole(planted: type[Any]) -> type[Any]:
    """The node that runs the planted part: a broker, a controller, or a controller on its quorum."""
    for part, maker, attribute in _SEAMS:
        if issubclass(planted, part):
            return _whole(type(f"Planted{maker.__name__}", (maker,), {attribute: planted}))
    return planted


def mutant(
    name: str, *invariants: str, modelled: bool = True, also: tuple[type[Any], ...] = ()
) -> Callable[[Any], Any]:
    """Register a subclass as a mutant. Its docstring's first line is the title, the rest the history. `also` are
    planted with it, in other parts."""

    def register(planted: Any) -> Any:
        title, _, history = planted.__doc__.partition("\n\n")
        wholes = [_whole(part) for part in (planted, *also)]

        def of(node: type[Any]) -> Any:
            return next((whole for whole in wholes if issubclass(whole, node)), node)

        MUTANTS[name] = Mutant(
            id=name,
            title=title,
            history=" ".join(history.split()),
            invariants=invariants,
            broker=of(Broker),
            controller=of(Controller),
            quorum=of(QuorumController),
            host=of(BrokerHost),
            producer=of(Producer),
            modelled=modelled,
            stale=next((told for told in map(stale, (planted, *also)) if told), ""),
        )
        return planted

    return register
