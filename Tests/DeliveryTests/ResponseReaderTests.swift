import NIOCore
import Testing

@testable import Delivery

/// What is read out of responses, in every split.
@Suite struct ResponseReaderTests {
    typealias Head = ResponseReader.Head

    /// What a reader finds in pieces that come one after the other, and what it left.
    private func read(_ pieces: [[UInt8]]) -> (found: [ResponseReader.Step], left: Int, endsWithConnection: Bool) {
        var reader = ResponseReader(limits: DeliveryLimits())
        var found: [ResponseReader.Step] = []
        var left = 0
        for piece in pieces {
            var bytes = ByteBuffer(bytes: piece)
            reading: while found.last != .end, found.last != .garbled {
                let step = reader.next(&bytes)
                if step == .needsMore { break reading }
                found.append(step)
            }
            left += bytes.readableBytes
        }
        return (found, left, reader.endsWithConnection)
    }

    private static let final = Head(status: 200, keepsAlive: true, retryAfter: nil)

    private static let readable: [(text: String, head: Head)] = [
        ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", final),
        ("HTTP/1.1 200\r\nCONTENT-LENGTH:3 \t\r\n\r\nabc", final),
        ("HTTP/1.1 200 \r\ncontent-length: 000003\r\n\r\nabc", final),
        ("HTTP/1.1 200 Gr\u{FC}n\r\nx-name: \u{FC}\r\ncontent-length: 0\r\n\r\n", final),
        ("HTTP/1.1 200 OK\r\nconnection: Upgrade , Keep-Alive\r\ncontent-length: 0\r\n\r\n", final),
        ("HTTP/1.1 200 OK\r\nx: a\r\n folded\r\n\tagain\r\ncontent-length: 0\r\n\r\n", final),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n"
                + "A \t;a=\"b\"\r\n0123456789\r\n0a\r\n9876543210\r\n000\r\nx: y\r\n\r\n", final
        ),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked,\r\n\r\n1\r\na\r\n0\r\n\r\n", final),
        ("HTTP/1.1 102 Processing\r\ncontent-length: 9\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", final),
        ("HTTP/1.1 101 Up\r\n\r\n", Head(status: 101, keepsAlive: true, retryAfter: nil)),
        ("HTTP/1.1 204 No\r\ncontent-length: 9\r\n\r\n", Head(status: 204, keepsAlive: true, retryAfter: nil)),
        ("HTTP/1.1 304 No\r\ntransfer-encoding: chunked\r\n\r\n", Head(status: 304, keepsAlive: true, retryAfter: nil)),
        (
            "HTTP/1.1 503 Busy\r\nRetry-After:  120\r\ncontent-length: 0\r\n\r\n",
            Head(status: 503, keepsAlive: true, retryAfter: "120")
        ),
        (
            "HTTP/1.1 429 Slow\r\nretry-after: Mon, 23 Nov 2026 06:25:05 GMT\r\ncontent-length: 1\r\n\r\nx",
            Head(status: 429, keepsAlive: true, retryAfter: "Mon, 23 Nov 2026 06:25:05 GMT")
        ),
        ("HTTP/1.1 200 OK\r\nretry-after: 120\r\ncontent-length: 0\r\n\r\n", final),
        (
            "HTTP/1.1 200 OK\r\nconnection: x,close\r\nconnection: keep-alive\r\ncontent-length: 0\r\n\r\n",
            Head(status: 200, keepsAlive: false, retryAfter: nil)
        ),
        (
            "HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            Head(status: 200, keepsAlive: false, retryAfter: nil)
        ),
    ]

    @Test(arguments: readable)
    func `a response is read to its end in every split, and not further`(_ text: String, _ head: Head) {
        let bytes = Array(text.utf8)
        for split in 0...bytes.count {
            for rest in [[], Array("HTTP".utf8)] {
                let (found, left, _) = read([Array(bytes[..<split]), bytes[split...] + rest])
                #expect(found == [.head(head), .end])
                #expect(left == rest.count)
            }
        }
        #expect(read(bytes.map { [$0] }).found == [.head(head), .end])
    }

    @Test(arguments: [
        // No response at all, or of another version.
        "\r\nHTTP/1.1 200 OK\r\n", "http/1.1 200 OK\r\n", "HTTP/1.2 200 OK\r\n", "HTTP/1.1  200 OK\r\n",
        "HTTP/1.1 20 OK\r\n", "HTTP/1.1 099 OK\r\n", "HTTP/1.1 2000\r\n", "HTTP/1.1 2x0 OK\r\n", "HTTP/1.1\r\n", "\r\n",
        // Lines that end otherwise, and control characters.
        "HTTP/1.1 200 OK\n", "HTTP/1.1 200 OK\rx", "HTTP/1.1 200 OK\r\na: b\u{0}\r\n",
        "HTTP/1.1 200 OK\r\na: \u{7F}\r\n",
        // Fields that are none.
        "HTTP/1.1 200 OK\r\n: b\r\n", "HTTP/1.1 200 OK\r\na : b\r\n", "HTTP/1.1 200 OK\r\na\r\n",
        "HTTP/1.1 200 OK\r\n a: b\r\n", "HTTP/1.1 200 OK\r\na(b): c\r\n",
        // Framing that can be read in two ways.
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 1\r\n", "HTTP/1.1 200 OK\r\ncontent-length: +1\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 1, 1\r\n", "HTTP/1.1 200 OK\r\ncontent-length: \r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n 2\r\n", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n x\r\n",
        "HTTP/1.1 200 OK\r\nconnection: close\r\n x\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 1\r\n\r\n",
    ])
    func `what can be misread is refused, in every split`(_ text: String) {
        let bytes = Array(text.utf8)
        for split in 0..<bytes.count {
            #expect(read([Array(bytes[..<split]), Array(bytes[split...])]).found == [.garbled])
        }
    }

    @Test(arguments: [
        "\r\n", "g\r\n", "-1\r\n", "0x1\r\n", "1 2\r\n", "1\na\r\n", "1\r\nab\r\n", "1\r\na\r\n\r\n", "1\r\na\n",
        "FFFFFFFFFFFFFFF\r\n", "0\r\nx: \u{1}\r\n",
    ])
    func `a broken chunk is no content, in every split`(_ chunks: String) {
        let bytes = Array(("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + chunks).utf8)
        for split in 0..<bytes.count {
            let found = read([Array(bytes[..<split]), Array(bytes[split...])]).found
            #expect(found == [.head(ResponseReaderTests.final), .garbled])
        }
    }

    @Test(arguments: ["", "connection: keep-alive\r\n", "transfer-encoding: gzip\r\n", "transfer-encoding: \r\n"])
    func `without a length, content ends with the connection, which is not kept`(_ fields: String) {
        let bytes = Array("HTTP/1.1 200 OK\r\n\(fields)\r\nHTTP/1.1 is spoken here\r\n\r\n".utf8)
        for split in 0...bytes.count {
            let (found, left, endsWithConnection) = read([Array(bytes[..<split]), Array(bytes[split...])])
            #expect(found == [.head(Head(status: 200, keepsAlive: false, retryAfter: nil))])
            #expect(left == 0)
            #expect(endsWithConnection)
        }
    }

    @Test func `a length that no integer holds is a length`() {
        let text = "HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999999999\r\n\r\nabc"
        let (found, left, endsWithConnection) = read([Array(text.utf8)])
        #expect(found == [.head(ResponseReaderTests.final)])
        #expect(left == 0)
        #expect(!endsWithConnection)
    }

    @Test(arguments: [
        "HTTP/1.1 200 " + String(repeating: "x", count: 40_000),
        "HTTP/1.1 200 " + String(repeating: "x", count: 40_000) + "\r\n",
        "HTTP/1.1 200 OK\r\n" + String(repeating: "a: " + String(repeating: "b", count: 397) + "\r\n", count: 90),
        "HTTP/1.1 200 OK\r\n" + String(repeating: "a:\r\n", count: 101),
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n" + String(repeating: "a:\r\n", count: 101),
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0;" + String(repeating: "x", count: 40_000),
    ])
    func `bounds hold for lines, fields and trailers, also byte by byte`(_ text: String) {
        #expect(read([Array(text.utf8)]).found.last == .garbled)
        #expect(read(Array(text.utf8).map { [$0] }).found.last == .garbled)
    }
}
