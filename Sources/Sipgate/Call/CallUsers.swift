/// A sipgate user who is called, calls, or has answered.
struct CallUser: Sendable, Equatable {
    /// The name on display; free text, and not unique.
    let name: String
    /// The id within the account, such as `w3`.
    let id: String?
    /// The id with the account in front, such as `2718281w3`.
    let fullId: String?
}

/// The users of a push: three lists that sipgate sends side by side without promising that they belong together.
struct CallUsers: Sendable, Equatable {
    /// Everybody with a name, in order, with their ids where these could be paired.
    let users: [CallUser]
    /// The ids that could not be paired.
    let unpairedIds: [String]
    /// The full ids that could not be paired.
    let unpairedFullIds: [String]

    /// Pairs the lists by position.
    ///
    /// Each list of ids is paired when it is as long as the list of names and neither has a gap: a wrong id is worse
    /// than none. An empty name means that there is no user.
    init(names: [String], ids: [String], fullIds: [String]) {
        let isWhole = !names.contains("")
        let takesIds = isWhole && ids.count == names.count && !ids.contains("")
        let takesFullIds = isWhole && fullIds.count == names.count && !fullIds.contains("")
        var users: [CallUser] = []
        users.reserveCapacity(names.count)
        for (index, name) in names.enumerated() where !name.isEmpty {
            users.append(
                CallUser(
                    name: name,
                    id: takesIds ? ids[index] : nil,
                    fullId: takesFullIds ? fullIds[index] : nil
                )
            )
        }
        self.users = users
        unpairedIds = takesIds ? [] : ids.filter { !$0.isEmpty }
        unpairedFullIds = takesFullIds ? [] : fullIds.filter { !$0.isEmpty }
    }

    /// Whether one of them is the mailbox, which sipgate lists as a user of that name.
    var includeVoicemail: Bool {
        users.contains { $0.name == "voicemail" }
    }
}
