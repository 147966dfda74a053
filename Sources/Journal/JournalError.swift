/// Why the journal did not do something; each case is a different thing to do.
package enum JournalError: Error, Equatable {
    /// The disk, or what is on it, does not let us: nothing was kept, and the journal recovers by itself.
    ///
    /// The text is for people and names what failed.
    case unavailable(String)
    /// The backlog has reached its largest size: nothing was kept until it shrinks.
    case full
    /// Too many appends, or too many bytes of them, wait for a commit.
    case overloaded
    /// The journal was closed.
    case closed
}
