#!/usr/bin/env python3
"""One backend is down for as long as it takes to gather a backlog; another one must not notice.

    outage.py [--events N] BINARY

720,000 events are an hour at 200 a second. Prints the memory of the gateway on the way, the other backend's latency
with and without the outage, and how fast the backlog drains when the backend is back.
"""
import argparse
import asyncio
import json
import os
import subprocess
import time
import urllib.request

from interpose import library
from kit import Backend, Client, Folder, Gateway, Ledger, say

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("binary")
parser.add_argument("--events", type=int, default=720_000)
parser.add_argument("--clients", type=int, default=32)
parser.add_argument("--paced-seconds", type=float, default=10)
options = parser.parse_args()


class Sink:
    """The fast backend, in a process of its own."""

    def __init__(self, port):
        self.port = port
        self.process = None

    def start(self):
        self.process = subprocess.Popen([library("sink"), str(self.port)])

    def stop(self):
        self.process.terminate()
        self.process.wait()

    def count(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/count", timeout=5) as reply:
                return int(reply.read())
        except OSError:
            return 0


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else float("nan")


async def paced(gateway, backend, ledger, name):
    """Posts at a steady 200 a second and returns how late the events were at the backend, in milliseconds."""
    latencies = []

    def arrived(identity):
        # The first 48 bits of the id are the moment of acceptance, in milliseconds (UUID version 7).
        accepted = int(identity.replace("-", "")[:12], 16)
        latencies.append(time.time() * 1000 - accepted)

    backend.latencies = arrived
    over = asyncio.Event()

    async def pause():
        await asyncio.sleep(8 / 200)

    clients = [asyncio.create_task(Client(gateway, f"{name.replace(' ', '-')}-{i}", ledger).run(over.is_set, pause)) for i in range(8)]
    await asyncio.sleep(options.paced_seconds)
    over.set()
    await asyncio.gather(*clients)
    backend.latencies = None
    say(
        f"{name}: {len(latencies)} events, latency p50 {percentile(latencies, 0.5):.1f} ms,"
        f" p99 {percentile(latencies, 0.99):.1f} ms"
    )
    return latencies


async def main():
    folder = Folder("outage")
    healthy = await Backend(1).start()
    probe = await Backend(1).start()
    down = Sink(probe.port)
    await probe.stop()
    down.start()
    gateway = Gateway(options.binary, folder, {"down": down, "healthy": healthy}, journal_keys=", max_size: 8GiB")
    await gateway.start()
    ledger = Ledger()
    with_both = await paced(gateway, healthy, ledger, "both up")
    before = gateway.rss()
    down.stop()
    with_one = await paced(gateway, healthy, ledger, "one down")

    # From here on speed counts: the healthy one becomes a fast one too.
    await healthy.stop()
    fast = Sink(healthy.port)
    fast.start()
    over = asyncio.Event()
    began = time.monotonic()
    start = len(ledger.acknowledged)
    clients = [
        asyncio.create_task(Client(gateway, f"fill{i}", ledger).run(over.is_set)) for i in range(options.clients)
    ]
    memory = []
    step = max(1, options.events // 10)
    mark = step
    while (gathered := len(ledger.acknowledged) - start) < options.events:
        await asyncio.sleep(0.05)
        if gathered >= mark:
            memory.append(gateway.rss())
            say(f"{gathered} gathered in {time.monotonic() - began:.0f} s, memory {memory[-1] // 1024} MiB")
            mark += step
    over.set()
    await asyncio.gather(*clients)
    pending = next(d for d in gateway.audit()["destinations"] if d["name"] == "down")["pending"]
    gateway.kill()
    began = time.monotonic()
    await gateway.start()
    probe_over = asyncio.Event()
    answered = len(ledger.acknowledged)
    probe_client = asyncio.create_task(Client(gateway, "restart", ledger).run(probe_over.is_set))
    while len(ledger.acknowledged) == answered:
        await asyncio.sleep(0.001)
    restart = time.monotonic() - began
    probe_over.set()
    await probe_client
    say(f"backlog {pending}; killed, and the first push accepted {restart * 1000:.0f} ms after the new start,"
        f" memory {gateway.rss() // 1024} MiB; the backend comes back")

    cpu, began = gateway.cpu(), time.monotonic()
    down.start()
    while (count := down.count()) < pending:
        if time.monotonic() - began > 600:
            break
        await asyncio.sleep(0.1)
    seconds, used = time.monotonic() - began, gateway.cpu() - cpu
    figures = {
        "backlog": pending,
        "drained": count,
        "drain_per_second": round(count / seconds),
        "drain_per_cpu_second": round(count / used) if used else None,
        "restart_ms": round(restart * 1000),
        "memory_before_mib": before // 1024,
        "memory_while_down_mib": [m // 1024 for m in memory],
        "memory_after_mib": gateway.rss() // 1024,
        "p99_ms_both_up": round(percentile(with_both, 0.99), 1),
        "p99_ms_one_down": round(percentile(with_one, 0.99), 1),
        "journal_mib": os.path.getsize(gateway.journal) >> 20,
    }
    audit = await gateway.settle()
    problems = [] if audit["sound"] else [f"the ledger does not balance: {audit}"]
    if count < pending:
        problems.append("the backlog did not drain within 10 minutes")
    if memory and memory[-1] > 2 * memory[0]:
        problems.append("memory grew with the backlog")
    if gateway.stop() != 0:
        problems.append("the gateway did not end with 0")
    down.stop()
    fast.stop()
    say(json.dumps({"trial": "outage", **figures, "problems": problems}))
    folder.remove()
    raise SystemExit(1 if problems else 0)


asyncio.run(main())
