import Foundation

/// JSON as a test compares it: text by its bytes, so that a letter and its decomposed form differ; absent is null.
enum JSONValue: Sendable, Equatable {
    case null
    case bool(Bool)
    case number(Double)
    case text([UInt8])
    case array([JSONValue])
    case object([String: JSONValue])

    /// Parses a document with Foundation, which knows nothing of our writer.
    init(parsing bytes: some Collection<UInt8>) throws {
        self.init(try JSONSerialization.jsonObject(with: Data(bytes), options: [.fragmentsAllowed]))
    }

    private init(_ value: Any) {
        switch value {
        case let text as String: self = .text(Array(text.utf8))
        case let number as NSNumber where String(cString: number.objCType) == "c": self = .bool(number.boolValue)
        case let number as NSNumber: self = .number(number.doubleValue)
        case let array as [Any]: self = .array(array.map(JSONValue.init))
        case let object as [String: Any]: self = .object(object.mapValues(JSONValue.init))
        default: self = .null
        }
    }

    /// A member of an object; null when there is none.
    subscript(_ name: String) -> JSONValue {
        guard case .object(let members) = self else { return .null }
        return members[name] ?? .null
    }

    /// The elements of an array; nil for anything else.
    var elements: [JSONValue]? {
        guard case .array(let elements) = self else { return nil }
        return elements
    }

    /// The names of an object's members.
    var names: Set<String> {
        guard case .object(let members) = self else { return [] }
        return Set(members.keys)
    }

    /// The text of a string; nil for anything else.
    var text: String? {
        guard case .text(let bytes) = self else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension JSONValue: ExpressibleByStringLiteral {
    init(stringLiteral text: String) {
        self = .text(Array(text.utf8))
    }
}
