import NIOCore

/// A 32-bit checksum for rows, which SQLite does not check itself: finds damage, proves nothing against an enemy.
///
/// Every word is multiplied into 128 bits and folded (the mixing step of wyhash), which takes one byte in about a
/// tenth of a nanosecond.
struct Checksum {
    private var state: UInt64

    init(_ seed: Int64) {
        state = UInt64(bitPattern: seed) ^ 0xA076_1D64_78BD_642F
    }

    mutating func mix(_ word: Int64) {
        let product = (state ^ UInt64(bitPattern: word)).multipliedFullWidth(by: 0xE703_7ED1_A0B4_28DB)
        state = product.high ^ product.low ^ 0x8EBC_6AF0_9C88_C6E3
    }

    /// Takes in the length and all bytes.
    mutating func mix(_ bytes: UnsafeRawBufferPointer) {
        mix(Int64(bytes.count))
        var offset = 0
        while offset + 8 <= bytes.count {
            mix(bytes.loadUnaligned(fromByteOffset: offset, as: Int64.self).littleEndian)
            offset += 8
        }
        if offset < bytes.count {
            var rest: Int64 = 0
            for byte in bytes[offset...].reversed() { rest = rest << 8 | Int64(byte) }
            mix(rest)
        }
    }

    mutating func mix(_ text: String) {
        var text = text
        text.withUTF8 { mix(UnsafeRawBufferPointer($0)) }
    }

    /// As a column holds it: four bytes with a sign.
    var value: Int64 {
        Int64(Int32(truncatingIfNeeded: state ^ state >> 32))
    }
}
