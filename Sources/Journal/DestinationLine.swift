/// Which positions have left the line of one destination: a cursor, and a bit for every position beyond it.
///
/// A bit is set for what was settled and for what the destination never wanted. A million waiting entries take 125 KB.
struct DestinationLine {
    /// Everything up to here has left the line.
    private(set) var cursor: Int64
    /// The bits of the positions from `base`; the words before `head` are done with.
    private var words: [UInt64] = []
    private var head = 0
    /// The position of the lowest bit of `words[head]`: a multiple of 64.
    private var base: Int64

    init(cursor: Int64) {
        self.cursor = cursor
        base = cursor & ~63
    }

    func hasLeft(_ position: Int64) -> Bool {
        if position <= cursor { return true }
        let index = head + Int((position - base) >> 6)
        return index < words.count && words[index] & bit(position) != 0
    }

    /// Takes a position out of the line.
    ///
    /// - Returns: Whether it was still in it.
    @discardableResult
    mutating func leave(_ position: Int64) -> Bool {
        if position <= cursor { return false }
        let index = head + Int((position - base) >> 6)
        while words.count <= index { words.append(0) }
        guard words[index] & bit(position) == 0 else { return false }
        words[index] |= bit(position)
        return true
    }

    /// Moves the cursor over everything that has left.
    mutating func advance() {
        while head < words.count {
            // Bits below the cursor count as set: in the first word they were never needed.
            let below = cursor >= base ? (UInt64(2) << UInt64(cursor - base)) &- 1 : 0
            let word = words[head] | below
            if word != .max {
                cursor = base + Int64((~word).trailingZeroBitCount) - 1
                break
            }
            cursor = base + 63
            base += 64
            head += 1
        }
        if head == words.count {
            words.removeAll(keepingCapacity: words.capacity <= 1024)
            head = 0
            base = (cursor + 1) & ~63
        } else if head >= 1024, head * 2 >= words.count {
            words.removeFirst(head)
            head = 0
        }
    }

    private func bit(_ position: Int64) -> UInt64 {
        1 << UInt64(position & 63)
    }
}
