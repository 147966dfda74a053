/// The four things sipgate pushes.
enum PushEvent: String, Sendable {
    /// A call starts; before it rings.
    case newCall
    /// Somebody, or a mailbox, picked up.
    case answer
    /// The leg ended, for whatever reason.
    case hangup
    /// A gather finished.
    case dtmf
}
