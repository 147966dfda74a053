/// JSON that was read and not yet interpreted (RFC 8259).
///
/// Members keep their order, and numbers their text: what a number may be is for whoever knows its meaning.
package enum JSONTree: Sendable, Equatable {
    case null
    case bool(Bool)
    case number(String)
    case text(String)
    case array([JSONTree])
    case object([Member])

    /// A name and its value.
    package struct Member: Sendable, Equatable {
        /// The name, its escapes resolved.
        package let name: String
        /// The value.
        package let value: JSONTree

        package init(name: String, value: JSONTree) {
            self.name = name
            self.value = value
        }
    }

    /// The value of a member; nil for an absent one, and for anything but an object.
    package subscript(_ name: String) -> JSONTree? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }

    /// The text of a string; nil for anything else.
    package var text: String? {
        guard case .text(let text) = self else { return nil }
        return text
    }

    /// The elements of an array; none for anything else.
    package var elements: [JSONTree] {
        guard case .array(let elements) = self else { return [] }
        return elements
    }

    /// What it is, in the words of an error message.
    var kind: String {
        switch self {
        case .null: "null"
        case .bool: "true or false"
        case .number: "a number"
        case .text: "a text"
        case .array: "a list"
        case .object: "an object"
        }
    }
}
