/// Whether the gateway can do its work, and if not, why.
package struct HealthReport: Sendable, Equatable {
    /// One thing that the work depends on.
    package struct Check: Sendable, Equatable {
        /// A stable word: `journal`, `drain`.
        package let name: String
        /// What is wrong, in words; nil when nothing is.
        package let problem: String?

        package init(name: String, problem: String?) {
            self.name = name
            self.problem = problem
        }
    }

    /// All of them, in a fixed order.
    package let checks: [Check]

    package init(checks: [Check]) {
        self.checks = checks
    }

    /// Whether requests should be sent here.
    package var isReady: Bool { checks.allSatisfy { $0.problem == nil } }
}
