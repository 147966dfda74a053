#!/usr/bin/env python3
"""Lets the disk fail under load, in every way a disk fails, and heals it again.

    disk.py [--seconds S] [--seed N] BINARY

Syncs and writes that fail, a disk without space (by a preloaded library, and for real on a small tmpfs when this runs
as root). While nothing can be kept every reply has to be 503 with Retry-After and readiness has to be off; afterwards
service has to return by itself; and everything that was ever acknowledged has to arrive.
"""
import argparse
import asyncio
import os
import random
import subprocess
import urllib.request

from interpose import library
from kit import Backend, Client, Folder, Gateway, Ledger, finish, reckon, say

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("binary")
parser.add_argument("--seconds", type=float, default=2.0, help="how long each failure lasts")
parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
options = parser.parse_args()


class Watch:
    """Replies counted since the last look."""

    def __init__(self, ledger):
        self.ledger = ledger
        self.before = {}

    def since(self):
        now = dict(self.ledger.statuses)
        fresh = {s: n - self.before.get(s, 0) for s, n in now.items() if n != self.before.get(s, 0)}
        self.before = now
        return fresh


def is_ready(gateway):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{gateway.admin}/readyz", timeout=5) as reply:
            return reply.status == 200
    except urllib.error.HTTPError:
        return False


async def until(condition, what, patience=30):
    """Waits for something to come true; returns the problem when it does not."""
    for _ in range(int(patience / 0.02)):
        if await asyncio.to_thread(condition):
            return []
        await asyncio.sleep(0.02)
    return [what]


async def fail_and_heal(name, gateway, ledger, watch, fail, heal):
    """One failure: when it has begun only 503 is right, and when it is over only 200."""
    problems = []
    fail()
    # From the moment the journal knows; what was under way before may still have been kept, or not.
    problems += await until(lambda: not is_ready(gateway), f"{name}: the gateway still says it is ready")
    watch.since()
    await asyncio.sleep(options.seconds)
    during = watch.since()
    if set(during) != {503}:
        problems.append(f"{name}: replies while nothing could be kept: {during}")
    heal()
    problems += await until(lambda: is_ready(gateway), f"{name}: service did not return by itself")
    watch.since()
    await asyncio.sleep(0.3)
    after = watch.since()
    if set(after) != {200}:
        problems.append(f"{name}: replies afterwards: {after}")
    say(f"{name}: {during.get(503, 0)} refused, then {after.get(200, 0)} accepted in 300 ms")
    return problems


async def run(folder, journal, environment, failures):
    ledger = Ledger()
    backend = await Backend(options.seed, trouble=0.05).start()
    gateway = Gateway(options.binary, folder, {"backend": backend}, journal=journal, environment=environment)
    if await gateway.start() is None:
        return {}, ["the gateway did not start"]
    over = asyncio.Event()

    async def breathe():
        await asyncio.sleep(0.001)

    clients = [asyncio.create_task(Client(gateway, f"c{i}", ledger).run(over.is_set, breathe)) for i in range(8)]
    watch = Watch(ledger)
    problems = []
    await asyncio.sleep(0.5)
    for name, fail, heal in failures(gateway):
        problems += await fail_and_heal(name, gateway, ledger, watch, fail, heal)
    over.set()
    await asyncio.gather(*clients)
    backend.trouble = 0
    audit = await gateway.settle()
    if gateway.stop() != 0:
        problems.append("the gateway did not end with 0")
    figures, more = reckon(ledger, backend, audit)
    return figures, problems + more


def by_library(folder):
    """Failures that a preloaded library makes."""
    control = folder.file("control")
    open(control, "w").close()
    os.mkdir(folder.file("journal"))
    environment = {
        "LD_PRELOAD": library("failing"), "FAILING_WATCH": folder.file("journal"), "FAILING_CONTROL": control,
    }

    def write(word):
        with open(control + ".new", "w") as f:
            f.write(word)
        os.rename(control + ".new", control)

    def failures(_):
        for word, name in (
            ("sync", "failing syncs"), ("write", "failing writes"), ("full", "no space"), ("sync", "failing syncs again"),
        ):
            yield name, lambda word=word: write(word), lambda: write("")

    return environment, failures


def by_filling(mount):
    """A small file system that is filled up and emptied again."""
    ballast = os.path.join(mount, "ballast")

    def fill():
        with open(ballast, "wb", buffering=0) as f:
            try:
                while True:
                    f.write(b"x" * 4096)
            except OSError:
                pass

    def failures(_):
        yield "a full file system", fill, lambda: os.unlink(ballast)

    return failures


async def main():
    say(f"disk: seed {options.seed}")
    folder = Folder("disk")
    environment, failures = by_library(folder)
    figures, problems = await run(folder, None, environment, failures)
    if problems or os.geteuid() != 0:
        if os.geteuid() != 0:
            say("a real full file system: left out, it takes root to mount one")
        finish("disk", figures, problems, folder)
        return
    folder.remove()
    folder = Folder("disk")
    mount = folder.file("small")
    os.mkdir(mount)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", mount], check=True)
    try:
        figures, problems = await run(folder, os.path.join(mount, "journal.sqlite"), {}, by_filling(mount))
    finally:
        subprocess.run(["umount", "-l", mount], check=True)
    finish("disk", figures, problems, folder)


asyncio.run(main())
