"""TLS 1.2 behind the hello: key exchange, Finished, records, renegotiation, tickets."""
import struct

from tls_hellos import BAD, OK, SPOILT, TLS12, UNEXPECTED, agreed_on, served, talk
from tls_wire import *


def classic(**more):
    return Hello(tls13=False, **more)


def begun(peer, hello=None):
    """As far as ServerHelloDone."""
    peer.hello(hello or classic())
    agreed_on(TLS12, peer.server_hello())
    peer.begin12()


def connected(peer, hello=None, session=None):
    agreed_on(TLS12, peer.connect12(hello, session))


def handshakes(suite):
    for number in SUITES12:
        # In 1.2 the groups speak for the curve of an ECDSA key too (RFC 8422, section 5.1).
        is_ecdsa = number in (0xC02B, 0xC02C, 0xCCA9)
        for group in (X25519, P256) if is_ecdsa else (X25519, P256, P384):
            def work(peer, n=number, g=group, extra=(P256,) if is_ecdsa else ()):
                connected(peer, classic(suites=[n], groups=(g, *extra)))
                return served(peer) if (peer.suite, peer.group) == (n, g) else "something else was agreed on"
            suite.add(f"1.2: {number:#06x}, group {group}", OK, talk(work))

    def without_curve(peer):
        peer.hello(classic(suites=[0xC02B], groups=(X25519, P384)))
        return peer.server_hello()

    suite.add("1.2: ECDSA only, without the curve of the certificate", "handshake_failure", talk(without_curve))

    def agreed(name, allowed, hello, tell):
        def work(peer):
            connected(peer, hello())
            return tell(peer)
        suite.add(f"1.2: {name}", allowed, talk(work))

    is_rsa = lambda p: "RSA" if isinstance(p.certificate.public_key(), rsa.RSAPublicKey) else "ECDSA"
    agreed("extended_master_secret is taken", "taken", classic, lambda p: "taken" if MASTER in p.answers else "not taken")
    agreed("without extended_master_secret", OK, lambda: classic().drop(MASTER), served)
    agreed("renegotiation_info is answered", "empty", classic, lambda p: "empty" if p.answers.get(RENEGOTIATION) == b"\0" else "not answered")
    agreed("the SCSV of renegotiation is answered", "empty", lambda: classic(suites=[0xC02B, 0xC02F, 0x00FF]).drop(RENEGOTIATION), lambda p: "empty" if p.answers.get(RENEGOTIATION) == b"\0" else "not answered")
    agreed("both", "empty", lambda: classic(suites=[0xC02B, 0xC02F, 0x00FF]), lambda p: "empty" if p.answers.get(RENEGOTIATION) == b"\0" else "not answered")
    # RFC 5746, section 3.6: not an error for a first handshake, though a server may insist.
    agreed("neither", (OK, "handshake_failure"), lambda: classic().drop(RENEGOTIATION), served)
    agreed("renegotiation_info that is not empty", "handshake_failure", lambda: classic().set(RENEGOTIATION, vector(1, bytes(12))), served)
    agreed("renegotiation_info cut short", ("decode_error", "handshake_failure"), lambda: classic().set(RENEGOTIATION, b"\5"), served)
    agreed("a client that knows RSA only gets the RSA certificate", "RSA", lambda: classic(suites=[0xC02F]), is_rsa)
    agreed("a client that knows ECDSA only gets that certificate", "ECDSA", lambda: classic(suites=[0xC02B]), is_rsa)
    agreed("a client whose signatures are RSA's gets the RSA certificate", "RSA", lambda: classic(signatures=[0x0804, 0x0401]), is_rsa)
    agreed("no ticket where none was asked for", "none", lambda: classic().drop(TICKETS), lambda p: "none" if not p.sessions else "one")
    agreed("a ticket where one was asked for", "one", classic, lambda p: "one" if p.sessions else "none")

    def instead(name, allowed, act):
        """From ServerHelloDone on everything is `act`'s."""
        def work(peer):
            begun(peer)
            act(peer)
            return peer.silence()
        suite.add(f"1.2: {name}", allowed, talk(work))

    def keyed(name, allowed, act):
        """After ClientKeyExchange, with the keys made."""
        instead(name, allowed, lambda p: (p.key12(), p.make_keys12(), act(p)))

    for name, public in (("empty", b""), ("a byte short", bytes(31)), ("a byte long", bytes(33)), ("zero", bytes(32)), ("of small order", b"\1" + bytes(31))):
        instead(f"a key that is {name}", BAD + ("handshake_failure", "internal_error") if name in ("zero", "of small order") else BAD + ("handshake_failure",), lambda p, k=public: (p.key12(k), p.record(CCS, b"\1"), p.raw(b"\x16\3\3\0\x28" + bytes(40))))
    bad_point = bytearray(share(P256))
    bad_point[40] ^= 1
    def off_curve(peer):
        begun(peer, classic(groups=(P256,)))
        peer.key12(bytes(bad_point))
        peer.record(CCS, b"\1")
        return peer.silence()
    suite.add("1.2: a key that is no point of P-256", BAD + ("handshake_failure",), talk(off_curve))
    instead("a key with a byte behind it", "decode_error", lambda p: p.send(CLIENT_KEY, vector(1, share(p.group)) + b"\0"))
    instead("a key cut short", "decode_error", lambda p: p.send(CLIENT_KEY, vector(1, share(p.group))[:-1]))
    # Empty it would be when the key stood in a certificate of the client's (RFC 8422, section 5.7).
    instead("an empty ClientKeyExchange", ("decode_error", "handshake_failure"), lambda p: p.send(CLIENT_KEY, b""))
    instead("ChangeCipherSpec before the key", UNEXPECTED, lambda p: p.record(CCS, b"\1"))
    instead("Finished before the key", UNEXPECTED, lambda p: p.send(FINISHED, bytes(12)))
    instead("data in the clear", UNEXPECTED, lambda p: p.record(DATA, b"GET / HTTP/1.1\r\n\r\n"))
    for kind, body in ((0, b""), (CLIENT_HELLO, classic().body()), (SERVER_HELLO, bytes(40)), (TICKET, bytes(6)), (CERTIFICATE, b"\0\0\0"), (SERVER_KEY, bytes(8)), (HELLO_DONE, b""), (VERIFY, bytes(8)), (22, b""), (67, b"")):
        instead(f"message {kind} instead of the key", (UNEXPECTED, "handshake_failure") if kind == 0 else UNEXPECTED, lambda p, k=kind, b=body: p.send(k, b))

    def early_change(peer):
        # CVE-2014-0224: a ChangeCipherSpec before there are keys.
        peer.hello(classic())
        peer.server_hello()
        peer.record(CCS, b"\1")
        return [peer.begin12(), peer.silence()][1]

    suite.add("1.2: ChangeCipherSpec behind the hello", UNEXPECTED, talk(early_change))
    keyed("the key twice", UNEXPECTED, lambda p: p.key12())
    keyed("Finished in the clear", UNEXPECTED, lambda p: p.finish12())
    keyed("data before ChangeCipherSpec", UNEXPECTED, lambda p: p.record(DATA, b"GET /"))
    keyed("ChangeCipherSpec of 2", ("illegal_parameter", UNEXPECTED, "decode_error"), lambda p: p.record(CCS, b"\2"))
    keyed("ChangeCipherSpec of two bytes", BAD + (UNEXPECTED,), lambda p: p.record(CCS, b"\1\1"))
    keyed("an empty ChangeCipherSpec", BAD + (UNEXPECTED,), lambda p: p.record(CCS, b""))
    keyed("ChangeCipherSpec twice", (UNEXPECTED,) + SPOILT, lambda p: (p.change12(), p.change12()))
    keyed("ChangeCipherSpec twice in the clear", (UNEXPECTED,) + SPOILT, lambda p: p.raw(bytes.fromhex("140303000101") * 2))
    keyed("data before Finished", UNEXPECTED, lambda p: (p.change12(), p.record(DATA, b"GET / HTTP/1.1\r\n\r\n")))
    keyed("a message before Finished", UNEXPECTED, lambda p: (p.change12(), p.send(CLIENT_KEY, bytes(33))))
    keyed("part of a message before ChangeCipherSpec", UNEXPECTED, lambda p: (p.record(HANDSHAKE, b"\x14\0"), p.record(CCS, b"\1")))
    keyed("a message across ChangeCipherSpec", UNEXPECTED, lambda p: (p.record(HANDSHAKE, b"\x14\0\0\x0c"), p.change12(), p.record(HANDSHAKE, bytes(12))))
    for place in (0, 6, 11):
        keyed(f"Finished with a bit of byte {place} flipped", "decrypt_error", lambda p, at=place: (p.change12(), p.finish12(lambda r: r[:at] + bytes([r[at] ^ 1]) + r[at + 1 :])))
    keyed("Finished, zeros", "decrypt_error", lambda p: (p.change12(), p.finish12(lambda r: bytes(12))))
    keyed("Finished a byte short", ("decode_error", "decrypt_error"), lambda p: (p.change12(), p.finish12(lambda r: r[:-1])))
    keyed("Finished a byte long", ("decode_error", "decrypt_error"), lambda p: (p.change12(), p.finish12(lambda r: r + b"\0")))
    keyed("Finished empty", ("decode_error", "decrypt_error"), lambda p: (p.change12(), p.finish12(lambda r: b"")))
    keyed("Finished under wrong keys", SPOILT, lambda p: (p.make_keys12(bytes(48)), p.change12(), p.finish12()))
    keyed("a goodbye before Finished", ("close_notify", "closed", "reset"), lambda p: p.record(ALERT, b"\1\0"))
    keyed("a fatal alert before Finished", ("closed", "close_notify", "reset"), lambda p: p.record(ALERT, b"\2\x28"))
    keyed("a warning before Finished", "goes on", lambda p: p.record(ALERT, b"\1\x5a"))

    def split(peer):
        begun(peer)
        peer.key12()
        peer.make_keys12()
        peer.change12()
        for byte in message(FINISHED, peer.prf(peer.master, b"client finished", peer.digest12(), 12)):
            peer.record(HANDSHAKE, bytes([byte]))
        peer.transcript += message(FINISHED, peer.prf(peer.master, b"client finished", peer.digest12(), 12))
        peer.end12()
        return served(peer)

    suite.add("1.2: Finished one byte a record", OK, talk(split))


def records(suite):
    def after(name, allowed, act):
        def work(peer):
            connected(peer)
            return act(peer) or peer.silence()
        suite.add(f"1.2 records: {name}", allowed, talk(work))

    def spoil(p, place):
        sealed = bytearray(p.protect(DATA, b"GET / HTTP/1.1\r\n\r\n"))
        sealed[place] ^= 1
        p.raw(bytes(sealed), "a record with a bit flipped")

    # All suites authenticate what they encrypt (AEAD): there is no padding, and so no oracle for it.
    for place, name in ((5, "the nonce"), (13, "the first byte"), (20, "the middle"), (-16, "the tag's first byte"), (-1, "the tag's last byte")):
        after(f"a bit of {name} flipped", "bad_record_mac", lambda p, at=place: spoil(p, at))
    after("another type outside", ("bad_record_mac", UNEXPECTED), lambda p: p.raw(bytes([HANDSHAKE]) + p.protect(DATA, b"GET /")[1:]))
    after("another version outside", ("bad_record_mac", "protocol_version", "decode_error"), lambda p: p.raw(p.protect(DATA, b"GET /")[:1] + b"\3\2" + p.protect(DATA, b"GET /")[3:]))
    after("the tag missing", SPOILT, lambda p: p.raw(bytes.fromhex("1703030008") + bytes(8)))
    after("a record of one byte", SPOILT, lambda p: p.raw(bytes.fromhex("170303000101")))
    after("an empty record in the clear", SPOILT + (UNEXPECTED,), lambda p: p.raw(bytes.fromhex("1703030000")))
    after("the same record twice", "bad_record_mac", lambda p: p.raw(p.protect(DATA, b"G") * 2))
    after("one record left out", "bad_record_mac", lambda p: (p.protect(DATA, b"G"), p.raw(p.protect(DATA, b"E")))[2:] or None)
    after("2^14 + 1 bytes within", "record_overflow", lambda p: p.record(DATA, b"x" * 16_385))
    after("2^14 + 2049 bytes", "record_overflow", lambda p: p.raw(struct.pack(">BHH", DATA, 0x0303, 16_384 + 2049) + bytes(16_384 + 2049)))
    after("2^16 - 1 bytes", "record_overflow", lambda p: p.raw(struct.pack(">BHH", DATA, 0x0303, 65_535) + bytes(65_535)))
    head = b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: "
    after("a request that fills one", OK, lambda p: (p.record(DATA, head + b"x" * (16_384 - len(head) - 4) + b"\r\n\r\n"), p.answer())[1])
    after("a request one byte a record", OK, lambda p: ([p.record(DATA, bytes([b])) for b in b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"], p.answer())[1])
    after("five empty ones before a request", OK, lambda p: ([p.record(DATA, b"") for _ in range(5)], served(p))[1])
    after("ten thousand empty ones", (UNEXPECTED, "closed", "reset"), lambda p: p.raw(b"".join(p.protect(DATA, b"") for _ in range(10_000))))
    after("ChangeCipherSpec", (UNEXPECTED, "decode_error"), lambda p: p.record(CCS, b"\1"))
    after("ChangeCipherSpec in the clear", (UNEXPECTED,) + SPOILT, lambda p: p.raw(bytes.fromhex("140303000101")))
    after("type 24", (UNEXPECTED,), lambda p: p.record(24, b"\1\0\5hello"))
    after("type 99", (UNEXPECTED, "decode_error"), lambda p: p.record(99, b"x"))
    for kind, body in ((0, b""), (SERVER_HELLO, bytes(40)), (CERTIFICATE, b"\0\0\0"), (CLIENT_KEY, bytes(33)), (FINISHED, bytes(12)), (KEY_UPDATE, b"\0"), (67, b"")):
        after(f"message {kind} after the handshake", (UNEXPECTED, "no_renegotiation", "handshake_failure"), lambda p, k=kind, b=body: p.send(k, b))

    def goodbye(p):
        p.request_page()
        p.record(ALERT, b"\1\0")
        p.ends_input()
        return p.answer()

    after("a request, then a goodbye", OK, goodbye)
    after("a request, then a goodbye, in one packet", OK, lambda p: (p.silence(), p.raw(p.protect(DATA, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n") + p.protect(ALERT, b"\1\0")), p.answer())[2])
    after("a goodbye", ("close_notify", "closed", "reset"), lambda p: p.record(ALERT, b"\1\0"))
    after("a fatal alert", ("closed", "close_notify", "reset"), lambda p: p.record(ALERT, b"\2\x28"))
    after("one warning before a request", OK, lambda p: (p.record(ALERT, b"\1\x5a"), served(p))[1])
    after("a thousand warnings", (UNEXPECTED, "closed", "reset"), lambda p: p.raw(b"".join(p.protect(ALERT, b"\1\x5a") for _ in range(1000))))
    after("an alert of one byte", (UNEXPECTED, "decode_error"), lambda p: p.record(ALERT, b"\1"))
    after("an alert of no known level", ("illegal_parameter", "decode_error", UNEXPECTED), lambda p: p.record(ALERT, b"\3\x28"))
    after("the end of input without a goodbye", ("closed", "reset", "close_notify", "decode_error", UNEXPECTED), lambda p: p.ends_input())


def renegotiation(suite):
    def again(name, allowed, make):
        def work(peer):
            connected(peer)
            hello = make(peer)
            peer.record(HANDSHAKE, hello.message(), what="another ClientHello")
            said = peer.silence()
            return f"{', '.join(peer.warnings) or 'nothing'}, {said}"
        suite.add(f"renegotiation: {name}", allowed, talk(work))

    # Refused with a warning (RFC 5246, section 7.2.2), or by ending the connection: never with a ServerHello.
    refused = ("no_renegotiation, goes on", "no_renegotiation", "handshake_failure", "unexpected_message", "closed", "no_renegotiation, *")
    again("with renegotiation_info", refused, lambda p: classic().set(RENEGOTIATION, vector(1, p.prf(p.master, b"client finished", b"", 12))))
    again("without it", refused, lambda p: classic().drop(RENEGOTIATION))
    again("with the SCSV", refused, lambda p: classic(suites=[0xC02B, 0xC02F, 0x00FF]).drop(RENEGOTIATION))
    again("to TLS 1.3", refused, lambda p: Hello())
    again("to SSL 3", refused, lambda p: setattr(h := classic(), "version", 0x0300) or h)

    def refused_then(peer):
        connected(peer)
        peer.record(HANDSHAKE, classic().message(), what="another ClientHello")
        return served(peer)

    suite.add("renegotiation: a request behind it", (OK, "no_renegotiation", "handshake_failure", "closed"), talk(refused_then))

    def flood(peer):
        connected(peer)
        for _ in range(500):
            peer.record(HANDSHAKE, classic().message(), what="another ClientHello")
        return peer.silence()

    suite.add("renegotiation: five hundred times", ("goes on", "no_renegotiation", "handshake_failure", "closed", "reset", "unexpected_message"), talk(flood))


def session_of(server, log, hello=None):
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
    def resume(name, allowed, change=lambda s: s, hello=classic, source=None, first=classic):
        def work(peer):
            server = peer.server if source is None else next(s for s in peer.pair.servers if s is not peer.server)
            session = change(session_of(server, peer.log, first()))
            connected(peer, hello(), session)
            return f"{'resumed' if peer.is_resumed else 'full handshake'}, {served(peer)}"
        suite.add(f"1.2 resumption: {name}", allowed, talk(work))

    RESUMED, FULL = "resumed, answered *", "full handshake, answered *"
    resume("a ticket", RESUMED)
    for place in (0, 5, 15, 16, 24, 31, 32, 40, 64, 90, -33, -32, -20, -2, -1):
        resume(f"a bit of byte {place} flipped", FULL, lambda s, p=place: s.spoiled(p))
    for length in (1, 15, 16, 32, 47, 48, 63):
        resume(f"the ticket's first {length} bytes", FULL, lambda s, l=length: Session(s.ticket[:l], s.secret, suite=s.suite))
    resume("a byte behind the ticket", FULL, lambda s: Session(s.ticket + b"\0", s.secret))
    resume("noise", FULL, lambda s: Session(bytes(range(256)) * 8, s.secret))
    resume("another server's ticket", FULL, source="other")
    # RFC 5246, section 7.4.1.2: a client that resumes has to offer the session's suite.
    resume("another suite", (FULL, "illegal_parameter"), hello=lambda: classic(suites=[0xC02C, 0xC030]))
    # RFC 7627, section 5.3.
    resume("extended_master_secret left out", "handshake_failure", hello=lambda: classic().drop(MASTER))
    resume("extended_master_secret new", FULL, first=lambda: classic().drop(MASTER))
    resume("neither with extended_master_secret", (RESUMED, FULL, "handshake_failure"), first=lambda: classic().drop(MASTER), hello=lambda: classic().drop(MASTER))
    resume("another name", (FULL, RESUMED), hello=lambda: classic().set(SNI, vector(2, b"\0" + vector(2, b"127.0.0.2"))))
    resume("no name", (FULL, RESUMED), hello=lambda: classic().drop(SNI))
    resume("a session id beside the ticket", RESUMED, hello=lambda: setattr(h := classic(), "session", bytes(range(32))) or h)

    def other_version(to13):
        def work(peer):
            from tls_sessions import connected as connected13, session_of as session13
            if to13:
                session = session_of(peer.server, peer.log)
                connected13(peer, Hello().offer(session), session)
            else:
                session = session13(peer.server, peer.log)
                connected(peer, classic(), Session(session.ticket, session.secret.ljust(48, b"\0")))
            return f"{'resumed' if peer.is_resumed else 'full handshake'}, {served(peer)}"
        return work

    suite.add("1.2 resumption: a ticket of 1.3", FULL, talk(other_version(False)))
    suite.add("1.2 resumption: a ticket of 1.2 offered to 1.3", FULL, talk(other_version(True)))

    def wrong_master(peer):
        session = session_of(peer.server, peer.log)
        connected(peer, classic(), Session(session.ticket, bytes(48)))
        return "resumed with another secret"

    suite.add("1.2 resumption: a ticket whose secret we do not have", ("wrong: a record of the server does not decrypt", "bad_record_mac", "decrypt_error"), talk(wrong_master))


def add_to(suite):
    for part in (handshakes, records, renegotiation, resumption):
        part(suite)
