"""What the trials share: a gateway process, a moody backend, clients that post calls, and the reckoning at the end.

Only Python's standard library; everything on loopback, every process ended by its own pid.
"""
import asyncio
import base64
import json
import os
import random
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.parse

KINDS = ("newCall", "answer", "hangup")
TYPES = {"newCall": "call.started", "answer": "call.answered", "hangup": "call.ended"}
PASSWORD = "trial"


def say(text):
    print(text, flush=True)


class Folder:
    """A folder for one trial, kept when it failed."""

    def __init__(self, name, under=None):
        self.path = tempfile.mkdtemp(prefix=f"hookgate-{name}-", dir=under)

    def file(self, name):
        return os.path.join(self.path, name)

    def remove(self):
        shutil.rmtree(self.path)


class Gateway:
    """The real program with a configuration of its own."""

    def __init__(self, binary, folder, backends, journal=None, environment=None, destination="", journal_keys="", route="", more=""):
        self.binary = os.path.abspath(binary)
        self.folder = folder
        self.environment = environment or {}
        self.process = None
        self.port = None
        self.admin = None
        self.journal = journal or folder.file("journal/journal.sqlite")
        self.certificate()
        self.config = folder.file("hookgate.yaml")
        names = ", ".join(backends)
        destinations = "".join(
            f"  - {{name: {name}, url: \"http://127.0.0.1:{backend.port}/events\", timeout: 1s, "
            f"retry: {{first_delay: 50ms, max_delay: 400ms}}, breaker: {{failures: 20, open_for: 200ms, max_open: 400ms}}"
            f"{destination}}}\n"
            for name, backend in backends.items()
        )
        with open(self.config, "w") as f:
            f.write(
                "public_url: https://localhost:8443\n"
                "event_loops: 2\n"
                "listeners:\n"
                "  - address: 127.0.0.1:0\n"
                "    tls: {certificates: [{chain: server.pem, key: server.key}]}\n"
                f"users: [{{name: trial, password: \"${{env:HOOKGATE_TRIAL_PASSWORD}}\"}}]\n"
                f"routes: [{{path: /hooks/sipgate, provider: sipgate, users: [trial], destinations: [{names}]{route}}}]\n"
                "destinations:\n" + destinations + more +
                f"journal: {{path: {self.journal}{journal_keys}}}\n"
                "admin: {address: 127.0.0.1:0}\n"
                "logging: {level: notice, format: json}\n"
                "shutdown_timeout: 5s\n"
            )

    def certificate(self):
        if not os.path.exists(self.folder.file("ca.pem")):
            subprocess.run(
                [self.binary, "cert", "generate", "--out", self.folder.path], check=True, stdout=subprocess.DEVNULL
            )
        self.tls = ssl.create_default_context(cafile=self.folder.file("ca.pem"))

    async def start(self, environment=None):
        """Starts it and waits until it listens; returns the seconds that took."""
        began = time.monotonic()
        self.log = open(self.folder.file("gateway.log"), "ab+")
        self.log.seek(0, os.SEEK_END)
        mark = self.log.tell()
        self.process = subprocess.Popen(
            [self.binary, "run", "--config", self.config],
            stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL,
            env={**os.environ, "HOOKGATE_TRIAL_PASSWORD": PASSWORD, **self.environment, **(environment or {})},
        )
        self.port = self.admin = None
        while self.port is None or self.admin is None:
            with open(self.folder.file("gateway.log"), "rb") as f:
                f.seek(mark)
                lines = f.read().decode(errors="replace").splitlines()
            for line in lines:
                if '"listening"' in line or '"listening for operators"' in line:
                    address = json.loads(line)["address"]
                    port = int(address.rsplit(":", 1)[1])
                    if '"listening"' in line:
                        self.port = port
                    else:
                        self.admin = port
            if self.process.poll() is not None:
                return None
            await asyncio.sleep(0.005)
        return time.monotonic() - began

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        self.process.terminate()
        return self.process.wait()

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def rss(self):
        """Resident memory in KiB."""
        with open(f"/proc/{self.process.pid}/status") as f:
            return next(int(line.split()[1]) for line in f if line.startswith("VmRSS"))

    def cpu(self):
        """Seconds of CPU time so far."""
        with open(f"/proc/{self.process.pid}/stat") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def audit(self):
        """The ledger: whether it balances, and the counts of every destination."""
        result = subprocess.run(
            [self.binary, "events", "audit", "--json", "--journal", self.journal], capture_output=True, text=True
        )
        if not result.stdout:
            raise RuntimeError(f"events audit: {result.stderr}")
        return json.loads(result.stdout)

    async def settle(self, patience=120):
        """Waits until nothing is pending; returns the audit."""
        end = time.monotonic() + patience
        while True:
            audit = await asyncio.to_thread(self.audit)
            if all(d["pending"] == 0 for d in audit["destinations"]) or time.monotonic() > end:
                return audit
            await asyncio.sleep(0.1)


class Backend:
    """An HTTP server that does at random what backends do, and remembers what it took."""

    MOODS = ("ok", "500", "503", "429", "hang", "drop_before", "drop_after", "half")

    def __init__(self, seed, trouble=0.0):
        self.random = random.Random(seed)
        self.trouble = trouble
        self.arrivals = []  # (id, subject, type, taken), in order of arrival
        self.taken = {}  # id -> how often
        self.port = None
        self.latencies = None

    async def start(self, port=0):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", port, backlog=1024)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def stop(self):
        self.server.close()

    def mood(self):
        return self.random.choice(self.MOODS[1:]) if self.random.random() < self.trouble else "ok"

    async def serve(self, reader, writer):
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = 0
                identity = None
                for line in head.split(b"\r\n")[1:]:
                    name, _, value = line.partition(b":")
                    if name.lower() == b"content-length":
                        length = int(value)
                    elif name.lower() == b"webhook-id":
                        identity = value.strip().decode()
                mood = self.mood()
                if mood == "drop_before":
                    return
                event = json.loads(await reader.readexactly(length))
                taken = mood in ("ok", "drop_after", "half")
                self.arrivals.append((identity, event["subject"], event["type"].removeprefix("io.sipgate."), taken))
                if taken:
                    self.taken[identity] = self.taken.get(identity, 0) + 1
                if self.latencies is not None:
                    self.latencies(event["id"])
                if mood == "drop_after":
                    return
                if mood == "hang":
                    await asyncio.sleep(3)
                    return
                if mood == "half":
                    writer.write(b"HTTP/1.1 200 OK\r\ncontent-le")
                    await writer.drain()
                    return
                status = "200 OK" if mood == "ok" else mood + " No"
                wait = "retry-after: 0\r\n" if mood == "503" else ""
                writer.write(f"HTTP/1.1 {status}\r\n{wait}content-length: 0\r\n\r\n".encode())
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()


class Client:
    """Posts whole calls over one kept-alive connection, each push only after the one before was acknowledged."""

    def __init__(self, gateway, name, ledger):
        self.gateway = gateway
        self.name = name
        self.ledger = ledger
        self.number = 0
        self.authorization = base64.b64encode(f"trial:{PASSWORD}".encode()).decode()

    async def run(self, is_over, pause=None):
        reader = writer = None
        while not is_over():
            self.number += 1
            call = f"{self.name}-{self.number}"
            for kind in KINDS:
                if is_over():
                    break
                try:
                    if writer is None:
                        reader, writer = await asyncio.open_connection(
                            "127.0.0.1", self.gateway.port, ssl=self.gateway.tls, server_hostname="localhost"
                        )
                    self.ledger.begun(call, kind)
                    status, head = await self.post(reader, writer, body(call, kind))
                except (OSError, asyncio.IncompleteReadError, ssl.SSLError, ValueError):
                    self.ledger.unknown += 1
                    if writer is not None:
                        writer.close()
                    reader = writer = None
                    await asyncio.sleep(0.005)
                    break
                self.ledger.answered(call, kind, status, head)
                if status != 200:
                    break
                if pause:
                    await pause()
        if writer is not None:
            writer.close()

    async def post(self, reader, writer, content):
        writer.write(
            (
                "POST /hooks/sipgate HTTP/1.1\r\nhost: localhost\r\n"
                f"authorization: Basic {self.authorization}\r\n"
                "content-type: application/x-www-form-urlencoded\r\n"
                f"content-length: {len(content)}\r\n\r\n{content}"
            ).encode()
        )
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = next(int(l.split(":")[1]) for l in head.split("\r\n") if l.startswith("content-length:"))
        await reader.readexactly(length)
        return int(head.split()[1]), head


def body(call, kind):
    fields = {"event": kind, "direction": "in", "from": "4921112345678", "to": "4915791234567", "callId": call}
    if kind == "hangup":
        fields["cause"] = "normalClearing"
    elif kind == "answer":
        fields.update({"user": "Alice", "userId": "w0", "fullUserId": "1234567w0", "answeringNumber": "4915791234567"})
    else:
        fields.update({"user[]": "Alice", "userId[]": "w0", "fullUserId[]": "1234567w0"})
    return urllib.parse.urlencode(fields)


class Ledger:
    """What the clients know: pushes posted, and those that were acknowledged."""

    def __init__(self):
        self.posted = set()
        self.acknowledged = set()
        self.unknown = 0
        self.statuses = {}
        self.refused_without_retry_after = 0
        self.expects_stories = False

    def whole(self):
        """Calls of which every push was acknowledged."""
        ends = {call for call, kind in self.acknowledged if kind == "call.ended"}
        return {call for call in ends if all((call, kind) in self.acknowledged for kind in TYPES.values())}

    def begun(self, call, kind):
        self.posted.add((call, TYPES[kind]))

    def answered(self, call, kind, status, head):
        self.statuses[status] = self.statuses.get(status, 0) + 1
        if status == 200:
            self.acknowledged.add((call, TYPES[kind]))
        elif status == 503 and "\r\nretry-after:" not in head:
            self.refused_without_retry_after += 1


def reckon(ledger, backend, audit):
    """Compares what was acknowledged with what arrived. Returns the figures and what is wrong, in words."""
    problems = []
    arrived, first, taken_at, duplicates = set(), {}, {}, 0
    identities = {}
    stories = set()
    for index, (identity, subject, kind, taken) in enumerate(backend.arrivals):
        event = (subject, kind)
        if kind not in TYPES.values():
            # What the gateway concludes from pushes.
            if taken and kind == "call.completed":
                stories.add(subject)
            continue
        known = identities.setdefault(event, identity)
        if known != identity:
            # Every call and kind is posted once: one push would have become two events.
            problems.append(f"{event} arrived under two ids, {known} and {identity}")
        first.setdefault(event, index)
        if taken:
            if event in arrived:
                duplicates += 1
            arrived.add(event)
            taken_at.setdefault(event, index)
    lost = ledger.acknowledged - arrived
    if lost:
        problems.append(f"{len(lost)} acknowledged events never arrived, for example {sorted(lost)[:3]}")
    strangers = arrived - ledger.posted
    if strangers:
        problems.append(f"{len(strangers)} events arrived that nobody posted, for example {sorted(strangers)[:3]}")
    order = [TYPES[kind] for kind in KINDS]
    disorder = 0
    for (call, kind), index in first.items():
        place = order.index(kind)
        # The one before has to be taken before this one is first tried; unless it was never acknowledged.
        if place > 0:
            before = (call, order[place - 1])
            if before in ledger.acknowledged and taken_at.get(before, 1 << 62) > index:
                disorder += 1
    if disorder:
        problems.append(f"{disorder} events were tried before the one before them in their call was taken")
    untold = ledger.whole() - stories if ledger.expects_stories else set()
    if untold:
        problems.append(f"{len(untold)} calls came to an end and were never told whole, for example {sorted(untold)[:3]}")
    if not audit["sound"]:
        problems.append(f"the ledger does not balance: {audit}")
    for destination in audit["destinations"]:
        if destination["pending"] or destination["dead"] or destination["expired"] or destination["dropped"]:
            problems.append(f"not everything was delivered: {destination}")
    if ledger.refused_without_retry_after:
        problems.append(f"{ledger.refused_without_retry_after} replies with 503 had no Retry-After")
    figures = {
        "posted": len(ledger.posted),
        "acknowledged": len(ledger.acknowledged),
        "arrived": len(arrived),
        "lost": len(lost),
        "duplicates": duplicates,
        "disorder": disorder,
        "stories": len(stories),
        "untold": len(untold),
        "attempts": len(backend.arrivals),
        "statuses": {str(k): v for k, v in sorted(ledger.statuses.items())},
        "broken_connections": ledger.unknown,
    }
    return figures, problems


def finish(name, figures, problems, folder):
    """Prints the outcome and ends the process: 0 when nothing is wrong."""
    say(json.dumps({"trial": name, **figures, "problems": problems}))
    if problems:
        say(f"{name}: FAILED; what there is to see is in {folder.path}")
        sys.exit(1)
    folder.remove()
    say(f"{name}: as it should be")
