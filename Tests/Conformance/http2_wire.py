"""An HTTP/2 client that writes every frame by hand, over TLS, and tells what came."""
import socket
import ssl
import struct

from hpack import Decoder

PATIENCE = 6.0
QUIET = 0.5
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION, ALTSVC, ORIGIN = *range(11), 12
END_STREAM, ACK, END_HEADERS, PADDED, PRIORITIZED = 1, 1, 4, 8, 32
ERRORS = [
    "NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT", "STREAM_CLOSED", "FRAME_SIZE_ERROR",
    "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM", "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED",
]
NAMES = {value: name for name, value in list(globals().items()) if name in (
    "DATA", "HEADERS", "PRIORITY", "RST_STREAM", "SETTINGS", "PUSH_PROMISE", "PING", "GOAWAY", "WINDOW_UPDATE", "CONTINUATION")}


def frame(kind, flags=0, stream=0, payload=b"", length=None):
    """A frame; its length may be a lie."""
    return struct.pack(">I", len(payload) if length is None else length)[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def settings(*pairs):
    return frame(SETTINGS, 0, 0, b"".join(struct.pack(">HI", *pair) for pair in pairs))


def code(number):
    return ERRORS[number] if number < len(ERRORS) else f"error {number}"


class Gone(Exception):
    """The connection has ended; its text is how."""


class Wrong(Exception):
    """The server's own frames are not as they have to be."""


class Connection:
    def __init__(self, address, folder, preface=PREFACE, first=settings()):
        context = ssl.create_default_context(cafile=f"{folder}/ca.pem")
        context.set_alpn_protocols(["h2"])
        self.socket = context.wrap_socket(socket.create_connection(address, timeout=PATIENCE), server_hostname="localhost")
        if self.socket.selected_alpn_protocol() != "h2":
            raise Wrong("HTTP/2 was not agreed on")
        self.log = []
        self.input = b""
        self.decoder = Decoder()
        self.decoder.max_allowed_table_size = 0xFFFFFFFF  # what we offer may be more than the usual
        self.next_stream = 1
        self.statuses, self.resets, self.bodies = {}, {}, {}
        self.ended = set()
        self.goodbye = None
        self.server_settings = None
        self.settings_acknowledged = 0
        self.pongs = []
        self.windows = {}
        self.send(preface + first)

    def close(self):
        self.socket.close()

    # Sending

    def send(self, data, what=None):
        self.log.append(f"→ {what or 'bytes'}: {len(data)} bytes {data[:32].hex()}")
        try:
            self.socket.sendall(data)
        except (OSError, ssl.SSLError):
            pass  # it has ended: reading tells how

    def fields(self, method="GET", more=(), path="/", authority="localhost", scheme="https"):
        pseudo = [(":method", method), (":scheme", scheme), (":authority", authority), (":path", path)]
        return [(n, v) for n, v in pseudo if v is not None] + list(more)

    def block(self, fields):
        """A header block with literals that touch no table."""
        def text(value):
            value = value if isinstance(value, bytes) else value.encode()
            return integer(len(value), 7) + value
        return b"".join(b"\0" + text(name) + text(value) for name, value in fields)

    def stream(self):
        self.next_stream += 2
        return self.next_stream - 2

    def head(self, fields=None, flags=END_STREAM | END_HEADERS, stream=None):
        stream = stream if stream is not None else self.stream()
        self.send(frame(HEADERS, flags, stream, self.block(fields or self.fields())), f"HEADERS on {stream}")
        return stream

    # Receiving

    def read_frame(self):
        while len(self.input) < 9 or len(self.input) < 9 + int.from_bytes(self.input[:3], "big"):
            try:
                more = self.socket.recv(65536)
            except TimeoutError:
                raise Gone("waits")
            except ConnectionResetError:
                raise Gone("reset")
            except (ssl.SSLError, OSError) as error:
                raise Gone("closed" if isinstance(error, ssl.SSLEOFError) else f"closed ({error})")
            if not more:
                raise Gone("closed")
            self.input += more
        length, kind, flags = int.from_bytes(self.input[:3], "big"), self.input[3], self.input[4]
        stream = int.from_bytes(self.input[5:9], "big") & 0x7FFFFFFF
        payload, self.input = self.input[9 : 9 + length], self.input[9 + length :]
        self.log.append(f"← {NAMES.get(kind, kind)} on {stream}, flags {flags}: {length} bytes {payload[:16].hex()}")
        return kind, flags, stream, payload

    def take(self):
        """One frame, into what is known."""
        kind, flags, stream, payload = self.read_frame()
        if kind == SETTINGS and not flags & ACK:
            self.server_settings = {struct.unpack(">HI", payload[i : i + 6])[0]: struct.unpack(">HI", payload[i : i + 6])[1] for i in range(0, len(payload), 6)}
            self.send(frame(SETTINGS, ACK), "SETTINGS acknowledgement")
        elif kind == SETTINGS:
            self.settings_acknowledged += 1
        elif kind == PING and flags & ACK:
            self.pongs.append(payload)
        elif kind == HEADERS:
            if flags & (PADDED | PRIORITIZED) or not flags & END_HEADERS:
                raise Wrong("the server's HEADERS have more to them than this client reads")
            fields = dict(self.decoder.decode(payload))
            self.statuses[stream] = fields.get(":status", "none")
        elif kind == DATA:
            self.bodies[stream] = self.bodies.get(stream, b"") + payload
        elif kind == RST_STREAM:
            self.resets[stream] = code(int.from_bytes(payload, "big"))
        elif kind == WINDOW_UPDATE:
            self.windows[stream] = self.windows.get(stream, 0) + int.from_bytes(payload, "big")
        elif kind == GOAWAY:
            self.goodbye = code(int.from_bytes(payload[4:8], "big"))
        if kind in (HEADERS, DATA) and flags & END_STREAM:
            self.ended.add(stream)
        return kind

    def outcome(self, stream=None):
        """What becomes of a stream, or of the connection: "answered 404", "RST_STREAM X", "GOAWAY X", "closed"."""
        try:
            while True:
                # NO_ERROR behind a whole response only asks to stop sending (section 8.1).
                if stream in self.ended and self.statuses.get(stream):
                    return f"answered {self.statuses[stream]}"
                if stream in self.resets:
                    return f"RST_STREAM {self.resets[stream]}"
                self.take()
        except Gone as gone:
            if self.goodbye and self.goodbye != "NO_ERROR":
                return f"GOAWAY {self.goodbye}" + ("" if str(gone) != "waits" else ", then open")
            return str(gone)

    def quiet(self):
        """Waits a little; "goes on" when nothing ends it."""
        self.socket.settimeout(QUIET)
        try:
            while True:
                self.take()
        except Gone as gone:
            self.socket.settimeout(PATIENCE)
            if str(gone) == "waits" and not (self.goodbye and self.goodbye != "NO_ERROR"):
                return "goes on"
            return f"GOAWAY {self.goodbye}" if self.goodbye and self.goodbye != "NO_ERROR" else str(gone)

    def still_serves(self):
        stream = self.head()
        return self.outcome(stream)


def integer(value, bits, first=0):
    """An integer of HPACK (RFC 7541, section 5.1)."""
    limit = (1 << bits) - 1
    if value < limit:
        return bytes([first | value])
    out, value = bytes([first | limit]), value - limit
    while value >= 128:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])
