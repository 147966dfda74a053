package import Webhooks

/// Makes the ids of one event loop's requests: a few instructions each, no lock, no system call, no memory.
///
/// Within a second no two of one process are the same: 10 bits are the loop, 22 count its requests, and what is done to
/// the 32 can be undone. Every process begins with another key, so that those of two processes hardly ever meet, and
/// strangers cannot read from two ids how much came in between.
package struct RequestIDSource {
    /// Of this process.
    private static let key = UInt32.random(in: 0 ... .max)
    private static let countBits: UInt32 = 22

    private let loop: UInt32
    private let key: UInt32
    private var count: UInt32 = 0
    private var second: Int64 = 0
    /// How many may still be made in this second.
    private var left: UInt32 = 0

    /// - Parameter loop: the place of the event loop among those of the process, 0 to 1023.
    package init(loop: Int) {
        self.init(loop: loop, key: RequestIDSource.key)
    }

    init(loop: Int, key: UInt32) {
        self.loop = UInt32(truncatingIfNeeded: loop) << RequestIDSource.countBits
        self.key = key
    }

    /// The id of the next request.
    ///
    /// - Parameter now: the time; should the clock be put back, the ids stay where it was.
    /// - Returns: one that this process has not given out.
    package mutating func next(at now: Timestamp) -> RequestID {
        let present = now.milliseconds / 1000
        if present > second || left == 0 {
            second = max(present, second + 1)
            left = 1 << RequestIDSource.countBits
        }
        left -= 1
        count = (count + 1) & (1 << RequestIDSource.countBits - 1)
        return RequestID(second: second, number: RequestIDSource.mix(loop | count, key))
    }

    /// Another number for every number: xor, odd factors and shifted xors can each be undone.
    private static func mix(_ number: UInt32, _ key: UInt32) -> UInt32 {
        var mixed = (number ^ key) &* 0x9E37_79B1
        mixed ^= mixed >> 15
        mixed = mixed &* (key | 1)
        mixed ^= mixed >> 13
        return mixed &* 0x85EB_CA77
    }
}
