#!/usr/bin/env python3
"""Damages a journal with a known backlog in every way bytes go wrong, and starts the gateway on it.

    damage.py [--rounds N] [--seed N] [--events N] BINARY

Each round flips bits, overwrites or cuts off a part of the file or its write-ahead log. The gateway has to start, or to
refuse in words; it may not die; nothing may be deleted; and what was not damaged has to arrive.
"""
import argparse
import asyncio
import os
import random
import shutil

from kit import TYPES, Backend, Client, Folder, Gateway, Ledger, finish, say

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("binary")
parser.add_argument("--rounds", type=int, default=200)
parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
parser.add_argument("--events", type=int, default=600)
options = parser.parse_args()


def damage(dice, path):
    """Harms a file; returns what was done, in words."""
    size = os.path.getsize(path)
    kind = dice.choice(("flip", "flip", "flip", "burst", "zeros", "cut"))
    at = dice.randrange(size)
    with open(path, "r+b") as f:
        if kind == "cut":
            f.truncate(at)
            return f"cut at {at} of {size}"
        length = {"flip": 1, "burst": dice.randint(2, 64), "zeros": 4096}[kind]
        f.seek(at)
        old = f.read(length)
        f.seek(at)
        if kind == "flip":
            f.write(bytes([old[0] ^ 1 << dice.randrange(8)]))
        elif kind == "burst":
            f.write(dice.randbytes(len(old)))
        else:
            f.write(bytes(len(old)))
    return f"{kind} of {len(old)} bytes at {at} of {size}"


async def gather_backlog(folder):
    """A journal whose events nobody has taken, left by a kill so that there is a write-ahead log too."""
    backend = await Backend(options.seed).start()
    await backend.stop()  # nobody listens
    gateway = Gateway(options.binary, folder, {"backend": backend})
    await gateway.start()
    ledger = Ledger()
    clients = [
        asyncio.create_task(Client(gateway, f"c{i}", ledger).run(lambda: len(ledger.acknowledged) >= options.events))
        for i in range(4)
    ]
    await asyncio.gather(*clients)
    # Half of it goes into the file, half stays in the log.
    gateway.stop()
    await gateway.start()
    more = len(ledger.acknowledged) + options.events
    clients = [
        asyncio.create_task(Client(gateway, f"d{i}", ledger).run(lambda: len(ledger.acknowledged) >= more))
        for i in range(4)
    ]
    await asyncio.gather(*clients)
    gateway.kill()
    return backend.port, ledger


async def attempt(number, dice, folder, original, port, ledger):
    """One round; returns how many events are missing (None when it refused to start) and what is wrong."""
    journal = folder.file("journal")
    shutil.rmtree(journal)
    shutil.copytree(original, journal)
    os.unlink(os.path.join(journal, "journal.sqlite-shm"))
    name = dice.choice(("journal.sqlite", "journal.sqlite-wal"))
    what = f"{name}: {damage(dice, os.path.join(journal, name))}"
    with open(os.path.join(journal, "journal.sqlite"), "rb") as f:
        content = f.read()
    backend = Backend(number)
    await backend.start(port)
    gateway = Gateway(options.binary, folder, {"backend": backend})
    open(folder.file("gateway.log"), "w").close()
    started = await gateway.start()
    with open(folder.file("gateway.log")) as f:
        log = f.read()
    problems = []
    missing = None
    if started is None:
        status = gateway.process.returncode
        if status != 1 or "journal" not in log:
            problems.append(f"{what}: ended with {status} and said: {log[-300:]}")
        kept = content
    else:
        audit = await gateway.settle(patience=20)
        # Dead letters are events that the journal found to be damaged.
        pending = sum(d["pending"] for d in audit["destinations"])
        if pending or not audit["sound"]:
            problems.append(f"{what}: {audit}")
        arrived = {(s, kind) for _, s, kind, taken in backend.arrivals if taken and kind in TYPES.values()}
        if arrived - ledger.acknowledged:
            problems.append(f"{what}: events arrived that nobody posted: {sorted(arrived - ledger.acknowledged)[:3]}")
        missing = len(ledger.acknowledged - arrived)
        ending = gateway.stop()
        if ending != 0:
            problems.append(f"{what}: ended with {ending}")
        kept = None
    aside = [n for n in os.listdir(journal) if n not in ("journal.sqlite", "journal.sqlite-wal", "journal.sqlite-shm",
                                                         "journal.sqlite.lock")]
    if "was moved to" in log:
        # Its log may have been copied into it before the damage was found, so it is not the same to the byte.
        if not any(".damaged-" in n and os.path.getsize(os.path.join(journal, n)) >= len(content) for n in aside):
            problems.append(f"{what}: the damaged file is not among {aside}")
    elif kept is not None and open(os.path.join(journal, "journal.sqlite"), "rb").read() != kept:
        problems.append(f"{what}: a journal that was refused was changed")
    await backend.stop()
    return what, missing, problems


async def main():
    say(f"damage: {options.rounds} rounds, seed {options.seed}")
    dice = random.Random(options.seed)
    folder = Folder("damage")
    port, ledger = await gather_backlog(folder)
    original = folder.file("original")
    shutil.copytree(folder.file("journal"), original)
    total = len(ledger.acknowledged)
    say(f"{total} events, file {os.path.getsize(original + '/journal.sqlite')},"
        f" log {os.path.getsize(original + '/journal.sqlite-wal')} bytes")
    problems, losses, refused = [], [], 0
    for number in range(1, options.rounds + 1):
        what, missing, wrong = await attempt(number, dice, folder, original, port, ledger)
        problems += wrong
        if missing is None:
            refused += 1
        else:
            losses.append((missing, what))
        if wrong or missing:
            say(f"round {number}: {what}: {'refused' if missing is None else f'{missing} of {total} missing'} {wrong}")
    losses.sort()
    figures = {
        "rounds": options.rounds, "seed": options.seed, "events": total, "refused": refused,
        "unharmed": sum(1 for missing, _ in losses if missing == 0),
        "missing_median": losses[len(losses) // 2][0] if losses else None,
        "missing_most": losses[-1] if losses else None,
    }
    finish("damage", figures, problems, folder)


asyncio.run(main())
