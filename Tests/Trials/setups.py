#!/usr/bin/env python3
"""Ten broken set-ups, tried as somebody new would: does the program say what is wrong, where, and what to do instead?

    setups.py BINARY

Each is started with the real program. The words that name cause and remedy have to be in what its commands and its log
say, and are printed; a set-up fails whose words are not there. As root a small file system is filled; otherwise the journal's own bound is.
"""
import http.server
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time

from kit import Folder, finish, say

binary = os.path.abspath(sys.argv[1])
PASSWORD = "correct horse"
PUSH = "event=newCall&direction=in&from=4921112345678&to=4915791234567&callId=call-{}"
# Root may read everything: then as operators run it, without privileges.
BARE = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
ENVIRONMENT = {**os.environ, "LC_ALL": "C.UTF-8", "HOOKGATE_PASSWORD": PASSWORD}
CONFIGURATION = """\
public_url: https://localhost:8443
listeners:
  - address: 127.0.0.1:0
    tls: {{certificates: [{{chain: server.pem, key: server.key}}]}}
users: [{{name: sipgate, password: "${{env:HOOKGATE_PASSWORD}}"}}]
routes:
  - {{path: /hooks/sipgate, provider: sipgate, users: [sipgate], destinations: [crm]}}
destinations:
  - {{name: crm, url: "{url}", timeout: 1s, retry: {{first_delay: 10m, max_delay: 10m}}}}
journal: {{path: {journal}}}
admin: {{address: 127.0.0.1:0}}
"""


class Backend(http.server.ThreadingHTTPServer):
    """Answers with one status, perhaps late."""

    daemon_threads = True

    def __init__(self, status=200, delay=0.0):
        super().__init__(("127.0.0.1", 0), Answer)
        self.status, self.delay = status, delay
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/events"


class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        time.sleep(self.server.delay)
        try:
            self.send_response(self.server.status)
            self.send_header("content-length", "0")
            self.end_headers()
        except OSError:
            self.close_connection = True

    def log_message(self, *_):
        pass


class Setup:
    """A folder with a configuration, the program on it, and everything it says."""

    def __init__(self, folder, name, url="http://127.0.0.1:9/events", journal="journal.sqlite"):
        self.path = os.path.join(folder.path, name)
        os.mkdir(self.path)
        self.process = self.port = self.admin = None
        self.said = ""
        self.run("cert", "generate", "--out", self.path)
        self.said = ""
        self.config = os.path.join(self.path, "hookgate.yaml")
        self.write(CONFIGURATION.format(url=url, journal=journal))

    def file(self, name):
        return os.path.join(self.path, name)

    def write(self, text):
        with open(self.config, "w") as f:
            f.write(text)

    def change(self, old, new):
        with open(self.config) as f:
            text = f.read()
        assert old in text, old
        self.write(text.replace(old, new))

    def run(self, *arguments, prefix=()):
        """Runs a command to its end; gives what it said."""
        result = subprocess.run(
            [*prefix, binary, *arguments], capture_output=True, text=True, env=ENVIRONMENT, cwd=self.path, timeout=60
        )
        said = result.stdout + result.stderr
        self.said += f"$ hookgate {' '.join(arguments)}\n{said}"
        return said

    def check(self):
        return self.run("check", "--config", self.config, prefix=BARE)

    def log(self):
        with open(self.file("log")) as f:
            return f.read()

    def start(self, prefix=()):
        """Starts the gateway; whether it listens, otherwise it has ended."""
        log = open(self.file("log"), "wb")
        self.process = subprocess.Popen(
            [*prefix, *BARE, binary, "run", "--config", self.config],
            stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=ENVIRONMENT, cwd=self.path,
        )
        while True:
            text = self.log()
            ports = dict(re.findall(r"hookgate: (listening(?: for operators)?) address=[^\n]*127\.0\.0\.1:([0-9]+)", text))
            if len(ports) == 2:
                self.port, self.admin = ports["listening"], ports["listening for operators"]
                return True
            if self.process.poll() is not None:
                self.said += f"$ hookgate run\n{text}"
                return False
            time.sleep(0.02)

    def push(self, path="/hooks/sipgate", password=PASSWORD, call=1, more=""):
        """Pushes as the provider does; gives the reply's status and the id of its request."""
        head, reply = self.file("head"), self.file("reply")
        subprocess.run(
            ["curl", "--silent", "--max-time", "30", "--cacert", self.file("ca.pem"), "--user", f"sipgate:{password}",
             "--data", PUSH.format(call) + more, "--dump-header", head, "--output", reply,
             f"https://localhost:{self.port}{path}"],
            check=False, env=ENVIRONMENT,
        )
        with open(head) as f:
            text = f.read()
        status = int(text.split(None, 2)[1])
        if status != 200:
            with open(reply) as f:
                self.said += f"reply {status}: {f.read().strip()}\n"
        return status, re.search(r"(?im)^x-request-id: (\S+)", text)[1]

    def explain(self, *arguments, until=""):
        """Asks until the writer of what is kept has come to it."""
        end = time.monotonic() + 30
        while True:
            text = self.run("explain", "--config", self.config, *arguments)
            if until in text or time.monotonic() > end:
                return text
            time.sleep(0.1)

    def health(self, until=""):
        end = time.monotonic() + 30
        while True:
            text = self.run("health", "--url", f"http://127.0.0.1:{self.admin}")
            if until in text or time.monotonic() > end:
                return text
            time.sleep(0.1)

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait()


def issued(setup, begin, end):
    """Replaces its certificate by one with these dates, YYMMDDhhmmssZ, as an authority of our own issues it."""
    with open(setup.file("ca.cnf"), "w") as f:
        f.write("[ca]\ndefault_ca=own\n[own]\ndatabase=index\nserial=serial\nnew_certs_dir=.\ndefault_md=sha256\n"
                "policy=any\n[any]\ncommonName=supplied\n[names]\nsubjectAltName=DNS:localhost\n")
    open(setup.file("index"), "w").close()
    with open(setup.file("serial"), "w") as f:
        f.write("1000\n")
    for command in (
        "req -new -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=localhost",
        "ca -batch -config ca.cnf -selfsign -keyfile server.key -in server.csr -out server.pem -notext "
        f"-extensions names -startdate {begin} -enddate {end}",
    ):
        subprocess.run(["openssl", *command.split()], check=True, cwd=setup.path, capture_output=True)


class Servant:
    """`openssl s_server` with the set-up's certificate: a server that has served for too long."""

    def __init__(self, setup):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process = subprocess.Popen(
            ["openssl", "s_server", "-accept", f"127.0.0.1:{self.port}", "-cert", setup.file("server.pem"), "-key",
             setup.file("server.key"), "-quiet"],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except ConnectionRefusedError:
                time.sleep(0.02)

    def stop(self):
        self.process.terminate()
        self.process.wait()


def wrong_password(folder):
    setup = Setup(folder, "password", Backend().url)
    yield setup
    setup.start()
    status, request = setup.push(password="wrong")
    yield status == 401, "the reply is 401"
    yield setup.explain("--last", "5", until="credentials_wrong"), "credentials_wrong"
    yield setup.explain(request, until="✗"), "✗ credentials", "Basic sipgate:(secret)", (
        "What to do: Check user and password, and that the route admits this user."
    )


def expired_certificate(folder):
    setup = Setup(folder, "expired")
    yield setup
    issued(setup, "200101000000Z", "210101000000Z")
    yield setup.check(), "expired on 2021-01-01", "renew it", "tls.certificates[0]"
    yield not setup.start(), "the gateway does not start"
    yield setup.log(), "expired on 2021-01-01", "renew it"
    servant = Servant(setup)
    yield setup.run("cert", "check", f"localhost:{servant.port}", "--ca", setup.file("server.pem")), (
        "expired on 2021-01-01"
    ), "a client refuses it for localhost"
    servant.stop()


def failing_backend(folder):
    setup = Setup(folder, "failing", Backend(500).url)
    yield setup
    setup.start()
    _, request = setup.push()
    yield setup.explain(request, until="refused 500"), "refused 500", "pending, 1 attempt, the next at", (
        "What to do: crm: See what its log says at that time."
    )
    yield setup.log(), "destination did not take the event", "outcome=\"refused 500\"", "destination=crm"


def wrong_path(folder):
    setup = Setup(folder, "path", Backend().url)
    yield setup
    setup.start()
    status, request = setup.push(path="/hooks/sipgat")
    yield status == 404, "the reply is 404"
    yield setup.explain(request, until="✗"), "✗ route", "POST /hooks/sipgat", (
        "What to do: Check the path against the routes of the configuration. Routes: did you mean `/hooks/sipgate`?"
    )


def full_disk(folder):
    small = tempfile.mkdtemp(prefix="small-", dir=folder.path)
    is_mounted = os.geteuid() == 0 and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=20m", "hookgate-trial", small], capture_output=True
    ).returncode == 0
    setup = Setup(folder, "disk", Backend(500).url, os.path.join(small, "journal.sqlite"))
    yield setup
    try:
        if not is_mounted:
            setup.change("journal.sqlite}", "journal.sqlite, max_size: 16MiB}")
        setup.start()
        word = "journal_unavailable" if is_mounted else "journal_full"
        if is_mounted:
            setup.push()
            with open(os.path.join(small, "filler"), "wb", buffering=0) as f:
                try:
                    while f.write(bytes(1 << 12)):
                        pass
                except OSError:
                    pass
        # Fields that nobody knows are kept as well: a push of 50 KiB.
        more = "".join(f"&x{i}={'y' * 1000}" for i in range(50))
        status, call = 200, 2
        while status == 200 and call < 2000:
            status, _ = setup.push(call=call, more=more)
            call += 1
        yield status == 503, "the reply is 503"
        yield setup.said, word, "Send it again after the time in Retry-After"
        if is_mounted:
            yield setup.health(until="not ready"), "not ready: journal: cannot be written", "make room on its disk"
            yield setup.log(), "disk is full", "make room on its disk, and it goes on by itself"
        else:
            yield setup.health(until="not ready"), "not ready: journal: has reached its largest size", "journal.max_size"
    finally:
        setup.stop()
        if is_mounted:
            subprocess.run(["umount", small], check=True)


def clock_off(folder):
    setup = Setup(folder, "clock")
    yield setup
    issued(setup, "480101000000Z", "490101000000Z")  # for a clock of today, what today is for one that is years behind
    yield setup.check(), "is not valid before 2048-01-01", "is the clock right?"
    yield not setup.start(), "the gateway does not start"
    yield setup.log(), "is not valid before 2048-01-01", "is the clock right?"
    # A receiver whose clock differs does not believe the signed time: the examples answer 401 then.
    second = Setup(folder, "clock-2", Backend(401).url)
    second.start()
    try:
        _, request = second.push()
        yield second.explain(request, until="refused 401"), "dead after 1 attempt", "It does not believe the request.", (
            "What to do: crm: See that it has the same `signing_secret`, and the right time."
        ), "hookgate events retry --state dead --destination crm"
    finally:
        second.stop()


def unreadable_key(folder):
    setup = Setup(folder, "key")
    yield setup
    os.chmod(setup.file("server.key"), 0)
    yield setup.check(), "key: cannot open", "permission denied", "let the user that the gateway runs as read it"
    yield not setup.start(), "the gateway does not start"
    yield setup.log(), "key: cannot open", "permission denied", "let the user that the gateway runs as read it"


def wrong_name(folder):
    setup = Setup(folder, "name", "http://crm.invalid:9000/events")
    yield setup
    setup.change("public_url: https://localhost:8443", "public_url: https://hooks.example.net:8443")
    yield setup.check(), "public_url", "no certificate is for `hooks.example.net`", "localhost"
    setup.start()
    yield setup.run(
        "cert", "check", f"localhost:{setup.port}", "--ca", setup.file("ca.pem"), "--name", "hooks.example.net"
    ), "a client refuses it for hooks.example.net", "localhost"
    _, request = setup.push()
    yield setup.explain(request, until="unreachable"), "unreachable (unresolved)", "Its name has no address", (
        "What to do: crm: Check the host in its `url`, and the resolver of this machine."
    )


def slow_backend(folder):
    setup = Setup(folder, "slow", Backend(delay=20).url)
    yield setup
    setup.start()
    status, request = setup.push()
    yield status == 200, "the caller does not wait for it"
    yield setup.explain(request, until="timed_out"), "timed_out (answering)", (
        "What to do: crm: Have it answer first and work later, or raise its `timeout`."
    )


def missing_route(folder):
    setup = Setup(folder, "route")
    yield setup
    setup.change("routes:\n  - {path: /hooks/sipgate, provider: sipgate, users: [sipgate], destinations: [crm]}\n", "")
    yield setup.check(), "error: routes: is missing", "help: add `routes: [{path: /hooks/sipgate, provider: sipgate"
    yield not setup.start(), "the gateway does not start"
    yield setup.log(), "error: routes: is missing"


SETUPS = (
    wrong_password, expired_certificate, failing_backend, wrong_path, full_disk, clock_off, unreadable_key, wrong_name,
    slow_backend, missing_route,
)


def line_with(text, word):
    return next((line.strip() for line in text.splitlines() if word in line), "")


def main():
    folder = Folder("setups")
    os.chmod(folder.path, 0o755)
    problems, words = [], 0
    for broken in SETUPS:
        name = broken.__name__.replace("_", " ")
        say(f"\n{name}")
        steps = broken(folder)
        setup = next(steps)
        shown = set()
        try:
            for text, *expected in steps:
                for word in expected:
                    words += 1
                    found = text if isinstance(text, bool) else word in text
                    if not found:
                        problems.append(f"{name}: it is not said: {word}")
                        continue
                    line = word if isinstance(text, bool) else line_with(text, word)
                    if line not in shown:
                        say(f"    {line[:200]}")
                    shown.add(line)
        finally:
            setup.stop()
            with open(setup.file("said"), "w") as f:
                f.write(setup.said)
    finish("setups", {"setups": len(SETUPS), "words": words}, problems, folder)


main()
