import Foundation
import GRDB
import HookgateTesting
import Testing

@testable import Journal

@Suite("What the pages of a b-tree hold beside their cells")
struct UnusedBytesTests {
    /// A file in which rows were written, moved and deleted without being overwritten.
    private func make(_ path: String, seed: UInt64) throws {
        let queue = try DatabaseQueue(path: path)
        try queue.write { database in
            try database.execute(
                sql: "PRAGMA secure_delete = OFF; CREATE TABLE a (id INTEGER PRIMARY KEY, text TEXT);"
                    + "CREATE TABLE b (name TEXT PRIMARY KEY, text TEXT) WITHOUT ROWID; CREATE INDEX c ON a (text)"
            )
            var state = seed
            func random(_ below: UInt64) -> Int {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return Int((state >> 33) % below)
            }
            for _ in 0..<3000 {
                let id = random(2000)
                if random(3) > 0 {
                    let text = "live-\(id)-" + String(repeating: "x", count: random(12) == 0 ? 6000 : random(300))
                    try database.execute(sql: "INSERT OR REPLACE INTO a VALUES (?, ?)", arguments: [id, text])
                    try database.execute(sql: "INSERT OR REPLACE INTO b VALUES (?, ?)", arguments: ["\(id)", text])
                } else {
                    try database.execute(sql: "DELETE FROM a WHERE id = ?", arguments: [id])
                    try database.execute(sql: "DELETE FROM b WHERE name = ?", arguments: ["\(id)"])
                }
            }
            try database.execute(sql: "UPDATE a SET text = replace(text, 'live', 'stay')")
            try database.execute(sql: "UPDATE b SET text = replace(text, 'live', 'stay')")
        }
        try queue.close()
    }

    private func rows(_ path: String) throws -> (words: String?, rows: [String]) {
        try DatabaseQueue(path: path).read { database in
            (
                try String.fetchOne(database, sql: "PRAGMA integrity_check"),
                try String.fetchAll(database, sql: "SELECT id || text FROM a ORDER BY id")
                    + String.fetchAll(database, sql: "SELECT name || text FROM b ORDER BY name")
                    + String.fetchAll(database, sql: "SELECT text FROM a ORDER BY text")
            )
        }
    }

    /// The numbers of the pages that are not in use (section 1.5 of the format).
    private func freePages(_ bytes: [UInt8]) -> Set<Int> {
        func word(_ place: Int) -> Int { bytes[place..<place + 4].reduce(0) { $0 << 8 | Int($1) } }
        var free: Set<Int> = []
        var trunk = word(32)
        while trunk != 0 {
            let start = (trunk - 1) * 4096
            free.insert(trunk)
            for index in 0..<word(start + 4) { free.insert(word(start + 8 + 4 * index)) }
            trunk = word(start)
        }
        return free
    }

    @Test("all of it can be cleared, and nothing else changes", arguments: 1...4)
    func cleared(_ seed: UInt64) throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/a.sqlite"
        try make(path, seed: seed)
        let before = try rows(path)
        #expect(before.words == "ok")
        var bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
        let free = freePages(bytes)
        var (found, left) = (0, 0)
        for start in stride(from: 0, to: bytes.count, by: 4096) {
            let page = Array(bytes[start..<start + 4096])
            let ranges = page.withUnsafeBytes { UnusedBytes.ranges(in: $0, isFirst: start == 0) }
            for range in ranges {
                let dead = String(decoding: page[range], as: UTF8.self)
                if dead.contains("live-") { found += 1 }
                for place in range { bytes[start + place] = 0 }
            }
            // What is left of a page that is in no tree is overwritten as a whole, elsewhere.
            guard [0x02, 0x05, 0x0A, 0x0D].contains(page[0]), !free.contains(start / 4096 + 1) else { continue }
            if String(decoding: bytes[start..<start + 4096], as: UTF8.self).contains("live-") { left += 1 }
        }
        #expect(found > 0 && left == 0)
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        let after = try rows(path)
        #expect(after.words == "ok" && after.rows == before.rows)
    }

    @Test("any bytes are borne", arguments: 0..<500)
    func anything(_ seed: UInt64) {
        var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
        var page = (0..<512).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 40) & (seed % 2 == 0 ? 0xFF : 0x03)
        }
        page[0] = [0x02, 0x05, 0x0A, 0x0D][Int(seed % 4)]
        page[3] = 0
        page[4] &= 3
        check(page, isFirst: false)
    }

    /// No range touches the header, the pointers, or a cell's beginning, none lies outside, and no two overlap.
    @discardableResult
    private func check(_ page: [UInt8], isFirst: Bool) -> Int {
        let ranges = page.withUnsafeBytes { UnusedBytes.ranges(in: $0, isFirst: isFirst) }
        let head = isFirst ? 100 : 0
        func word(_ place: Int) -> Int { Int(page[place]) << 8 | Int(page[place + 1]) }
        let pointers = head + (page[head] & 8 == 0 ? 12 : 8)
        let gap = pointers + 2 * word(head + 3)
        for range in ranges {
            #expect(range.lowerBound >= gap && range.upperBound <= page.count && !range.isEmpty)
            for place in stride(from: pointers, to: gap, by: 2) {
                // A cell has four bytes at least.
                #expect(!range.overlaps(word(place)..<word(place) + 4), "the cell at \(word(place))")
            }
        }
        let sorted = ranges.sorted { $0.lowerBound < $1.lowerBound }
        for (range, next) in zip(sorted, sorted.dropFirst()) { #expect(range.upperBound <= next.lowerBound) }
        return ranges.count
    }

    /// A page that SQLite might have written, but for one thing at most.
    @Test("a page with cells and free blocks, sound and damaged", arguments: 0..<400)
    func likely(_ seed: UInt64) {
        var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
        func random(_ below: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % below
        }
        let isFirst = seed % 4 == 1
        let head = isFirst ? 100 : 0
        var page = [UInt8](repeating: 0xEE, count: 1024)
        page[head] = [0x02, 0x05, 0x0A, 0x0D][random(4)]
        func put(_ value: Int, at place: Int) {
            page[place] = UInt8(truncatingIfNeeded: value >> 8)
            page[place + 1] = UInt8(truncatingIfNeeded: value)
        }
        let pointers = head + (page[head] & 8 == 0 ? 12 : 8)
        // From the end of the page to its front: cells, and free blocks between them.
        var (end, cells, blocks) = (1024, [Int](), [(start: Int, size: Int)]())
        while end > 500 {
            let size = 4 + random(60)
            end -= size
            if random(3) == 0 { blocks.append((end, size)) } else { cells.append(end) }
        }
        // The content begins with a cell: what is free there belongs to the gap.
        end -= 4
        cells.append(end)
        put(cells.count, at: head + 3)
        put(end, at: head + 5)
        page[head + 7] = 0
        for (index, cell) in cells.enumerated() { put(cell, at: pointers + 2 * index) }
        blocks.reverse()
        put(blocks.first?.start ?? 0, at: head + 1)
        for (index, block) in blocks.enumerated() {
            put(index + 1 < blocks.count ? blocks[index + 1].start : 0, at: block.start)
            put(block.size, at: block.start + 2)
        }
        let wanted = 1 + blocks.count { $0.size > 4 }
        #expect(check(page, isFirst: isFirst) == wanted)
        // One word of the header, of a pointer or of a free block is another.
        let places = [head + 1, head + 3, head + 5] + cells.indices.map { pointers + 2 * $0 } + blocks.map(\.start)
        put(random(1100), at: places[random(places.count)])
        let count = Int(page[head + 3]) << 8 | Int(page[head + 4])
        if pointers + 2 * count <= 1022 { check(page, isFirst: isFirst) }
    }
}
