internal import Webhooks

/// Attempts a second: a bucket that holds one second's worth, fills evenly, and starts full.
struct TokenBucket {
    private let rate: Double
    private let size: Double
    private var tokens: Double
    private var filled: Timestamp?

    /// - Parameter rate: attempts a second, from 1.
    init(rate: Int) {
        self.rate = Double(max(1, rate))
        size = self.rate
        tokens = size
    }

    /// When an attempt may begin: `now`, or later.
    mutating func next(_ now: Timestamp) -> Timestamp {
        let passed = filled.map { max(0, now.milliseconds(since: $0)) } ?? 0
        tokens = min(size, tokens + Double(passed) * rate / 1000)
        filled = now
        // A thousandth of a token may be lost to rounding, never an attempt.
        if tokens >= 0.999 { return now }
        return now.adding(milliseconds: max(1, Int64(((1 - tokens) * 1000 / rate).rounded(.up))))
    }

    /// An attempt begins.
    mutating func take() {
        tokens -= 1
    }
}
