"""The loopback network: bytes come whole and in order, or late, or not at all, as it is told."""

import socket
import struct
import threading

import pytest

from campaign.storm.proxy import CLIENTS, Network
from impl.server.ports import free_ports
from impl.wire.apis import ApiKey
from impl.wire.framing import RequestHeader, encode_request
from impl.wire.messages.api_versions import ApiVersionsRequest

HOST = "127.0.0.1"
SECONDS = 20.0
SHORT = 0.3


class Echo:
    """A server that sends back what it gets."""

    def __init__(self, port):
        self._listener = socket.create_server((HOST, port))
        self._open = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            threading.Thread(target=self._echo, args=(connection,), daemon=True).start()

    def _echo(self, connection):
        try:
            while data := connection.recv(65_536):
                connection.sendall(data)
        except OSError:
            connection.close()

    def close(self):
        self._listener.close()
        for connection in self._open:
            connection.close()


@pytest.fixture
def world():
    """A network of n1 and n2, each an echo; `call(caller, called)` connects and says who calls."""
    first = free_ports(HOST, 4)
    echoes = [Echo(first), Echo(first + 1)]
    network = Network(HOST, ("n1", "n2"))
    network.start({"n1": (first + 2, first), "n2": (first + 3, first + 1)})
    opened = []

    def call(caller, called):
        connection = socket.create_connection((HOST, first + 1 + int(called[1])), timeout=SECONDS)
        opened.append(connection)
        name = "rdkafka" if caller == CLIENTS else caller
        hello = encode_request(RequestHeader(ApiKey.API_VERSIONS, 0, 1, name), ApiVersionsRequest())
        connection.sendall(hello)
        return connection, hello

    yield network, call
    for connection in opened:
        connection.close()
    network.close()
    for echo in echoes:
        echo.close()


def read(connection, count, seconds=SECONDS):
    """So many bytes, or what came of them before the end or the deadline."""
    connection.settimeout(seconds)
    data = b""
    try:
        while len(data) < count and (piece := connection.recv(count - len(data))):
            data += piece
    except (TimeoutError, ConnectionResetError):
        return data
    return data


def echoed(connection, hello):
    return read(connection, len(hello)) == hello


def test_bytes_come_back_whole_and_in_order(world):
    _, call = world
    connection, hello = call("n1", "n2")
    assert echoed(connection, hello)
    data = struct.pack(">200000I", *range(200_000))
    sender = threading.Thread(target=connection.sendall, args=(data,))
    sender.start()
    assert read(connection, len(data)) == data
    sender.join()


def test_a_cut_link_resets_and_refuses_until_it_heals_and_no_other_is_touched(world):
    network, call = world
    one, hello = call("n1", "n2")
    other, other_hello = call(CLIENTS, "n2")
    assert echoed(one, hello)
    assert echoed(other, other_hello)
    network.cut("n2", "n1")
    assert read(one, 1) == b""
    again, _ = call("n1", "n2")
    assert read(again, 1) == b""
    other.sendall(b"still here")
    assert read(other, 10) == b"still here"
    network.heal("n1", "n2")
    assert echoed(*call("n1", "n2"))


def test_a_held_direction_delivers_nothing_until_it_heals_and_then_everything(world):
    network, call = world
    connection, hello = call("n1", "n2")
    assert echoed(connection, hello)
    network.hold("n2", "n1")
    connection.sendall(b"there and not back")
    assert read(connection, 1, SHORT) == b""
    network.heal("n1", "n2")
    assert read(connection, 18) == b"there and not back"


def test_holding_one_way_leaves_the_other_free(world):
    """n1 hears nothing of n2, whoever called: neither n2's calls nor n2's answers."""
    network, call = world
    calls_n2, hello = call("n1", "n2")
    calls_n1, other_hello = call("n2", "n1")
    assert echoed(calls_n2, hello)
    assert echoed(calls_n1, other_hello)
    network.hold("n2", "n1")
    calls_n1.sendall(b"call")
    calls_n2.sendall(b"answer me")
    assert read(calls_n1, 1, SHORT) == b""
    assert read(calls_n2, 1, SHORT) == b""
    network.heal_all()
    assert read(calls_n1, 4) == b"call"
    assert read(calls_n2, 9) == b"answer me"


def test_a_slow_link_delivers_late(world):
    network, call = world
    connection, hello = call("n1", "n2")
    assert echoed(connection, hello)
    network.slow("n1", "n2", 0.4)
    connection.sendall(b"late")
    assert read(connection, 4, 0.2) == b""
    assert read(connection, 4) == b"late"


def test_a_node_that_does_not_listen_ends_the_call(world):
    network, call = world
    first = free_ports(HOST, 2)
    nobody = Network(HOST, ("n3",))
    nobody.start({"n3": (first, first + 1)})
    try:
        with socket.create_connection((HOST, first), timeout=SECONDS) as connection:
            connection.sendall(encode_request(RequestHeader(ApiKey.API_VERSIONS, 0, 1, "x"), ApiVersionsRequest()))
            assert read(connection, 1) == b""
    finally:
        nobody.close()
    assert echoed(*call("n1", "n2"))
    assert network.others("n1") == [CLIENTS, "n2"]
