import Foundation
import Testing

/// One line of the vectors file: a push with its verdict.
struct Vector: Sendable, CustomTestStringConvertible {
    let name: String
    let contentType: String?
    let body: String
    let isValid: Bool
    /// The fields to assert, as JSON text, because a dictionary of anything is not Sendable.
    let expectation: Data
    let reason: String?
    let field: String?

    var testDescription: String { name }

    static let all: [Vector] = {
        guard let url = Bundle.module.url(forResource: "sipgate-vectors", withExtension: "jsonl", subdirectory: "Vectors"),
            let text = try? String(contentsOf: url, encoding: .utf8)
        else { return [] }
        return text.split(separator: "\n").compactMap { line in
            guard let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any],
                let name = object["name"] as? String, let body = object["body"] as? String,
                let isValid = object["valid"] as? Bool
            else { return nil }
            return Vector(
                name: name,
                contentType: object["content_type"] as? String,
                body: body,
                isValid: isValid,
                expectation: (try? JSONSerialization.data(withJSONObject: object["expect"] ?? [:])) ?? Data(),
                reason: object["reason"] as? String,
                field: object["field"] as? String)
        }
    }()
}
