import OpenSSL
import Webhooks

/// Makes event ids from random words that are fetched in bulk.
///
/// One per event loop.
final class EventIDSource {
    private var bytes: [UInt8] = []

    /// The id of an event that was accepted at this moment.
    func next(at time: Timestamp) -> EventID {
        // Should OpenSSL's generator fail, the system's own takes its place: an id has to be unique, not secret.
        if bytes.count < 16 { bytes = (try? RandomBytes.make(count: 2048)) ?? EventIDSource.systemBytes() }
        return EventID(time: time, random: (word(), word()))
    }

    private func word() -> UInt64 {
        var word: UInt64 = 0
        for _ in 0..<8 { word = word << 8 | UInt64(bytes.removeLast()) }
        return word
    }

    private static func systemBytes() -> [UInt8] {
        (0..<16).map { _ in UInt8.random(in: 0...255) }
    }
}

@available(*, unavailable)
extension EventIDSource: Sendable {}
