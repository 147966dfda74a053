"""A TLS client that says exactly what it is told to, and tells exactly what came: records, hellos, both key schedules.

Only the ciphers themselves come from a library (Python's cryptography), so that every byte above them can be wrong on purpose.
"""
import hashlib
import hmac
import os
import socket
import struct

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.x509 import load_der_x509_certificate

CCS, ALERT, HANDSHAKE, DATA = 20, 21, 22, 23
CLIENT_HELLO, SERVER_HELLO, TICKET, EARLY_END, EXTENSIONS = 1, 2, 4, 5, 8
CERTIFICATE, SERVER_KEY, CERTIFICATE_REQUEST, HELLO_DONE = 11, 12, 13, 14
VERIFY, CLIENT_KEY, FINISHED, KEY_UPDATE = 15, 16, 20, 24
# Extensions by their IANA numbers.
SNI, FRAGMENT, STATUS, GROUPS, POINTS, SIGNATURES, ALPN, MASTER, TICKETS = 0, 1, 5, 10, 11, 13, 16, 23, 35
PSK, EARLY, VERSIONS, COOKIE, MODES, SHARE, RENEGOTIATION, PADDING = 41, 42, 43, 44, 45, 51, 0xFF01, 21
X25519, P256, P384 = 29, 23, 24
ALERTS = {
    0: "close_notify", 10: "unexpected_message", 20: "bad_record_mac", 22: "record_overflow", 40: "handshake_failure",
    42: "bad_certificate", 43: "unsupported_certificate", 44: "certificate_revoked", 45: "certificate_expired",
    46: "certificate_unknown", 47: "illegal_parameter", 48: "unknown_ca", 49: "access_denied", 50: "decode_error",
    51: "decrypt_error", 70: "protocol_version", 71: "insufficient_security", 80: "internal_error",
    86: "inappropriate_fallback", 90: "user_canceled", 100: "no_renegotiation", 109: "missing_extension",
    110: "unsupported_extension", 112: "unrecognized_name", 115: "unknown_psk_identity", 116: "certificate_required",
    120: "no_application_protocol",
}
RETRY_RANDOM = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
PATIENCE = 6.0
QUIET = 0.4  # how long nothing has to come before a server is said to be waiting

# Suite: key length, hash, cipher.
SUITES13 = {0x1301: (16, "sha256", AESGCM), 0x1302: (32, "sha384", AESGCM), 0x1303: (32, "sha256", ChaCha20Poly1305)}
SUITES12 = {
    0xC02B: (16, "sha256", AESGCM), 0xC02F: (16, "sha256", AESGCM), 0xC02C: (32, "sha384", AESGCM),
    0xC030: (32, "sha384", AESGCM), 0xCCA9: (32, "sha256", ChaCha20Poly1305), 0xCCA8: (32, "sha256", ChaCha20Poly1305),
}
# For a client the keys need not be new each time.
KEYS = {X25519: x25519.X25519PrivateKey.generate(), P256: ec.generate_private_key(ec.SECP256R1()), P384: ec.generate_private_key(ec.SECP384R1())}


class Ended(Exception):
    """The server ended it, or says nothing; its text is how."""


class Wrong(Exception):
    """The server's own messages are not as they have to be."""


def vector(size, data):
    return len(data).to_bytes(size, "big") + data


def shorts(values):
    return b"".join(struct.pack(">H", value) for value in values)


def share(group):
    """Our public key of a group."""
    if group == X25519:
        return KEYS[group].public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return KEYS[group].public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


def agree(group, public):
    if group == X25519:
        return KEYS[group].exchange(x25519.X25519PublicKey.from_public_bytes(public))
    return KEYS[group].exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(KEYS[group].curve, public))


class Reader:
    """Takes a message apart; what is missing or left over is the server's mistake."""

    def __init__(self, data):
        self.data = data

    def take(self, count):
        if len(self.data) < count:
            raise Wrong("a message of the server is cut short")
        taken, self.data = self.data[:count], self.data[count:]
        return taken

    def number(self, size):
        return int.from_bytes(self.take(size), "big")

    def vector(self, size):
        return self.take(self.number(size))


class Hello:
    """A ClientHello, field by field; what a current client says unless told otherwise."""

    def __init__(self, tls13=True, groups=(X25519, P256, P384), shares=(X25519,), signatures=None, suites=None):
        self.version = 0x0303
        self.random = os.urandom(32)
        self.session = os.urandom(32) if tls13 else b""
        self.suites = list(suites or (([0x1301, 0x1302, 0x1303] if tls13 else []) + [0xC02B, 0xC02F]))
        self.compressions = b"\0"
        signatures = signatures or [0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501]
        self.extensions = [
            [SNI, vector(2, b"\0" + vector(2, b"localhost"))], [MASTER, b""], [RENEGOTIATION, b"\0"],
            [GROUPS, vector(2, shorts(groups))], [POINTS, b"\x01\0"], [TICKETS, b""],
            [SIGNATURES, vector(2, shorts(signatures))],
        ]
        if tls13:
            self.set(VERSIONS, vector(1, shorts([0x0304, 0x0303])))
            self.set(MODES, b"\x01\x01")
            self.share(*shares)

    def set(self, kind, data):
        for extension in self.extensions:
            if extension[0] == kind:
                extension[1] = data
                return self
        self.extensions.append([kind, data])
        return self

    def drop(self, *kinds):
        self.extensions = [extension for extension in self.extensions if extension[0] not in kinds]
        return self

    def get(self, kind):
        return next((data for number, data in self.extensions if number == kind), None)

    def share(self, *groups):
        return self.set(SHARE, vector(2, b"".join(struct.pack(">H", g) + vector(2, share(g)) for g in groups)))

    def alpn(self, *names):
        return self.set(ALPN, vector(2, b"".join(vector(1, name) for name in names)))

    def body(self):
        extensions = b"".join(struct.pack(">H", kind) + vector(2, data) for kind, data in self.extensions)
        return (
            struct.pack(">H", self.version) + self.random + vector(1, self.session) + vector(2, shorts(self.suites))
            + vector(1, self.compressions) + (vector(2, extensions) if self.extensions else b"")
        )

    def message(self):
        return message(CLIENT_HELLO, self.body())

    def offer(self, *sessions, before=b"", spoil=lambda binders: binders, identities=None):
        """Adds sessions to resume, with their binders over what was said `before`."""
        self.drop(PSK)
        names = b"".join(vector(2, s.ticket) + struct.pack(">I", s.age_add) for s in sessions) if identities is None else identities
        sizes = [s.schedule().size for s in sessions]
        blank = vector(2, b"".join(vector(1, bytes(size)) for size in sizes))
        self.set(PSK, vector(2, names) + blank)
        partial = before + self.message()[: -len(blank)]
        binders = [s.schedule().binder(partial) for s in sessions]
        self.set(PSK, vector(2, names) + vector(2, b"".join(vector(1, binder) for binder in spoil(binders))))
        return self


def message(kind, body):
    return bytes([kind]) + vector(3, body)


class Schedule:
    """The key schedule of TLS 1.3 (RFC 8446, section 7.1)."""

    def __init__(self, name, psk=None):
        self.name = name
        self.size = hashlib.new(name).digest_size
        self.secret = self.extract(bytes(self.size), psk or bytes(self.size))

    def hash(self, data):
        return hashlib.new(self.name, data).digest()

    def mac(self, key, data):
        return hmac.new(key, data, self.name).digest()

    def extract(self, salt, key):
        return self.mac(salt, key)

    def expand(self, secret, label, context, size):
        info = struct.pack(">H", size) + vector(1, b"tls13 " + label) + vector(1, context)
        out, block, count = b"", b"", 1
        while len(out) < size:
            block = self.mac(secret, block + info + bytes([count]))
            out += block
            count += 1
        return out[:size]

    def derive(self, secret, label, transcript):
        return self.expand(secret, label, self.hash(transcript), self.size)

    def next(self, key=None):
        self.secret = self.extract(self.derive(self.secret, b"derived", b""), key or bytes(self.size))

    def finished(self, secret, transcript):
        return self.mac(self.expand(secret, b"finished", b"", self.size), self.hash(transcript))

    def binder(self, transcript):
        return self.finished(self.derive(self.secret, b"res binder", b""), transcript)


class Guard13:
    """Keys of one direction in TLS 1.3."""

    def __init__(self, schedule, suite, secret):
        size, _, cipher = SUITES13[suite]
        self.schedule, self.suite, self.secret, self.count = schedule, suite, secret, 0
        self.cipher = cipher(schedule.expand(secret, b"key", b"", size))
        self.iv = schedule.expand(secret, b"iv", b"", 12)

    def nonce(self):
        nonce = (int.from_bytes(self.iv, "big") ^ self.count).to_bytes(12, "big")
        self.count += 1
        return nonce

    def seal(self, kind, data, version=0x0303, pad=0, inner=None):
        plain = data + bytes([kind]) + bytes(pad) if inner is None else inner
        head = struct.pack(">BHH", DATA, version, len(plain) + 16)
        return head + self.cipher.encrypt(self.nonce(), plain, head)

    def open(self, head, data):
        plain = self.cipher.decrypt(self.nonce(), data, head).rstrip(b"\0")
        return plain[-1], plain[:-1]

    def updated(self):
        return Guard13(self.schedule, self.suite, self.schedule.expand(self.secret, b"traffic upd", b"", self.schedule.size))


class Guard12:
    """Keys of one direction in TLS 1.2, authenticated encryption only."""

    def __init__(self, suite, key, iv):
        self.cipher, self.iv, self.count = SUITES12[suite][2](key), iv, 0
        self.is_explicit = self.cipher.__class__ is AESGCM

    def parameters(self, kind, version, length, explicit=None):
        if self.is_explicit:
            explicit = explicit if explicit is not None else struct.pack(">Q", self.count)
            nonce = self.iv + explicit
        else:
            explicit, nonce = b"", (int.from_bytes(self.iv, "big") ^ self.count).to_bytes(12, "big")
        extra = struct.pack(">QBHH", self.count, kind, version, length)
        self.count += 1
        return explicit, nonce, extra

    def seal(self, kind, data, version=0x0303, pad=0, inner=None):
        explicit, nonce, extra = self.parameters(kind, version, len(data))
        sealed = explicit + self.cipher.encrypt(nonce, data, extra)
        return struct.pack(">BHH", kind, version, len(sealed)) + sealed

    def open(self, head, data):
        kind, version, _ = struct.unpack(">BHH", head)
        explicit = data[:8] if self.is_explicit else b""
        _, nonce, extra = self.parameters(kind, version, len(data) - len(explicit) - 16, explicit)
        return kind, self.cipher.decrypt(nonce, data[len(explicit):], extra)


class Session:
    """What resumes: a ticket and its secret."""

    def __init__(self, ticket, secret, age_add=0, name="sha256", suite=0, has_master=True):
        self.ticket, self.secret, self.age_add, self.name = ticket, secret, age_add, name
        self.suite, self.has_master = suite, has_master

    def schedule(self):
        return Schedule(self.name, self.secret)

    def spoiled(self, place):
        ticket = bytearray(self.ticket)
        ticket[place] ^= 1
        return Session(bytes(ticket), self.secret, self.age_add, self.name, self.suite, self.has_master)


class Peer:
    """One connection."""

    def __init__(self, address):
        self.socket = socket.create_connection(address, timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.log = []
        self.input = self.messages = self.transcript = b""
        self.writer = self.reader = self.next_reader = None
        self.warnings = []
        self.sessions = []
        self.version = None
        self.negotiated_alpn = None

    def close(self):
        self.socket.close()

    # Sending

    def raw(self, data, what="bytes"):
        self.log.append(f"→ {what}: {len(data)} bytes {data[:24].hex()}{'…' if len(data) > 24 else ''}")
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # the server has ended it: reading tells how

    def protect(self, kind, data, version=0x0303, **more):
        if self.writer:
            return self.writer.seal(kind, data, version, **more)
        return struct.pack(">BHH", kind, version, len(data)) + data

    def record(self, kind, data, version=0x0303, what=None, **more):
        self.raw(self.protect(kind, data, version, **more), what or f"record {kind}")

    def send(self, kind, body, what=None):
        """A handshake message, in records of its own."""
        whole = message(kind, body)
        self.transcript += whole
        for start in range(0, len(whole), 16384):
            self.record(HANDSHAKE, whole[start : start + 16384], what=what or f"handshake message {kind}")

    def hello(self, hello):
        self.client_hello = hello
        self.send(CLIENT_HELLO, hello.body(), "ClientHello")

    def ends_input(self):
        self.socket.shutdown(socket.SHUT_WR)
        self.log.append("→ end of input")

    # Receiving

    def ended(self, words):
        self.log.append(f"← {words}")
        raise Ended(words)

    def fill(self, count):
        while len(self.input) < count:
            try:
                more = self.socket.recv(65536)
            except ConnectionResetError:
                self.ended("reset")
            except TimeoutError:
                self.ended("waits")
            if not more:
                self.ended("closed")
            self.input += more

    def read_record(self):
        """The next record that is no mere warning."""
        while True:
            kind, data = self.any_record()
            if kind != ALERT:
                return kind, data
            self.alert(data)

    def any_record(self):
        self.fill(5)
        head = self.input[:5]
        if not 20 <= head[0] <= 23 or head[1] != 3:
            self.log.append(f"← no TLS: {self.input[:60]!r}")
            raise Ended("plain HTTP" if self.input.startswith(b"HTTP/1.") else "no TLS")
        length = int.from_bytes(head[3:], "big")
        self.fill(5 + length)
        data, self.input = self.input[5 : 5 + length], self.input[5 + length :]
        kind = head[0]
        if self.reader and not (kind == CCS and self.version == 13):
            try:
                kind, data = self.reader.open(head, data)
            except InvalidTag:
                raise Wrong("a record of the server does not decrypt")
        self.log.append(f"← record {kind}: {len(data)} bytes {data[:16].hex()}")
        return kind, data

    def alert(self, data):
        name = ALERTS.get(data[1], str(data[1])) if len(data) == 2 else f"an alert of {len(data)} bytes"
        self.log.append(f"← alert {name}{' (warning)' if data[0] == 1 else ''}")
        if data[0] == 1 and self.version != 13 and name != "close_notify":
            return self.warnings.append(name)
        self.socket.settimeout(2)
        try:
            while self.socket.recv(65536):
                pass
        except ConnectionResetError:
            pass
        except TimeoutError:
            raise Ended(f"{name}, then open")
        raise Ended(name)

    def next(self):
        """The next thing of any kind: a handshake message with its body, or ("ccs" or "data", bytes)."""
        while True:
            if len(self.messages) >= 4 and len(self.messages) >= 4 + int.from_bytes(self.messages[1:4], "big"):
                end = 4 + int.from_bytes(self.messages[1:4], "big")
                whole, self.messages = self.messages[:end], self.messages[end:]
                self.last = whole
                return whole[0], whole[4:]
            kind, data = self.read_record()
            if kind == HANDSHAKE:
                self.messages += data
            elif kind == CCS and self.version == 13:
                continue
            elif kind == CCS:
                self.reader = self.next_reader
                return "ccs", data
            else:
                return "data", data

    def expect(self, kind):
        got, body = self.next()
        if got != kind:
            raise Wrong(f"the server sent {got} where {kind} was due")
        self.transcript += self.last
        return body

    # Handshakes

    def server_hello(self):
        """Reads one; returns its version, "retry" among them."""
        reader = Reader(self.expect(SERVER_HELLO))
        legacy = reader.number(2)
        self.random = reader.take(32)
        self.session = reader.vector(1)
        self.suite = reader.number(2)
        if reader.number(1):
            raise Wrong("the server compresses")
        self.answers = {}
        if reader.data:
            inside = Reader(reader.vector(2))
            while inside.data:
                kind = inside.number(2)
                if kind in self.answers:
                    raise Wrong(f"the server repeats extension {kind}")
                self.answers[kind] = inside.vector(2)
        if legacy != 0x0303 or reader.data:
            raise Wrong("the server's hello has another version or something behind it")
        offered = {kind for kind, _ in self.client_hello.extensions}
        if set(self.answers) - offered - {COOKIE, RENEGOTIATION}:
            raise Wrong("the server answers an extension that was not offered")
        if self.suite not in self.client_hello.suites:
            raise Wrong("the server chose a suite that was not offered")
        self.version = 13 if VERSIONS in self.answers else 12
        if self.version == 13:
            if self.answers[VERSIONS] != b"\x03\x04":
                raise Wrong("the server chose a version that does not exist")
            if self.session != self.client_hello.session:
                raise Wrong("the server did not repeat the session id")
        return "retry" if self.random == RETRY_RANDOM else f"TLS 1.{self.version - 10}"

    def retried(self, hello):
        """The second hello, after a HelloRetryRequest."""
        name = SUITES13[self.suite][1]
        first, retry = self.transcript[: -len(self.last)], self.last
        self.transcript = message(254, hashlib.new(name, first).digest()) + retry
        self.hello(hello)

    def begin13(self, psk=None):
        """From the ServerHello, which was read, to the server's Finished."""
        _, name, _ = SUITES13[self.suite]
        self.is_resumed = PSK in self.answers
        self.schedule = Schedule(name, psk.secret if self.is_resumed and psk else None)
        answer = Reader(self.answers[SHARE])
        group, public = answer.number(2), answer.vector(2)
        self.group = group
        self.schedule.next(agree(group, public))
        self.client_secret = self.schedule.derive(self.schedule.secret, b"c hs traffic", self.transcript)
        self.server_secret = self.schedule.derive(self.schedule.secret, b"s hs traffic", self.transcript)
        self.reader = Guard13(self.schedule, self.suite, self.server_secret)
        extensions = Reader(Reader(self.expect(EXTENSIONS)).vector(2))
        self.encrypted = {}
        while extensions.data:
            kind = extensions.number(2)
            self.encrypted[kind] = extensions.vector(2)
        if ALPN in self.encrypted:
            self.negotiated_alpn = self.encrypted[ALPN][3:]
        self.request = None
        while True:
            before = self.transcript
            kind, body = self.next()
            self.transcript += self.last
            if kind == CERTIFICATE_REQUEST:
                self.request = Reader(body).vector(1)
            elif kind == CERTIFICATE:
                reader = Reader(body)
                reader.vector(1)
                self.certificate = load_der_x509_certificate(Reader(reader.vector(3)).vector(3))
            elif kind == VERIFY:
                reader = Reader(body)
                scheme = reader.number(2)
                self.signature = scheme
                text = b" " * 64 + b"TLS 1.3, server CertificateVerify\0" + self.schedule.hash(before)
                verify(self.certificate, scheme, reader.vector(2), text)
            elif kind == FINISHED:
                if body != self.schedule.finished(self.server_secret, before):
                    raise Wrong("the server's Finished is wrong")
                break
            else:
                raise Wrong(f"the server sent {kind} in its flight")
        self.writer = Guard13(self.schedule, self.suite, self.client_secret)
        self.schedule.next()
        self.application = self.transcript
        # What a server says behind its Finished is under the keys for data already.
        self.reader = self.application_keys(b"s ap traffic")

    def finish13(self):
        """Our Finished, and the keys for data."""
        self.send(FINISHED, self.schedule.finished(self.client_secret, self.transcript), "Finished")
        self.use_application_keys()

    def application_keys(self, label):
        return Guard13(self.schedule, self.suite, self.schedule.derive(self.schedule.secret, label, self.application))

    def use_application_keys(self):
        self.writer = self.application_keys(b"c ap traffic")
        self.resumption = self.schedule.derive(self.schedule.secret, b"res master", self.transcript)

    def certify13(self, identity, spoil=lambda signature: signature, scheme=None, ders=None, omit=False):
        """Our certificate and its proof."""
        entries = b"".join(vector(3, der) + b"\0\0" for der in ([identity.der] if ders is None else ders))
        self.send(CERTIFICATE, vector(1, self.request or b"") + vector(3, entries), "Certificate")
        if omit:
            return
        text = b" " * 64 + b"TLS 1.3, client CertificateVerify\0" + self.schedule.hash(self.transcript)
        is_rsa = isinstance(identity.key, rsa.RSAPrivateKey)
        scheme = scheme or (0x0804 if is_rsa else 0x0403)
        self.send(VERIFY, struct.pack(">H", scheme) + vector(2, spoil(sign(identity.key, scheme, text))), "CertificateVerify")

    def connect13(self, hello=None, psk=None):
        hello = hello or Hello()
        self.hello(hello)
        said = self.server_hello()
        if said == "TLS 1.3":
            self.begin13(psk)
            self.finish13()
        return said

    def take_ticket13(self, body):
        reader = Reader(body)
        reader.number(4)
        age, nonce, ticket = reader.number(4), reader.vector(1), reader.vector(2)
        secret = self.schedule.expand(self.resumption, b"resumption", nonce, self.schedule.size)
        self.sessions.append(Session(ticket, secret, age, self.schedule.name, self.suite))

    # TLS 1.2

    def prf(self, secret, label, seed, size):
        name = SUITES12[self.suite][1]
        out, a = b"", label + seed
        while len(out) < size:
            a = hmac.new(secret, a, name).digest()
            out += hmac.new(secret, a + label + seed, name).digest()
        return out[:size]

    def digest12(self):
        return hashlib.new(SUITES12[self.suite][1], self.transcript).digest()

    def begin12(self):
        """From the ServerHello, which was read, to ServerHelloDone."""
        reader = Reader(self.expect(CERTIFICATE))
        self.certificate = load_der_x509_certificate(Reader(reader.vector(3)).vector(3))
        body = self.expect(SERVER_KEY)
        reader = Reader(body)
        reader.number(1)
        self.group, self.public = reader.number(2), reader.vector(1)
        parameters = body[: len(body) - len(reader.data)]
        self.signature = reader.number(2)
        verify(self.certificate, self.signature, reader.vector(2), self.client_hello.random + self.random + parameters)
        kind, body = self.next()
        self.transcript += self.last
        self.request = kind == CERTIFICATE_REQUEST
        if self.request:
            self.expect(HELLO_DONE)
        if ALPN in self.answers:
            self.negotiated_alpn = self.answers[ALPN][3:]

    def make_keys12(self, secret=None):
        """The master secret, of the key exchange unless it is known, and the keys of it."""
        if secret is None:
            pre = agree(self.group, self.public)
            if MASTER in self.answers:
                secret = self.prf(pre, b"extended master secret", self.digest12(), 48)
            else:
                secret = self.prf(pre, b"master secret", self.client_hello.random + self.random, 48)
        self.master = secret
        size, _, cipher = SUITES12[self.suite]
        iv = 4 if cipher is AESGCM else 12
        block = Reader(self.prf(secret, b"key expansion", self.random + self.client_hello.random, 2 * (size + iv)))
        mine, yours, my_iv, your_iv = block.take(size), block.take(size), block.take(iv), block.take(iv)
        self.next_writer, self.next_reader = Guard12(self.suite, mine, my_iv), Guard12(self.suite, yours, your_iv)

    def key12(self, public=None):
        self.send(CLIENT_KEY, vector(1, share(self.group) if public is None else public), "ClientKeyExchange")

    def change12(self, body=b"\x01"):
        self.record(CCS, body, what="ChangeCipherSpec")
        self.writer = self.next_writer

    def finish12(self, spoil=lambda body: body):
        self.send(FINISHED, spoil(self.prf(self.master, b"client finished", self.digest12(), 12)), "Finished")

    def end12(self):
        """The server's ticket, if it sends one, and its end of the handshake."""
        while True:
            kind, body = self.next()
            if kind == TICKET:
                self.transcript += self.last
                reader = Reader(body)
                reader.number(4)
                ticket = reader.vector(2)
                if ticket:
                    self.sessions.append(Session(ticket, self.master, suite=self.suite, has_master=MASTER in self.answers))
            elif kind == "ccs":
                expected = self.prf(self.master, b"server finished", self.digest12(), 12)
                if self.expect(FINISHED) != expected:
                    raise Wrong("the server's Finished is wrong")
                return
            else:
                raise Wrong(f"the server sent {kind} at the end of the handshake")

    def certify12(self, identity, spoil=lambda signature: signature, ders=None):
        entries = b"".join(vector(3, der) for der in ([identity.der] if ders is None else ders))
        self.send(CERTIFICATE, vector(3, entries), "Certificate")

    def prove12(self, identity, spoil=lambda signature: signature):
        scheme = 0x0401 if isinstance(identity.key, rsa.RSAPrivateKey) else 0x0403
        signature = spoil(sign(identity.key, scheme, self.transcript))
        self.send(VERIFY, struct.pack(">H", scheme) + vector(2, signature), "CertificateVerify")

    def connect12(self, hello=None, session=None):
        hello = hello or Hello(tls13=False)
        if session:
            hello.set(TICKETS, session.ticket)
        self.hello(hello)
        said = self.server_hello()
        if said != "TLS 1.2":
            return said
        self.is_resumed = False
        if session:
            # Whether it resumes shows in the next message: nothing else of an abbreviated handshake is a Certificate.
            kind = self.peek()
            if kind != CERTIFICATE:
                self.is_resumed = True
                self.make_keys12(session.secret)
                self.end12()
                self.change12()
                self.finish12()
                return said
        self.begin12()
        self.key12()
        self.make_keys12()
        self.change12()
        self.finish12()
        self.end12()
        return said

    def peek(self):
        while not self.messages:
            kind, data = self.read_record()
            if kind != HANDSHAKE:
                # A ChangeCipherSpec at once: put it back for whoever reads the end of the handshake.
                self.input = struct.pack(">BHH", kind, 0x0303, len(data)) + data + self.input
                return kind
            self.messages += data
        return self.messages[0]

    # After the handshake

    def request_page(self, method="GET"):
        self.record(DATA, f"{method} / HTTP/1.1\r\nHost: localhost\r\n\r\n".encode(), what="a request")

    def answer(self):
        """What comes for a request: "answered 404", tickets and updates of keys on the way are taken note of."""
        got = b""
        while True:
            kind, body = self.next()
            if kind == TICKET and self.version == 13:
                self.take_ticket13(body)
            elif kind == KEY_UPDATE:
                self.reader = self.reader.updated()
            elif kind == "data":
                got += body
                if got.startswith(b"HTTP/1.1 ") and len(got) >= 12:
                    return f"answered {got[9:12].decode()}"
                if len(got) >= 12:
                    return "answered in another language"
            else:
                raise Wrong(f"the server sent {kind} after the handshake")

    def silence(self):
        """Waits a little for an alert or an end; "goes on" if there is none."""
        self.socket.settimeout(QUIET)
        try:
            while True:
                kind, body = self.next()
                if kind == TICKET and self.version == 13:
                    self.take_ticket13(body)
        except Ended as end:
            self.socket.settimeout(PATIENCE)
            if str(end) == "waits":
                return "goes on"
            raise


def sign(key, scheme, text):
    if scheme == 0x0403:
        return key.sign(text, ec.ECDSA(hashes.SHA256()))
    if scheme == 0x0804:
        return key.sign(text, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
    return key.sign(text, padding.PKCS1v15(), hashes.SHA256())


def verify(certificate, scheme, signature, text):
    key = certificate.public_key()
    try:
        if scheme in (0x0403, 0x0503, 0x0603):
            key.verify(signature, text, ec.ECDSA({4: hashes.SHA256, 5: hashes.SHA384, 6: hashes.SHA512}[scheme >> 8]()))
        elif scheme in (0x0804, 0x0805, 0x0806):
            algorithm = {4: hashes.SHA256, 5: hashes.SHA384, 6: hashes.SHA512}[scheme & 15]()
            key.verify(signature, text, padding.PSS(padding.MGF1(algorithm), algorithm.digest_size), algorithm)
        elif scheme in (0x0401, 0x0501, 0x0601):
            key.verify(signature, text, padding.PKCS1v15(), {4: hashes.SHA256, 5: hashes.SHA384, 6: hashes.SHA512}[scheme >> 8]())
        else:
            raise Wrong(f"the server signs with {scheme:#06x}")
    except InvalidSignature:
        raise Wrong("the server's signature does not verify")
