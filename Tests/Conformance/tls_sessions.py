"""TLS 1.3 behind the hello: Finished, records and keys, second hellos, tickets, early data."""
import os
import struct

from tls_hellos import BAD, OK, RETRY, SPOILT, TLS13, UNEXPECTED, agreed_on, served, talk
from tls_wire import *


def begun(peer, hello=None):
    """A handshake in which only our Finished is missing."""
    peer.hello(hello or Hello())
    agreed_on(TLS13, peer.server_hello())
    peer.begin13()


def connected(peer, hello=None, psk=None):
    agreed_on(TLS13, peer.connect13(hello, psk))


def handshakes(suite):
    for suite_number in SUITES13:
        for group in (X25519, P256, P384):
            for kind, signatures in (("ECDSA", [0x0403, 0x0503]), ("RSA", [0x0804, 0x0805, 0x0401])):
                def work(peer, s=suite_number, g=group, k=kind, sig=signatures):
                    connected(peer, Hello(suites=[s], groups=(g,), shares=(g,), signatures=sig).set(VERSIONS, b"\2\3\4"))
                    is_rsa = isinstance(peer.certificate.public_key(), rsa.RSAPublicKey)
                    if (peer.suite, peer.group, is_rsa) != (s, g, k == "RSA"):
                        return "something else was agreed on"
                    return served(peer)
                suite.add(f"1.3: {suite_number:#06x}, group {group}, {kind}", OK, talk(work))

    def with_finished(change, allowed, name):
        def work(peer):
            begun(peer)
            right = peer.schedule.finished(peer.client_secret, peer.transcript)
            peer.send(FINISHED, change(right), "a wrong Finished")
            return peer.silence()
        suite.add(f"1.3: Finished, {name}", allowed, talk(work))

    for place in (0, 7, 16, 31):
        with_finished(lambda r, p=place: r[:p] + bytes([r[p] ^ 1]) + r[p + 1 :], "decrypt_error", f"a bit of byte {place} flipped")
    with_finished(lambda r: bytes(32), "decrypt_error", "zeros")
    with_finished(lambda r: r[:-1], ("decode_error", "decrypt_error"), "a byte short")
    with_finished(lambda r: r + b"\0", ("decode_error", "decrypt_error"), "a byte long")
    with_finished(lambda r: b"", ("decode_error", "decrypt_error"), "empty")
    with_finished(lambda r: r * 600, ("decode_error", "decrypt_error", "illegal_parameter"), "19,200 bytes")

    def instead(name, allowed, act):
        """Something else where our Finished is due, under the keys of the handshake."""
        def work(peer):
            begun(peer)
            act(peer)
            return peer.silence()
        suite.add(f"1.3: before Finished, {name}", allowed, talk(work))

    instead("data under the keys of the handshake", UNEXPECTED, lambda p: p.record(DATA, b"GET / HTTP/1.1\r\n\r\n"))
    instead("no data at all", (UNEXPECTED, "goes on"), lambda p: p.record(DATA, b""))
    def early_application(p):
        p.writer = p.application_keys(b"c ap traffic")
        p.request_page()
    instead("data under the keys for data", SPOILT, early_application)
    instead("data in the clear", (UNEXPECTED,) + SPOILT, lambda p: p.raw(bytes.fromhex("1703030005") + b"GET /"))
    instead("a message in the clear", (UNEXPECTED,) + SPOILT, lambda p: p.raw(struct.pack(">BHH", HANDSHAKE, 0x0303, 36) + message(FINISHED, p.schedule.finished(p.client_secret, p.transcript))))
    for kind, name in ((CLIENT_HELLO, "ClientHello"), (SERVER_HELLO, "ServerHello"), (TICKET, "NewSessionTicket"), (EARLY_END, "EndOfEarlyData"), (EXTENSIONS, "EncryptedExtensions"), (CERTIFICATE, "Certificate"), (CERTIFICATE_REQUEST, "CertificateRequest"), (VERIFY, "CertificateVerify"), (CLIENT_KEY, "ClientKeyExchange"), (KEY_UPDATE, "KeyUpdate"), (0, "HelloRequest"), (67, "an unknown message"), (254, "message_hash")):
        bodies = {CLIENT_HELLO: Hello().body(), EARLY_END: b"", KEY_UPDATE: b"\0", 0: b"", EXTENSIONS: b"\0\0", CERTIFICATE: b"\0\0\0\0", VERIFY: b"\4\3\0\0"}
        instead(name, UNEXPECTED, lambda p, k=kind, b=bodies.get(kind, bytes(8)): p.send(k, b))
    instead("a goodbye", ("close_notify", "closed", "reset"), lambda p: p.record(ALERT, b"\1\0"))
    instead("a fatal alert", ("closed", "close_notify", "reset"), lambda p: p.record(ALERT, b"\2\x28"))
    instead("an alert in the clear", ("closed", "close_notify", "reset", UNEXPECTED) + SPOILT, lambda p: p.raw(bytes.fromhex("15030300020228")))
    # Section 5: one ChangeCipherSpec of one byte 1 is dropped between the hellos' time and Finished; any other is refused.
    instead("ChangeCipherSpec", "goes on", lambda p: p.raw(bytes.fromhex("140303000101")))
    instead("three ChangeCipherSpec", ("goes on", UNEXPECTED), lambda p: p.raw(bytes.fromhex("140303000101") * 3))
    instead("ChangeCipherSpec of 2", UNEXPECTED, lambda p: p.raw(bytes.fromhex("140303000102")))
    instead("ChangeCipherSpec of two bytes", UNEXPECTED, lambda p: p.raw(bytes.fromhex("14030300020101")))
    instead("an empty ChangeCipherSpec", (UNEXPECTED, "decode_error"), lambda p: p.raw(bytes.fromhex("1403030000")))
    instead("an encrypted ChangeCipherSpec", UNEXPECTED, lambda p: p.record(CCS, b"\1"))
    instead("a thousand ChangeCipherSpec", (UNEXPECTED, "closed", "goes on"), lambda p: p.raw(bytes.fromhex("140303000101") * 1000))
    instead("nothing, until the time is up", ("closed", "reset", "goes on"), lambda p: None)

    def complete(name, allowed, act):
        def work(peer):
            begun(peer)
            act(peer)
            peer.use_application_keys()
            return served(peer)
        suite.add(f"1.3: {name}", allowed, talk(work))

    def finished(p):
        return message(FINISHED, p.schedule.finished(p.client_secret, p.transcript))

    def whole(p, *records):
        p.transcript += finished(p)
        for record in records:
            p.record(HANDSHAKE, record)

    complete("Finished behind ChangeCipherSpec", OK, lambda p: (p.raw(bytes.fromhex("140303000101")), whole(p, finished(p))))
    complete("Finished one byte a record", OK, lambda p: (lambda f: whole(p, *[bytes([b]) for b in f]))(finished(p)))
    complete("Finished cut in two", OK, lambda p: (lambda f: whole(p, f[:3], f[3:]))(finished(p)))
    complete("Finished with an empty record within", (OK, UNEXPECTED), lambda p: (lambda f: whole(p, f[:3], b"", f[3:]))(finished(p)))
    complete("Finished with data within", UNEXPECTED, lambda p: (lambda f: (p.record(HANDSHAKE, f[:3]), p.record(DATA, b"x"), p.record(HANDSHAKE, f[3:])))(finished(p)))
    complete("Finished and a byte of the next message in one record", UNEXPECTED, lambda p: whole(p, finished(p) + b"\x18"))
    complete("Finished and KeyUpdate in one record", UNEXPECTED, lambda p: whole(p, finished(p) + message(KEY_UPDATE, b"\0")))
    complete("Finished with padding", OK, lambda p: (lambda f: (setattr(p, "transcript", p.transcript + f), p.record(HANDSHAKE, f, pad=999)))(finished(p)))


def records(suite):
    def after(name, allowed, act):
        def work(peer):
            connected(peer)
            return act(peer) or peer.silence()
        suite.add(f"1.3 records: {name}", allowed, talk(work))

    def spoil(p, place, data=b"GET / HTTP/1.1\r\n\r\n"):
        sealed = bytearray(p.protect(DATA, data))
        sealed[place] ^= 1
        p.raw(bytes(sealed), "a record with a bit flipped")

    for place, name in ((5, "the first byte"), (12, "the middle"), (-17, "the type within"), (-16, "the tag's first byte"), (-1, "the tag's last byte")):
        after(f"a bit of {name} flipped", "bad_record_mac", lambda p, at=place: spoil(p, at))
    after("the tag missing", SPOILT, lambda p: p.raw(bytes.fromhex("170303000401020304")))
    after("an empty record in the clear", SPOILT + (UNEXPECTED,), lambda p: p.raw(bytes.fromhex("1703030000")))
    after("the same record twice", "bad_record_mac", lambda p: p.raw(p.protect(DATA, b"G") * 2))
    def swapped(p):
        first, second = p.protect(DATA, b"G"), p.protect(DATA, b"E")
        p.raw(second + first)
    after("two records in the wrong order", "bad_record_mac", swapped)
    after("one record left out", "bad_record_mac", lambda p: (p.protect(DATA, b"G"), p.raw(p.protect(DATA, b"E")))[2:] or None)
    after("the keys of the handshake", "bad_record_mac", lambda p: p.raw(Guard13(p.schedule, p.suite, p.client_secret).seal(DATA, b"GET /")))
    after("another type outside", (UNEXPECTED,) + SPOILT, lambda p: p.raw(bytes([HANDSHAKE]) + p.protect(DATA, b"GET /")[1:]))
    after("another version outside", SPOILT + ("protocol_version", "goes on"), lambda p: p.raw(p.protect(DATA, b"G")[:1] + b"\3\1" + p.protect(DATA, b"G")[3:]))
    after("nothing but padding", UNEXPECTED, lambda p: p.record(DATA, b"", inner=bytes(64)))
    after("nothing at all within", UNEXPECTED, lambda p: p.record(DATA, b"", inner=b""))
    for kind in (0, 19, 24, 99, 255):
        if kind:
            after(f"type {kind} within", UNEXPECTED, lambda p, k=kind: p.record(k, b"x"))
    after("an empty message within", UNEXPECTED, lambda p: p.record(HANDSHAKE, b""))
    after("ChangeCipherSpec in the clear", UNEXPECTED, lambda p: p.raw(bytes.fromhex("140303000101")))
    after("2^14 + 1 bytes within", "record_overflow", lambda p: p.record(DATA, b"x" * 16_385))
    after("2^14 + 2 bytes with the padding", ("record_overflow", "goes on", "close_notify", UNEXPECTED), lambda p: p.record(DATA, b"x" * 16_384, pad=1))
    after("2^14 + 257 bytes", ("record_overflow",), lambda p: p.raw(struct.pack(">BHH", DATA, 0x0303, 16_384 + 257) + bytes(16_384 + 257)))
    after("2^14 + 256 bytes that do not decrypt", "bad_record_mac", lambda p: p.raw(struct.pack(">BHH", DATA, 0x0303, 16_384 + 256) + bytes(16_384 + 256)))
    after("2^16 - 1 bytes", "record_overflow", lambda p: p.raw(struct.pack(">BHH", DATA, 0x0303, 65_535) + bytes(65_535)))

    head = b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: "
    after("a request that fills one", OK, lambda p: (p.record(DATA, head + b"x" * (16_384 - len(head) - 4) + b"\r\n\r\n"), p.answer())[1])
    after("a request one byte a record", OK, lambda p: ([p.record(DATA, bytes([b])) for b in b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"], p.answer())[1])
    after("a request with padding", OK, lambda p: (p.record(DATA, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", pad=5000), p.answer())[1])
    after("five empty ones before a request", OK, lambda p: ([p.record(DATA, b"") for _ in range(5)], served(p))[1])
    after("empty ones with padding before a request", OK, lambda p: ([p.record(DATA, b"", pad=300) for _ in range(5)], served(p))[1])
    after("ten thousand empty ones", (UNEXPECTED, "closed", "reset"), lambda p: p.raw(b"".join(p.protect(DATA, b"") for _ in range(10_000))))
    for kind, body in ((CLIENT_HELLO, Hello().body()), (SERVER_HELLO, bytes(40)), (TICKET, bytes(20)), (EARLY_END, b""), (EXTENSIONS, b"\0\0"), (CERTIFICATE, b"\0\0\0\0"), (CERTIFICATE_REQUEST, bytes(8)), (VERIFY, b"\4\3\0\0"), (FINISHED, bytes(32)), (0, b""), (67, b"")):
        after(f"message {kind} after the handshake", UNEXPECTED, lambda p, k=kind, b=body: p.send(k, b))

    def goodbye(p):
        p.request_page()
        p.record(ALERT, b"\1\0")
        p.ends_input()
        return p.answer()

    # RFC 8446, section 6.1: who says goodbye still reads. A reply that is owed has to come.
    after("a request, then a goodbye", OK, goodbye)
    after("a request, then a goodbye, in one packet", OK, lambda p: (p.silence(), p.raw(p.protect(DATA, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n") + p.protect(ALERT, b"\1\0")), p.answer())[2])
    after("a goodbye", ("close_notify", "closed", "reset"), lambda p: p.record(ALERT, b"\1\0"))
    after("a fatal alert", ("closed", "close_notify", "reset"), lambda p: p.record(ALERT, b"\2\x28"))
    after("user_canceled, then a goodbye", ("close_notify", "closed", "reset"), lambda p: (p.record(ALERT, b"\1\x5a"), p.record(ALERT, b"\1\0"))[2:] or None)
    after("an alert of one byte", (UNEXPECTED, "decode_error"), lambda p: p.record(ALERT, b"\1"))
    after("an alert of four bytes", (UNEXPECTED, "decode_error"), lambda p: p.record(ALERT, b"\1\0\1\0"))
    after("the end of input without a goodbye", ("closed", "reset", "close_notify", "decode_error", UNEXPECTED), lambda p: p.ends_input())
    after("half a request, then the end of input", ("closed", "reset", "close_notify", "decode_error", UNEXPECTED, "answered 4*"), lambda p: (p.record(DATA, b"GET / HTT"), p.ends_input(), p.answer())[2])


def key_updates(suite):
    def update(p, asks=0, body=None):
        p.send(KEY_UPDATE, bytes([asks]) if body is None else body, "KeyUpdate")
        p.writer = p.writer.updated()

    def after(name, allowed, act):
        def work(peer):
            connected(peer)
            return act(peer)
        suite.add(f"key update: {name}", allowed, talk(work))

    after("ours", OK, lambda p: (update(p), served(p))[1])
    after("ours, with a request for theirs", OK, lambda p: (update(p, 1), served(p))[1])
    after("five of ours", OK, lambda p: ([update(p) for _ in range(5)], served(p))[1])
    after("five of ours with requests", OK, lambda p: ([(update(p, 1), served(p)) for _ in range(5)], served(p))[1])
    after("between two requests", OK, lambda p: (served(p), update(p, 1), served(p))[2])
    after("of no known kind", "illegal_parameter", lambda p: (update(p, 2), served(p))[1])
    after("empty", "decode_error", lambda p: (update(p, body=b""), served(p))[1])
    after("of two bytes", "decode_error", lambda p: (update(p, body=b"\0\0"), served(p))[1])
    after("and the old keys", "bad_record_mac", lambda p: (p.send(KEY_UPDATE, b"\0"), served(p))[1])
    after("new keys without one", "bad_record_mac", lambda p: (setattr(p, "writer", p.writer.updated()), served(p))[1])
    after("with data behind it in its record", UNEXPECTED, lambda p: (p.record(HANDSHAKE, message(KEY_UPDATE, b"\0") + b"\x18"), p.silence())[1])
    after("cut in two records", OK, lambda p: (p.record(HANDSHAKE, b"\x18\0"), p.record(HANDSHAKE, b"\0\1\0"), setattr(p, "writer", p.writer.updated()), served(p))[3])
    after("with data within", UNEXPECTED, lambda p: (p.record(HANDSHAKE, b"\x18\0"), p.record(DATA, b"x"), p.silence())[2])

    def flood(p, asks):
        for _ in range(2_000):
            update(p, asks)
        return served(p)

    # A bound is wanted; where it lies is the server's to say.
    after("two thousand", (UNEXPECTED, "closed", "reset", "internal_error", OK), lambda p: flood(p, 0))
    after("two thousand with requests", (UNEXPECTED, "closed", "reset", "internal_error"), lambda p: flood(p, 1))


def second_hellos(suite):
    def retry(name, allowed, change, before=lambda p: None, first=lambda h: h.set(SHARE, b"\0\0")):
        def work(peer):
            hello = Hello()
            first(hello)
            peer.hello(hello)
            said = peer.server_hello()
            if said != RETRY:
                return f"no retry but {said}"
            if peer.answers.get(SHARE) != b"\0\x1d":
                return "another group was asked for"
            before(peer)
            hello.share(X25519)
            change(hello)
            peer.retried(hello)
            said = peer.server_hello()
            if said == TLS13:
                peer.begin13()
                peer.finish13()
                return served(peer)
            return said
        suite.add(f"second hello: {name}", allowed, talk(work))

    retry("as asked", OK, lambda h: None)
    retry("behind ChangeCipherSpec", OK, lambda h: None, before=lambda p: p.raw(bytes.fromhex("140303000101")))
    retry("a share of a group that is unknown first", OK, lambda h: None, first=lambda h: h.set(SHARE, vector(2, struct.pack(">H", 0x2A2A) + b"\0\1\0")).set(GROUPS, vector(2, shorts([0x2A2A, X25519]))))
    retry("still without a share", "illegal_parameter", lambda h: h.set(SHARE, b"\0\0"))
    retry("the share missing", ("illegal_parameter", "missing_extension"), lambda h: h.drop(SHARE))
    retry("a share of another group", "illegal_parameter", lambda h: h.share(P256))
    retry("two shares", ("illegal_parameter", OK), lambda h: h.share(X25519, P256))
    retry("other suites", "illegal_parameter", lambda h: setattr(h, "suites", [0x1302]))
    retry("no supported_versions", ("illegal_parameter", "missing_extension", UNEXPECTED, "protocol_version", "handshake_failure"), lambda h: h.drop(VERSIONS))
    retry("1.2 in supported_versions", ("illegal_parameter", UNEXPECTED, "protocol_version"), lambda h: h.set(VERSIONS, b"\2\3\3"))
    retry("early data", ("illegal_parameter", UNEXPECTED, OK, "unsupported_extension"), lambda h: h.set(EARLY, b""))
    retry("data between the hellos", UNEXPECTED, lambda h: None, before=lambda p: p.raw(bytes.fromhex("1703030001") + b"x"))
    retry("a goodbye between the hellos", ("close_notify", "closed", "reset", UNEXPECTED), lambda h: None, before=lambda p: p.raw(bytes.fromhex("15030300020100")))
    retry("ChangeCipherSpec of 2 between the hellos", UNEXPECTED, lambda h: None, before=lambda p: p.raw(bytes.fromhex("140303000102")))
    retry("Finished between the hellos", UNEXPECTED, lambda h: None, before=lambda p: p.raw(struct.pack(">BHH", HANDSHAKE, 0x0303, 36) + message(FINISHED, bytes(32))))


def session_of(server, log, hello=None):
    """A session to resume."""
    peer = Peer(server.address)
    peer.log = log
    try:
        connected(peer, hello)
        served(peer)
        if not peer.sessions:
            raise Wrong("no ticket came")
        return peer.sessions[0]
    finally:
        peer.close()


def resumption(suite):
    def resume(name, allowed, offer, source=None, act=None):
        """Offers a session; "resumed, answered …" or "full handshake, answered …"."""
        def work(peer):
            server = peer.server if source is None else next(s for s in peer.pair.servers if s is not peer.server)
            hello = Hello()
            session = session_of(server, peer.log)
            psk = offer(hello, session) or session
            peer.hello(hello)
            said = peer.server_hello()
            if said != TLS13:
                return said
            if act:
                act(peer)
            peer.begin13(psk if isinstance(psk, Session) else session)
            peer.finish13()
            if EARLY in peer.encrypted:
                return "early data was accepted"
            return f"{'resumed' if peer.is_resumed else 'full handshake'}, {served(peer)}"
        suite.add(f"resumption: {name}", allowed, talk(work))

    RESUMED, FULL = "resumed, answered *", "full handshake, answered *"
    resume("a ticket", RESUMED, lambda h, s: h.offer(s) and None)
    resume("a ticket behind an unknown one", RESUMED, lambda h, s: h.offer(s.spoiled(3), s) and None)
    resume("a ticket before an unknown one", RESUMED, lambda h, s: h.offer(s, s.spoiled(3)) and None)
    for place in (0, 5, 15, 16, 24, 31, 32, 40, 64, 90, -33, -32, -20, -2, -1):
        # Key's name, initialisation vector, session and authentication code: a stranger's ticket is never an error.
        resume(f"a bit of byte {place} flipped", FULL, lambda h, s, p=place: h.offer(s.spoiled(p)) and None)
    for length in (1, 15, 16, 32, 47, 48, 63):
        resume(f"the ticket's first {length} bytes", FULL, lambda h, s, l=length: h.offer(Session(s.ticket[:l], s.secret, s.age_add)) and None)
    resume("a byte behind the ticket", FULL, lambda h, s: h.offer(Session(s.ticket + b"\0", s.secret, s.age_add)) and None)
    resume("noise of 60,000 bytes", (FULL, "illegal_parameter", "decode_error"), lambda h, s: h.offer(Session(os.urandom(60_000), s.secret)) and None)
    resume("another server's ticket", FULL, lambda h, s: h.offer(s) and None, source="other")
    resume("another age", (RESUMED, FULL), lambda h, s: h.offer(Session(s.ticket, s.secret, s.age_add ^ 0x55555555)) and None)
    resume("PSK alone, without a key exchange", (FULL, "handshake_failure"), lambda h, s: h.set(MODES, b"\1\0").offer(s) and None)
    resume("both modes", RESUMED, lambda h, s: h.set(MODES, b"\2\0\1").offer(s) and None)
    resume("an unknown mode", FULL, lambda h, s: h.set(MODES, b"\1\x7f").offer(s) and None)
    resume("an unknown mode beside a known one", RESUMED, lambda h, s: h.set(MODES, b"\2\x7f\1").offer(s) and None)
    resume("no modes", "missing_extension", lambda h, s: h.drop(MODES).offer(s) and None)
    resume("another suite of the same hash", (RESUMED, FULL), lambda h, s: (setattr(h, "suites", [0x1303]), h.offer(s))[2:] or None)
    resume("a suite of another hash", FULL, lambda h, s: (setattr(h, "suites", [0x1302]), h.offer(s))[2:] or None)
    resume("another name", (FULL, RESUMED), lambda h, s: h.set(SNI, vector(2, b"\0" + vector(2, b"127.0.0.2"))).offer(s) and None)
    resume("no name", (FULL, RESUMED), lambda h, s: h.drop(SNI).offer(s) and None)
    resume("without a share", (RETRY, "missing_extension"), lambda h, s: h.set(SHARE, b"\0\0").offer(s) and None)
    wrong = ("decrypt_error", "illegal_parameter")
    for place in (0, 15, 31):
        resume(f"a bit of the binder's byte {place} flipped", wrong, lambda h, s, p=place: h.offer(s, spoil=lambda b: [b[0][:p] + bytes([b[0][p] ^ 1]) + b[0][p + 1 :]]) and None)
    resume("a binder a byte short", wrong + ("decode_error",), lambda h, s: h.offer(s, spoil=lambda b: [b[0][:-1]]) and None)
    resume("a binder a byte long", wrong + ("decode_error",), lambda h, s: h.offer(s, spoil=lambda b: [b[0] + b"\0"]) and None)
    resume("a binder of another hello", wrong, lambda h, s: (h.offer(s), setattr(h, "random", os.urandom(32)))[2:] or None)
    resume("no binders", BAD, lambda h, s: h.offer(s, spoil=lambda b: []) and None)
    resume("two binders for one ticket", wrong + BAD + (RESUMED,), lambda h, s: h.offer(s, spoil=lambda b: b * 2) and None)
    resume("one binder for two tickets, the second good", BAD, lambda h, s: h.offer(s.spoiled(0), s, spoil=lambda b: b[:1]) and None)
    resume("no tickets", BAD, lambda h, s: h.offer(s, identities=b"") and None)
    resume("an empty ticket", BAD + (FULL,), lambda h, s: h.offer(Session(b"", s.secret)) and None)
    resume("the extension cut short", BAD, lambda h, s: h.offer(s).set(PSK, h.get(PSK)[:-1]) and None)
    resume("bytes behind the binders", BAD, lambda h, s: h.offer(s).set(PSK, h.get(PSK) + b"\0") and None)
    # Section 4.2.11: "MUST be the last extension … fail the handshake with an illegal_parameter alert".
    resume("another extension behind it", "illegal_parameter", lambda h, s: (h.offer(s), h.extensions.append([0xFFAA, b""]))[2:] or None)
    resume("the extension first", "illegal_parameter", lambda h, s: (h.offer(s), h.extensions.insert(0, h.extensions.pop()))[2:] or None)
    resume("the extension twice", BAD, lambda h, s: (h.offer(s), h.extensions.append([PSK, h.get(PSK)]))[2:] or None)

    def early(p, count=1, size=500):
        # Under keys that a server which wants none does not even make: it has to skip them, up to its bound.
        for _ in range(count):
            p.raw(struct.pack(">BHH", DATA, 0x0303, size) + os.urandom(size), "early data")

    def with_early(h, s):
        h.set(EARLY, b"").offer(s)

    resume("early data, offered but not sent", RESUMED, with_early)
    resume("early data", RESUMED, with_early, act=early)
    resume("ten records of early data", RESUMED, with_early, act=lambda p: early(p, 10))
    resume("a megabyte of early data", ("bad_record_mac", UNEXPECTED, "closed", "reset"), with_early, act=lambda p: early(p, 64, 16_384))
    resume("early data with an unknown ticket", FULL, lambda h, s: h.set(EARLY, b"").offer(s.spoiled(0)) and None, act=early)
    resume("early data that was not offered", ("bad_record_mac", UNEXPECTED), lambda h, s: h.offer(s) and None, act=early)
    resume("early data without a ticket", ("illegal_parameter", "missing_extension", UNEXPECTED, FULL, "unsupported_extension"), lambda h, s: h.set(EARLY, b"") and None)

    def twice(peer):
        session = session_of(peer.server, peer.log)
        connected(peer, Hello().offer(session), session)
        first = peer.is_resumed
        served(peer)
        other = Peer(peer.server.address)
        other.log = peer.log
        try:
            connected(other, Hello().offer(session), session)
            served(other)
            chained = other.sessions
        finally:
            other.close()
        if not chained:
            return "no ticket on a resumed connection"
        last = Peer(peer.server.address)
        last.log = peer.log
        try:
            connected(last, Hello().offer(chained[0]), chained[0])
            return f"{first} {other.is_resumed} {last.is_resumed}, {served(last)}"
        finally:
            last.close()

    # Appendix C.4: clients should use a ticket once, so that a resumed session has to bring the next.
    suite.add("resumption: a ticket twice, then the ticket that it brought", ("True True True, answered *", "True False *"), talk(twice))

    def lifetime(peer):
        connected(peer)
        served(peer)
        return f"{len(peer.sessions)} ticket{'s' if len(peer.sessions) != 1 else ''}"

    suite.add("resumption: tickets are given", ("1 ticket", "2 tickets"), talk(lifetime))


def add_to(suite):
    for part in (handshakes, records, key_updates, second_hellos, resumption):
        part(suite)
