#!/usr/bin/env python3
"""Callers whose calls a bad backend is to decide about: no caller may wait longer than the deadline, no event may be lost.

    decide.py [--calls N] [--clients N] [--deadline MS] BINARY

In turn the backend is dead, slow, drips a byte every 100 ms, answers garbage, and answers after the deadline; last it is good.
Times are from the first byte of the request to the last of the reply, on kept-alive connections.
"""
import argparse
import asyncio
import base64
import gc
import json
import sys
import time

from kit import PASSWORD, Backend, Folder, Gateway, body, say

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("binary")
parser.add_argument("--calls", type=int, default=12_000, help="calls in all")
parser.add_argument("--clients", type=int, default=48)
parser.add_argument("--deadline", type=int, default=500)
options = parser.parse_args()

MOODS = ("dead", "slow", "drips", "garbage", "late", "good")
GOOD = b'{"actions": [{"reject": {"reason": "busy"}}]}'


class Decider:
    """Decides as its mood is."""

    mood = "good"

    async def start(self, port=0):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", port, backlog=1024)
        self.port = self.server.sockets[0].getsockname()[1]
        self.writers = set()
        return self

    async def die(self):
        self.server.close()
        for writer in list(self.writers):
            writer.close()

    async def serve(self, reader, writer):
        self.writers.add(writer)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(int(l.split(b":")[1]) for l in head.split(b"\r\n") if l.lower().startswith(b"content-length:"))
                await reader.readexactly(length)
                answer = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(GOOD), GOOD)
                if self.mood == "slow":
                    await asyncio.sleep(60)
                elif self.mood == "late":
                    await asyncio.sleep(options.deadline / 1000 + 0.02)
                elif self.mood == "garbage":
                    answer = b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n\xff<html/>\x00"
                elif self.mood == "drips":
                    for byte in answer:
                        writer.write(bytes([byte]))
                        await writer.drain()
                        await asyncio.sleep(0.1)
                    continue
                writer.write(answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self.writers.discard(writer)
            writer.close()


async def caller(gateway, name, count, times, replies):
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", gateway.port, ssl=gateway.tls, server_hostname="localhost"
    )
    token = base64.b64encode(f"trial:{PASSWORD}".encode()).decode()
    for number in range(count):
        content = body(f"{name}-{number}", "newCall")
        request = (
            "POST /hooks/sipgate HTTP/1.1\r\nhost: localhost\r\n"
            f"authorization: Basic {token}\r\ncontent-type: application/x-www-form-urlencoded\r\n"
            f"content-length: {len(content)}\r\n\r\n{content}"
        )
        begin = time.monotonic()
        writer.write(request.encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = next(int(l.split(":")[1]) for l in head.split("\r\n") if l.startswith("content-length:"))
        text = (await reader.readexactly(length)).decode()
        times.append(time.monotonic() - begin)
        verb = "voicemail" if "<Voicemail/>" in text else "reject" if "<Reject" in text else text
        replies[verb] = replies.get(verb, 0) + 1
    writer.close()


def rank(times, share):
    return round(1000 * sorted(times)[min(len(times) - 1, int(len(times) * share))], 1)


async def main():
    folder = Folder("decide")
    events = await Backend(1).start()
    decider = await Decider().start()
    gateway = Gateway(
        options.binary, folder, {"crm": events},
        route=f", decide: {{destination: oracle, path: /decide, deadline: {options.deadline}ms, "
              "fallback: {actions: [{dial: {to: voicemail}}]}}",
        more=f"  - {{name: oracle, url: \"http://127.0.0.1:{decider.port}/\", concurrency: {4 * options.clients}}}\n",
    )
    await gateway.start()
    problems = []
    figures = {}
    everything = []
    each = options.calls // len(MOODS) // options.clients
    for mood in MOODS:
        if mood == "dead":
            await decider.die()
        elif figures and decider.mood == "dead":
            await decider.start(decider.port)
        decider.mood = mood
        times, replies = [], {}
        await asyncio.gather(
            *(caller(gateway, f"{mood}-{client}", each, times, replies) for client in range(options.clients))
        )
        everything += times
        wanted = "reject" if mood == "good" else "voicemail"
        figures[mood] = {
            "calls": len(times), "p50_ms": rank(times, 0.5), "p99_ms": rank(times, 0.99), "p99_9_ms": rank(times, 0.999),
            "max_ms": rank(times, 1), "replies": replies,
        }
        say(f"{mood}: {json.dumps(figures[mood])}")
        if set(replies) != {wanted}:
            problems.append(f"{mood}: {replies}, not {wanted} alone")
        if rank(times, 0.999) > options.deadline:
            problems.append(f"{mood}: p99.9 is over the deadline")
    audit = await gateway.settle()
    started = {subject for _, subject, kind, taken in events.arrivals if taken and kind == "call.started"}
    decided = sum(1 for _, _, kind, taken in events.arrivals if taken and kind == "call.decided")
    if len(started) != len(everything):
        problems.append(f"{len(everything) - len(started)} calls never arrived")
    if decided != len(everything):
        problems.append(f"{len(everything) - decided} decisions were not told")
    if not audit["sound"]:
        problems.append(f"the ledger does not balance: {audit}")
    status = gateway.stop()
    if status != 0:
        problems.append(f"the gateway ended with {status}")
    say(json.dumps({
        "trial": "decide", "calls": len(everything), "deadline_ms": options.deadline, "p99_9_ms": rank(everything, 0.999),
        "max_ms": rank(everything, 1), "arrived": len(started), "decided": decided, "problems": problems}))
    if problems:
        say(f"decide: FAILED; what there is to see is in {folder.path}")
        sys.exit(1)
    folder.remove()
    say("decide: as it should be")


# A collection in the middle would be measured as if the gateway had stopped: clients and backends live in here.
gc.disable()
asyncio.run(main())
