#!/usr/bin/env python3
"""Kills the gateway at random moments under load, again and again, and looks for what was acknowledged.

    crash.py [--rounds N] [--seed N] [--clients N] [--power-cut] BINARY

With --power-cut everything that was written and not synced is taken back after each kill: a kill alone cannot show a
missing sync, since the kernel keeps what a dead process wrote.
"""
import argparse
import asyncio
import os
import random
import subprocess
import time

from kit import Backend, Client, Folder, Gateway, Ledger, finish, reckon, say
from interpose import library

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("binary")
parser.add_argument("--rounds", type=int, default=100)
parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
parser.add_argument("--clients", type=int, default=8)
parser.add_argument("--power-cut", action="store_true")
parser.add_argument("--lie", action="store_true", help="let every sync do nothing: the trial succeeds when it finds what that loses")
options = parser.parse_args()


async def main():
    name = "power cut" if options.power_cut else "crash"
    say(f"{name}: {options.rounds} rounds, seed {options.seed}")
    dice = random.Random(options.seed)
    folder = Folder("trial")
    ledger = Ledger()
    backend = await Backend(options.seed, trouble=0.3).start()
    environment = {}
    undo = None
    if options.power_cut:
        journal = folder.file("journal")
        os.mkdir(journal)
        undo = folder.file("undo")
        os.mkdir(undo)
        environment = {"LD_PRELOAD": library("powercut"), "POWERCUT_WATCH": journal, "POWERCUT_UNDO": undo}
        if options.lie:
            environment["POWERCUT_LIE"] = "1"
    gateway = Gateway(options.binary, folder, {"backend": backend}, environment=environment)
    # Of more open calls than the gateway remembers it tells nothing: docs/limits.md.
    most = 4500 // options.clients
    undone = 0
    slowest = 0.0
    number = 0
    # A cut that met no unsynced write shows nothing: a short trial goes on until one did.
    while number < options.rounds or (undo and undone == 0 and number < options.rounds + 30):
        number += 1
        started = await gateway.start()
        if started is None:
            return finish(name, {"rounds": number}, ["the gateway did not start again"], folder)
        slowest = max(slowest, started)
        over = asyncio.Event()
        clients = [Client(gateway, f"{number}-{i}", ledger) for i in range(options.clients)]
        posting = [
            asyncio.create_task(client.run(lambda client=client: over.is_set() or client.number >= most)) for client in clients
        ]
        await asyncio.sleep(dice.uniform(0, 1.5))
        gateway.kill()
        over.set()
        await asyncio.gather(*posting)
        if undo:
            undone += take_back(undo)
        say(
            f"round {number}: started in {started * 1000:.0f} ms, {len(ledger.acknowledged)} acknowledged,"
            f" {len(backend.taken)} arrived" + (f", {undone} writes taken back" if undo else "")
        )
    backend.trouble = 0
    if await gateway.start() is None:
        return finish(name, {}, ["the gateway did not start again"], folder)
    ledger.expects_stories = not options.lie
    await told(ledger, backend)
    audit = await gateway.settle()
    status = gateway.stop()
    figures, problems = reckon(ledger, backend, audit)
    if status != 0:
        problems.append(f"the gateway ended with {status} after SIGTERM")
    figures.update(rounds=number, seed=options.seed, slowest_start_ms=round(slowest * 1000))
    if undo:
        figures["writes_taken_back"] = undone
        if undone == 0:
            problems.append("nothing was ever taken back: the trial proves nothing")
    if options.lie:
        problems = [] if figures["lost"] else ["no loss was found although no sync was made: the trial proves nothing"]
    finish(name, figures, problems, folder)


async def told(ledger, backend):
    """Waits until every call that ended is told whole, which it is some seconds after its end."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        stories = {subject for _, subject, kind, taken in backend.arrivals if taken and kind == "call.completed"}
        if ledger.whole() <= stories:
            return
        await asyncio.sleep(0.2)


def take_back(undo):
    """Undoes what was not synced; returns how many writes that were."""
    result = subprocess.run([library("powercut-undo"), undo], capture_output=True, text=True, check=True)
    return int(result.stdout)


asyncio.run(main())
