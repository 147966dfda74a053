import NIOCore
import Testing

@testable import Webhooks

@Suite("Form properties")
struct FormPropertyTests {
    @Test("encoding and decoding is the identity", arguments: 0..<300 as Range<UInt64>)
    func roundTrip(_ number: UInt64) {
        var seed = Seed(number)
        var encoder = FormEncoder()
        let pairs = (0..<Int.random(in: 0...30, using: &seed)).map { _ in [seed.text(), seed.text()] }
        for pair in pairs { encoder.append(pair[0], pair[1]) }
        let body = Array(encoder.buffer.readableBytesView)
        #expect(FormOutcome.decoding(body) == .fields(pairs.map { $0.map { Array($0.utf8) } }))
        #expect(body.allSatisfy { $0 > 0x20 && $0 < 0x7F })
    }

    @Test("any bytes give what the rules say, and nothing traps", arguments: 0..<300 as Range<UInt64>)
    func garbage(_ number: UInt64) {
        var seed = Seed(number)
        for _ in 0..<20 {
            let body = seed.garbage()
            #expect(FormOutcome.decoding(body) == FormOutcome.expected(body), "\(body)")
        }
    }

    @Test("any split of the bytes gives the same result", arguments: 0..<300 as Range<UInt64>)
    func split(_ number: UInt64) {
        var seed = Seed(number)
        var encoder = FormEncoder()
        for _ in 0..<Int.random(in: 0...6, using: &seed) { encoder.append(seed.text(), seed.text()) }
        for body in [Array(encoder.buffer.readableBytesView), seed.garbage()] {
            let whole = FormOutcome.decoding(body)
            let pieces = seed.pieces(of: body)
            #expect(FormOutcome.decoding(pieces) == whole, "\(body) cut into \(pieces)")
        }
    }

    @Test(
        "a cut at every place, and one byte at a time, gives the same result",
        arguments: ["user%5B%5D=J%C3%B6rg+📞&&a==b&c", "a=%4", "a=%C3&%A4=b", "=&=%zz"]
    )
    func everyCut(_ text: String) {
        let body = Array(text.utf8)
        let whole = FormOutcome.decoding(body)
        for first in 0...body.count {
            for second in first...body.count {
                #expect(FormOutcome.decoding([body[..<first], body[first..<second], body[second...]]) == whole)
            }
        }
        #expect(FormOutcome.decoding(body.indices.map { body[$0...$0] }) == whole)
    }
}
