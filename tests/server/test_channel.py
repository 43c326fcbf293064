"""A channel sends buffers and parts of files in order, however slowly they are read, and lets go of every file."""

import asyncio
import os
import random
import socket
from pathlib import Path

import pytest

from impl.host.stored import HeldRange
from impl.server.channel import QUEUED_HIGH_BYTES, Channel
from impl.server.disk import RealDisk, RealFile
from impl.storage.files import FileRange

SECONDS = 20
FILE_BYTES = 3_000_000
CONTENT = random.Random(1).randbytes(FILE_BYTES)


class User:
    """Remembers what a channel tells it."""

    def __init__(self) -> None:
        self.received = bytearray()
        self.told: list[str] = []
        self.lost = asyncio.get_running_loop().create_future()
        self._buffer = bytearray(100)

    def get_buffer(self) -> memoryview:
        return memoryview(self._buffer)

    def buffer_updated(self, count: int) -> None:
        self.received += self._buffer[:count]

    def connection_lost(self, error: Exception | None) -> None:
        self.lost.set_result(error)

    def pause_writing(self) -> None:
        self.told.append("pause")

    def resume_writing(self) -> None:
        self.told.append("resume")


class Rig:
    """A channel, the other end of its socket, and a file to send from."""

    def __init__(self, directory: Path) -> None:
        disk = RealDisk(directory)
        disk.write_file("log", CONTENT)
        self.file: RealFile = disk.open("log")
        ours, self.other = socket.socketpair()
        self.other.setblocking(False)
        self.user = User()
        self.channel = Channel(ours, self.user)
        self.channel.start()

    def range(self, position: int, size: int) -> HeldRange:
        return HeldRange(FileRange(self.file, position, size))

    async def read(self, size: int) -> bytes:
        loop = asyncio.get_running_loop()
        data = bytearray()
        while len(data) < size and (more := await loop.sock_recv(self.other, 65_536)):
            data += more
        return bytes(data)


def scenario(directory, steps):
    async def run():
        rig = Rig(directory)
        try:
            await steps(rig)
        finally:
            rig.channel.abort()
            rig.other.close()

    asyncio.run(asyncio.wait_for(run(), SECONDS))


def test_buffers_and_parts_of_files_arrive_in_order(tmp_path):
    async def steps(rig):
        rig.channel.send([b"head", rig.range(10, 2_000_000), memoryview(b"middle")])
        rig.channel.send([rig.range(0, FILE_BYTES), b"tail"])
        expected = b"head" + CONTENT[10:2_000_010] + b"middle" + CONTENT + b"tail"
        assert await rig.read(len(expected)) == expected
        assert rig.file.holders == 0

    scenario(tmp_path, steps)


def test_a_reader_that_stops_is_told_of_and_holds_the_file_but_no_bytes_of_it(tmp_path):
    async def steps(rig):
        rig.channel.send([rig.range(0, FILE_BYTES) for _ in range(4)])
        assert rig.user.told == ["pause"]
        assert rig.file.holders > 0
        assert await rig.read(4 * FILE_BYTES) == CONTENT * 4
        assert rig.user.told == ["pause", "resume"]
        assert rig.file.holders == 0

    scenario(tmp_path, steps)


def test_what_is_sent_into_a_full_line_counts(tmp_path):
    async def steps(rig):
        while not rig.user.told:
            rig.channel.send([b"x" * (QUEUED_HIGH_BYTES // 4)])
        assert rig.user.told == ["pause"]

    scenario(tmp_path, steps)


def test_a_deleted_file_is_sent_to_its_end(tmp_path):
    async def steps(rig):
        rig.channel.send([rig.range(0, FILE_BYTES)])
        os.remove(tmp_path / "log")
        rig.file.close()
        assert await rig.read(FILE_BYTES) == CONTENT
        assert rig.file.descriptor is None

    scenario(tmp_path, steps)


@pytest.mark.parametrize("written_again", [b"", CONTENT], ids=["cut", "cut and written again"])
def test_a_file_cut_under_an_answer_ends_the_connection(tmp_path, written_again):
    async def steps(rig):
        rig.channel.send([b"length", rig.range(0, FILE_BYTES)])
        rig.file.truncate(5)
        if written_again:
            rig.file.append(written_again)
        assert len(await rig.read(FILE_BYTES + 6)) < FILE_BYTES + 6
        assert "cut" in str(await rig.user.lost)
        assert rig.file.holders == 0

    scenario(tmp_path, steps)


def test_closing_sends_what_is_in_line(tmp_path):
    async def steps(rig):
        rig.channel.send([rig.range(0, FILE_BYTES), b"end"])
        rig.channel.close()
        assert await rig.read(FILE_BYTES + 3) == CONTENT + b"end"
        assert await rig.user.lost is None

    scenario(tmp_path, steps)


def test_the_file_is_let_go_when_the_peer_goes_away(tmp_path):
    async def steps(rig):
        rig.channel.send([rig.range(0, FILE_BYTES)])
        rig.other.close()
        await rig.user.lost
        assert rig.file.holders == 0

    scenario(tmp_path, steps)


def test_nothing_is_taken_in_while_reading_is_paused(tmp_path):
    async def steps(rig):
        loop = asyncio.get_running_loop()
        rig.channel.pause_reading()
        await loop.sock_sendall(rig.other, b"early")
        for _ in range(5):
            await asyncio.sleep(0)  # turns of the event loop, in which it would be read
        assert rig.user.received == b""
        rig.channel.resume_reading()
        while rig.user.received != b"early":
            await asyncio.sleep(0)  # until it has been read; `scenario` sets the deadline

    scenario(tmp_path, steps)
