import Foundation
import HookgateTesting
import Testing

@testable import Journal

@Suite("Cursor, bits and receipts")
struct LineTests {
    @Test("a line knows what has left it like a set does", arguments: 1...20)
    func line(seed: Int) {
        var seed = SeededRandom(seed: UInt64(seed))
        let start = Int64.random(in: 0...200, using: &seed)
        var line = DestinationLine(cursor: start)
        var left: Set<Int64> = []
        var last = start
        for _ in 0..<3000 {
            let position = Int64.random(in: max(1, last - 150)...last + 40, using: &seed)
            let isNew = position > start && !left.contains(position)
            #expect(line.leave(position) == isNew)
            if position > start { left.insert(position) }
            if Int.random(in: 0..<4, using: &seed) == 0 { line.advance() }
            if line.cursor > last { last = line.cursor }
            last += Int64.random(in: 0...1, using: &seed)
        }
        line.advance()
        var cursor = start
        while left.contains(cursor + 1) { cursor += 1 }
        #expect(line.cursor == cursor)
        for position in 1...last + 100 {
            #expect(line.hasLeft(position) == (position <= start || left.contains(position)))
        }
    }

    @Test("a receipt says what was put into it", arguments: 1...20)
    func receipt(seed: Int) {
        var seed = SeededRandom(seed: UInt64(seed))
        let time: Int64 = 1_800_000_000_000
        var position: Int64 = .random(in: 1...1 << 40, using: &seed)
        let first = position
        let entries = (0..<Int.random(in: 1...200, using: &seed)).map { index in
            if index > 0 { position += .random(in: 0...1 << Int64.random(in: 0...30, using: &seed), using: &seed) }
            return Receipt.Entry(
                position: position,
                attempt: .random(in: 0...5000, using: &seed),
                status: .random(in: 0...599, using: &seed),
                ended: time - .random(in: 0...1_000_000_000, using: &seed),
                latency: .random(in: 0...3_600_000, using: &seed)
            )
        }
        let bytes = Data(Receipt.encode(first: first, time: time, entries))
        #expect(Receipt.decode(first: first, time: time, entries: bytes) == entries)
        // Cut short, it says less, and nothing else.
        for length in stride(from: 0, to: bytes.count, by: 7) {
            let part = Receipt.decode(first: first, time: time, entries: bytes.prefix(length))
            #expect(part == Array(entries.prefix(part.count)))
        }
    }

    @Test("a checksum notices every flipped bit, wherever bytes end")
    func checksum() {
        var seed = SeededRandom(seed: 1)
        for length in 0...40 {
            let bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &seed) }
            func sum(_ bytes: [UInt8]) -> Int64 {
                var checksum = Checksum(1)
                bytes.withUnsafeBytes { checksum.mix($0) }
                return checksum.value
            }
            for bit in 0..<length * 8 {
                var other = bytes
                other[bit / 8] ^= 1 << (bit % 8)
                #expect(sum(other) != sum(bytes))
            }
            #expect(sum(bytes + [0]) != sum(bytes))
        }
    }
}
