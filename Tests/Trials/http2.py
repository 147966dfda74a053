#!/usr/bin/env python3
"""Abuse of HTTP/2, frame by frame, while others push: every flood has to end its connection, memory has to stay bounded,
and no push of anybody else may be lost.

    http2.py [--seconds N] [--connections N] BINARY

Needs Python's hyperframe and hpack (both come with h2).
"""
import argparse
import asyncio
import base64
import logging
import ssl
import time

from hpack import Encoder
from hyperframe.frame import (
    ContinuationFrame, DataFrame, ExtensionFrame, Frame, GoAwayFrame, HeadersFrame, PingFrame, PriorityFrame,
    RstStreamFrame, SettingsFrame, WindowUpdateFrame,
)
from kit import PASSWORD, Backend, Client, Folder, Gateway, Ledger, body, finish, say

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("binary")
parser.add_argument("--seconds", type=float, default=10, help="how long each attack lasts")
parser.add_argument("--connections", type=int, default=16, help="attackers at the same time")
options = parser.parse_args()

# asyncio grumbles about writes to connections that were closed, which is what is wanted here.
logging.getLogger("asyncio").setLevel(logging.ERROR)

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
AUTHORIZATION = "Basic " + base64.b64encode(f"trial:{PASSWORD}".encode()).decode()
# What an attack may make the gateway hold, in KiB: a window of 256 KiB for each connection, buffers, and room to breathe.
MOST_GROWTH = 64 * 1024


class Connection:
    """One connection whose frames are written by hand."""

    def __init__(self, reader, writer):
        self.reader = reader
        self.writer = writer
        self.encoder = Encoder()
        self.stream = -1
        self.goodbye = None
        self.statuses = 0
        self.frames_sent = 0

    @classmethod
    async def open(cls, gateway, settings=None):
        tls = ssl.create_default_context(cafile=gateway.folder.file("ca.pem"))
        tls.set_alpn_protocols(["h2"])
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port, ssl=tls, server_hostname="localhost")
        if writer.get_extra_info("ssl_object").selected_alpn_protocol() != "h2":
            raise RuntimeError("HTTP/2 was not agreed on")
        connection = cls(reader, writer)
        writer.write(PREFACE)
        connection.send(SettingsFrame(0, settings=settings or {}))
        return connection

    def send(self, *frames):
        for frame in frames:
            self.writer.write(frame.serialize())
            self.frames_sent += 1

    def head(self, ends=True, known=False, more=()):
        """The head of a push on a new stream."""
        self.stream += 2
        fields = [
            (":method", "POST"), (":scheme", "https"), (":authority", "localhost"), (":path", "/hooks/sipgate"),
            ("content-type", "application/x-www-form-urlencoded"),
        ] + ([("authorization", AUTHORIZATION)] if known else []) + list(more)
        frame = HeadersFrame(self.stream, self.encoder.encode(fields))
        frame.flags.add("END_HEADERS")
        if ends:
            frame.flags.add("END_STREAM")
        return frame

    def data(self, content, ends=False):
        frame = DataFrame(self.stream, content)
        if ends:
            frame.flags.add("END_STREAM")
        return frame

    async def listen(self):
        """Reads to the end; whether the gateway said why it ended is in `goodbye`."""
        try:
            while True:
                frame, length = Frame.parse_frame_header(memoryview(await self.reader.readexactly(9)))
                payload = await self.reader.readexactly(length)
                if isinstance(frame, GoAwayFrame):
                    frame.parse_body(memoryview(payload))
                    self.goodbye = frame.error_code
                elif isinstance(frame, HeadersFrame):
                    self.statuses += 1
        except (asyncio.IncompleteReadError, OSError, ssl.SSLError):
            pass


def bomb(connection):
    frame = HeadersFrame(1, connection.head().data + b"\x40\x01x\x7f\xbd\x1d" + b"a" * 3900 + b"\xbe" * 10_000)
    frame.flags |= {"END_HEADERS", "END_STREAM"}
    return [frame]


def continuation(connection):
    if connection.stream < 0:
        connection.stream = 1
        return [HeadersFrame(1, connection.encoder.encode([(":method", "POST")]))]
    return [ContinuationFrame(1, b"\x00\x01a\x01b")]


def unknown(connection):
    frame = ExtensionFrame(0x77, stream_id=0, body=b"x" * 1000)
    # The library counts bytes only of what it has read.
    frame.body_len = 1000
    return [frame]


def rapid_reset(known):
    def attack(connection):
        push = connection.head(ends=False, known=known)
        content = body(f"reset-{id(connection)}-{connection.stream}", "newCall").encode()
        return [push, connection.data(content, ends=True), RstStreamFrame(connection.stream, error_code=8)]
    return attack


def empty_data(connection):
    return [connection.head(ends=False)] if connection.stream < 0 else [connection.data(b"")]


# What each attacker sends again and again, and which goodbyes it may get.
CALM, PROTOCOL = 0xB, 0x1
FLOODS = {
    "rapid reset": (rapid_reset(False), {CALM}),
    "rapid reset of accepted pushes": (rapid_reset(True), {CALM}),
    "resets by the server": (lambda c: [c.head(ends=False), WindowUpdateFrame(c.stream, window_increment=1),
                                        DataFrame(c.stream, b"x"), c.data(b"", ends=True), c.data(b"late")], {CALM, PROTOCOL, 5}),
    "malformed requests": (lambda c: [c.head(more=[("connection", "close")])], {CALM}),
    "ping": (lambda c: [PingFrame(0, b"12345678")], {CALM}),
    "settings": (lambda c: [SettingsFrame(0, settings={4: 65_535})], {CALM}),
    "window update": (lambda c: [WindowUpdateFrame(0, window_increment=1)], {CALM}),
    "priority": (lambda c: [PriorityFrame(1, stream_weight=3)], {CALM}),
    "unknown frames": (unknown, {CALM}),
    "empty data": (empty_data, {CALM}),
    "continuation": (continuation, {CALM}),
    "hpack bomb": (bomb, {PROTOCOL, 0x9, CALM}),
}


async def flood(gateway, frames, over):
    """Connects and floods until the gateway ends it, again and again; returns what the gateway said each time."""
    ends = []
    while not over():
        connection = await Connection.open(gateway)
        listening = asyncio.create_task(connection.listen())
        try:
            while not listening.done() and connection.frames_sent < 100_000:
                for frame in frames(connection):
                    connection.send(frame)
                if connection.frames_sent % 50 < 5:
                    await connection.writer.drain()
                    await asyncio.sleep(0)
        except (OSError, ssl.SSLError):
            pass
        await asyncio.wait({listening}, timeout=30)
        ends.append((connection.goodbye if listening.done() else "still open", connection.frames_sent))
        connection.writer.close()
        listening.cancel()
    return ends


async def unread(gateway, over):
    """A hundred pushes whose replies are never let through: the client's window is nothing."""
    while not over():
        connection = await Connection.open(gateway, {4: 0})
        listening = asyncio.create_task(connection.listen())
        for number in range(100):
            content = body(f"unread-{id(connection)}-{number}", "newCall").encode()
            connection.send(connection.head(ends=False, known=True), connection.data(content, ends=True))
        await asyncio.sleep(min(5, options.seconds))
        connection.writer.close()
        listening.cancel()


async def hoard(gateway, over):
    """A hundred pushes that never end, with as much content as the windows let through."""
    while not over():
        connection = await Connection.open(gateway)
        listening = asyncio.create_task(connection.listen())
        for _ in range(100):
            connection.send(connection.head(ends=False, known=True))
        # The connection's window is what we may send at all; one who ignores it is ended at once.
        for _ in range(16):
            connection.send(connection.data(b"user%5B%5D=" * 1400))
            connection.stream -= 2
        await asyncio.sleep(min(5, options.seconds))
        connection.writer.close()
        listening.cancel()


async def drip(gateway, over):
    """A header section that comes byte by byte, and never whole."""
    while not over():
        connection = await Connection.open(gateway)
        listening = asyncio.create_task(connection.listen())
        frame = HeadersFrame(1, b"\x83" * 200).serialize()
        for byte in frame:
            if over() or listening.done():
                break
            connection.writer.write(bytes([byte]))
            await asyncio.sleep(0.2)
        connection.writer.close()
        listening.cancel()


async def main():
    folder = Folder("http2")
    backend = await Backend(1).start()
    gateway = Gateway(options.binary, folder, {"backend": backend})
    await gateway.start()
    ledger = Ledger()
    finished = False
    latencies = []

    async def pause():
        await asyncio.sleep(0.02)

    class Timed(Client):
        async def post(self, reader, writer, content):
            began = time.monotonic()
            result = await super().post(reader, writer, content)
            latencies.append(time.monotonic() - began)
            return result

    good = [asyncio.create_task(Timed(gateway, f"good-{n}", ledger).run(lambda: finished, pause)) for n in range(4)]
    problems, figures = [], {}

    def p99():
        values = sorted(latencies)
        latencies.clear()
        return round(1000 * values[int(len(values) * 0.99)], 1) if values else None

    async def attack(name, work):
        end = time.monotonic() + options.seconds
        before = gateway.rss()
        tasks = [asyncio.create_task(work(lambda: time.monotonic() > end)) for _ in range(options.connections)]
        most = before
        while not all(task.done() for task in tasks):
            await asyncio.sleep(0.1)
            if not gateway.is_running():
                problems.append(f"{name}: the gateway is gone")
                break
            most = max(most, gateway.rss())
        results = await asyncio.gather(*tasks, return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                problems.append(f"{name}: {result!r}")
        figures[name] = {"growth_kib": most - before, "good_p99_ms": p99()}
        if most - before > MOST_GROWTH:
            problems.append(f"{name}: memory grew by {most - before} KiB")
        return [end for result in results if isinstance(result, list) for end in result]

    await asyncio.sleep(max(2, options.seconds / 2))
    figures["quiet"] = {"good_p99_ms": p99()}
    for name, (frames, goodbyes) in FLOODS.items():
        ends = await attack(name, lambda over, frames=frames: flood(gateway, frames, over))
        figures[name]["connections"] = len(ends)
        figures[name]["most_frames"] = max((sent for _, sent in ends), default=0)
        # Bytes that are under way when the connection is closed may make the kernel throw the goodbye away.
        strange = {str(end) for end, _ in ends if end not in goodbyes and end is not None}
        if strange or not ends:
            problems.append(f"{name}: ended with {sorted(strange) or 'nothing'}, not {sorted(goodbyes)}")
        say(f"{name}: {figures[name]}")
    for name, work in (("unread replies", unread), ("hoarded content", hoard), ("dripping head", drip)):
        await attack(name, lambda over, work=work: work(gateway, over))
        say(f"{name}: {figures[name]}")
    finished = True
    await asyncio.gather(*good)
    if ledger.unknown or set(ledger.statuses) != {200}:
        problems.append(f"others were disturbed: {ledger.unknown} connections broke, replies {ledger.statuses}")
    audit = await gateway.settle()
    if not audit["sound"]:
        problems.append(f"the ledger does not balance: {audit}")
    status = gateway.stop()
    if status != 0:
        problems.append(f"the gateway ended with {status}")
    with open(folder.file("gateway.log"), errors="replace") as f:
        if "the bound was reached" in f.read():
            problems.append("the gateway waited at its end for connections that nobody has")
    figures["good_pushes"] = sum(ledger.statuses.values())
    figures["most_growth_kib"] = max(f["growth_kib"] for f in figures.values() if isinstance(f, dict) and "growth_kib" in f)
    finish("http2", figures, problems, folder)


asyncio.run(main())
