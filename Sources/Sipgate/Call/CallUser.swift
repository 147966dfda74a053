/// A sipgate user by display name, with the ids that came in the same position of lists of the same length.
struct CallUser: Equatable, Sendable {
    /// Free text; never a key.
    let name: String
    /// `w` and a number.
    let id: String?
    /// The account's number and the id.
    let fullID: String?

    /// Pairs names with ids by position where the counts agree. Only one sample suggests that order, nobody promises it.
    static func pair(names: [String], ids: [String], fullIDs: [String]) -> [CallUser] {
        names.indices.map { index in
            CallUser(
                name: names[index],
                id: ids.count == names.count ? ids[index] : nil,
                fullID: fullIDs.count == names.count ? fullIDs[index] : nil)
        }
    }
}
