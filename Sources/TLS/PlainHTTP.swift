/// Recognises a client that speaks HTTP where TLS is spoken.
struct PlainHTTP {
    /// The first four bytes of a connection, as far as they have come.
    private var start: UInt32 = 0
    private var count = 0

    /// Four bytes that no TLS record begins with: the methods of RFC 9110 and RFC 5789, and the preface of HTTP/2.
    private static let methods = ["GET ", "HEAD", "POST", "PUT ", "DELE", "OPTI", "PATC", "TRAC", "CONN", "PRI "]
        .map { $0.utf8.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } }

    /// Whether the connection begins like a request.
    var isRecognised: Bool { count == 4 && PlainHTTP.methods.contains(start) }

    /// Looks at the next bytes of the connection; only its first four count.
    mutating func look(at bytes: some Sequence<UInt8>) {
        guard count < 4 else { return }
        for byte in bytes.prefix(4 - count) {
            start = start << 8 | UInt32(byte)
            count += 1
        }
    }

    /// What such a client is told, RFC 9112.
    static let reply: String = {
        let text = "This port speaks HTTPS; use https:// in the address.\n"
        return """
            HTTP/1.1 400 Bad Request\r
            Content-Type: text/plain; charset=utf-8\r
            Content-Length: \(text.utf8.count)\r
            Connection: close\r
            \r
            \(text)
            """
    }()
}
