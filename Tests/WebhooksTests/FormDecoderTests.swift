import NIOCore
import Testing

@testable import Webhooks

@Suite("Form decoder")
struct FormDecoderTests {
    @Test(
        "pairs keep their order and their duplicates",
        arguments: [
            ("", []),
            ("&", []),
            ("a=1", [["a", "1"]]),
            ("a=1&b=2&a=3", [["a", "1"], ["b", "2"], ["a", "3"]]),
            ("&&a=1&&b&&", [["a", "1"], ["b", ""]]),
            ("=", [["", ""]]),
            ("=x", [["", "x"]]),
            ("a=", [["a", ""]]),
            ("a=b=c==", [["a", "b=c=="]]),
            ("a;b=1;2", [["a;b", "1;2"]]),
            ("a+b=+c+", [["a b", " c "]]),
            ("%61%5B%5d=%2b%2526", [["a[]", "+%26"]]),
            ("a%3Db=%26", [["a=b", "&"]]),
            ("n%00=%00", [["n\0", "\0"]]),
            ("n=J%C3%B6rg&m=Jörg", [["n", "Jörg"], ["m", "Jörg"]]),
        ] as [(String, [[String]])]
    )
    func decodes(_ body: String, _ pairs: [[String]]) {
        #expect(FormOutcome.decoding(Array(body.utf8)) == .fields(pairs.map { $0.map { Array($0.utf8) } }))
    }

    @Test(
        "a percent sign without two hexadecimal digits is refused wherever it stands",
        arguments: [
            "%", "a=%", "a=%4", "a=%4&b", "a=%&b", "%g1=a", "a=%1g", "a=%%41", "a=%+1", "a=% 1", "a=%=", "a=1&%",
        ]
    )
    func refusesPercent(_ body: String) {
        #expect(FormOutcome.decoding(Array(body.utf8)) == .rejection(.invalidPercentEncoding))
    }

    @Test(
        "UTF-8 is valid up to its borders",
        arguments: [
            [0x7F], [0xC2, 0x80], [0xDF, 0xBF], [0xE0, 0xA0, 0x80], [0xED, 0x9F, 0xBF], [0xEE, 0x80, 0x80],
            [0xEF, 0xBF, 0xBF], [0xF0, 0x90, 0x80, 0x80], [0xF4, 0x8F, 0xBF, 0xBF],
        ] as [[UInt8]]
    )
    func acceptsUTF8(_ character: [UInt8]) {
        for body in FormDecoderTests.bodies(around: character) {
            guard case .fields(let pairs) = FormOutcome.decoding(body) else {
                Issue.record("refused: \(body)")
                continue
            }
            #expect(pairs.joined().contains { $0.contains(character.last ?? 0) })
        }
    }

    @Test(
        "UTF-8 is refused beyond its borders",
        arguments: [
            [0x80], [0xBF], [0xC0, 0x80], [0xC0, 0xAF], [0xC1, 0xBF], [0xC3], [0xC3, 0x41], [0xE0, 0x9F, 0xBF],
            [0xE2, 0x82], [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xF0, 0x8F, 0xBF, 0xBF], [0xF0, 0x9F, 0x93],
            [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFE], [0xFF],
        ] as [[UInt8]]
    )
    func refusesUTF8(_ sequence: [UInt8]) {
        for body in FormDecoderTests.bodies(around: sequence) {
            #expect(FormOutcome.decoding(body) == .rejection(.invalidUTF8), "\(body)")
        }
    }

    @Test(
        "halves of a character do not meet across a border of names and values",
        arguments: ["%C3=%A4", "%C3&%A4", "a=%C3&%A4=b", "a=%F0%9F&%93%9E"]
    )
    func keepsHalvesApart(_ body: String) {
        #expect(FormOutcome.decoding(Array(body.utf8)) == .rejection(.invalidUTF8))
    }

    @Test("1024 pairs are taken, empty ones not counted, and one more is refused")
    func bounds() {
        let full = Array(String(repeating: "a=1&&", count: 1024).utf8)
        guard case .fields(let pairs) = FormOutcome.decoding(full) else {
            Issue.record("refused")
            return
        }
        #expect(pairs.count == 1024)
        #expect(FormOutcome.decoding(full + Array("b".utf8)) == .rejection(.tooManyFields))
    }

    @Test("a buffer is read from its reader index to its writer index and left as it is")
    func readsOnlyReadableBytes() throws {
        var buffer = ByteBuffer(string: "%%%a=1")
        buffer.moveReaderIndex(forwardBy: 3)
        let fields = try FormDecoder.decode(buffer)
        #expect(fields.pairs.indices.map { fields.name($0) + fields.value($0) } == ["a1"])
        #expect(buffer.readableBytes == 3)
    }

    /// The bytes as name and as value, raw and percent-encoded, alone and with neighbours.
    private static func bodies(around bytes: [UInt8]) -> [[UInt8]] {
        var encoder = ByteBuffer()
        for byte in bytes { encoder.writePercentEncoded(byte) }
        let (prefix, suffix) = (Array("x=y&a=b".utf8), Array("c&x=y".utf8))
        var bodies: [[UInt8]] = []
        for spelled in [bytes, Array(encoder.readableBytesView)] {
            bodies.append(spelled)
            bodies.append(Array("a=".utf8) + spelled)
            bodies.append(spelled + Array("=a".utf8))
            bodies.append(prefix + spelled + suffix)
        }
        return bodies
    }
}
