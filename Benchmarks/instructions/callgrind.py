#!/usr/bin/env python3
"""Instructions of a push or of a connection: two runs under callgrind, one longer than the other; the difference counts.

    callgrind.py [--few N] [--many N] [--functions N] MODE BINARY

MODE is what is repeated, one at a time:

    push        a push on a kept connection; nothing is stored, the backend has answered before the reply
    durable     the same with a journal: each push is a commit of its own, and is delivered afterwards
    connection  a TLS 1.3 handshake with ECDSA P-256, a push, the end
    resumed     the same with the ticket of the connection before

Times depend on the machine and the hour; instructions come out the same within some per mille, so that a change of one
per cent shows. What the kernel does for us is not among them. Needs valgrind.
"""
import argparse
import base64
import collections
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

USER, PASSWORD = "bench", "secret"
MODES = {"push": (500, 2500), "durable": (500, 2500), "connection": (50, 250), "resumed": (50, 250)}


class Backend(threading.Thread):
    """Answers every request with 204 and counts them."""

    def __init__(self):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.count = 0
        self.lock = threading.Condition()
        self.start()

    def run(self):
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with connection, connection.makefile("rb") as stream:
            while line := stream.readline():
                length = 0
                while line.strip():
                    name, _, value = line.partition(b":")
                    if name.lower() == b"content-length":
                        length = int(value)
                    line = stream.readline()
                stream.read(length)
                connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
                with self.lock:
                    self.count += 1
                    self.lock.notify_all()

    def wait(self, count):
        with self.lock:
            if not self.lock.wait_for(lambda: self.count >= count, 120):
                raise SystemExit(f"{self.count} of {count} events have arrived in two minutes")


class Client:
    """Speaks TLS 1.3 and HTTP/1.1, and reads every reply to its end."""

    def __init__(self, port, authority):
        self.port = port
        self.context = ssl.create_default_context(cafile=authority)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_3
        self.calls = 0
        token = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        self.head = (f"POST /hooks/sipgate HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic {token}\r\n"
                     "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ")

    def connect(self, session=None):
        plain = socket.create_connection(("127.0.0.1", self.port), 60)
        return self.context.wrap_socket(plain, server_hostname="localhost", session=session)

    def push(self, connection):
        self.calls += 1
        form = (f"event=newCall&direction=in&from=49211{self.calls:08}&to=4921199887766&user%5B%5D=Alice&userId%5B%5D=w0"
                f"&fullUserId%5B%5D=1234567w0&xcid=x{self.calls:08}&callId={self.calls:08}")
        connection.sendall(f"{self.head}{len(form)}\r\n\r\n{form}".encode())
        received = b""
        while b"\r\n\r\n" not in received:
            received += self.more(connection, received)
        head, _, content = received.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200 "):
            raise SystemExit(f"refused: {received!r}")
        length = int(re.search(rb"(?i)\ncontent-length: *(\d+)", head)[1])
        while len(content) < length:
            content += self.more(connection, received)

    @staticmethod
    def more(connection, so_far):
        piece = connection.recv(65536)
        if not piece:
            raise SystemExit(f"the connection ended within a reply: {so_far!r}")
        return piece

    def repeat(self, mode, count):
        session = None
        if mode in ("push", "durable"):
            with self.connect() as connection:
                for _ in range(count):
                    self.push(connection)
            return
        for number in range(count):
            with self.connect(session) as connection:
                self.push(connection)
                if mode == "resumed" and number > 0 and not connection.session_reused:
                    raise SystemExit("the ticket was not taken")
                session = connection.session if mode == "resumed" else None


def configure(folder, backend, mode):
    journal = f"journal: {{path: {folder}/journal.sqlite}}\n" if mode == "durable" else ""
    with open(f"{folder}/hookgate.yaml", "w") as file:
        file.write(f"""
public_url: https://localhost:8443
event_loops: 1
listeners:
  - address: 127.0.0.1:0
    tls: {{certificates: [{{chain: server.pem, key: server.key}}]}}
    limits: {{header_timeout: 60s, body_timeout: 60s, idle_timeout: 120s}}
users: [{{name: {USER}, password: "${{env:BENCH_PASS}}"}}]
routes: [{{path: /hooks/sipgate, provider: sipgate, users: [{USER}], destinations: [backend]}}]
destinations: [{{name: backend, url: "http://127.0.0.1:{backend.port}/events", timeout: 60s}}]
{journal}logging: {{level: notice, format: json}}
""")


def run(binary, mode, count):
    """Serves so many; gives the instructions of the whole process, by function and in all."""
    with tempfile.TemporaryDirectory(prefix="hookgate-instructions-") as folder:
        subprocess.run([binary, "cert", "generate", "--out", folder], check=True, stdout=subprocess.DEVNULL)
        backend = Backend()
        configure(folder, backend, mode)
        out, log = f"{folder}/callgrind", f"{folder}/log"
        # Sets and dictionaries in the same order each time.
        environment = dict(os.environ, BENCH_PASS=PASSWORD, SWIFT_DETERMINISTIC_HASHING="1")
        with open(log, "w") as file:
            server = subprocess.Popen(
                ["valgrind", "--tool=callgrind", "--dump-line=no", f"--callgrind-out-file={out}", f"--log-file={folder}/valgrind",
                 binary, "run", "--config", f"{folder}/hookgate.yaml"], env=environment, stdout=file, stderr=file)
        try:
            while not (port := re.search(r'"listening".*?127\.0\.0\.1:(\d+)|127\.0\.0\.1:(\d+)[^\n]*"listening"', open(log).read())):
                if server.poll() is not None:
                    raise SystemExit(f"it does not listen:\n{open(log).read()}{open(f'{folder}/valgrind').read()}")
                time.sleep(0.1)
            Client(int(port[1] or port[2]), f"{folder}/ca.pem").repeat(mode, count)
            backend.wait(count)
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait()
        return read(out)


def read(path):
    """The instructions of each function itself, and the sum, from a file in callgrind's format."""
    names, costs, current, library, is_call = {}, collections.Counter(), None, "", False
    with open(path) as file:
        for line in file:
            # A name stands at its first place only; later ones have its number.
            if entry := re.match(r"(c?)(ob|fn)=(\(\d+\))(?: (.*))?", line):
                is_callee, kind, number, name = entry.groups()
                if name:
                    names[kind, number] = name
                name = names[kind, number]
                if is_callee:
                    continue
                if kind == "ob":
                    library = os.path.basename(name)
                else:
                    current = f"{name} in {library}" if name.startswith("0x") else name
            elif line.startswith("calls="):
                is_call = True  # the next line is the cost of what was called
            elif current and line[0] in "0123456789+-*":
                if not is_call:
                    costs[current] += int(line.split()[-1])
                is_call = False
    return costs, sum(costs.values())


def readable(names):
    if not shutil.which("swift"):
        return names
    # callgrind marks recursion with an apostrophe and a number.
    text = "\n".join(name.split("'")[0] for name in names)
    return subprocess.run(["swift", "demangle", "--simplified"], input=text, capture_output=True, text=True).stdout.splitlines()


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--few", type=int, help="how often in the short run")
parser.add_argument("--many", type=int, help="how often in the long one")
parser.add_argument("--functions", type=int, default=25, help="how many functions are listed")
parser.add_argument("mode", choices=MODES)
parser.add_argument("binary")
options = parser.parse_args()
if not shutil.which("valgrind"):
    raise SystemExit("Missing valgrind: apt-get install valgrind")
few, many = options.few or MODES[options.mode][0], options.many or MODES[options.mode][1]
if many <= few:
    raise SystemExit("--many has to be more than --few")
with tempfile.TemporaryDirectory(prefix="hookgate-instructions-") as place:
    # valgrind 3.19 cannot read the debug information of Swift 6; the names of functions stay.
    binary = shutil.copy(options.binary, f"{place}/hookgate")
    subprocess.run(["strip", "-g", binary], check=True)
    (before, short), (after, long) = run(binary, options.mode, few), run(binary, options.mode, many)
each = {name: (cost - before[name]) / (many - few) for name, cost in after.items()}
top = sorted(each.items(), key=lambda item: -item[1])[:options.functions]
for (_, cost), name in zip(top, readable([name for name, _ in top])):
    print(f"{cost:10.0f}  {name[:140]}")
print(f"{options.mode}: {(long - short) / (many - few):,.0f} instructions each ({few} and {many} times)")
