import Foundation
import HTTPTypes
import Journal
import NIOCore
import NIOPosix

/// What an operator wants changed.
///
///     {"action": "retry", "filter": {"state": "dead", "destination": "crm"}}
struct ChangeOrder: Equatable {
    let action: JournalRequest.Action
    /// As the command line takes it.
    let filter: [String: String]
    /// Whether no filter is meant.
    let isAboutAll: Bool

    /// Reads an order: a member that is not known would make a filter wider than it was meant, and is refused.
    ///
    /// - Throws: `AdminProblem`.
    init(_ body: ByteBuffer) throws(AdminProblem) {
        let malformed = AdminProblem(
            .badRequest,
            "Send {\"action\": \"retry\" or \"drop\", \"filter\": {…}}; a filter's members are strings."
        )
        let value = try? JSONSerialization.jsonObject(with: Data(body.readableBytesView))
        guard let members = value as? [String: Any], Set(members.keys).isSubset(of: ["action", "filter", "all"]),
            let word = members["action"] as? String, let action = JournalRequest.Action(rawValue: word),
            action != .forget
        else { throw malformed }
        self.action = action
        guard let filter = (members["filter"] ?? [:]) as? [String: String] else { throw malformed }
        self.filter = filter
        guard let isAboutAll = (members["all"] ?? false) as? Bool else { throw malformed }
        self.isAboutAll = isAboutAll
    }
}

/// The changes that were asked for here, so that their progress can be looked at.
///
/// The journal works them off also when nobody looks.
actor ChangeLog {
    private static let capacity = 64

    private enum Change {
        /// Holds a connection to the journal.
        case underWay(JournalRequest)
        case ended(JournalRequest.Progress)
    }

    private var changes: [Int: Change] = [:]
    private var next = 1

    /// Hands a change to the process that holds the journal.
    ///
    /// - Returns: its number.
    /// - Throws: `DatabaseError`.
    func begin(_ action: JournalRequest.Action, _ filter: JournalFilter, path: String) async throws -> Int {
        let request = try await NIOThreadPool.singleton.runIfActive { try JournalRequest(action, filter, path: path) }
        let number = next
        next += 1
        changes[number] = .underWay(request)
        changes[number - ChangeLog.capacity] = nil
        return number
    }

    /// How far a change has come; nil when it is not known.
    ///
    /// - Throws: `DatabaseError`.
    func progress(of number: Int) async throws -> JournalRequest.Progress? {
        switch changes[number] {
        case nil:
            return nil
        case .ended(let progress):
            return progress
        case .underWay(let request):
            let progress = try await NIOThreadPool.singleton.runIfActive { try request.progress() }
            // It may have been forgotten meanwhile.
            if let progress, progress.isFinished, changes[number] != nil { changes[number] = .ended(progress) }
            return progress
        }
    }
}
