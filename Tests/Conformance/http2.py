#!/usr/bin/env python3
"""HTTP/2, frame by frame, with Hookgate and with a stock nginx: RFC 9113's demands on servers and RFC 7541's on decoders.

    http2.py [--only WORDS] BINARY

The exit status is 1 when Hookgate does what the RFCs do not allow and exceptions.json does not explain it. Needs Python's
hpack (python3-h2) and cryptography, and nginx.
"""
import struct
import sys

import suite
from http2_wire import *
from servers import Pair

conversations = suite.Suite("http2")
OK = "answered *"
# A connection error may also show as the mere end of the connection: bytes still under way can cost the goodbye.
def connection(*codes):
    return tuple(f"GOAWAY {c}" for c in codes) + ("closed", "reset")


def stream_or_connection(*codes):
    return tuple(f"RST_STREAM {c}" for c in codes) + connection(*codes)


# A malformed request: a stream error (section 8.1.1), and a server may say 400 first.
MALFORMED = ("RST_STREAM PROTOCOL_ERROR", "answered 400") + connection("PROTOCOL_ERROR")
PROTOCOL, SIZE, CLOSED, FLOW, COMPRESSION = "PROTOCOL_ERROR", "FRAME_SIZE_ERROR", "STREAM_CLOSED", "FLOW_CONTROL_ERROR", "COMPRESSION_ERROR"
CALM = "ENHANCE_YOUR_CALM"


def add(name, allowed, work, **more):
    def run(server, pair, log):
        try:
            peer = Connection(server.address, pair.folder, **more)
        except Wrong as wrong:
            return f"wrong: {wrong}"
        peer.log = log
        try:
            return work(peer)
        except Gone as gone:
            return str(gone)
        except Wrong as wrong:
            return f"wrong: {wrong}"
        finally:
            peer.close()

    conversations.add(name, allowed, run)


def sends(name, allowed, data, then=None, **more):
    """Sends bytes; what becomes of the connection, or of a request behind them."""
    def work(peer):
        peer.send(data(peer) if callable(data) else data)
        return then(peer) if then else peer.quiet()
    add(name, allowed, work, **more)


def serves(peer):
    return peer.still_serves()


def request(name, allowed, fields, **more):
    """A request with these fields, as they stand."""
    add(name, allowed, lambda p: p.outcome(p.head(fields(p))), **more)


def open_post(peer, more=()):
    return peer.head(peer.fields("POST", more), flags=END_HEADERS)


# 3.4 Connection preface

sends("3.4: the preface, then a request", OK, b"", serves)
sends("3.4: another preface", connection(PROTOCOL), b"", preface=b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n", then=lambda p: p.outcome())
sends("3.4: HTTP/1.1 on a connection for HTTP/2", connection(PROTOCOL) + (OK, "wrong: *"), b"", preface=b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", first=b"", then=lambda p: p.outcome())
sends("3.4: half a preface, then nothing", ("closed", "reset", "GOAWAY *"), b"", preface=PREFACE[:10], first=b"", then=lambda p: p.outcome())
sends("3.4: PING instead of SETTINGS", connection(PROTOCOL), b"", first=frame(PING, 0, 0, bytes(8)), then=lambda p: p.outcome())
sends("3.4: a request instead of SETTINGS", connection(PROTOCOL), lambda p: frame(HEADERS, 5, 1, p.block(p.fields())), first=b"", then=lambda p: p.outcome())
sends("3.4: the preface byte by byte", OK, b"", then=lambda p: ([p.send(bytes([b])) for b in PREFACE + settings()], p.still_serves())[1], preface=b"", first=b"")


def first_frame(peer):
    return NAMES.get(peer.read_frame()[0], "another")


add("3.4: the server's first frame", "SETTINGS", first_frame)

# 4 Frames

sends("4.1: an unknown type is passed over", OK, frame(0x77, 0xFF, 0, b"x" * 100), serves)
sends("4.1: an unknown type on a stream is passed over", OK, frame(0x77, 0xFF, 1, b"x" * 100), serves)
sends("4.1: undefined flags are passed over", OK, frame(PING, 0xFE & ~1, 0, bytes(8)), serves)
add("4.1: the reserved bit is passed over", OK, lambda p: (p.send(frame(HEADERS, 5, 0x80000001, p.block(p.fields()))), p.outcome(1))[1])
add("4.1: undefined flags of HEADERS are passed over", OK, lambda p: (p.send(frame(HEADERS, 5 | 0xC2, 1, p.block(p.fields()))), p.outcome(1))[1])
sends("4.2: 2^14 bytes", OK, frame(0x77, 0, 0, bytes(16_384)), serves)
sends("4.2: an unknown type of 2^14 + 1 bytes", connection(SIZE) + (OK,), frame(0x77, 0, 0, bytes(16_385)), serves)
sends("4.2: DATA of 2^14 + 1 bytes", stream_or_connection(SIZE), lambda p: frame(DATA, 0, open_post(p), bytes(16_385)), lambda p: p.outcome(1))
sends("4.2: HEADERS of 2^14 + 1 bytes", connection(SIZE), lambda p: frame(HEADERS, 5, 1, bytes(16_385)), lambda p: p.outcome(1))
sends("4.2: 2^24 - 1 bytes promised", connection(SIZE), frame(DATA, 0, 1, b"", 0xFFFFFF), lambda p: p.outcome())
sends("4.3: a block that cannot be decoded", connection(COMPRESSION, PROTOCOL), frame(HEADERS, 5, 1, b"\xff\xff\xff\xff\xff\xff"), lambda p: p.outcome(1))
sends("4.3: DATA within a block", connection(PROTOCOL), lambda p: frame(HEADERS, 1, 1, p.block(p.fields())) + frame(DATA, 1, 1, b"x"), lambda p: p.outcome(1))
sends("4.3: PING within a block", connection(PROTOCOL), lambda p: frame(HEADERS, 1, 1, p.block(p.fields())) + frame(PING, 0, 0, bytes(8)), lambda p: p.outcome(1))
sends("4.3: an unknown type within a block", connection(PROTOCOL), lambda p: frame(HEADERS, 1, 1, p.block(p.fields())) + frame(0x77, 0, 1, b"x"), lambda p: p.outcome(1))
sends("4.3: HEADERS of another stream within a block", connection(PROTOCOL), lambda p: frame(HEADERS, 1, 1, p.block(p.fields())) + frame(HEADERS, 5, 3, p.block(p.fields())), lambda p: p.outcome(1))
sends("4.3: CONTINUATION of another stream", connection(PROTOCOL), lambda p: frame(HEADERS, 1, 1, p.block(p.fields())) + frame(CONTINUATION, 4, 3, b""), lambda p: p.outcome(1))

# 5.1 Stream states

sends("5.1: DATA on an idle stream", connection(PROTOCOL), frame(DATA, 1, 1, b"x"), lambda p: p.outcome(1))
sends("5.1: RST_STREAM on an idle stream", connection(PROTOCOL), frame(RST_STREAM, 0, 1, bytes(4)), lambda p: p.outcome())
sends("5.1: WINDOW_UPDATE on an idle stream", connection(PROTOCOL), frame(WINDOW_UPDATE, 0, 1, b"\0\0\0\1"), lambda p: p.outcome())
sends("5.1: CONTINUATION on an idle stream", connection(PROTOCOL), frame(CONTINUATION, 4, 1, b""), lambda p: p.outcome())
sends("5.1: PRIORITY on an idle stream", OK, frame(PRIORITY, 0, 99, b"\0\0\0\0\x10"), serves)
# What a server still remembers of a stream is a stream error; what it has forgotten, a connection error.
def half_closed(data):
    def work(p):
        # Both in one packet: the reply is not there before.
        p.send(frame(HEADERS, 5, 1, p.block(p.fields())) + data(p))
        end = p.quiet()
        return end if 1 not in p.resets else f"RST_STREAM {p.resets[1]}"
    return work


late = stream_or_connection(CLOSED) + ("goes on",)
add("5.1: DATA behind END_STREAM", late, half_closed(lambda p: frame(DATA, 0, 1, b"x")))
add("5.1: HEADERS behind END_STREAM", stream_or_connection(CLOSED, PROTOCOL), half_closed(lambda p: frame(HEADERS, 5, 1, p.block(p.fields()))))
add("5.1: RST_STREAM behind END_STREAM", "goes on", half_closed(lambda p: frame(RST_STREAM, 0, 1, bytes(4))))
add("5.1: WINDOW_UPDATE behind END_STREAM", "goes on", half_closed(lambda p: frame(WINDOW_UPDATE, 0, 1, b"\0\0\0\1")))
add("5.1: PRIORITY behind END_STREAM", "goes on", half_closed(lambda p: frame(PRIORITY, 0, 1, b"\0\0\0\0\x10")))


def closed(data):
    def work(p):
        p.outcome(p.head())
        p.send(data(p))
        return p.quiet() if 1 not in p.resets else f"RST_STREAM {p.resets[1]}"
    return work


add("5.1: DATA on a closed stream", stream_or_connection(CLOSED, PROTOCOL), closed(lambda p: frame(DATA, 1, 1, b"x")))
add("5.1: HEADERS on a closed stream", stream_or_connection(CLOSED, PROTOCOL), closed(lambda p: frame(HEADERS, 5, 1, p.block(p.fields()))))
add("5.1: CONTINUATION on a closed stream", stream_or_connection(CLOSED, PROTOCOL), closed(lambda p: frame(CONTINUATION, 4, 1, b"")))
add("5.1: WINDOW_UPDATE on a closed stream", "goes on", closed(lambda p: frame(WINDOW_UPDATE, 0, 1, b"\0\0\0\1")))
add("5.1: RST_STREAM on a closed stream", "goes on", closed(lambda p: frame(RST_STREAM, 0, 1, bytes(4))))
add("5.1: PRIORITY on a closed stream", "goes on", closed(lambda p: frame(PRIORITY, 0, 1, b"\0\0\0\0\x10")))


def reset(data):
    def work(p):
        open_post(p)
        p.send(frame(RST_STREAM, 0, 1, struct.pack(">I", 8)) + data(p))
        return p.quiet() if 1 not in p.resets else f"RST_STREAM {p.resets[1]}"
    return work


add("5.1: DATA behind RST_STREAM", stream_or_connection(CLOSED, PROTOCOL), reset(lambda p: frame(DATA, 0, 1, b"x")))
add("5.1: HEADERS behind RST_STREAM", stream_or_connection(CLOSED, PROTOCOL), reset(lambda p: frame(HEADERS, 5, 1, p.block(p.fields()))))
add("5.1: a request behind RST_STREAM", OK, lambda p: (open_post(p), p.send(frame(RST_STREAM, 0, 1, struct.pack(">I", 8))), p.still_serves())[2])
sends("5.1.1: an even number", connection(PROTOCOL), lambda p: frame(HEADERS, 5, 2, p.block(p.fields())), lambda p: p.outcome(2))
sends("5.1.1: stream 0", connection(PROTOCOL), lambda p: frame(HEADERS, 5, 0, p.block(p.fields())), lambda p: p.outcome())
add("5.1.1: a number smaller than before", connection(PROTOCOL, CLOSED), lambda p: (p.outcome(p.head(stream=5)), p.head(stream=3), p.outcome(3))[2])
add("5.1.1: numbers left out", OK, lambda p: (p.outcome(p.head(stream=5)), p.outcome(p.head(stream=999)))[1])
add("5.1.1: the greatest number", OK, lambda p: p.outcome(p.head(stream=0x7FFFFFFF)))


def too_many(peer):
    peer.quiet()
    most = peer.server_settings.get(3, 100)
    for _ in range(most):
        open_post(peer)
    last = open_post(peer)
    return f"{peer.outcome(last)}"


add("5.1.2: one stream more than allowed", ("RST_STREAM REFUSED_STREAM", "RST_STREAM PROTOCOL_ERROR", OK) + connection(PROTOCOL, "REFUSED_STREAM"), too_many)

# 5.3 Priority, deprecated: parsed and passed over

add("5.3: HEADERS with a priority", OK, lambda p: (p.send(frame(HEADERS, 5 | PRIORITIZED, 1, b"\0\0\0\0\x10" + p.block(p.fields()))), p.outcome(1))[1])
add("5.3.1: HEADERS that depend on their own stream", stream_or_connection(PROTOCOL) + (OK,), lambda p: (p.send(frame(HEADERS, 5 | PRIORITIZED, 1, b"\0\0\0\1\x10" + p.block(p.fields()))), p.outcome(1))[1])
sends("5.3.1: PRIORITY that depends on its own stream", ("goes on", OK) + stream_or_connection(PROTOCOL), frame(PRIORITY, 0, 1, b"\0\0\0\1\x10"), lambda p: p.quiet())

# 5.4, 5.5 Errors and extensions

sends("5.4.1: the goodbye names the last stream", connection(PROTOCOL), lambda p: (p.outcome(p.head()), frame(PING, 0, 1, bytes(8)))[1], lambda p: p.outcome())
sends("5.5: an unknown setting is passed over", OK, settings((0xFF01, 1), (0, 5)), serves)
sends("5.5: ALTSVC from a client is passed over", OK, frame(ALTSVC, 0, 0, b"\0\x05https" + b'h2=":443"'), serves)
sends("5.5: ORIGIN from a client is passed over", OK, frame(ORIGIN, 0, 0, b"\0\x0bhttps://a.b"), serves)
sends("5.5: an empty ALTSVC", OK, frame(ALTSVC, 0, 0, b""), serves)
sends("5.5: ALTSVC whose length is a lie", (OK,) + connection(PROTOCOL, SIZE), frame(ALTSVC, 0, 0, b"\xff\xffab"), serves)
sends("5.5: ORIGIN whose length is a lie", (OK,) + connection(PROTOCOL, SIZE), frame(ORIGIN, 0, 0, b"\xff\xffab"), serves)
sends("5.5: ORIGIN on a stream", (OK,) + connection(PROTOCOL), frame(ORIGIN, 0, 1, b"\0\x01a"), serves)

# 6.1 DATA

sends("6.1: DATA on stream 0", connection(PROTOCOL), frame(DATA, 0, 0, b"x"), lambda p: p.outcome())
def post(data):
    """A POST with this content, in frames of `data`; the reply, whatever it is, shows that it was read."""
    return lambda p: (open_post(p), p.send(data), p.outcome(1))[2]


add("6.1: padding", OK, post(frame(DATA, 1 | PADDED, 1, b"\x05abc" + bytes(5))))
add("6.1: nothing but padding", OK, post(frame(DATA, 1 | PADDED, 1, b"\xff" + bytes(255))))
add("6.1: padding as long as the frame", connection(PROTOCOL), lambda p: (open_post(p), p.send(frame(DATA, 1 | PADDED, 1, b"\x03ab")), p.outcome(1) if 1 not in p.ended else "", p.quiet())[3])
add("6.1: padding without its length", connection(PROTOCOL, SIZE), lambda p: (open_post(p), p.send(frame(DATA, 1 | PADDED, 1, b"")), p.quiet())[2])
add("6.1: padding that is not zero", (OK,) + connection(PROTOCOL), post(frame(DATA, 1 | PADDED, 1, b"\x02abXY")))
add("6.1: an empty DATA with END_STREAM", OK, post(frame(DATA, 1, 1, b"")))

# 6.2 HEADERS (CVE-2022-0618, CVE-2022-24667: lengths of padding and priority that do not fit)

def headers(name, allowed, make):
    add(f"6.2: {name}", allowed, lambda p: (p.send(make(p, p.block(p.fields()))), p.outcome(1))[1])


headers("padding", OK, lambda p, b: frame(HEADERS, 5 | PADDED, 1, b"\x07" + b + bytes(7)))
headers("padding and priority", OK, lambda p, b: frame(HEADERS, 5 | PADDED | PRIORITIZED, 1, b"\x07\0\0\0\0\x10" + b + bytes(7)))
headers("padding longer than the frame", connection(PROTOCOL), lambda p, b: frame(HEADERS, 5 | PADDED, 1, bytes([len(b) + 1]) + b))
headers("padding of 255 bytes in three", connection(PROTOCOL), lambda p, b: frame(HEADERS, 5 | PADDED, 1, b"\xff\0\0"))
headers("padding without its length", connection(PROTOCOL, SIZE), lambda p, b: frame(HEADERS, 5 | PADDED, 1, b""))
headers("priority without its bytes", connection(PROTOCOL, SIZE), lambda p, b: frame(HEADERS, 5 | PRIORITIZED, 1, b""))
headers("four of five bytes of a priority", connection(PROTOCOL, SIZE), lambda p, b: frame(HEADERS, 5 | PRIORITIZED, 1, b"\0\0\0\0"))
headers("padding and priority in one byte", connection(PROTOCOL, SIZE), lambda p, b: frame(HEADERS, 5 | PADDED | PRIORITIZED, 1, b"\0"))
headers("padding that leaves no room for the priority", connection(PROTOCOL, SIZE), lambda p, b: frame(HEADERS, 5 | PADDED | PRIORITIZED, 1, b"\x04\0\0\0\0\x10"))
headers("nothing but padding", MALFORMED + connection(COMPRESSION), lambda p, b: frame(HEADERS, 5 | PADDED, 1, b"\x07" + bytes(7)))
headers("an empty block", MALFORMED, lambda p, b: frame(HEADERS, 5, 1, b""))

# 6.3 PRIORITY, 6.4 RST_STREAM

sends("6.3: PRIORITY on stream 0", connection(PROTOCOL), frame(PRIORITY, 0, 0, bytes(5)), lambda p: p.outcome())
sends("6.3: PRIORITY of four bytes", stream_or_connection(SIZE), frame(PRIORITY, 0, 1, bytes(4)), lambda p: p.outcome(1))
sends("6.3: PRIORITY of six bytes", stream_or_connection(SIZE), frame(PRIORITY, 0, 1, bytes(6)), lambda p: p.outcome(1))
sends("6.4: RST_STREAM on stream 0", connection(PROTOCOL), frame(RST_STREAM, 0, 0, bytes(4)), lambda p: p.outcome())
sends("6.4: RST_STREAM of three bytes", connection(SIZE), lambda p: (open_post(p), frame(RST_STREAM, 0, 1, bytes(3)))[1], lambda p: p.outcome(1) if False else p.quiet())
sends("6.4: RST_STREAM with an unknown code", OK, lambda p: (open_post(p), frame(RST_STREAM, 0, 1, b"\xff\xff\xff\xff"))[1], serves)

# 6.5 SETTINGS

sends("6.5: SETTINGS on a stream", connection(PROTOCOL), frame(SETTINGS, 0, 1, b""), lambda p: p.outcome())
sends("6.5: SETTINGS of five bytes", connection(SIZE), frame(SETTINGS, 0, 0, bytes(5)), lambda p: p.outcome())
sends("6.5: an acknowledgement with content", connection(SIZE), frame(SETTINGS, ACK, 0, bytes(6)), lambda p: p.outcome())
sends("6.5: an acknowledgement that nobody waits for", (OK,) + connection(PROTOCOL), frame(SETTINGS, ACK) * 2, serves)
add("6.5.3: SETTINGS are acknowledged", "2", lambda p: (p.send(settings((4, 70_000))), p.quiet(), str(p.settings_acknowledged))[2])
for value in (2, 0xFFFFFFFF):
    sends(f"6.5.2: ENABLE_PUSH {value}", connection(PROTOCOL), settings((2, value)), lambda p: p.outcome())
sends("6.5.2: INITIAL_WINDOW_SIZE 2^31", connection(FLOW), settings((4, 1 << 31)), lambda p: p.outcome())
sends("6.5.2: INITIAL_WINDOW_SIZE 2^31 - 1", OK, settings((4, (1 << 31) - 1)), serves)
for value in (0, 16_383, 1 << 24):
    sends(f"6.5.2: MAX_FRAME_SIZE {value}", connection(PROTOCOL), settings((5, value)), lambda p: p.outcome())
sends("6.5.2: MAX_FRAME_SIZE 2^24 - 1", OK, settings((5, (1 << 24) - 1)), serves)
sends("6.5.2: ENABLE_CONNECT_PROTOCOL 2", (OK,) + connection(PROTOCOL), settings((8, 2)), serves)
sends("6.5.2: MAX_CONCURRENT_STREAMS 0", OK, settings((3, 0)), serves)
sends("6.5.2: MAX_HEADER_LIST_SIZE 0", OK, settings((6, 0)), serves)
sends("6.5.2: HEADER_TABLE_SIZE 0", OK, settings((1, 0)), serves)
sends("6.5.2: HEADER_TABLE_SIZE 2^32 - 1", OK, settings((1, 0xFFFFFFFF)), serves)
sends("6.5.2: one setting twice", OK, settings((4, 1), (4, 70_000)), serves)
add("6.5.2: INITIAL_WINDOW_SIZE 0 holds content back, not the head", ("held back", "RST_STREAM *"), lambda p: (lambda s: (p.quiet(), "held back" if s in p.statuses and s not in p.ended and not p.bodies.get(s) else ("no content" if s in p.ended and not p.bodies.get(s) else "sent"))[1])(p.head()), first=settings((4, 0)))
add("6.5.3: a window enlarged by SETTINGS lets the content through", OK, lambda p: (lambda s: (p.quiet(), p.send(settings((4, 65_535))), p.outcome(s))[2])(p.head()), first=settings((4, 0)))
sends("6.5.2: INITIAL_WINDOW_SIZE that makes a window overflow", connection(FLOW), lambda p: (p.send(frame(HEADERS, 4, 1, p.block(p.fields("POST"))) + frame(WINDOW_UPDATE, 0, 1, struct.pack(">I", 0x7FFFFFFF - 65_535))), settings((4, 65_536)))[1], lambda p: p.quiet())

# 6.6 PUSH_PROMISE, 6.7 PING, 6.8 GOAWAY

sends("6.6: PUSH_PROMISE from a client", connection(PROTOCOL), lambda p: frame(PUSH_PROMISE, 4, 1, b"\0\0\0\2" + p.block(p.fields())), lambda p: p.outcome())
add("6.7: PING is answered with its content", "12345678", lambda p: (p.send(frame(PING, 0, 0, b"12345678")), p.quiet(), b"".join(p.pongs).decode())[2])
add("6.7: PING with ACK is not answered", "", lambda p: (p.send(frame(PING, ACK, 0, b"12345678")), p.quiet(), b"".join(p.pongs).decode())[2])
sends("6.7: PING on a stream", connection(PROTOCOL), frame(PING, 0, 1, bytes(8)), lambda p: p.outcome())
for size in (0, 7, 9):
    sends(f"6.7: PING of {size} bytes", connection(SIZE), frame(PING, 0, 0, bytes(size)), lambda p: p.outcome())
sends("6.8: GOAWAY on a stream", connection(PROTOCOL), frame(GOAWAY, 0, 1, bytes(8)), lambda p: p.outcome())
sends("6.8: GOAWAY of seven bytes", connection(SIZE), frame(GOAWAY, 0, 0, bytes(7)), lambda p: p.outcome())
add("6.8: GOAWAY behind a request, which is answered", OK, lambda p: (p.send(frame(HEADERS, 5, 1, p.block(p.fields())) + frame(GOAWAY, 0, 0, bytes(8))), p.outcome(1))[1])

# 6.9 WINDOW_UPDATE

sends("6.9: an increment of 0 on the connection", connection(PROTOCOL), frame(WINDOW_UPDATE, 0, 0, bytes(4)), lambda p: p.outcome())
sends("6.9: an increment of 0 on a stream", stream_or_connection(PROTOCOL), lambda p: (open_post(p), frame(WINDOW_UPDATE, 0, 1, bytes(4)))[1], lambda p: p.outcome(1))
sends("6.9: WINDOW_UPDATE of three bytes", connection(SIZE), frame(WINDOW_UPDATE, 0, 0, bytes(3)), lambda p: p.outcome())
sends("6.9: WINDOW_UPDATE of five bytes", connection(SIZE), frame(WINDOW_UPDATE, 0, 0, bytes(5)), lambda p: p.outcome())
sends("6.9: the reserved bit of an increment", OK, frame(WINDOW_UPDATE, 0, 0, b"\x80\0\0\1"), serves)
sends("6.9.1: the connection's window beyond 2^31 - 1", connection(FLOW), frame(WINDOW_UPDATE, 0, 0, b"\x7f\xff\xff\xff"), lambda p: p.outcome())
sends("6.9.1: a stream's window beyond 2^31 - 1", stream_or_connection(FLOW), lambda p: frame(HEADERS, 4, 1, p.block(p.fields("POST"))) + frame(WINDOW_UPDATE, 0, 1, b"\x7f\xff\xff\xff"), lambda p: p.outcome(1))


def overrun(peer):
    """More content than the window allows, on a push that is wanted, with no regard for what the server gives back."""
    import base64
    known = "Basic " + base64.b64encode(b"conformance:conformance").decode()
    fields = peer.fields("POST", [("content-type", "application/x-www-form-urlencoded"), ("authorization", known)], path="/hooks/sipgate")
    stream = peer.head(fields, flags=END_HEADERS)
    for _ in range(64):
        peer.send(frame(DATA, 0, stream, b"x" * 16_384))
    return peer.outcome(stream)


# A refusal may come first: neither reads on.
add("6.9.1: a megabyte into a window of 64 KiB", stream_or_connection(FLOW, CALM, "NO_ERROR", "CANCEL") + ("answered 413", "answered 200"), overrun)

# 6.10 CONTINUATION

def continued(name, allowed, make, then=lambda p: p.outcome(1)):
    add(f"6.10: {name}", allowed, lambda p: (p.send(make(p, p.block(p.fields()))), then(p))[1])


continued("one", OK, lambda p, b: frame(HEADERS, 1, 1, b[:9]) + frame(CONTINUATION, 4, 1, b[9:]))
continued("two, one of them empty", OK, lambda p, b: frame(HEADERS, 1, 1, b[:9]) + frame(CONTINUATION, 0, 1, b"") + frame(CONTINUATION, 4, 1, b[9:]))
continued("behind an empty HEADERS", OK, lambda p, b: frame(HEADERS, 1, 1, b"") + frame(CONTINUATION, 4, 1, b))
continued("three, cut within integers and texts", OK, lambda p, b: frame(HEADERS, 1, 1, b[:1]) + frame(CONTINUATION, 0, 1, b[1:2]) + frame(CONTINUATION, 0, 1, b[2:20]) + frame(CONTINUATION, 4, 1, b[20:]))
continued("on stream 0", connection(PROTOCOL), lambda p, b: frame(HEADERS, 1, 1, b[:9]) + frame(CONTINUATION, 4, 0, b[9:]))
continued("behind END_HEADERS", connection(PROTOCOL), lambda p, b: frame(HEADERS, 4, 1, b) + frame(CONTINUATION, 4, 1, b""), lambda p: p.quiet())
continued("behind DATA", connection(PROTOCOL), lambda p, b: frame(HEADERS, 4, 1, p.block(p.fields("POST"))) + frame(DATA, 0, 1, b"x") + frame(CONTINUATION, 4, 1, b""), lambda p: p.quiet())
continued("a thousand", connection(CALM, PROTOCOL) + ("answered 4*",), lambda p, b: frame(HEADERS, 1, 1, b) + frame(CONTINUATION, 0, 1, p.block([("a", "b")])) * 1000 + frame(CONTINUATION, 4, 1, b""))
continued("without an end", ("closed", "reset", "GOAWAY *"), lambda p, b: frame(HEADERS, 1, 1, b))

# 8 Requests

request("8.2: a field", OK, lambda p: p.fields(more=[("x-test", "1")]))
for name, text in (("a capital letter", "X-Test"), ("a blank", "x test"), ("a colon within", "x:test"), ("a line end", "x\r\ntest"), ("a NUL", "x\0test"), ("a letter beyond ASCII", "x\u00fc"), ("no letter", "")):
    request(f"8.2.1: a name with {name}", MALFORMED, lambda p, t=text: p.fields(more=[(t, "1")]))
for name, text in (("CR", "a\rb"), ("LF", "a\nb"), ("NUL", "a\0b"), ("CR LF and a field", "a\r\nx: y")):
    request(f"8.2.1: a value with {name}", MALFORMED, lambda p, t=text: p.fields(more=[("x-test", t)]))
for name, text in (("a blank before", " a"), ("a blank behind", "a "), ("a tab before", "\ta")):
    request(f"8.2.1: a value with {name}", MALFORMED + (OK,), lambda p, t=text: p.fields(more=[("x-test", t)]))
for name, value in (("connection", "close"), ("connection", "keep-alive"), ("keep-alive", "300"), ("proxy-connection", "close"), ("transfer-encoding", "chunked"), ("upgrade", "h2c"), ("te", "gzip"), ("te", "trailers, gzip")):
    request(f"8.2.2: {name}: {value}", MALFORMED, lambda p, f=(name, value): p.fields(more=[f]))
request("8.2.2: te: trailers", OK, lambda p: p.fields(more=[("te", "trailers")]))
request("8.2.3: cookies in two fields", OK, lambda p: p.fields(more=[("cookie", "a=b"), ("cookie", "c=d")]))
for missing in (":method", ":scheme", ":path"):
    request(f"8.3.1: {missing} missing", MALFORMED, lambda p, m=missing: [f for f in p.fields() if f[0] != m])
for twice in (":method", ":scheme", ":path", ":authority"):
    request(f"8.3.1: {twice} twice", MALFORMED, lambda p, t=twice: p.fields() and [f for f in p.fields() for _ in range(2 if f[0] == t else 1)])
request("8.3: an unknown pseudo-field", MALFORMED, lambda p: [(":test", "1")] + p.fields())
request("8.3: :status in a request", MALFORMED, lambda p: p.fields() [:4] + [(":status", "200")])
request("8.3: :protocol without a setting for it", MALFORMED, lambda p: [(":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "https"), (":authority", "localhost"), (":path", "/")])
request("8.3: a pseudo-field behind a field", MALFORMED, lambda p: p.fields(path=None) + [("x-test", "1"), (":path", "/")])
request("8.3.1: :path empty", MALFORMED, lambda p: p.fields(path=""))
request("8.3.1: :path without a slash", MALFORMED + ("answered 40*",), lambda p: p.fields(path="hooks"))
request("8.3.1: :path *, GET", MALFORMED + ("answered 40*",), lambda p: p.fields(path="*"))
request("8.3.1: :path *, OPTIONS", (OK,) + MALFORMED, lambda p: p.fields("OPTIONS", path="*"))
for name, path in (("a blank", "/ HTTP/1.1"), ("a line and a header", "/ HTTP/1.1\r\nHost: evil\r\n\r\nGET /"), ("NUL", "/\0"), ("a tab", "/\t"), ("a letter beyond ASCII", "/\u00fc"), ("a fragment", "/#a")):
    request(f"8.3.1: :path with {name}", MALFORMED + ("answered 40*",) + ((OK,) if name == "a fragment" or "ASCII" in name else ()), lambda p, t=path: p.fields(path=t))
for name, method in (("a blank", "GET /x"), ("a line end", "GET\r\n"), ("nothing", ""), ("small letters", "get")):
    request(f"8.3.1: :method with {name}", MALFORMED + ("answered 405", "answered 404", "answered 501"), lambda p, m=method: p.fields(m))
request("8.3.1: :scheme http", (OK,) + MALFORMED, lambda p: p.fields(scheme="http"))
request("8.3.1: :scheme empty", MALFORMED, lambda p: p.fields(scheme=""))
request("8.3.1: :authority missing and no host", MALFORMED + (OK,), lambda p: p.fields(authority=None))
request("8.3.1: host instead of :authority", OK, lambda p: p.fields(authority=None, more=[("host", "localhost")]))
request("8.3.1: host that differs from :authority", MALFORMED + (OK,), lambda p: p.fields(more=[("host", "evil.example")]))
request("8.3.1: :authority with a user", MALFORMED + (OK,), lambda p: p.fields(authority="user@localhost"))
request("8.3.1: :authority with a line end", MALFORMED, lambda p: p.fields(authority="localhost\r\nx: y"))
request("8.5: CONNECT", ("answered 4*", "answered 501") + MALFORMED, lambda p: [(":method", "CONNECT"), (":authority", "localhost:443")])
request("8.5: CONNECT with a path", MALFORMED + ("answered 405", "answered 501"), lambda p: p.fields("CONNECT"))


def content(name, allowed, length, *pieces, more=()):
    """Content of these pieces, with this content-length."""
    def work(p):
        stream = p.head(p.fields("POST", [("content-length", value) for value in length] + list(more)), flags=END_HEADERS if pieces else END_HEADERS | END_STREAM)
        for number, piece in enumerate(pieces):
            p.send(frame(DATA, END_STREAM if number == len(pieces) - 1 else 0, stream, piece))
        got = p.outcome(stream)
        # A refusal may be on its way before the content shows that it does not fit.
        return got if stream not in p.resets else f"RST_STREAM {p.resets[stream]}"
    add(f"8.1.1: {name}", allowed, work)


EARLY = ("answered 404", "answered 405", "answered 401", "answered 415", "answered 200")
content("content as long as it says", OK, ["3"], b"abc")
content("content shorter than it says", MALFORMED + EARLY, ["4"], b"abc")
content("content longer than it says", MALFORMED + EARLY, ["2"], b"abc")
content("content longer in its second frame", MALFORMED + EARLY, ["4"], b"abc", b"de")
content("no content where there should be some", MALFORMED + EARLY, ["4"])
content("two lengths that differ", MALFORMED, ["3", "4"], b"abc")
content("two lengths that agree", MALFORMED + (OK,), ["3", "3"], b"abc")
content("a length that is no number", MALFORMED, ["x"], b"abc")
content("a length with a sign", MALFORMED, ["+3"], b"abc")
content("a negative length", MALFORMED, ["-1"], b"abc")
content("a length of 2^64 + 3", MALFORMED + ("answered 413",), [str((1 << 64) + 3)], b"abc")

def pushes(name, allowed, length, *pieces):
    """The same to the address that takes content: here the lengths have to be looked at."""
    def work(p):
        import base64
        known = "Basic " + base64.b64encode(b"conformance:conformance").decode()
        fields = p.fields("POST", [("content-type", "application/x-www-form-urlencoded"), ("authorization", known), ("content-length", length)], path="/hooks/sipgate")
        stream = p.head(fields, flags=END_HEADERS)
        for number, piece in enumerate(pieces):
            p.send(frame(DATA, END_STREAM if number == len(pieces) - 1 else 0, stream, piece))
        return p.outcome(stream)
    add(f"8.1.1: a push with {name}", allowed, work)


pushes("content shorter than it says", MALFORMED + ("answered 200",), "9", b"event=x")
pushes("content longer than it says", MALFORMED + ("answered 200",), "3", b"event=x")
pushes("content as long as it says", OK, "7", b"event=x")


def trailers(name, allowed, fields, flags=END_STREAM | END_HEADERS):
    def work(p):
        stream = open_post(p)
        p.send(frame(DATA, 0, stream, b"abc") + frame(HEADERS, flags, stream, p.block(fields)))
        got = p.outcome(stream)
        return got if got.startswith("answered") is False else (p.quiet() if not got.startswith("answered") else got)
    add(f"8.1: trailers, {name}", allowed, work)


trailers("good", OK, [("x-sum", "1")])
trailers("with a pseudo-field", MALFORMED + EARLY, [(":path", "/")])
trailers("without END_STREAM", MALFORMED + EARLY, [("x-sum", "1")], END_HEADERS)
trailers("with transfer-encoding", MALFORMED + EARLY, [("transfer-encoding", "chunked")])
request("8.1: HEAD has no content", OK, lambda p: p.fields("HEAD"))
add("8.1: HEAD, the content", "none", lambda p: (p.outcome(p.head(p.fields("HEAD"))), "none" if not p.bodies.get(1) else "some")[1])
request("8.1: 200 fields", (OK,), lambda p: p.fields(more=[(f"x-{n}", "1") for n in range(200)]))
request("8.1: expect: 100-continue", OK, lambda p: p.fields(more=[("expect", "100-continue")]))
request("8.1: a value of 12,000 bytes", OK, lambda p: p.fields(more=[("x-long", "x" * 12_000)]))


def many(peer):
    streams = [peer.head() for _ in range(100)]
    return " ".join(sorted({peer.outcome(s) for s in streams}))


add("8.1: a hundred requests at once", (OK,), many)

# 9 Connections

add("9: a request behind a hundred others", OK, lambda p: ([p.still_serves() for _ in range(100)], p.still_serves())[1])


def rapid(peer):
    """CVE-2023-44487."""
    for number in range(2000):
        stream = peer.stream()
        peer.send(frame(HEADERS, 5, stream, peer.block(peer.fields())) + frame(RST_STREAM, 0, stream, struct.pack(">I", 8)))
    return peer.quiet()


add("9: two thousand requests, each reset at once", connection(CALM, "NO_ERROR", PROTOCOL) + ("goes on",), rapid)

# RFC 7541: what a decoder has to refuse

def block(name, allowed, make):
    def work(p):
        p.send(frame(HEADERS, 5, 1, make(p.block(p.fields()))))
        return p.outcome(1)
    add(f"HPACK: {name}", allowed, work)


BAD = connection(COMPRESSION, PROTOCOL)
INDEXED = b"\x82\x87\x84"  # :method GET, :scheme https, :path /
AUTHORITY = b"\x01\x09localhost"
block("from the static table", OK, lambda b: INDEXED + AUTHORITY)
block("into the dynamic table and out of it", OK, lambda b: INDEXED + AUTHORITY + b"\x40\x01a\x01b\xbe")
block("never indexed", OK, lambda b: INDEXED + AUTHORITY + b"\x10\x01a\x01b")
block("Huffman", OK, lambda b: INDEXED + b"\x01\x86\xa0\xe4\x1d\x13\x9d\x09")
block("index 0", BAD, lambda b: INDEXED + AUTHORITY + b"\x80")
block("an index behind both tables", BAD, lambda b: INDEXED + AUTHORITY + b"\xbe")
block("an index of 127", BAD, lambda b: INDEXED + AUTHORITY + b"\xff\x00")
block("a name's index behind both tables", BAD, lambda b: INDEXED + AUTHORITY + b"\x7f\x20\x01b")
block("an integer that overflows 32 bits", BAD, lambda b: INDEXED + AUTHORITY + b"\xff\xff\xff\xff\xff\x0f")
block("an integer that overflows 64 bits", BAD, lambda b: INDEXED + AUTHORITY + b"\xff" + b"\xff" * 10 + b"\x01")
block("an integer without an end", BAD, lambda b: INDEXED + AUTHORITY + b"\xff\x80")
block("an integer of a thousand zeros", BAD, lambda b: INDEXED + AUTHORITY + b"\xff" + b"\x80" * 1000 + b"\x00")
block("an integer that is longer than it need be", BAD + (OK,), lambda b: INDEXED + b"\x01\x09localhost" + b"\x00\x01a\x7f\x80\x00" + b"b" * 127)
block("a text longer than the block", BAD, lambda b: INDEXED + AUTHORITY + b"\x00\x01a\x20b")
block("a text of 2^31 bytes", BAD, lambda b: INDEXED + AUTHORITY + b"\x00\x01a\x7f\x81\xff\xff\xff\x07b")
block("a text of 2^64 bytes", BAD, lambda b: INDEXED + AUTHORITY + b"\x00\x01a\x7f" + b"\xff" * 9 + b"\x01b")
block("a name without a value", BAD, lambda b: INDEXED + AUTHORITY + b"\x00\x01a")
block("a literal without a name", BAD, lambda b: INDEXED + AUTHORITY + b"\x00")
block("Huffman, padding of eight bits", BAD, lambda b: INDEXED + AUTHORITY + b"\x00\x01a\x82\x1f\xff")
block("Huffman, padding of zeros", BAD, lambda b: INDEXED + AUTHORITY + b"\x00\x01a\x81\x18")
block("Huffman, the end of the string within", BAD, lambda b: INDEXED + AUTHORITY + b"\x00\x01a\x84\xff\xff\xff\xff")
block("an update of the table at the beginning", OK, lambda b: b"\x20" + INDEXED + AUTHORITY)
block("two updates at the beginning", OK, lambda b: b"\x20\x3f\xe1\x1f" + INDEXED + AUTHORITY)
block("an update at the end", BAD, lambda b: INDEXED + AUTHORITY + b"\x20")
block("an update beyond the setting", BAD, lambda b: b"\x3f\xe2\x1f" + INDEXED + AUTHORITY)
block("an update of 2^32", BAD, lambda b: b"\x3f\xe1\xff\xff\xff\x0f" + INDEXED + AUTHORITY)
block("an entry larger than the table", (OK,), lambda b: b"\x20" + INDEXED + AUTHORITY + b"\x40\x01a\x01b")
block("an entry that the table could not keep", BAD, lambda b: b"\x20" + INDEXED + AUTHORITY + b"\x40\x01a\x01b\xbe")


def evicted(peer):
    """Entries leave the table in order, and one request's are the next one's."""
    peer.send(frame(HEADERS, 5, 1, INDEXED + AUTHORITY + b"\x40\x03x-a\x01b"))
    first = peer.outcome(1)
    peer.send(frame(HEADERS, 5, 3, INDEXED + AUTHORITY + b"\xbe"))
    second = peer.outcome(3)
    peer.send(frame(HEADERS, 5, 5, b"\x20" + INDEXED + AUTHORITY + b"\xbe"))
    return f"{first[:8]} {second[:8]} {peer.outcome(5)}"


add("HPACK: an entry of an earlier request, until the table is emptied", tuple(f"answered answered {end}" for end in BAD), evicted)


def bomb(peer):
    """A small block that stands for megabytes."""
    peer.send(frame(HEADERS, 5, 1, INDEXED + AUTHORITY + b"\x40\x01x\x7f\xbd\x1d" + b"a" * 3900 + b"\xbe" * 10_000))
    return peer.outcome(1)


add("HPACK: a bomb", ("answered 431", "answered 4*") + stream_or_connection(CALM, PROTOCOL, COMPRESSION, SIZE), bomb)

if __name__ == "__main__":
    sys.exit(suite.main(conversations, Pair, sys.argv[1:]))
