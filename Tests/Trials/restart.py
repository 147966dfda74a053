#!/usr/bin/env python3
"""Restarts under load with sockets that somebody else keeps: no push may fail, nobody may be refused.

    restart.py [--restarts N] [--clients N] [--kill] [--hang] BINARY

A service manager in small passes the listening socket to each start. Clients speak as sipgate does: without credentials
first, then again when challenged; half of them keep their connection, half make one for every push. A kept connection that
ends before a reply begins is made again, once, as HTTP clients do.

With --kill every other round ends with SIGKILL: pushes under way may fail then and are posted again, but nothing that was
acknowledged may be lost. With --hang an event loop is made to hang at the end, and the watchdog has to go silent.
"""
import argparse
import asyncio
import base64
import json
import os
import signal
import ssl
import statistics
import sys
import time

from kit import KINDS, PASSWORD, Backend, Folder, Gateway, Ledger, body, finish, reckon, say
from supervisor import Supervisor

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("binary")
parser.add_argument("--restarts", type=int, default=20)
parser.add_argument("--clients", type=int, default=8)
parser.add_argument("--pause", type=float, default=0.4, help="seconds of load between two restarts")
parser.add_argument("--kill", action="store_true")
parser.add_argument("--hang", action="store_true")
options = parser.parse_args()


class Broken(Exception):
    """The connection ended before the whole reply was there."""

    def __init__(self, has_begun):
        self.has_begun = has_begun


class Pusher:
    """One caller's calls, pushed as sipgate pushes them."""

    def __init__(self, gateway, name, ledger, counts, keeps):
        self.gateway, self.name, self.ledger, self.counts, self.keeps = gateway, name, ledger, counts, keeps
        self.link = None
        self.token = base64.b64encode(f"trial:{PASSWORD}".encode()).decode()

    async def run(self, is_over):
        number = 0
        while not is_over():
            number += 1
            for kind in KINDS:
                await self.push(f"{self.name}-{number}", kind)
        self.leave()

    async def push(self, call, kind):
        content = body(call, kind)
        self.ledger.begun(call, kind)
        began = time.monotonic()
        while True:
            try:
                status = await self.exchange(content, None)
                if status == 401:
                    self.counts["challenged"] += 1
                    status = await self.exchange(content, self.token)
                break
            except (Broken, OSError, ssl.SSLError) as error:
                # A push that failed: allowed only when the gateway is killed, and posted again then.
                self.counts["failed"] += 1
                self.counts.setdefault("failures", []).append(f"{call} {kind}: {error!r}")
                if not options.kill:
                    return
                await asyncio.sleep(0.01)
        self.counts["slowest"] = max(self.counts["slowest"], time.monotonic() - began)
        self.ledger.answered(call, kind, status, "\r\nretry-after:")
        if not self.keeps:
            self.leave()

    async def exchange(self, content, token):
        """The status of one request; on a kept connection that is gone before a reply begins it is sent once more."""
        if self.link is not None:
            try:
                return await self.send(content, token)
            except Broken as error:
                if error.has_begun:
                    raise
                self.counts["reopened"] += 1
        self.link = await asyncio.open_connection(
            "127.0.0.1", self.gateway.port, ssl=self.gateway.tls, server_hostname="localhost"
        )
        self.counts["connections"] += 1
        return await self.send(content, token)

    async def send(self, content, token):
        reader, writer = self.link
        authorization = f"authorization: Basic {token}\r\n" if token else ""
        head = b""
        try:
            writer.write(
                (
                    f"POST /hooks/sipgate HTTP/1.1\r\nhost: localhost\r\n{authorization}"
                    "content-type: application/x-www-form-urlencoded\r\n"
                    f"content-length: {len(content)}\r\n\r\n{content}"
                ).encode()
            )
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = next(int(l.split(":")[1]) for l in head.split("\r\n") if l.startswith("content-length:"))
            await reader.readexactly(length)
        except asyncio.IncompleteReadError as error:
            self.leave()
            raise Broken(bool(head or error.partial)) from None
        except OSError:
            self.leave()
            raise Broken(bool(head)) from None
        if "\r\nconnection: close" in head:
            self.leave()
        return int(head.split()[1])

    def leave(self):
        if self.link is not None:
            self.link[1].close()
            self.link = None


class Activated(Gateway):
    """A gateway that is started by a service manager, which keeps its socket."""

    def prepare(self, supervisor):
        self.supervisor = supervisor
        self.port = supervisor.listen("https")
        with open(self.config) as f:
            text = f.read()
        with open(self.config, "w") as f:
            f.write(text.replace("  - address: 127.0.0.1:0\n", f"  - address: 127.0.0.1:{self.port}\n"))

    async def begin(self):
        """Starts it; returns the seconds from there to READY=1, of which the launcher takes the first."""
        self.log = open(self.folder.file("gateway.log"), "ab")
        began = time.monotonic()
        self.process = self.supervisor.start(
            [self.binary, "run", "--config", self.config], self.log, {"HOOKGATE_TRIAL_PASSWORD": PASSWORD}
        )
        ready = await asyncio.to_thread(self.supervisor.wait, lambda message: message.get("READY") == "1")
        if ready is None:
            raise RuntimeError(f"no READY=1; what it said: {self.supervisor.heard}")
        return time.monotonic() - began


def launcher_time(supervisor, folder):
    """The seconds that the launcher itself takes before the program begins."""
    times = []
    for _ in range(5):
        began = time.monotonic()
        supervisor.start(["/bin/true"], None).wait()
        times.append(time.monotonic() - began)
    return statistics.median(times)


async def hang(gateway, supervisor, problems):
    """Freezes one event loop and listens whether the signs of life end."""
    if await asyncio.to_thread(supervisor.wait, lambda m: m.get("WATCHDOG") == "1", 10) is None:
        problems.append("no sign of life although all is well")
    frozen = freeze(gateway.process.pid)
    if frozen is None:
        problems.append("no event loop could be frozen")
        return {}
    # One sign may be on its way.
    await asyncio.to_thread(supervisor.wait, lambda m: m.get("WATCHDOG") == "1", 0.3)
    silent = await asyncio.to_thread(supervisor.wait, lambda m: m.get("WATCHDOG") == "1", 2 * supervisor.watchdog)
    thaw(frozen)
    again = await asyncio.to_thread(supervisor.wait, lambda m: m.get("WATCHDOG") == "1", 10)
    if silent is not None:
        problems.append("the watchdog was served although an event loop hung")
    if again is None:
        problems.append("the watchdog was not served again although the event loop went on")
    return {"silent_s": 2 * supervisor.watchdog}


def freeze(pid):
    """Stops one thread that is an event loop with ptrace; returns its number."""
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long] * 4
    for task in sorted(map(int, os.listdir(f"/proc/{pid}/task"))):
        with open(f"/proc/{pid}/task/{task}/comm") as f:
            if not f.read().startswith("NIO-ELT"):
                continue
        # PTRACE_SEIZE, PTRACE_INTERRUPT
        if libc.ptrace(0x4206, task, 0, 0) != 0:
            return None
        libc.ptrace(0x4207, task, 0, 0)
        return task
    return None


def thaw(task):
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long] * 4
    # __WALL: a thread is waited for as well.
    os.waitpid(task, 0x40000000)
    libc.ptrace(17, task, 0, 0)  # PTRACE_DETACH


async def main():
    folder = Folder("restart")
    backend = await Backend(1).start()
    gateway = Activated(options.binary, folder, {"crm": backend})
    # Abstract names are tried by the mode that kills.
    supervisor = Supervisor(folder, abstract=options.kill, watchdog=1.0)
    gateway.prepare(supervisor)
    overhead = launcher_time(supervisor, folder)
    problems, starts, stops = [], [await gateway.begin()], []
    over = False
    ledger = Ledger()
    counts = {"challenged": 0, "failed": 0, "reopened": 0, "connections": 0, "slowest": 0.0}
    tasks = [
        asyncio.create_task(Pusher(gateway, f"c{n}", ledger, counts, n % 2 == 0).run(lambda: over))
        for n in range(options.clients)
    ]
    kills = 0
    for number in range(options.restarts):
        await asyncio.sleep(options.pause)
        if number == options.restarts // 2:
            gateway.process.send_signal(signal.SIGHUP)
            told = []
            await asyncio.to_thread(
                supervisor.wait, lambda m: told.append(m) or ("READY" in m and any("RELOADING" in t for t in told)), 20
            )
            if not any("RELOADING" in m and m.get("MONOTONIC_USEC", "").isdigit() for m in told):
                problems.append(f"a reload was not told as sd_notify(3) has it: {told}")
        began = time.monotonic()
        if options.kill and number % 2 == 0:
            kills += 1
            await asyncio.to_thread(gateway.kill)
        else:
            status = await asyncio.to_thread(gateway.stop)
            stops.append(time.monotonic() - began)
            while supervisor.listen_to(0) is not None:
                pass
            if status != 0:
                problems.append(f"restart {number}: the gateway ended with {status}")
            if not any(m.get("STOPPING") == "1" for _, m in supervisor.heard):
                problems.append(f"restart {number}: no STOPPING=1")
        starts.append(await gateway.begin())
    await asyncio.sleep(options.pause)
    over = True
    await asyncio.gather(*tasks)
    watchdog = await hang(gateway, supervisor, problems) if options.hang else {}
    audit = await gateway.settle()
    if gateway.stop() != 0:
        problems.append("the last stop failed")
    supervisor.close()
    figures, wrong = reckon(ledger, backend, audit)
    if options.kill:
        # A push whose reply was lost with the process is posted again: two events, both of them delivered.
        wrong = [problem for problem in wrong if "arrived under two ids" not in problem and "tried before" not in problem]
    problems += wrong
    if not options.kill and counts["failed"]:
        problems.append(f"{counts['failed']} pushes failed: {counts['failures'][:5]}")
    if set(ledger.statuses) - {200}:
        problems.append(f"replies other than 200: {ledger.statuses}")
    if not counts["challenged"]:
        problems.append("nobody was challenged")
    counts.pop("failures", None)
    figures = {
        "restarts": options.restarts, "kills": kills, **counts, "slowest": round(counts["slowest"], 3),
        "start_ms": round(1000 * (statistics.median(starts) - overhead)),
        "slowest_start_ms": round(1000 * (max(starts) - overhead)),
        "stop_ms": round(1000 * statistics.median(stops)) if stops else None, **watchdog, **figures,
    }
    finish("restart", figures, problems, folder)


asyncio.run(main())
