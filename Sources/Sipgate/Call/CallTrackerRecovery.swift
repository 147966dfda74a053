package import NIOCore
package import Webhooks

/// Gives a tracker its knowledge back from the events that the journal kept, in their order.
///
/// The tracker derives again what it derived before. What the journal has is dropped. What is left at the end was
/// lost in a crash, or became due while nobody ran, and is to be kept now; what is left of earlier times was not
/// wanted then, and is not wanted now.
///
///     var recovery = CallTrackerRecovery(SharedCallTracker())
///     for event in journal { recovery.replay(event) }
///     let (tracker, missing) = recovery.finish(at: now)
package struct CallTrackerRecovery: Sendable {
    private struct Name: Hashable {
        let type: String
        let call: String
        let leg: String
    }

    /// A crash loses what was derived just before it, in milliseconds.
    private static let tail: Int64 = 60_000
    private static let limits = JSONReader.Limits(bytes: 8 << 20, depth: 8, items: 1024)

    private let tracker: SharedCallTracker
    private var last = Timestamp(milliseconds: 0)
    /// Derived, and not found in the journal so far; in order.
    private var missing: [DerivedEvent] = []
    /// Found in the journal, and not derived so far.
    private var early: Set<Name> = []

    /// A recovery into a tracker that knows nothing yet.
    package init(_ tracker: SharedCallTracker) {
        self.tracker = tracker
    }

    /// Takes in the next event of the journal, whether a push brought it or it was derived.
    package mutating func replay(_ event: Event) {
        replay(type: event.draft.type.name, data: event.draft.data, at: event.time)
    }

    /// Takes in the next event of the journal.
    ///
    /// - Parameters:
    ///   - type: The name of its type, `call.started`.
    ///   - data: Its data.
    ///   - time: Its time.
    package mutating func replay(type: String, data: ByteBuffer, at time: Timestamp) {
        last = max(last, time)
        if let push = CallObservation(type: type, data: data) {
            derive(tracker.observe(push, at: time).derived)
            return
        }
        if type == DecisionRecord.type.name {
            if let record = DecisionRecord.Kept(data) { tracker.note(record.decision, on: record.leg) }
            return
        }
        guard
            DerivedEvent.Kind(rawValue: type) != nil,
            let tree = try? JSONReader.read(data, limits: CallTrackerRecovery.limits),
            let call = tree["call"]?.text, let leg = tree["leg"]?.text
        else { return }
        derive(tracker.advance(to: time).derived)
        let name = Name(type: type, call: call, leg: leg)
        if let index = missing.firstIndex(where: { CallTrackerRecovery.name(of: $0) == name }) {
            missing.remove(at: index)
        } else {
            early.insert(name)
        }
    }

    /// Ends the recovery.
    ///
    /// - Parameter now: The present.
    /// - Returns: The tracker, and the events that the journal lacks, in order.
    package consuming func finish(at now: Timestamp) -> (tracker: SharedCallTracker, missing: [DerivedEvent]) {
        derive(tracker.advance(to: now).derived)
        let horizon = last.milliseconds - CallTrackerRecovery.tail
        return (tracker, missing.filter { $0.time.milliseconds >= horizon })
    }

    private mutating func derive(_ events: [DerivedEvent]) {
        for event in events where early.remove(CallTrackerRecovery.name(of: event)) == nil { missing.append(event) }
    }

    private static func name(of event: DerivedEvent) -> Name {
        Name(type: event.kind.rawValue, call: event.call, leg: event.leg)
    }
}
