import NIOCore
import Webhooks

/// What the writer is asked for beside appends and settlements.
enum JournalCommand: Sendable {
    case attach(Attachment)
    case read(LineRead)
    case lease(LeaseRequest)
    /// The file was found to be damaged, in words.
    case damaged(String)
    /// Pushes of an hour, to be added to what is known.
    case record([HourlyActivity])
    case close

    /// Tells the caller that nothing will come of it.
    func fail(_ error: JournalError) {
        switch self {
        case .attach(let attachment): attachment.promise.fail(error)
        case .read(let read): read.promise.fail(error)
        case .lease(let request): request.promise.fail(error)
        case .damaged, .record, .close: break
        }
    }
}

/// Who delivers to a destination.
struct Attachment: Sendable {
    let destination: Int
    let eventLoop: any EventLoop
    let receive: @Sendable (JournalNews) -> Void
    let promise: EventLoopPromise<JournalStanding>
}

/// A reader's way along the line of a destination.
///
/// It goes back and forth: the reader's thread finds wanted events, the writer knows which of them have left the line
/// and counts their attempts.
struct LineRead: Sendable {
    let destination: Int
    let limit: Int
    let promise: EventLoopPromise<[Lease]>
    /// Where the next page begins.
    var position: Int64
    /// What the reader's thread found since; nil when it is its turn.
    var page: LinePage?
    /// What the result will hold so far.
    var leases: [Lease] = []
}

/// A stretch of the line.
struct LinePage: Sendable {
    /// Wanted events, in order.
    var entries: [JournalEntry] = []
    /// Wanted, but damaged beyond use.
    var damaged: [Int64] = []
    /// Everything up to here was looked at.
    var through: Int64
    /// Whether nothing follows.
    var isLast: Bool
}

/// A claim for deferred entries.
struct LeaseRequest: Sendable {
    let destination: Int
    let now: Timestamp
    let expiry: Timestamp
    let limit: Int
    let promise: EventLoopPromise<LeaseBatch>
}
