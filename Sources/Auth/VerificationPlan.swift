/// Which hashes are computed to check a password: the same work for every user, known or not.
///
/// For each scheme and cost there are as many steps as the user with the most hashes of that kind has. A user's own
/// hashes take their steps; the rest are decoys, other users' hashes whose result does not count. So a wrong
/// password takes the same time for whomever it is given, and the time tells neither which names exist nor which of
/// them are rotating their password. With one scheme and one password each, which is the usual case, that is one step.
struct VerificationPlan: Sendable {
    /// One computation.
    struct Step: Sendable {
        let hash: PasswordHash
        /// Whether the result is that of another user's hash, and to be forgotten.
        let isDecoy: Bool
    }

    private let steps: [String: [Step]]
    private let decoys: [Step]

    /// Lays out the work for these users; the name is the key.
    init(_ hashes: [String: [PasswordHash]]) {
        var kinds: [(scheme: PasswordHash.Scheme, example: PasswordHash, count: Int)] = []
        for (_, own) in hashes.sorted(by: { $0.key < $1.key }) {
            for hash in own {
                let count = own.count { $0.scheme == hash.scheme }
                if let known = kinds.firstIndex(where: { $0.scheme == hash.scheme }) {
                    kinds[known].count = max(kinds[known].count, count)
                } else {
                    kinds.append((hash.scheme, hash, count))
                }
            }
        }
        func steps(of own: [PasswordHash]) -> [Step] {
            kinds.flatMap { kind in
                let mine = own.filter { $0.scheme == kind.scheme }.map { Step(hash: $0, isDecoy: false) }
                return mine + Array(repeating: Step(hash: kind.example, isDecoy: true), count: kind.count - mine.count)
            }
        }
        self.steps = hashes.mapValues(steps)
        decoys = steps(of: [])
    }

    /// Whether there is nothing to compute, for anybody.
    var isEmpty: Bool { decoys.isEmpty }

    /// Whether a password is the user's: computes every step with `matches`, whatever the ones before it said.
    func verify(_ password: [UInt8], of user: String, matches: ([UInt8], PasswordHash) -> Bool) -> Bool {
        var isRight = false
        for step in steps[user] ?? decoys {
            let isMatch = matches(password, step.hash)
            isRight = (isMatch && !step.isDecoy) || isRight
        }
        return isRight
    }
}
