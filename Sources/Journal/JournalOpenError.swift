/// Why a journal was not opened; its description is for the operator and says what to do.
package enum JournalOpenError: Error, Equatable, CustomStringConvertible {
    /// Another process holds it.
    case locked(path: String, process: Int32?)
    /// There is no such file.
    case missing(String)
    /// A file, but none of ours.
    case foreign(path: String)
    /// It was written by a later version of hookgate.
    case newer(path: String)
    /// The system or SQLite says no.
    case unusable(path: String, reason: String)

    package var description: String {
        switch self {
        case .locked(let path, let process):
            let holder = process.map { "process \($0)" } ?? "another process"
            return "the journal \(path) is in use by \(holder): stop that one first, or configure another path"
        case .missing(let path):
            return "there is no journal at \(path): check `journal.path` in the configuration"
        case .foreign(let path):
            return "\(path) is an SQLite database but no journal of hookgate: configure another path"
        case .newer(let path):
            return "the journal \(path) was written by a newer version of hookgate: install that version"
        case .unusable(let path, let reason):
            return "the journal \(path) cannot be opened: \(reason)"
        }
    }
}

/// What an operator should hear from the journal; the description is a whole sentence.
package enum JournalNotice: Sendable, Equatable, CustomStringConvertible {
    /// A damaged file was moved to `copy`, which keeps all of it, and what was readable went into a new one.
    case replaced(copy: String, reason: String, events: Int, missing: Int)
    /// The middle of the write-ahead log was damaged: what stands behind it was kept, and the damaged log is `copy`.
    case mendedLog(copy: String, dropped: Int)
    /// Events that are damaged beyond use; they are dead letters now.
    case damagedEvents([Int64])
    /// Nothing can be written.
    case unavailable(String)
    /// Writing works again.
    case recovered

    package var description: String {
        switch self {
        case .replaced(let copy, let reason, let events, let missing):
            return "the journal was damaged (\(reason)): it was moved to \(copy) and nothing of it deleted; "
                + "\(events) events were saved into a new journal, \(missing) are missing"
        case .mendedLog(let copy, let dropped):
            return "the journal's write-ahead log was damaged: it was moved to \(copy), and mended without "
                + "\(dropped) pages"
        case .damagedEvents(let positions):
            return "events at positions \(positions.map(String.init).joined(separator: ", ")) are damaged on disk: "
                + "they are dead letters now"
        case .unavailable(let reason):
            return
                "the journal cannot be written (\(reason)): events are refused until it can, which is tried again and again"
                + JournalCondition.remedy(reason)
        case .recovered:
            return "the journal can be written again"
        }
    }
}
