/// A story that a simulation plays: legs, and what happens to them in order.
///
/// Follow-ups go where the replies say, the actions of replies are obeyed; the scenario says only what people and
/// telephones do.
package struct Scenario: Sendable, Equatable {
    /// One leg, as sipgate tells of it.
    package struct Leg: Sendable, Equatable {
        /// What legs have in common.
        package enum Correlation: String, Sendable, CaseIterable {
            /// The `xcid` of the scenario.
            case shared
            /// An `xcid` of its own, as the two sides of an internal call have.
            case own
            /// The kind that click-to-dial gives to both of its legs.
            case click
            /// None, as in the years before 2020.
            case none
        }

        package var name: String
        package var direction = "in"
        package var from: String
        package var to: String
        /// The number that was dialled first.
        package var diversion: String?
        /// Whom it rings for, or who calls.
        package var users: [String] = []
        /// The leg that this one names as the first.
        package var of: String?
        package var correlation = Correlation.shared
    }

    /// What happens next.
    package enum Step: Sendable, Equatable {
        /// sipgate tells of a leg that begins.
        case start(leg: String)
        /// Somebody picks up; nobody in particular where there is no name.
        case answer(leg: String, by: String?)
        /// The leg ends, with a cause.
        case hangup(leg: String, cause: String)
        /// The push before this one comes once more.
        case again
        /// Time passes, in milliseconds.
        case wait(Int64)
    }

    /// What stands for keys when the caller hangs up in front of a menu.
    package static let hangupKeys = "-1"

    /// Whether a text can be pressed on a telephone, or says that its caller left.
    package static func areKeys(_ text: String) -> Bool {
        text == hangupKeys || text.allSatisfy { "0123456789*#ABCDabcd".contains($0) }
    }

    /// What it is called.
    package var name: String
    /// What it is about, in a sentence.
    package var about: String
    /// The legs, in order of their names' first appearance.
    package var legs: [Leg]
    /// What happens, in order.
    package var steps: [Step]
    /// The keys that the caller presses, one text for each gather; after the last nobody presses any.
    package var keys: [String] = []

    /// The leg of a name.
    func leg(_ name: String) -> Leg? {
        legs.first { $0.name == name }
    }

    /// The number of a user in the account: `w0` is the first that the scenario names.
    func number(of user: String) -> Int {
        var known: [String] = []
        for leg in legs { for user in leg.users where !known.contains(user) { known.append(user) } }
        return known.firstIndex(of: user) ?? known.count
    }
}
