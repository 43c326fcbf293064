"""A properties file in Kafka's own format (server.properties), and what of it says where the cluster lives.

One rule: what a file says is taken, refused in one line that names it, or known to change nothing; never overlooked.

One file describes the whole cluster that `serve` starts: it is every process's configuration, its `listeners` are
broker 1's (the others listen on the ports after it), and a directory for each node is made under its `log.dirs`.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypeVar

import javaproperties
import msgspec

from impl.server.configuration import checked
from impl.server.errors import ConfigurationError

T = TypeVar("T")
OVERRIDE = re.compile(r"\s*[A-Za-z0-9._-]+\s*=.*", re.DOTALL)
LISTENER = re.compile(r"([A-Za-z0-9_-]+)://(.*):([0-9]+)")
DEFAULT_DATA = Path("data")
DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 9092
PLACING = (
    "advertised.listeners",
    "broker.id",
    "controller.listener.names",
    "inter.broker.listener.name",
    "listener.security.protocol.map",
    "listeners",
    "log.dir",
    "log.dirs",
    "metadata.log.dir",
    "node.id",
    "process.roles",
    "security.inter.broker.protocol",
)
"""Names that say where a node lives and who it is, rather than how it works."""


class Placement(msgspec.Struct, frozen=True, kw_only=True):
    """Where the cluster lives and how it works."""

    data: Path
    more_data: tuple[Path, ...]
    host: str
    port: int
    configuration: dict[str, str]
    """Kafka's names and values, checked."""


def gather(given: Iterable[str]) -> dict[str, str]:
    """Files and NAME=VALUE pairs, in order; what comes later wins. Nothing but the files' syntax is checked yet."""
    found: dict[str, str] = {}
    for text in given:
        if OVERRIDE.fullmatch(text) and not Path(text).exists():
            name, _, value = text.partition("=")
            found[name.strip()] = value.strip()
        else:
            found |= read(Path(text))
    return found


def read(path: Path) -> dict[str, str]:
    """The file's names and values. Raises ConfigurationError for one that is unreadable or contradicts itself."""
    try:
        with path.open("r", encoding="latin-1", newline="") as file:
            return _settled(path, file.read())
    except OSError as error:
        raise ConfigurationError(
            f"--config {path}: cannot be read ({error.strerror}); give a properties file, or NAME=VALUE as in "
            "min.insync.replicas=2"
        ) from error


def placement(
    given: Mapping[str, str], *, data: Path | None = None, host: str | None = None, port: int | None = None
) -> Placement:
    """Sort out what is about places, which the command line must not contradict. Raises ConfigurationError."""
    configuration = {name: value for name, value in given.items() if name not in PLACING}
    _check_roles(given)
    _check_security(given)
    found_host, found_port = _listening(given)
    directories = _directories(given)
    placed = Placement(
        data=_one("--data", data, "log.dirs", next(iter(directories), None), DEFAULT_DATA),
        more_data=directories[1:],
        host=_one("--host", host, "listeners", found_host, DEFAULT_HOST),
        port=_one("--port", port, "listeners", found_port, DEFAULT_PORT),
        configuration=checked(configuration),
    )
    _check_advertised(given, placed)
    return placed


def _settled(path: Path, text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    line = 1
    try:
        for element in javaproperties.parse(text):
            if isinstance(element, javaproperties.KeyValue):
                name, value = element.key, element.value.strip()
                if found.get(name, value) != value:
                    raise ConfigurationError(
                        f"{path}, line {line}: {name} is given as {found[name]} and as {value}; leave one of them"
                    )
                found[name] = value
            line += element.source.count("\n")
    except javaproperties.InvalidUEscapeError as error:
        raise ConfigurationError(
            f"{path}, line {line}: {error.escape} is no \\uXXXX escape; write four digits"
        ) from None
    return found


def _one(option: str, chosen: T | None, name: str, found: T | None, default: T) -> T:
    if chosen is not None and found is not None and chosen != found:
        raise ConfigurationError(f"{option} {chosen} contradicts {name}, which says {found}; leave one of them")
    return chosen if chosen is not None else found if found is not None else default


def _directories(given: Mapping[str, str]) -> tuple[Path, ...]:
    """The first has the metadata as well; brokers spread their logs over all of them."""
    names = ("log.dirs", "log.dir", "metadata.log.dir")
    said = {name: given[name] for name in names if given.get(name)}
    lists = {name: [word.strip() for word in value.split(",")] for name, value in said.items()}
    logs = next(iter(lists.values()), [])
    if any(found != logs and (name != "metadata.log.dir" or found != logs[:1]) for name, found in lists.items()):
        pairs = ", ".join(f"{name}={value}" for name, value in sorted(said.items()))
        raise ConfigurationError(f"{pairs}: these contradict each other; give log.dirs alone, the metadata's first")
    if len(set(logs)) < len(logs) or "" in logs:
        raise ConfigurationError(f"log.dirs={','.join(logs)}: name each directory once, with a comma between")
    return tuple(map(Path, logs))


def _check_roles(given: Mapping[str, str]) -> None:
    for role in _words(given, "process.roles"):
        if role not in ("broker", "controller"):
            raise ConfigurationError(
                f"process.roles={given['process.roles']}: {role} is no role; write broker,controller"
            )
    numbers = {name: given[name] for name in ("node.id", "broker.id") if name in given}
    if len(set(numbers.values())) > 1:
        raise ConfigurationError(
            f"node.id={numbers['node.id']} contradicts broker.id={numbers['broker.id']}; leave one of them"
        )
    for name, value in numbers.items():
        if value != "1":
            raise ConfigurationError(f"{name}={value}: serve numbers its brokers from 1; leave it out, or write 1")


def _check_security(given: Mapping[str, str]) -> None:
    """Only PLAINTEXT is spoken; whoever asks for more must not believe that he has it."""
    protocols = _protocols(given)
    used = {name for name, _, _ in _listeners(given, "listeners")} | set(_words(given, "controller.listener.names"))
    for listener in sorted(used):
        protocol = protocols.get(listener, listener)
        if listener not in protocols and listener in _words(given, "controller.listener.names"):
            protocol = "PLAINTEXT"
        if protocol != "PLAINTEXT":
            raise ConfigurationError(f"listener {listener} asks for {protocol}: only PLAINTEXT is served; change it")
    between = given.get("security.inter.broker.protocol", "PLAINTEXT")
    if between != "PLAINTEXT":
        raise ConfigurationError(f"security.inter.broker.protocol={between}: only PLAINTEXT is served; change it")
    name = given.get("inter.broker.listener.name")
    names = [listener for listener, _, _ in _listeners(given, "listeners")]
    if name is not None and names and name not in names:
        raise ConfigurationError(f"inter.broker.listener.name={name} is none of the listeners ({', '.join(names)})")


def _listening(given: Mapping[str, str]) -> tuple[str | None, int | None]:
    """Where broker 1 listens for clients, as far as `listeners` says."""
    controllers = _words(given, "controller.listener.names")
    serving = [found for found in _listeners(given, "listeners") if found[0] not in controllers]
    if not serving:
        return None, None
    if len(serving) > 1:
        raise ConfigurationError(
            f"listeners={given['listeners']}: a broker has one listener for clients here; leave one of them"
        )
    _, host, port = serving[0]
    return host or None, port


def _check_advertised(given: Mapping[str, str], placed: Placement) -> None:
    """Clients are told the address that is listened on, so another one cannot be asked for."""
    controllers = _words(given, "controller.listener.names")
    same = (placed.host, "localhost", "") if placed.host in ("127.0.0.1", "localhost") else (placed.host,)
    for listener, host, port in _listeners(given, "advertised.listeners"):
        if listener not in controllers and (host not in same or port != placed.port):
            raise ConfigurationError(
                f"advertised.listeners={given['advertised.listeners']}: clients are told {placed.host}:{placed.port}, "
                "where the broker listens; leave it out, or write the same"
            )


def _listeners(given: Mapping[str, str], name: str) -> list[tuple[str, str, int]]:
    found = []
    for text in _words(given, name):
        parts = LISTENER.fullmatch(text)
        if parts is None or int(parts[3]) > 65_535:
            raise ConfigurationError(f"{name}={given[name]}: {text} is no listener; write NAME://HOST:PORT")
        found.append((parts[1], parts[2], int(parts[3])))
    return found


def _protocols(given: Mapping[str, str]) -> dict[str, str]:
    name = "listener.security.protocol.map"
    found = {}
    for text in _words(given, name):
        listener, separator, protocol = text.partition(":")
        if not separator:
            raise ConfigurationError(f"{name}={given[name]}: {text} is no pair; write LISTENER:PROTOCOL")
        found[listener] = protocol
    return found


def _words(given: Mapping[str, str], name: str) -> list[str]:
    return [word.strip() for word in given.get(name, "").split(",") if word.strip()]
