import Webhooks

/// Whether a push belongs to the account that a route is for.
///
/// sipgate signs for all of its customers with one key, so a good signature does not tell whose call it is.
package struct AccountCheck: Sendable {
    private let account: String?
    private let numbers: NumberList?

    /// - Parameters:
    ///   - account: The number of the account, which begins every `fullUserId[]`; nil: any.
    ///   - numbers: The account's own numbers; nil: any.
    package init(account: String?, numbers: NumberList?) {
        self.account = account.map { $0 + "w" }
        self.numbers = numbers
    }

    /// Refuses a push that belongs to somebody else.
    ///
    /// What a push does not say cannot be checked: the end of a leg names neither people nor numbers.
    func verify(_ push: Push) throws(Rejection) {
        if let account {
            let ids = push.users.users.compactMap(\.fullId) + push.users.unpairedFullIds
            guard ids.allSatisfy({ $0.hasPrefix(account) }) else {
                throw Rejection(.accountMismatch, field: "fullUserId[]")
            }
        }
        guard let numbers, push.event == .newCall else { return }
        let isOutgoing = push.direction == .outgoing
        guard let own = isOutgoing ? push.from : push.to, !numbers.contains(own) else { return }
        // A call within the house rings at an extension, and a withheld number of ours is still ours.
        guard own.kind == .number || own.kind == .other else { return }
        throw Rejection(.accountMismatch, field: isOutgoing ? "from" : "to")
    }
}
