import Webhooks

/// Moments in order, each with the serial number of a call: a binary heap.
///
/// Entries are never taken back: whoever takes one out looks whether it still holds.
struct DeadlineQueue: Sendable {
    private var entries: [(time: Timestamp, serial: Int)] = []

    /// How many entries there are, those that no longer hold among them.
    var count: Int { entries.count }

    /// The earliest.
    var first: (time: Timestamp, serial: Int)? { entries.first }

    /// Adds a moment.
    mutating func insert(_ time: Timestamp, _ serial: Int) {
        entries.append((time, serial))
        var child = entries.count - 1
        while child > 0, isBefore(child, (child - 1) / 2) {
            entries.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// Takes out the earliest.
    mutating func removeFirst() {
        guard let last = entries.popLast(), !entries.isEmpty else { return }
        entries[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < entries.count && isBefore(child, least) {
                least = child
            }
            if least == parent { return }
            entries.swapAt(parent, least)
            parent = least
        }
    }

    /// Takes out what does not hold any more.
    mutating func removeAll(where isStale: (Timestamp, Int) -> Bool) {
        let kept = entries.filter { !isStale($0.time, $0.serial) }
        entries = []
        for entry in kept { insert(entry.time, entry.serial) }
    }

    /// By time; equal times by age of the call, so that the order is the same after a restart.
    private func isBefore(_ left: Int, _ right: Int) -> Bool {
        (entries[left].time, entries[left].serial) < (entries[right].time, entries[right].serial)
    }
}
