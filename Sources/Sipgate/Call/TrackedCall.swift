import Webhooks

/// One conversation: the legs that belong together.
///
/// Belongs to one `CallTracker`, which is the only one to change it.
final class TrackedCall {
    /// Calls are numbered as they appear.
    let serial: Int
    /// The name of it in events: the id of its first leg.
    let id: String
    /// Its legs, in order of appearance; they know it too, until it is forgotten.
    var legs: [TrackedLeg] = []
    /// Why they belong together.
    var confidence = CallConfidence.single
    /// Legs that were named by it and not seen yet.
    var expected: [String] = []
    /// The call that was finished before this one went on with it.
    var continues: String?
    /// Names it had before calls turned out to be one.
    var formerly: [String] = []
    /// Whether an event has told its name.
    var isNamed = false
    /// Whether the mailbox was told.
    var isVoicemailTold = false
    /// When its story was told.
    var completed: Timestamp?
    /// Whether it was given up.
    var isAssumed = false
    /// When something is to be done about it, unless a push comes before.
    var deadline: Timestamp?
    /// When the queue of deadlines brings it up; no later than its deadline.
    var queued: Timestamp?

    init(serial: Int, id: String) {
        self.serial = serial
        self.id = id
    }
}

@available(*, unavailable)
extension TrackedCall: Sendable {}
