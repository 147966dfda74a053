#!/usr/bin/env python3
"""The CPU time of an accepted *and delivered* event: 64 kept-open TLS connections, every post another call.

    measure.py [--seconds N] [--rounds N] [--backlog N] [--peer NAME=COMMAND ...] BINARY

The load stops, the time of the whole process tree is taken when the last event has reached the backend. Prints one JSON
line a run: `cpu_us` is user and system time an event, `events_a_commit` what the journal says at its end.
--backlog stores that many events for another destination that is down, and measures again beside them.
--peer measures another server with the same load; COMMAND finds its place in the environment (PORT, BACKEND_PORT, CERT,
KEY, BENCH_USER, BENCH_PASS, CREDS, WORKERS, TMP, VARIANT, HERE) and stays in the foreground.
Needs wrk. Server on CPU 0, load and backend on CPU 1; everything on loopback.
"""
import argparse
import asyncio
import base64
import json
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
USER, PASSWORD = "bench", "secret"
TICKS = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def cpu_of(root):
    """User and system time of a process tree, in seconds."""
    parents = {}
    times = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat") as file:
                fields = file.read().rsplit(")", 1)[1].split()
        except OSError:
            continue
        parents[int(name)] = int(fields[1])
        times[int(name)] = sum(map(int, fields[11:15])) / TICKS
    tree = {root}
    while more := {pid for pid, parent in parents.items() if parent in tree} - tree:
        tree |= more
    return sum(times[pid] for pid in tree)


class Backend(asyncio.Protocol):
    """Answers every request with 204 and counts them, in a process of its own."""

    count = 0

    def connection_made(self, transport):
        self.transport = transport
        self.bytes = bytearray()

    def data_received(self, data):
        self.bytes += data
        answer = b""
        while (end := self.bytes.find(b"\r\n\r\n")) >= 0:
            head = bytes(self.bytes[:end]).lower()
            length = re.search(rb"\ncontent-length: *(\d+)", head)
            whole = end + 4 + (int(length[1]) if length else 0)
            if len(self.bytes) < whole:
                break
            del self.bytes[:whole]
            if head.startswith(b"get "):
                text = str(Backend.count).encode()
                answer += b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(text), text)
            else:
                Backend.count += 1
                answer += b"HTTP/1.1 204 No Content\r\n\r\n"
        if answer:
            self.transport.write(answer)

    @staticmethod
    async def serve(port):
        server = await asyncio.get_running_loop().create_server(Backend, "127.0.0.1", port)
        await server.serve_forever()


class Run:
    """One server, a backend and a load."""

    def __init__(self, options, folder):
        self.options = options
        self.folder = folder
        self.port, self.backend_port = free_port(), free_port()
        subprocess.run([options.binary, "cert", "generate", "--out", folder], check=True, stdout=subprocess.DEVNULL)
        self.log = os.path.join(folder, "log")
        self.backend = None
        self.server = None

    def start(self, command, more=None):
        if options.backend:
            argv = [options.backend, str(self.backend_port)]
        else:
            argv = [sys.executable, __file__, "--serve", str(self.backend_port), "-"]
        self.backend = subprocess.Popen(["taskset", "-c", "1", *argv], stdout=subprocess.DEVNULL)
        environment = dict(
            os.environ, PORT=str(self.port), BACKEND_PORT=str(self.backend_port), CERT=f"{self.folder}/server.pem",
            KEY=f"{self.folder}/server.key", BENCH_USER=USER, BENCH_PASS=PASSWORD, CREDS=f"{USER}:{PASSWORD}",
            WORKERS="1", TMP=self.folder, **(more or {}))
        with open(self.log, "w") as log:
            self.server = subprocess.Popen(["taskset", "-c", "0", *command], env=environment, stdout=log, stderr=log, start_new_session=True)
        for port in (self.port, self.backend_port):
            end = time.monotonic() + 20
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    if time.monotonic() > end or self.server.poll() is not None:
                        raise SystemExit(f"it does not listen:\n{open(self.log).read()}")
                    time.sleep(0.05)

    def stop(self):
        self.server.send_signal(signal.SIGTERM)
        try:
            self.server.wait(30)
        except subprocess.TimeoutExpired:
            self.server.kill()
        try:
            # What it started beside itself, such as a database.
            os.killpg(self.server.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.backend.kill()
        self.backend.wait()
        with open(self.log) as log:
            return log.read()

    def arrived(self):
        path = "/stats" if self.options.backend else "/"
        with urllib.request.urlopen(f"http://127.0.0.1:{self.backend_port}{path}") as answer:
            figure = json.loads(answer.read())
        # Another backend's own requests for its figures are among them.
        return figure["requests"] if isinstance(figure, dict) else figure

    def load(self, seconds, path="/hooks/sipgate"):
        token = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        output = subprocess.run(
            ["taskset", "-c", "1", "wrk", "-t1", "-c64", "--latency", f"-d{seconds}s", "-s", f"{HERE}/calls.lua",
             f"https://127.0.0.1:{self.port}{path}"],
            env=dict(os.environ, AUTHORIZATION=f"Basic {token}"), capture_output=True, text=True, check=True).stdout
        if "Non-2xx" in output or "Socket errors" in output:
            raise SystemExit(f"not everything was accepted:\n{output}")
        return int(re.search(r"(\d+) requests in", output)[1])

    def settle(self):
        """Waits until nothing arrives any more."""
        before = -1
        while (now := self.arrived()) > before + 1:
            before = now
            time.sleep(0.4)
        return now

    def measure(self):
        self.load(1)
        before = self.settle()
        start = cpu_of(self.server.pid)
        accepted = self.load(self.options.seconds)
        window = cpu_of(self.server.pid) - start
        delivered = self.settle() - before
        total = cpu_of(self.server.pid) - start
        return {
            "accepted": accepted, "delivered": delivered, "cpu_us": round(1e6 * total / accepted, 1),
            "cpu_us_while_loaded": round(1e6 * window / accepted, 1)}


def hookgate(run, journal):
    """The gateway's configuration: one route that is measured, and one whose destination is down."""
    durable = f"journal: {{path: {run.folder}/journal.sqlite, max_size: 16GiB}}" if journal else ""
    with open(os.path.join(run.folder, "hookgate.yaml"), "w") as file:
        file.write(f"""
public_url: https://localhost:{run.port}
event_loops: 1
listeners:
  - address: 127.0.0.1:{run.port}
    tls: {{certificates: [{{chain: {run.folder}/server.pem, key: {run.folder}/server.key}}]}}
users: [{{name: {USER}, password: "${{env:BENCH_PASS}}"}}]
routes:
  - {{path: /hooks/sipgate, provider: sipgate, users: [{USER}], destinations: [backend]}}
  - {{path: /hooks/down, provider: sipgate, users: [{USER}], destinations: [down]}}
destinations:
  - {{name: backend, url: "http://127.0.0.1:{run.backend_port}/hooks/sipgate", concurrency: 128}}
  - {{name: down, url: "http://127.0.0.1:1/", concurrency: 4, breaker: {{failures: 5, open_for: 1h}}}}
{durable}
logging: {{level: notice, format: json}}
""")
    return [run.options.binary, "run", "--config", f"{run.folder}/hookgate.yaml"]


def measured(options, name, command, more=None, backlog=0, journal=True):
    with tempfile.TemporaryDirectory(prefix="hookgate-durable-") as folder:
        run = Run(options, folder)
        run.start(command or hookgate(run, journal), more)
        figures = {}
        try:
            stored = 0
            while stored < backlog:
                stored += run.load(5, "/hooks/down")
                print(f"{stored} stored", file=sys.stderr)
            figures = run.measure()
            if backlog:
                figures["backlog"] = stored
        finally:
            log = run.stop()
        for line in log.splitlines():
            if '"journal closed"' in line and not backlog:
                closed = json.loads(line)
                figures["events_a_commit"] = round(int(closed["events"]) / max(1, int(closed["commits_with_events"])), 1)
        print(json.dumps({"name": name, **figures}), flush=True)
        return figures["cpu_us"]


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--seconds", type=int, default=6)
parser.add_argument("--rounds", type=int, default=3)
parser.add_argument("--backlog", type=int, default=0)
parser.add_argument("--peer", action="append", default=[])
parser.add_argument("--backend", help="another backend: takes a port, answers /stats with {\"requests\": N}")
parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
parser.add_argument("binary")
options = parser.parse_args()
if options.serve:
    asyncio.run(Backend.serve(options.serve))
options.binary = os.path.abspath(options.binary)
results = {}
for _ in range(options.rounds):
    for peer in options.peer:
        name, command = peer.split("=", 1)
        path, _, variant = command.partition("#")
        more = {"HERE": os.path.dirname(path), "VARIANT": variant}
        results.setdefault(name, []).append(measured(options, name, [path], more))
    results.setdefault("durable", []).append(measured(options, "durable", None))
    if options.backlog:
        name = f"beside {options.backlog} pending"
        results.setdefault(name, []).append(measured(options, name, None, backlog=options.backlog))
for name, values in results.items():
    print(f"{name}: {statistics.median(values):.1f} µs an event ({min(values):.1f}–{max(values):.1f})")
