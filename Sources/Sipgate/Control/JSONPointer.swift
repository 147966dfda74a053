/// A place in a JSON document (RFC 6901): `/actions/0/dial/to`; empty for the whole of it.
package struct JSONPointer: Sendable, Hashable, CustomStringConvertible {
    /// Characters of a foreign name that are shown: enough to find it, and no more of what may be garbage.
    private static let longestName = 40

    package let description: String

    /// The whole document.
    package static let root = JSONPointer(description: "")

    private init(description: String) {
        self.description = description
    }

    /// The element of a list.
    func element(_ index: Int) -> JSONPointer {
        JSONPointer(description: "\(description)/\(index)")
    }

    /// The member of an object.
    ///
    /// The name may be anybody's text, but the place ends up in logs: what is not visible ASCII becomes `?`.
    func member(_ name: String) -> JSONPointer {
        var text = description + "/"
        for scalar in name.unicodeScalars.prefix(JSONPointer.longestName) {
            switch scalar {
            case "~": text += "~0"
            case "/": text += "~1"
            case " "..."~": text.unicodeScalars.append(scalar)
            default: text += "?"
            }
        }
        if name.unicodeScalars.count > JSONPointer.longestName { text += "…" }
        return JSONPointer(description: text)
    }
}
