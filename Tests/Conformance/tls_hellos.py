"""What a server makes of the first thing that is said to it: versions, records, hellos of every shape."""
import os
import struct

from tls_wire import *

TLS13, TLS12, RETRY = "TLS 1.3", "TLS 1.2", "retry"
BAD = ("decode_error", "illegal_parameter")
UNEXPECTED = "unexpected_message"
SPOILT = ("bad_record_mac", "decode_error")
OK = "answered *"


def talk(work, closed_listener=False):
    """A conversation: `work` gets a peer and returns what happened, unless the server ends it first."""

    def run(server, pair, log):
        peer = Peer(server.closed_address if closed_listener else server.address)
        peer.log = log
        peer.pair, peer.server = pair, server
        try:
            return work(peer)
        except Ended as end:
            return str(end)
        except Wrong as wrong:
            return f"wrong: {wrong}"
        finally:
            peer.close()

    return run


def agreed_on(version, said):
    """Goes on only where the server chose what the conversation is about."""
    if said != version:
        raise Wrong(f"the server chose {said}")


def served(peer):
    """Asks for a page once the handshake is done."""
    peer.request_page()
    return peer.answer()


def hears(peer):
    """How the server answers a hello."""
    said = peer.server_hello()
    return said


def add_hello(suite, name, allowed, change=lambda hello: None, **more):
    def work(peer):
        hello = Hello(**more)
        change(hello)
        peer.hello(hello)
        return hears(peer)

    suite.add(name, allowed, talk(work))


def add_bytes(suite, name, allowed, make):
    """`make` gives the bytes of the whole first flight, in records."""

    def work(peer):
        peer.client_hello = Hello()
        made = make(peer.client_hello)
        for part in made if isinstance(made, list) else [made]:
            peer.raw(part)
        return hears(peer)

    suite.add(name, allowed, talk(work))


def rec(kind, data, version=0x0301):
    return struct.pack(">BHH", kind, version, len(data)) + data


def versions(suite):
    old = dict(tls13=False)
    add_bytes(suite, "versions: a hello of SSL 2", ("closed", "reset", "*_*", "no TLS", "plain HTTP"),
              lambda h: bytes.fromhex("802e010002001500000010010080020080030080040080050080060040070000c0") + bytes(15))
    for number, allowed in ((0x0300, "protocol_version"), (0x0301, "protocol_version"), (0x0302, "protocol_version"), (0x0303, TLS12)):
        add_hello(suite, f"versions: a hello of {number:#06x}", allowed, lambda h, n=number: setattr(h, "version", n), **old)
    # RFC 8446, section 4.2.1: without supported_versions at most 1.2, whatever the field says.
    for number in (0x0304, 0x0305, 0x03FF):
        add_hello(suite, f"versions: {number:#06x} in the field and no extension", TLS12, lambda h, n=number: setattr(h, "version", n), **old)
    for name, list_, allowed in (
        ("1.3 and 1.2", [0x0304, 0x0303], TLS13), ("1.2 before 1.3", [0x0303, 0x0304], (TLS13, TLS12)),
        ("1.2 only", [0x0303], TLS12), ("1.4 only", [0x0305], "protocol_version"), ("1.4 and 1.3", [0x0305, 0x0304], TLS13),
        ("1.4 and 1.2", [0x0305, 0x0303], TLS12), ("1.1 and 1.0", [0x0302, 0x0301], "protocol_version"),
        ("SSL 3", [0x0300], "protocol_version"), ("a draft and 1.3", [0x7F1C, 0x0304], TLS13),
        ("a draft only", [0x7F1C], "protocol_version"), ("GREASE and 1.3", [0x1A1A, 0x0304], TLS13),
        ("1.3 twice", [0x0304, 0x0304], TLS13), ("127 of them, 1.3 last", [0x0A0A] * 126 + [0x0304], TLS13),
    ):
        add_hello(suite, f"versions: supported_versions with {name}", allowed, lambda h, l=list_: h.set(VERSIONS, vector(1, shorts(l))))
    for name, data in (("empty", b""), ("no version", b"\0"), ("half a version", b"\x03\x03\x04\x03"), ("a length too long", b"\x06\x03\x04"), ("bytes behind", b"\x02\x03\x04\0")):
        add_hello(suite, f"versions: supported_versions, {name}", ("decode_error", "protocol_version") if name == "no version" else "decode_error", lambda h, d=data: h.set(VERSIONS, d))
    for number in (0x0301, 0x0302):
        add_hello(suite, f"versions: 1.3 in the extension, {number:#06x} in the field", (TLS13, "protocol_version", "illegal_parameter"), lambda h, n=number: setattr(h, "version", n))
    # RFC 8446, appendix D.5: "MUST abort the handshake with a protocol_version alert".
    add_hello(suite, "versions: 1.3 in the extension, SSL 3 in the field", "protocol_version", lambda h: setattr(h, "version", 0x0300))

    def sentinel(peer):
        peer.hello(Hello(tls13=False))
        return f"{peer.server_hello()} {'DOWNGRD 1' if peer.random.endswith(b'DOWNGRD' + bytes([1])) else 'unmarked'}"

    suite.add("versions: 1.2 is marked as a downgrade", "TLS 1.2 DOWNGRD 1", talk(sentinel))

    def unmarked(peer):
        peer.hello(Hello())
        return f"{peer.server_hello()} {'DOWNGRD' if b'DOWNGRD' in peer.random else 'unmarked'}"

    suite.add("versions: 1.3 is not marked as a downgrade", "TLS 1.3 unmarked", talk(unmarked))
    add_hello(suite, "versions: 1.2 with the SCSV of a fallback", "inappropriate_fallback", lambda h: h.suites.append(0x5600), **old)
    add_hello(suite, "versions: 1.3 with the SCSV of a fallback", TLS13, lambda h: h.suites.append(0x5600))
    for number in (0x0300, 0x0301, 0x0303, 0x0304, 0x03FF):
        add_bytes(suite, f"versions: a record of {number:#06x}", TLS13, lambda h, n=number: rec(HANDSHAKE, h.message(), n))
    add_bytes(suite, "versions: a record of 0x0203", ("protocol_version", "unexpected_message", "closed", "no TLS", "illegal_parameter", "decode_error"), lambda h: rec(HANDSHAKE, h.message(), 0x0203))


def records(suite):
    add_bytes(suite, "records: one byte each", TLS13, lambda h: b"".join(rec(HANDSHAKE, bytes([b])) for b in h.message()))
    add_bytes(suite, "records: one byte each, in packets of their own", TLS13, lambda h: [rec(HANDSHAKE, bytes([b])) for b in h.message()])
    add_bytes(suite, "records: the header of the message alone", TLS13, lambda h: rec(HANDSHAKE, h.message()[:4]) + rec(HANDSHAKE, h.message()[4:]))
    add_bytes(suite, "records: cut within the length of the message", TLS13, lambda h: rec(HANDSHAKE, h.message()[:2]) + rec(HANDSHAKE, h.message()[2:]))
    add_bytes(suite, "records: cut within the header of the record", TLS13, lambda h: [rec(HANDSHAKE, h.message())[:3], rec(HANDSHAKE, h.message())[3:]])
    # Where the first record is none of a handshake, nginx supposes HTTP and answers in it: no TLS has begun.
    unexpected = ("unexpected_message", "decode_error", "illegal_parameter", "plain HTTP")
    # RFC 8446, section 5.1: "Implementations MUST NOT send zero-length fragments of Handshake types".
    add_bytes(suite, "records: an empty one before the hello", unexpected + (TLS13,), lambda h: rec(HANDSHAKE, b"") + rec(HANDSHAKE, h.message()))
    add_bytes(suite, "records: an empty one within the hello", unexpected + (TLS13,), lambda h: rec(HANDSHAKE, h.message()[:9]) + rec(HANDSHAKE, b"") + rec(HANDSHAKE, h.message()[9:]))
    add_bytes(suite, "records: ten thousand empty ones", unexpected + ("closed", "reset"), lambda h: rec(HANDSHAKE, b"") * 10_000)
    add_bytes(suite, "records: data before the hello", unexpected + ("closed",), lambda h: rec(DATA, b"GET /") + rec(HANDSHAKE, h.message()))
    add_bytes(suite, "records: ChangeCipherSpec before the hello", unexpected, lambda h: rec(CCS, b"\1") + rec(HANDSHAKE, h.message()))
    add_bytes(suite, "records: ChangeCipherSpec within the hello", unexpected, lambda h: rec(HANDSHAKE, h.message()[:9]) + rec(CCS, b"\1") + rec(HANDSHAKE, h.message()[9:]))
    add_bytes(suite, "records: a warning within the hello", unexpected + (TLS13,), lambda h: rec(HANDSHAKE, h.message()[:9]) + rec(ALERT, b"\1\x5a") + rec(HANDSHAKE, h.message()[9:]))
    add_bytes(suite, "records: a goodbye within the hello", ("closed", "close_notify") + unexpected, lambda h: rec(HANDSHAKE, h.message()[:9]) + rec(ALERT, b"\1\0") + rec(HANDSHAKE, h.message()[9:]))
    add_bytes(suite, "records: a fatal alert before the hello", ("closed", "close_notify", "plain HTTP"), lambda h: rec(ALERT, b"\2\x28"))
    add_bytes(suite, "records: a goodbye before the hello", ("closed", "close_notify") + unexpected, lambda h: rec(ALERT, b"\1\0"))
    add_bytes(suite, "records: an alert of one byte", unexpected, lambda h: rec(ALERT, b"\2"))
    add_bytes(suite, "records: an alert of three bytes", unexpected + ("closed",), lambda h: rec(ALERT, b"\2\x28\0"))
    add_bytes(suite, "records: an empty alert", unexpected, lambda h: rec(ALERT, b""))
    add_bytes(suite, "records: an alert of no known level", unexpected, lambda h: rec(ALERT, b"\3\x28"))
    for kind in (0, 19, 24, 25, 99, 255):
        add_bytes(suite, f"records: type {kind}", unexpected + ("closed", "record_overflow"), lambda h, k=kind: rec(k, h.message()))
    add_bytes(suite, "records: 2^14 + 1 bytes", "record_overflow", lambda h: rec(HANDSHAKE, h.set(PADDING, bytes(17_000)).message()[:16_385]))
    add_bytes(suite, "records: 2^16 - 1 bytes", "record_overflow", lambda h: struct.pack(">BHH", HANDSHAKE, 0x0301, 65_535) + h.message() + bytes(65_535 - len(h.message())))
    add_bytes(suite, "records: 2^16 - 1 bytes promised, none sent", ("record_overflow", "closed"), lambda h: struct.pack(">BHH", HANDSHAKE, 0x0301, 65_535))
    add_bytes(suite, "records: an empty message", unexpected, lambda h: rec(HANDSHAKE, b"\1\0\0\0"))
    add_bytes(suite, "records: a message of 2^24 - 1 bytes promised", ("illegal_parameter", "decode_error", "record_overflow", "unexpected_message", "handshake_failure"), lambda h: rec(HANDSHAKE, b"\1\xff\xff\xff" + h.body()))
    for kind in (0, 2, 4, 5, 8, 11, 15, 16, 20, 24, 67, 99, 254):
        add_bytes(suite, f"records: message {kind} instead of a hello", unexpected, lambda h, k=kind: rec(HANDSHAKE, message(k, h.body())))
    add_bytes(suite, "records: two hellos in one", unexpected, lambda h: rec(HANDSHAKE, h.message() * 2))
    add_bytes(suite, "records: a byte behind the hello", unexpected, lambda h: rec(HANDSHAKE, h.message() + b"\x14"))
    # With keys about to change, a hello has to end its record (RFC 8446, section 5.1).
    add_bytes(suite, "records: a Finished behind the hello", unexpected, lambda h: rec(HANDSHAKE, h.message() + message(FINISHED, bytes(32))))
    add_bytes(suite, "records: plain HTTP", ("plain HTTP", "http_request", "closed"), lambda h: b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    add_bytes(suite, "records: SSH", ("protocol_version", "unexpected_message", "closed", "plain HTTP", "record_overflow", "illegal_parameter"), lambda h: b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")
    add_bytes(suite, "records: noise", ("*_*", "closed"), lambda h: bytes((i * 73 + 129) & 255 for i in range(4096)))

    def quiet(after):
        def work(peer):
            peer.raw(after)
            peer.ends_input()
            return str(peer.read_record()[0])
        return work

    hello = rec(HANDSHAKE, Hello().message())
    for name, data in (("nothing", b""), ("three bytes", hello[:3]), ("half a hello", hello[:99])):
        suite.add(f"records: the end of input after {name}", ("closed", "reset", "close_notify", "decode_error", "unexpected_message"), talk(quiet(data)))

    def waits(peer):
        peer.raw(hello[:99])
        return str(peer.read_record()[0])

    suite.add("records: half a hello, then nothing", ("closed", "reset", "close_notify"), talk(waits))


def malformed(suite):
    whole = Hello().body()
    # Cut there it is a hello without extensions, which 1.2 allows.
    whole_without_extensions = 2 + 32 + 33 + 2 + 2 * len(Hello().suites) + 2
    for place in (0, 1, 2, 20, 34, 35, 50, 67, 68, 72, 79, 80, 81, 82, 83, 84, 86, 90, len(whole) - 40, len(whole) - 3, len(whole) - 1):
        add_bytes(suite, f"hello: cut after {place if place < 95 else 'all but ' + str(len(whole) - place)} bytes", ("handshake_failure", TLS12) if place == whole_without_extensions else "decode_error", lambda h, p=place: rec(HANDSHAKE, message(1, h.body()[:p])))
    add_bytes(suite, "hello: a byte behind it", "decode_error", lambda h: rec(HANDSHAKE, message(1, h.body() + b"\0")))
    add_bytes(suite, "hello: the length of the message one too large", ("closed", "decode_error"), lambda h: rec(HANDSHAKE, b"\1" + struct.pack(">I", len(h.body()) + 1)[1:] + h.body()))
    add_bytes(suite, "hello: the length of the message one too small", ("decode_error", "unexpected_message"), lambda h: rec(HANDSHAKE, b"\1" + struct.pack(">I", len(h.body()) - 1)[1:] + h.body()))

    def lengths(hello, change):
        body = hello.body()
        start = 2 + 32 + 1 + len(hello.session) + 2 + 2 * len(hello.suites) + 2
        size = int.from_bytes(body[start : start + 2], "big") + change
        return rec(HANDSHAKE, message(1, body[:start] + struct.pack(">H", size) + body[start + 2 :]))

    for change in (1, -1, 100, -100):
        add_bytes(suite, f"hello: the length of the extensions {change:+d}", "decode_error", lambda h, c=change: lengths(h, c))
    add_hello(suite, "hello: an extension longer than the rest", "decode_error", lambda h: setattr(h, "body", lambda body=h.body(): body[:-len(h.extensions[-1][1]) - 2] + b"\xff\xff" + h.extensions[-1][1]))
    for kind, name in ((SNI, "server_name"), (GROUPS, "supported_groups"), (SIGNATURES, "signature_algorithms"), (VERSIONS, "supported_versions"), (SHARE, "key_share"), (MODES, "psk_key_exchange_modes"), (RENEGOTIATION, "renegotiation_info"), (MASTER, "extended_master_secret")):
        # Not two of a type (section 4.2); which alert is not said.
        add_hello(suite, f"hello: {name} twice", BAD, lambda h, k=kind: h.extensions.insert(0, [k, h.get(k)]))
    add_hello(suite, "hello: an unknown extension twice", BAD + (TLS13,), lambda h: h.extensions.extend([[0xFFAA, b""], [0xFFAA, b""]]))
    add_hello(suite, "hello: no suites", BAD + ("handshake_failure",), lambda h: setattr(h, "suites", []))
    add_bytes(suite, "hello: half a suite", "decode_error", lambda h: rec(HANDSHAKE, message(1, h.body()[:67] + b"\0\x03\x13\x01\x13" + h.body()[67 + 2 + 2 * len(h.suites):])))
    add_hello(suite, "hello: no suite that is known", "handshake_failure", suites=[0x00FF, 0x0A0A, 0xFEFE])
    add_hello(suite, "hello: 1.3 with suites of 1.2 only", "handshake_failure", lambda h: h.set(VERSIONS, b"\2\3\4"), suites=[0xC02B, 0xC02F])
    add_hello(suite, "hello: 1.2 with suites of 1.3 only", "handshake_failure", tls13=False, suites=[0x1301, 0x1302])
    for name, suites in (
        ("RSA key exchange", [0x009C, 0x009D]), ("CBC", [0xC013, 0xC014, 0xC009, 0xC00A, 0xC027]), ("RC4", [0x0005, 0xC011]), ("3DES", [0x000A, 0xC012]),
        ("NULL", [0x0001, 0x0002, 0x003B, 0xC010]), ("export grade", [0x0003, 0x0006, 0x0008]), ("no authentication", [0x0018, 0x006C, 0xC018, 0x00A6]),
        ("finite-field Diffie-Hellman", [0x009E, 0x0033]), ("CCM", [0xC0AC, 0xC09C]), ("PSK", [0x00A8, 0xC035]),
    ):
        add_hello(suite, f"hello: suites with {name} only", "handshake_failure", tls13=False, suites=suites)
    add_hello(suite, "hello: no compressions", BAD, lambda h: setattr(h, "compressions", b""))
    add_hello(suite, "hello: 1.3 with DEFLATE beside none", "illegal_parameter", lambda h: setattr(h, "compressions", b"\1\0"))
    add_hello(suite, "hello: 1.3 with DEFLATE only", BAD, lambda h: setattr(h, "compressions", b"\1"))
    add_hello(suite, "hello: 1.2 with DEFLATE beside none", TLS12, lambda h: setattr(h, "compressions", b"\1\0"), tls13=False)
    add_hello(suite, "hello: 1.2 with DEFLATE only", BAD + ("handshake_failure",), lambda h: setattr(h, "compressions", b"\1"), tls13=False)
    add_hello(suite, "hello: a session id of 33 bytes", BAD, lambda h: setattr(h, "session", bytes(33)))
    add_hello(suite, "hello: 1.3 without a session id", TLS13, lambda h: setattr(h, "session", b""))
    add_hello(suite, "hello: 1.2 with an unknown session id", TLS12, lambda h: setattr(h, "session", bytes(32)), tls13=False)
    add_hello(suite, "hello: 1.2 without extensions", (TLS12, "handshake_failure", "internal_error"), lambda h: setattr(h, "extensions", []), tls13=False)

    def bare(hello):
        body = hello.body()
        hello.body = lambda: body + b"\0\0"

    def without(hello):
        hello.extensions = []
        bare(hello)

    add_hello(suite, "hello: 1.2 with no extension in the list", (TLS12, "handshake_failure", "internal_error"), without, tls13=False)


def parameters(suite):
    add_hello(suite, "groups: none in common, 1.3", "handshake_failure", lambda h: h.set(SHARE, b"\0\0").set(GROUPS, vector(2, shorts([0x2A2A, 0x00FE]))))
    add_hello(suite, "groups: none in common, 1.2", "handshake_failure", tls13=False, groups=(0x2A2A, 0x00FE))
    add_hello(suite, "groups: GREASE first", TLS13, lambda h: h.set(GROUPS, vector(2, shorts([0x2A2A, X25519]))))
    add_hello(suite, "groups: empty", BAD + ("handshake_failure",), lambda h: h.set(GROUPS, b"\0\0"))
    add_hello(suite, "groups: half a group", "decode_error", lambda h: h.set(GROUPS, b"\0\3\0\x1d\0"))
    add_hello(suite, "groups: missing beside a share", ("missing_extension", "illegal_parameter"), lambda h: h.drop(GROUPS))
    add_hello(suite, "shares: missing beside groups", "missing_extension", lambda h: h.drop(SHARE))
    add_hello(suite, "shares: missing, and the groups", "missing_extension", lambda h: h.drop(SHARE, GROUPS))
    add_hello(suite, "shares: none yet", RETRY, lambda h: h.set(SHARE, b"\0\0"))
    add_hello(suite, "shares: of a group that is not offered", "illegal_parameter", lambda h: h.set(GROUPS, vector(2, shorts([P256]))))
    add_hello(suite, "shares: two of one group", "illegal_parameter", lambda h: h.share(X25519, X25519))
    add_hello(suite, "shares: GREASE, then X25519", TLS13, lambda h: h.set(SHARE, vector(2, b"\x2a\x2a\0\1\0" + struct.pack(">H", X25519) + vector(2, share(X25519)))).set(GROUPS, vector(2, shorts([0x2A2A, X25519]))))
    for group in (X25519, P256, P384):
        add_hello(suite, f"shares: group {group}", TLS13, lambda h, g=group: h.share(g))
    point = bytearray(share(P256))
    point[-1] ^= 1
    for name, group, public in (
        ("31 bytes of X25519", X25519, bytes(31)), ("33 bytes of X25519", X25519, bytes(33)), ("no bytes", X25519, b""), ("zero of X25519", X25519, bytes(32)),
        ("one of X25519, of small order", X25519, b"\1" + bytes(31)), ("a point that is not on P-256", P256, bytes(point)), ("the point at infinity", P256, b"\0"),
        ("half a point of P-256", P256, share(P256)[:33]), ("a compressed point", P256, b"\x02" + share(P256)[1:33]), ("a byte behind a point", P256, share(P256) + b"\0"),
    ):
        add_hello(suite, f"shares: {name}", BAD, lambda h, g=group, p=public: h.set(SHARE, vector(2, struct.pack(">H", g) + vector(2, p))))
    add_hello(suite, "shares: a length too long", "decode_error", lambda h: h.set(SHARE, b"\0\xff" + h.get(SHARE)[2:]))
    add_hello(suite, "shares: bytes behind", "decode_error", lambda h: h.set(SHARE, h.get(SHARE) + b"\0"))
    add_hello(suite, "signatures: missing, 1.3", "missing_extension", lambda h: h.drop(SIGNATURES))
    add_hello(suite, "signatures: missing, 1.2", ("handshake_failure", "TLS 1.2"), lambda h: h.drop(SIGNATURES), tls13=False)
    add_hello(suite, "signatures: empty", BAD, lambda h: h.set(SIGNATURES, b"\0\0"))
    add_hello(suite, "signatures: half of one", "decode_error", lambda h: h.set(SIGNATURES, b"\0\3\4\3\4"))
    for tls13 in (True, False):
        version = "1.3" if tls13 else "1.2"
        only = (lambda h: h.set(VERSIONS, b"\2\3\4")) if tls13 else (lambda h: None)
        for name, scheme in (("unknown", [0xFEFE]), ("SHA-1", [0x0203, 0x0201]), ("MD5", [0x0101]), ("DSA", [0x0402]), ("Ed25519", [0x0807])):
            add_hello(suite, f"signatures: {name} only, {version}", "handshake_failure", only, tls13=tls13, signatures=scheme)
        add_hello(suite, f"signatures: GREASE first, {version}", TLS13 if tls13 else TLS12, only, tls13=tls13, signatures=[0x2A2A, 0x0403, 0x0804])
    # PKCS #1 signs no handshake of 1.3 (section 4.2.3).
    add_hello(suite, "signatures: PKCS #1 only, 1.3", "handshake_failure", lambda h: h.set(VERSIONS, b"\2\3\4"), signatures=[0x0401, 0x0501, 0x0601])
    add_hello(suite, "points: without uncompressed", ("illegal_parameter", "decode_error", "handshake_failure", TLS12), lambda h: h.set(POINTS, b"\1\1"), tls13=False)
    add_hello(suite, "points: empty", ("decode_error", "illegal_parameter"), lambda h: h.set(POINTS, b"\0"), tls13=False)
    add_hello(suite, "extensions: two hundred unknown", TLS13, lambda h: h.extensions.extend([[0x4000 + i, b"x" * 9] for i in range(200)]))
    add_hello(suite, "extensions: GREASE everywhere", TLS13, lambda h: (h.extensions.insert(0, [0x3A3A, b""]), h.extensions.append([0x4A4A, b"\0"]), h.suites.insert(0, 0x5A5A)))
    for size in (10_000, 17_000, 60_000):
        add_hello(suite, f"extensions: {size} bytes of padding", (TLS13, "illegal_parameter", "decode_error") if size > 17_000 else TLS13, lambda h, s=size: h.set(PADDING, bytes(s)))
    add_hello(suite, "extensions: heartbeat is not answered", TLS13, lambda h: h.set(15, b"\1"))
    add_hello(suite, "extensions: a cookie that nobody gave", (TLS13, "illegal_parameter", "unsupported_extension", "unexpected_message", "decode_error"), lambda h: h.set(COOKIE, vector(2, bytes(32))))
    add_hello(suite, "extensions: max_fragment_length of no known code", "illegal_parameter", lambda h: h.set(FRAGMENT, b"\x09"))
    add_hello(suite, "extensions: max_fragment_length of two bytes", "decode_error", lambda h: h.set(FRAGMENT, b"\1\1"))
    add_hello(suite, "extensions: record_size_limit is taken or passed over", TLS13, lambda h: h.set(28, b"\x02\0"))
    add_hello(suite, "extensions: status_request", TLS13, lambda h: h.set(STATUS, b"\1\0\0\0\0"))
    add_hello(suite, "extensions: status_request cut short", ("decode_error", TLS13), lambda h: h.set(STATUS, b"\1\0\0"))
    add_hello(suite, "extensions: psk_key_exchange_modes empty", BAD, lambda h: h.set(MODES, b"\0"))
    add_hello(suite, "extensions: extended_master_secret with content", BAD + (TLS12,), lambda h: h.set(MASTER, b"\0"), tls13=False)
    add_hello(suite, "extensions: early_data with content", BAD, lambda h: h.set(EARLY, b"\0"))

    def fragment(peer):
        peer.hello(Hello(tls13=False).set(FRAGMENT, b"\1"))
        peer.server_hello()
        if FRAGMENT not in peer.answers:
            return "not taken"
        length = len(peer.read_record()[1])
        return "taken" if length <= 512 else f"a record of {length} bytes"

    suite.add("extensions: max_fragment_length of 512 bytes", ("taken", "not taken"), talk(fragment))


def names(suite):
    host = lambda name, kind=0: bytes([kind]) + vector(2, name)
    for name, data, allowed in (
        ("none", None, TLS13), ("localhost", vector(2, host(b"localhost")), TLS13), ("capitals", vector(2, host(b"LOCALHOST")), TLS13),
        ("a dot at the end", vector(2, host(b"localhost.")), TLS13), ("somebody else", vector(2, host(b"other.example")), (TLS13, "unrecognized_name")),
        ("an address", vector(2, host(b"127.0.0.1")), (TLS13, "unrecognized_name", "illegal_parameter")), ("255 bytes", vector(2, host(b"a" * 255)), (TLS13, "unrecognized_name")),
        ("256 bytes", vector(2, host(b"a" * 256)), (TLS13, "unrecognized_name") + BAD), ("a NUL within", vector(2, host(b"localhost\0.evil")), ("unrecognized_name",) + BAD),
        ("bytes that are no name", vector(2, host(b"\xff\xfe\x01")), (TLS13, "unrecognized_name") + BAD), ("no name in the list", b"\0\0", "decode_error"),
        ("an empty name", vector(2, host(b"")), ("decode_error", "unrecognized_name", "illegal_parameter", TLS13)), ("two names", vector(2, host(b"localhost") + host(b"other")), BAD),
        ("an unknown type", vector(2, host(b"localhost", 7)), (TLS13, "unrecognized_name") + BAD), ("empty", b"", ("decode_error",)),
        ("a length too long", b"\0\x20" + host(b"localhost"), "decode_error"), ("bytes behind", vector(2, host(b"localhost")) + b"\0", "decode_error"),
    ):
        add_hello(suite, f"server_name: {name}", allowed, lambda h, d=data: h.drop(SNI) if d is None else h.set(SNI, d))

    def alpn(change, tls13):
        def work(peer):
            hello = Hello(tls13=tls13)
            change(hello)
            (peer.connect13 if tls13 else peer.connect12)(hello)
            return (peer.negotiated_alpn or b"none").decode()
        return work

    for tls13 in (True, False):
        version = "1.3" if tls13 else "1.2"
        for name, change, allowed in (
            ("not offered", lambda h: None, "none"), ("http/1.1", lambda h: h.alpn(b"http/1.1"), "http/1.1"), ("h2 and http/1.1", lambda h: h.alpn(b"h2", b"http/1.1"), "h2"),
            ("http/1.1 before h2", lambda h: h.alpn(b"http/1.1", b"h2"), ("h2", "http/1.1")), ("an unknown one and http/1.1", lambda h: h.alpn(b"spdy/9", b"http/1.1"), "http/1.1"),
            ("none in common", lambda h: h.alpn(b"spdy/9", b"imap"), "no_application_protocol"), ("other case", lambda h: h.alpn(b"H2"), "no_application_protocol"),
            ("a prefix", lambda h: h.alpn(b"http/1."), "no_application_protocol"), ("an empty list", lambda h: h.set(ALPN, b"\0\0"), "decode_error"),
            ("empty", lambda h: h.set(ALPN, b""), "decode_error"), ("an empty name", lambda h: h.alpn(b"h2", b""), "decode_error"),
            ("a name cut short", lambda h: h.set(ALPN, b"\0\3\5h2"), "decode_error"), ("bytes behind", lambda h: h.set(ALPN, b"\0\3\2h2\0"), "decode_error"),
            ("GREASE first", lambda h: h.alpn(b"\x0a\x0a", b"h2"), "h2"), ("two thousand, h2 last", lambda h: h.alpn(*[b"x%04d" % i for i in range(2000)], b"h2"), "h2"),
        ):
            suite.add(f"alpn: {name}, {version}", allowed, talk(alpn(change, tls13)))
        suite.add(f"alpn: twice, {version}", BAD, talk(alpn(lambda h: (h.alpn(b"h2"), h.extensions.append([ALPN, h.get(ALPN)])), tls13)))


def add_to(suite):
    for part in (versions, records, malformed, parameters, names):
        part(suite)
