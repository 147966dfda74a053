#!/usr/bin/env python3
"""A receiver of Hookgate's events in Python, with nothing but the standard library.

    SIGNING_SECRET=whsec_… BLOCKED=+4921155667788 DIAL=+4915791234567 python3 receiver.py 9000

POST /events takes events, POST /decide says what becomes of a call. docs/applications.md tells the rest.
"""
import base64
import collections
import hashlib
import hmac
import json
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOLERANCE = 300  # seconds between the sender's clock and ours
MOST_BYTES = 1 << 20


def key_of(secret):
    """What stands behind whsec_ is base64; any other text is the key itself."""
    return base64.b64decode(secret[6:], validate=True) if secret.startswith("whsec_") else secret.encode()


KEY = key_of(os.environ["SIGNING_SECRET"])
BLOCKED = set(filter(None, os.environ.get("BLOCKED", "").split(",")))
DIAL = os.environ.get("DIAL", "+4915791234567")


def problem_of(headers, body):
    """Why a request is not to be believed; None: Hookgate sent it, a moment ago, as it stands."""
    identity, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not (stamp.isascii() and stamp.isdigit()) or abs(time.time() - int(stamp)) > TOLERANCE:
        return "webhook-timestamp is missing or too far from this clock"
    signed = f"{identity}.{stamp}.".encode() + body
    expected = "v1," + base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
    # Several signatures while a secret is being replaced: one that fits is enough.
    given = headers.get("webhook-signature", "").split(" ")
    if not any(hmac.compare_digest(expected.encode(), one.encode()) for one in given):
        return "webhook-signature does not fit"
    return None


class Seen:
    """The latest ids. In production: a unique column, written in the transaction that uses the event."""

    def __init__(self, most=100_000):
        self.ids, self.most, self.lock = collections.OrderedDict(), most, threading.Lock()

    def __contains__(self, identity):
        with self.lock:
            return identity in self.ids

    def add(self, identity):
        with self.lock:
            self.ids[identity] = True
            if len(self.ids) > self.most:
                self.ids.popitem(last=False)


SEEN = Seen()


def use(event):
    """Your work. Raise when it cannot be done now: the event comes again."""
    data = event["data"]
    caller = data.get("from", {}).get("e164", "unknown")
    print(f"event {event['type'].removeprefix('io.sipgate.')} {event['id']} from {caller}", flush=True)


def decide(event):
    """What becomes of the call. Within the route's deadline, or its fallback acts."""
    if event["data"].get("from", {}).get("e164") in BLOCKED:
        return {"actions": [{"reject": {"reason": "busy"}}]}
    return {"actions": [{"dial": {"to": [DIAL]}}]}


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # keeps the connection
    disable_nagle_algorithm = True
    timeout = 120

    def do_POST(self):
        length = self.headers.get("content-length", "")
        if not length.isdigit() or int(length) > MOST_BYTES:
            self.close_connection = True
            return self.answer(413)
        body = self.rfile.read(int(length))
        problem = problem_of(self.headers, body)
        if problem:
            print(f"refused: {problem}", flush=True)
            return self.answer(401)
        try:
            if self.path == "/decide":
                # A question has the id of the event that comes later: it is no duplicate.
                return self.answer(200, decide(json.loads(body)))
            if self.path != "/events":
                return self.answer(404)
            identity = self.headers["webhook-id"]
            if identity in SEEN:
                print(f"duplicate {identity}", flush=True)
            else:
                use(json.loads(body))
                SEEN.add(identity)
            self.answer(204)
        except Exception as error:
            print(f"failed: {error!r}", flush=True)
            self.answer(500)  # it comes again

    def answer(self, status, content=None):
        text = b"" if content is None else json.dumps(content).encode()
        self.send_response(status)
        if content is not None:
            self.send_header("content-type", "application/json")
        if status != 204:
            self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 9000), Receiver)
    print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
