/// Why a decision cannot be carried out: the place and the rule, in words for the person who wrote the backend.
///
/// Holds no text of the backend but the names of members that lead to the place.
package struct DecisionProblem: Error, Sendable, Equatable, CustomStringConvertible {
    /// The place.
    package let pointer: JSONPointer
    /// The rule that it breaks.
    package let rule: String

    init(_ pointer: JSONPointer, _ rule: String) {
        self.pointer = pointer
        self.rule = rule
    }

    /// `/actions/0/dial/to: …`.
    package var description: String {
        pointer == .root ? rule : "\(pointer): \(rule)"
    }
}
