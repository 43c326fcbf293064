"""Listening sockets, taken before anything else is started so that a port in use is one plain line.

One rule: bind first, listen later. A bound port is ours, yet refuses connections until the node is ready to answer.
"""

import contextlib
import errno
import random
import socket

from impl.server.errors import PortInUse

FREE_PORT_LOWEST = 10_000
FREE_PORT_HIGHEST = 32_000
"""Free ports are sought below the range from which systems take the ports of outgoing connections (32768 on Linux):
a port from there may be gone when a killed broker wants it back, and a client that keeps dialling it on the loopback
interface can end up connected to itself."""
ATTEMPTS_MAX = 200


def bind(host: str, port: int) -> socket.socket:
    """A bound socket, not yet listening. Raises PortInUse naming the address and the remedy."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setblocking(False)
    try:
        listener.bind((host, port))
    except (OSError, OverflowError) as error:
        listener.close()
        raise PortInUse(_sentence(host, port, error)) from error
    return listener


def check_listenable(host: str, ports: list[int]) -> None:
    """Raises PortInUse for the first port that another process listens on."""
    for port in ports:
        listener = bind(host, port)
        try:
            listener.listen()
        except OSError as error:
            raise PortInUse(_sentence(host, port, error)) from error
        finally:
            listener.close()


def free_ports(host: str, count: int) -> int:
    """The first of `count` consecutive ports nobody uses now."""
    for _ in range(ATTEMPTS_MAX):
        first = random.randint(FREE_PORT_LOWEST, FREE_PORT_HIGHEST - count)
        with contextlib.suppress(PortInUse):
            check_listenable(host, list(range(first, first + count)))
            return first
    raise PortInUse(f"no {count} consecutive free ports on {host} between {FREE_PORT_LOWEST} and {FREE_PORT_HIGHEST}")


def _sentence(host: str, port: int, error: OSError | OverflowError) -> str:
    if isinstance(error, OverflowError):
        return f"port {port} is not a port: choose one from 1 to 65535"
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is in use: stop the process that listens there or choose another port"
    reason = error.strerror or str(error)
    return f"cannot listen on {host}:{port} ({reason}): choose an address of this machine and a port that is allowed"
