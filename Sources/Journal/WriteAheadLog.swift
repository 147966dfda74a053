import Foundation

/// SQLite's write-ahead log as a sequence of frames (https://www.sqlite.org/fileformat.html, section 4).
///
/// SQLite reads a log up to the first frame whose checksum is wrong and takes the rest for the remains of an earlier one.
/// That is right after a power cut, whose last transaction is torn; but a bit that was flipped in the middle would drop
/// every commit behind it without a word, though these were acknowledged and are intact. Frames can be told apart: each
/// names its generation, and its checksum continues that of the frame before.
struct WriteAheadLog {
    /// What is left of a log with damage in its middle.
    struct Mended: Equatable {
        /// The log without the damaged frames.
        var bytes: [UInt8]
        /// How many frames could not be kept.
        var dropped: Int
    }

    private static let headerSize = 32
    private static let frameHeaderSize = 24

    private let bytes: [UInt8]
    private let pageSize: Int
    private let isBigEndian: Bool

    private typealias Checksum = (UInt32, UInt32)

    /// A log.
    ///
    /// - Parameters:
    ///   - bytes: the whole file.
    ///   - pageSize: that of the database, which its log shares.
    init(_ bytes: [UInt8], pageSize: Int) {
        self.bytes = bytes
        self.pageSize = pageSize
        // The last bit of the magic number; whatever else it is, little-endian machines are all there are.
        isBigEndian = bytes.count >= 4 && bytes[0..<4] == [0x37, 0x7F, 0x06, 0x83]
    }

    /// The log without its damaged frames; nil when SQLite reads it right as it is.
    func mended() -> Mended? {
        let frameSize = WriteAheadLog.frameHeaderSize + pageSize
        let count = max(0, bytes.count - WriteAheadLog.headerSize) / frameSize
        guard count > 0, let salts = salts(frameSize) else { return nil }

        var kept: [Int] = []
        var doubtful: [Int] = []
        var isCommittedBehindDamage = false
        var isRepaired = false
        // What the next frame's checksum may continue: as stored, and as it should have been.
        var seeds: [Checksum] = [checksum(at: 24), sum(0..<24, from: (0, 0))]
        for index in 0..<count {
            let start = WriteAheadLog.headerSize + index * frameSize
            let stored = checksum(at: start + 16)
            let sums = seeds.map { sum(of: start, from: $0) }
            let isOfThisLog = Array(bytes[start + 8..<start + 16]) == salts
            if isOfThisLog, let right = sums.firstIndex(where: { $0 == stored }) {
                // A frame that continues what the one before should have stored shows that only its checksum is broken.
                if right == 1, let last = doubtful.last, last == index - 1 {
                    kept.append(doubtful.removeLast())
                    isRepaired = true
                }
                kept.append(index)
                if !doubtful.isEmpty, word(at: start + 4) != 0 { isCommittedBehindDamage = true }
                seeds = [stored, stored]
            } else {
                doubtful.append(index)
                seeds = [stored, sums[0]]
            }
        }
        let isHeaderSound = checksum(at: 24) == sum(0..<24, from: (0, 0)) && Array(bytes[16..<24]) == salts
        let last = kept.last ?? -1
        let dropped = doubtful.count { $0 < last }
        guard isCommittedBehindDamage || isRepaired || (!isHeaderSound && !kept.isEmpty) else { return nil }
        return Mended(bytes: rebuilt(kept, salts: salts, frameSize: frameSize), dropped: dropped)
    }

    /// What marks the frames of this log: the header's salts, or the first frame's when the header is damaged.
    private func salts(_ frameSize: Int) -> [UInt8]? {
        if checksum(at: 24) == sum(0..<24, from: (0, 0)) { return Array(bytes[16..<24]) }
        let first = WriteAheadLog.headerSize + 8
        return Array(bytes[first..<first + 8])
    }

    private func rebuilt(_ frames: [Int], salts: [UInt8], frameSize: Int) -> [UInt8] {
        var log: [UInt8] = [0x37, 0x7F, 0x06, isBigEndian ? 0x83 : 0x82]
        log += [0x00, 0x2D, 0xE2, 0x18]  // format 3007000
        log += WriteAheadLog.bytes(of: UInt32(pageSize)) + bytes[12..<16] + salts
        var running = sum(of: log[...], from: (0, 0))
        log += WriteAheadLog.bytes(of: running.0) + WriteAheadLog.bytes(of: running.1)
        log.reserveCapacity(WriteAheadLog.headerSize + frames.count * frameSize)
        for index in frames {
            let start = WriteAheadLog.headerSize + index * frameSize
            running = sum(of: start, from: running)
            log += bytes[start..<start + 8] + salts
            log += WriteAheadLog.bytes(of: running.0) + WriteAheadLog.bytes(of: running.1)
            log += bytes[start + WriteAheadLog.frameHeaderSize..<start + frameSize]
        }
        return log
    }

    // MARK: Numbers

    /// The checksum of a frame: over the first 8 bytes of its header and its page.
    private func sum(of start: Int, from seed: Checksum) -> Checksum {
        let page = start + WriteAheadLog.frameHeaderSize
        return sum(page..<page + pageSize, from: sum(start..<start + 8, from: seed))
    }

    private func sum(_ range: Range<Int>, from seed: Checksum) -> Checksum {
        sum(of: bytes[range], from: seed)
    }

    private func sum(of bytes: ArraySlice<UInt8>, from seed: Checksum) -> Checksum {
        var (a, b) = seed
        bytes.withUnsafeBytes { bytes in
            for offset in stride(from: 0, to: bytes.count - 7, by: 8) {
                let first = bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
                let second = bytes.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self)
                a &+= (isBigEndian ? UInt32(bigEndian: first) : UInt32(littleEndian: first)) &+ b
                b &+= (isBigEndian ? UInt32(bigEndian: second) : UInt32(littleEndian: second)) &+ a
            }
        }
        return (a, b)
    }

    private func checksum(at offset: Int) -> Checksum {
        (word(at: offset), word(at: offset + 4))
    }

    private func word(at offset: Int) -> UInt32 {
        bytes[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) }
    }

    private static func bytes(of word: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: word >> UInt32(24 - $0 * 8)) }
    }
}

extension WriteAheadLog {
    /// The most that is read into memory; a log is copied into its file long before.
    private static let mostBytes = 512 << 20

    /// Mends the log of a journal on the disk when its middle is damaged; the damaged one stays beside it.
    ///
    /// - Parameters:
    ///   - path: the journal, which nobody has open.
    ///   - copy: what the damaged log is renamed to.
    /// - Returns: how many frames were lost; nil when the log is as it should be.
    /// - Throws: what the system says.
    static func mend(_ path: String, keeping copy: String) throws -> Int? {
        let log = path + "-wal"
        guard let head = StoredBytes.head(18, of: path), head.count == 18,
            case let size = JournalFile.size(log), size > headerSize, size <= mostBytes
        else { return nil }
        let stated = Int(head[16]) << 8 | Int(head[17])
        let pageSize = stated == 1 ? 65_536 : stated
        guard pageSize >= 512, pageSize & (pageSize - 1) == 0 else { return nil }
        let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: log)))
        guard let mended = WriteAheadLog(bytes, pageSize: pageSize).mended() else { return nil }
        let new = log + ".mended"
        try? FileManager.default.removeItem(atPath: new)
        guard FileManager.default.createFile(atPath: new, contents: nil, attributes: [.posixPermissions: 0o600]),
            let handle = FileHandle(forWritingAtPath: new)
        else { throw CocoaError(.fileWriteUnknown) }
        try handle.write(contentsOf: Data(mended.bytes))
        try handle.synchronize()
        try handle.close()
        // The index describes the damaged log; SQLite makes a new one.
        try? FileManager.default.removeItem(atPath: path + "-shm")
        try FileManager.default.moveItem(atPath: log, toPath: copy)
        try FileManager.default.moveItem(atPath: new, toPath: log)
        return mended.dropped
    }
}
