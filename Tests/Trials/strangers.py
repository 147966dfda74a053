#!/usr/bin/env python3
"""Strangers take what they can get while others push: handshakes that stall, idle connections, a flood of wrong passwords,
a flood of RSA handshakes. Good pushes come over open connections at a fixed rate; what may not move is how long they wait.

    strangers.py [--seconds S] [--rate R] [--stalled N] [--idle N] BINARY

Two gateways with one event loop each share a core, and one of them is attacked; everything else shares another core: who
measures comes first there, and who attacks is nice. What a machine does to everybody, it does to both at the same time,
and a virtual one does so much of it that a comparison with another minute says nothing. So the replies of the attacked
gateway are compared with those of the other: that shows what the attack does to the gateway's own loop. What it takes of the core
slows both, and is told as it is; so is how long replies took in peace.
"""
import argparse
import asyncio
import base64
import contextlib
import json
import os
import resource
import socket
import ssl
import subprocess
import time

from interpose import library
from kit import PASSWORD, Folder, Gateway, finish, say

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("binary")
parser.add_argument("--seconds", type=float, default=7, help="how long is measured at once: nine times under each attack, and once in peace")
parser.add_argument("--rate", type=int, default=500, help="good pushes a second, at either gateway")
parser.add_argument("--stalled", type=int, default=500)
parser.add_argument("--idle", type=int, default=5000)
parser.add_argument("--passwords", type=int, default=1000, help="wrong passwords a second")
parser.add_argument("--handshakes", type=int, default=300, help="RSA handshakes a second")
options = parser.parse_args()

# The other core, where there is one.
OTHERS = ["taskset", "-c", "1"] if os.cpu_count() > 1 else []
# What measures may not wait for what attacks on its core: else it measures its own waiting.
FIRST = ["chrt", "-f", "1"]
if subprocess.run([*FIRST, "true"], stderr=subprocess.DEVNULL).returncode:
    FIRST = []
# How much of the core an attack may take.
SHARE = 0.25
# How much longer than the other's the 99th percentile of the attacked gateway's good pushes may be.
MOST = 1.25
FORM = "event=newCall&direction=in&from=4921112345678&to=4915791234567&callId=1&user%5B%5D=Alice"


class Sink:
    """A backend that takes everything."""

    def __init__(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.process = subprocess.Popen([*OTHERS, *FIRST, library("sink"), str(self.port)])


def request(folder, password):
    path = folder.file(f"{password}.http")
    basic = base64.b64encode(f"trial:{password}".encode()).decode()
    with open(path, "w", newline="") as f:
        f.write(
            f"POST /hooks/sipgate HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic {basic}\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(FORM)}\r\n\r\n{FORM}"
        )
    return path


class Pushes:
    """Good pushes, and bad ones, by a small program that keeps its pace."""

    def __init__(self, gateway, folder):
        self.gateway = gateway
        self.good, self.bad = request(folder, PASSWORD), request(folder, "wrong")

    async def pace(self, mode, rate, seconds, connections, file, how=("nice", "-n", "19")):
        process = await asyncio.create_subprocess_exec(
            *OTHERS, *how, library("pace"), str(self.gateway.port), mode, str(rate), str(seconds), str(connections), file,
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            output, _ = await process.communicate()
        except asyncio.CancelledError:
            process.terminate()
            await process.wait()
            raise
        return json.loads(output)

    async def measure(self, seconds=None):
        """How long good pushes take, and how many were not answered with 200."""
        seen = await self.pace("push", options.rate, seconds or options.seconds, 16, self.good, FIRST)
        return seen | {"lost": seen["wanted"] - seen["good"]}


async def stalled(gateway, pushes):
    """Half a ClientHello, and nothing more; closed ones come again."""
    tls, outgoing = ssl.create_default_context(), ssl.MemoryBIO()
    session = tls.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="localhost")
    with contextlib.suppress(ssl.SSLWantReadError):
        session.do_handshake()
    half = outgoing.read()[:100]

    async def one():
        while True:
            with contextlib.suppress(OSError):
                reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
                writer.write(half)
                await reader.read()
                writer.close()
            await asyncio.sleep(0.1)

    return [asyncio.create_task(one()) for _ in range(options.stalled)]


async def idle(gateway, pushes):
    """Connections that have pushed once and stay."""
    limit = asyncio.Semaphore(32)
    with open(pushes.good, "rb") as f:
        good = f.read()
    writers = []

    async def one():
        async with limit:
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", gateway.port, ssl=gateway.tls, server_hostname="localhost"
            )
            writers.append(writer)
            writer.write(good)
            await reader.readuntil(b"\r\n\r\n")

    await asyncio.gather(*(one() for _ in range(options.idle)))

    async def stay():
        try:
            await asyncio.Event().wait()
        finally:
            for writer in writers:
                writer.transport.abort()

    return [asyncio.create_task(stay())]


async def passwords(gateway, pushes):
    return [asyncio.create_task(pushes.pace("push", options.passwords, 600, 32, pushes.bad))]


async def handshakes(gateway, pushes):
    return [asyncio.create_task(pushes.pace("new", options.handshakes, 600, 64, pushes.good))]


def give_way(does):
    """Attackers of our own run in this process; who may not come back from that (nice(2)) stays as it is."""
    if FIRST:
        os.setpriority(os.PRIO_PROCESS, 0, 19 if does else 0)


async def attack(gateway, pushes, other, attacks):
    tasks = []
    give_way(True)
    for kind in attacks:
        tasks += await kind(gateway, pushes)
    await asyncio.sleep(1)
    began = time.monotonic()
    spent = [cpu(side.gateway.process.pid) for side in (pushes, other)]
    slices = [await asyncio.gather(pushes.measure(), other.measure()) for _ in range(9)]
    spent = [cpu(side.gateway.process.pid) - before for side, before in zip((pushes, other), spent)]
    share = (spent[0] - spent[1]) / (time.monotonic() - began)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    give_way(False)
    lost = sum(side["lost"] for sides in slices for side in sides)
    slices.sort(key=ratio)
    # The middle one: what happens to the machine meanwhile does not always happen to both.
    return slices[len(slices) // 2], [round(ratio(slices[place]), 2) for place in (0, -1)], share, lost


def ratio(sides):
    """How much longer than the other's the attacked gateway's 99th percentile is."""
    return sides[0]["p99_us"] / sides[1]["p99_us"]


def cpu(pid):
    """The seconds of CPU that a process has taken."""
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Pinned(Gateway):
    """A gateway with one loop on the first core."""

    def __init__(self, folder, sink):
        super().__init__(options.binary, folder, {"backend": sink}, route=", durable: false")
        with open(self.config) as f:
            self.text = f.read().replace("event_loops: 2", "event_loops: 1")

    async def start(self, rsa=False):
        with open(self.config, "w") as f:
            f.write(self.text.replace("server.", "rsa.") if rsa else self.text)
        if await super().start() is None:
            raise RuntimeError(f"the gateway does not start: {self.folder.path}")
        if OTHERS:
            subprocess.run(["taskset", "-acp", "0", str(self.process.pid)], stdout=subprocess.DEVNULL, check=True)
        return Pushes(self, self.folder)


async def main():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if OTHERS:
        os.sched_setaffinity(0, {1})
    folder, problems, rows = Folder("strangers"), [], {}
    sink = Sink()
    gateway, control = Pinned(folder, sink), Pinned(Folder("bystander"), sink)
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost", "-keyout", folder.file("rsa.key"), "-out", folder.file("rsa.pem")],
        check=True, stderr=subprocess.DEVNULL,
    )
    try:
        for name, attacks, most in (
            ("stalled", [stalled], MOST), ("idle", [idle], MOST), ("passwords", [passwords], MOST),
            ("together", [stalled, idle, passwords], MOST), ("rsa handshakes", [handshakes], None),
        ):
            pushes = await gateway.start(rsa=attacks == [handshakes])
            other = await control.start()
            await asyncio.gather(pushes.measure(2), other.measure(2))
            peace = await asyncio.gather(pushes.measure(), other.measure())
            under, spread, share, lost = await attack(gateway, pushes, other, attacks)
            gateway.stop()
            control.stop()
            rows[name] = {"p99_us": under[0]["p99_us"], "other_p99_us": under[1]["p99_us"], "ratio": round(ratio(under), 2)}
            rows[name]["peace_p99_us"] = [side["p99_us"] for side in peace]
            rows[name] |= {"spread": spread, "core": round(share, 3)}
            say(
                f"{name}: p50 {under[0]['p50_us']:.0f} us beside {under[1]['p50_us']:.0f}, "
                f"p99 {under[0]['p99_us']:.0f} us beside {under[1]['p99_us']:.0f} ({ratio(under):.2f}, {spread[0]} to {spread[1]}), {share:.1%} of the core; "
                f"p99 in peace {peace[0]['p99_us']:.0f} beside {peace[1]['p99_us']:.0f}"
            )
            lost += sum(side["lost"] for side in peace)
            if lost:
                problems.append(f"{name}: {lost} good pushes were not answered with 200")
            if most and ratio(under) > most:
                problems.append(f"{name}: the 99th percentile is more than {most} times the other gateway's")
            if most and share > SHARE:
                problems.append(f"{name}: the attack takes {share:.0%} of the core")
    finally:
        for one in (gateway, control):
            if one.is_running():
                one.kill()
        sink.process.terminate()
        sink.process.wait()
    finish("strangers", {"attacks": rows}, problems, folder)


asyncio.run(main())
