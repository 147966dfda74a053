#!/usr/bin/env python3
"""Certificates that are renewed again and again under load: no handshake may fail, and no request may be dropped.

    renewal.py [--renewals N] [--clients N] BINARY

In turn the new pair comes as certificate first and key first (renamed into place), as an exchanged symbolic link, written
in place, and half-written with a pause. Most renewals are told by SIGHUP, also while the pair does not fit; every tenth is
found by the gateway itself. Half of the clients keep their connection, half shake hands anew for every push, every other
time with the ticket they got last.
"""
import argparse
import asyncio
import base64
import hashlib
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time

from kit import PASSWORD, Backend, Client, Folder, Gateway, Ledger, body, finish, say

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("binary")
parser.add_argument("--renewals", type=int, default=200)
parser.add_argument("--clients", type=int, default=8)
options = parser.parse_args()


class Pairs:
    """Two certificates for one name, by turns in the place where the gateway reads."""

    NAMES = ("server.pem", "server.key")

    def __init__(self, binary, folder):
        self.folder = folder
        self.trusted = ""
        for pair in ("a", "b"):
            path = folder.file(pair)
            subprocess.run([binary, "cert", "generate", "--out", path], check=True, stdout=subprocess.DEVNULL)
            self.trusted += open(os.path.join(path, "ca.pem")).read()
        self.served = "b"
        # The gateway's files are links to files below a link, as certbot and Kubernetes have them.
        self.link("a")
        with open(folder.file("ca.pem"), "w") as f:
            f.write(self.trusted)

    @property
    def next(self):
        return "a" if self.served == "b" else "b"

    def fingerprint(self, pair):
        text = open(os.path.join(self.folder.file(pair), "server.pem")).read()
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(text[: text.index("-----END") + 25])).hexdigest()

    def replace(self, name, pair):
        shutil.copy(os.path.join(self.folder.file(pair), name), self.folder.file("new"))
        os.chmod(self.folder.file("new"), 0o600)
        os.replace(self.folder.file("new"), self.folder.file(name))

    def link(self, pair):
        os.symlink(pair, self.folder.file("new"))
        os.replace(self.folder.file("new"), self.folder.file("live"))
        for name in self.NAMES:
            if not os.path.islink(self.folder.file(name)):
                os.symlink(os.path.join("live", name), self.folder.file("new"))
                os.replace(self.folder.file("new"), self.folder.file(name))

    def write(self, name, content):
        """Into the very file, as an editor or a copy does; never through a link into a pair."""
        if os.path.islink(self.folder.file(name)):
            self.replace(name, self.served)
        with open(self.folder.file(name), "wb") as f:
            f.write(content)

    def content(self, name, pair):
        with open(os.path.join(self.folder.file(pair), name), "rb") as f:
            return f.read()

    async def renew(self, way, pause):
        """Puts the other pair in place; `pause` is awaited while the files are not whole."""
        pair = self.next
        if way == "link":
            self.link(pair)
        elif way in ("certificate first", "key first"):
            names = self.NAMES if way == "certificate first" else self.NAMES[::-1]
            self.replace(names[0], pair)
            await pause()
            self.replace(names[1], pair)
        elif way == "in place":
            for name in self.NAMES:
                self.write(name, self.content(name, pair))
        else:
            for name in self.NAMES:
                whole = self.content(name, pair)
                self.write(name, whole[: len(whole) // 2])
                await pause()
                self.write(name, whole)
        self.served = pair


WAYS = ("certificate first", "key first", "link", "in place", "half-written")


class Stranger:
    """Posts every push on a connection of its own."""

    def __init__(self, gateway, name, counts):
        self.gateway, self.name, self.counts = gateway, name, counts
        self.context = ssl.create_default_context(cadata=gateway.trusted)
        # The ticket comes with the reply, and the synchronous module can hand it on.
        self.session = None
        self.number = 0

    def post(self):
        self.number += 1
        content = body(f"{self.name}-{self.number}", "newCall")
        token = base64.b64encode(f"trial:{PASSWORD}".encode()).decode()
        session = self.session if self.number % 2 else None
        with socket.create_connection(("127.0.0.1", self.gateway.port), timeout=30) as link:
            with self.context.wrap_socket(link, server_hostname="localhost", session=session) as tls:
                self.counts["resumed" if tls.session_reused else "full"] += 1
                tls.sendall(
                    (
                        f"POST /hooks/sipgate HTTP/1.1\r\nhost: localhost\r\nauthorization: Basic {token}\r\n"
                        "content-type: application/x-www-form-urlencoded\r\nconnection: close\r\n"
                        f"content-length: {len(content)}\r\n\r\n{content}"
                    ).encode()
                )
                reply = b""
                while piece := tls.recv(65536):
                    reply += piece
                if not reply.startswith(b"HTTP/1.1 200 "):
                    raise ValueError(reply[:40])
                self.session = tls.session

    async def run(self, is_over):
        while not is_over():
            try:
                await asyncio.to_thread(self.post)
            except (OSError, ValueError) as error:
                self.counts["failed"] += 1
                say(f"a connection failed: {error!r}")


async def main():
    folder = Folder("renewal")
    backend = await Backend(1).start()
    binary = os.path.abspath(options.binary)
    pairs = Pairs(binary, folder)
    pairs.served = "a"
    gateway = Gateway(binary, folder, {"crm": backend})
    gateway.trusted = pairs.trusted
    await gateway.start()
    over = False
    ledger = Ledger()
    counts = {"full": 0, "resumed": 0, "failed": 0}
    tasks = [
        asyncio.create_task(Client(gateway, f"kept-{n}", ledger).run(lambda: over)) for n in range(options.clients // 2)
    ] + [
        asyncio.create_task(Stranger(gateway, f"new-{n}", counts).run(lambda: over)) for n in range(options.clients // 2)
    ]
    # A full handshake without verification, to see what is served; its ticket is not kept.
    looking = ssl.create_default_context()
    looking.check_hostname = False
    looking.verify_mode = ssl.CERT_NONE

    def served():
        with socket.create_connection(("127.0.0.1", gateway.port), timeout=30) as link:
            with looking.wrap_socket(link) as tls:
                return hashlib.sha256(tls.getpeercert(binary_form=True)).hexdigest()

    problems = []
    slowest = 0.0
    for number in range(options.renewals):
        way = WAYS[number % len(WAYS)]
        alone = number % 10 == 9

        async def pause():
            if alone:
                await asyncio.sleep(1.5)
            else:
                gateway.process.send_signal(signal.SIGHUP)
                await asyncio.sleep(0.02)

        await pairs.renew(way, pause)
        begin = time.monotonic()
        if not alone:
            gateway.process.send_signal(signal.SIGHUP)
        wanted = pairs.fingerprint(pairs.served)
        while await asyncio.to_thread(served) != wanted:
            if time.monotonic() - begin > 60:
                problems.append(f"renewal {number} ({way}) was not served within a minute")
                break
            await asyncio.sleep(0.02)
        slowest = max(slowest, time.monotonic() - begin)
        if problems:
            break
        if number % 20 == 19:
            say(f"{number + 1} renewals, {sum(ledger.statuses.values())} pushes on kept connections, {counts}")
    over = True
    await asyncio.gather(*tasks)
    audit = await gateway.settle()
    status = gateway.stop()
    with open(folder.file("gateway.log"), errors="replace") as f:
        log = f.read()
    refused = log.count("the changed certificate cannot be served")
    if status != 0:
        problems.append(f"the gateway ended with {status}")
    if counts["failed"]:
        problems.append(f"{counts['failed']} new connections failed")
    if ledger.unknown or set(ledger.statuses) != {200}:
        problems.append(f"kept connections: {ledger.unknown} broke, replies {ledger.statuses}")
    if not refused:
        problems.append("no pair was ever refused, so the files were never caught half-way")
    if not audit["sound"]:
        problems.append(f"the ledger does not balance: {audit}")
    figures = {
        "renewals": options.renewals, "refused_meanwhile": refused, "slowest_s": round(slowest, 2),
        "full_handshakes": counts["full"], "resumed_handshakes": counts["resumed"], "failed_handshakes": counts["failed"],
        "pushes_on_kept_connections": sum(ledger.statuses.values()), "broken_connections": ledger.unknown,
    }
    finish("renewal", figures, problems, folder)


asyncio.run(main())
