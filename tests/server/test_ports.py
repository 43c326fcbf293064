"""Ports are taken or refused before anything is started."""

import socket

import pytest

from impl.server.errors import PortInUse
from impl.server.ports import bind, check_listenable, free_ports


def test_a_port_in_use_is_named_with_its_remedy():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(PortInUse, match=f"port {port} on 127.0.0.1 is in use: stop .* or choose another port"):
            check_listenable("127.0.0.1", [port])


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", 70_000), ("203.0.113.1", 9092)])
def test_an_impossible_address_is_one_line(host, port):
    with pytest.raises(PortInUse, match=f"{port}") as caught:
        bind(host, port)
    assert "\n" not in str(caught.value)


def test_free_ports_can_be_listened_on():
    first = free_ports("127.0.0.1", 4)
    check_listenable("127.0.0.1", list(range(first, first + 4)))
    for port in range(first, first + 4):
        with bind("127.0.0.1", port) as listener:
            assert listener.getsockname() == ("127.0.0.1", port)


def test_a_bound_port_refuses_connections_until_it_listens():
    listener = bind("127.0.0.1", free_ports("127.0.0.1", 1))
    with listener:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(listener.getsockname(), timeout=5).close()
        listener.listen()
        socket.create_connection(listener.getsockname(), timeout=5).close()
