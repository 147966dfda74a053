import HTTPTypes
import Hummingbird

/// The fields of a query: each at most once.
struct Query {
    /// By name.
    private(set) var fields: [String: String]

    init(_ fields: [String: String]) {
        self.fields = fields
    }

    /// Reads the query of a request.
    ///
    /// - Throws: `AdminProblem` for a field that comes twice.
    init(_ request: Request) throws(AdminProblem) {
        fields = [:]
        for (name, value) in request.uri.queryParameters {
            guard fields.updateValue(String(value), forKey: String(name)) == nil else {
                throw AdminProblem(.badRequest, "A field of the query comes twice.")
            }
        }
        // A form sends every field it has.
        fields = fields.filter { !$0.value.isEmpty }
    }

    /// Takes a number out.
    ///
    /// - Throws: `AdminProblem` when it is none, or out of range.
    mutating func take(_ name: String, or absent: Int, in range: ClosedRange<Int>) throws(AdminProblem) -> Int {
        guard let text = fields.removeValue(forKey: name) else { return absent }
        guard let number = Int(text), range.contains(number) else {
            throw AdminProblem(.badRequest, "`\(name)` is a number from \(range.lowerBound) to \(range.upperBound).")
        }
        return number
    }
}
