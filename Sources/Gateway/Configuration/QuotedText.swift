extension String {
    /// Text from a file, made fit for a message: in back-ticks, bounded, with control characters as `\u{…}`.
    var quoted: String {
        var result = "`"
        for (count, scalar) in unicodeScalars.enumerated() {
            if count == 80 {
                result += "…"
                break
            }
            result += scalar.printable
        }
        return result + "`"
    }

    /// Text for a terminal: control characters as `\u{…}`, nothing else changed.
    var escaped: String {
        unicodeScalars.allSatisfy(\.isVisible) ? self : unicodeScalars.map(\.printable).joined()
    }
}

extension Unicode.Scalar {
    /// The scalar itself, or its escape when a terminal or a log could take it for a command.
    var printable: String {
        isVisible ? String(self) : "\\u{\(String(value, radix: 16))}"
    }

    /// False for control, format and separator characters (line breaks, escapes, changes of the writing direction), and
    /// for those that have no meaning.
    var isVisible: Bool {
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: false
        default: true
        }
    }
}
