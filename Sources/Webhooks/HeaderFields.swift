/// The fields of a header section, in order and with their duplicates (RFC 9110, section 5).
package struct HeaderFields: Sendable {
    /// Names as received with their values; white space around values is already gone.
    package private(set) var fields: [(name: String, value: String)]

    package init(_ fields: [(name: String, value: String)] = []) {
        self.fields = fields
    }

    /// All values of fields with this name, which is given in lower case, in order.
    package func values(_ name: StaticString) -> [String] {
        fields.compactMap { $0.name.equalsIgnoringCase(name) ? $0.value : nil }
    }

    /// The value of the only field with this name, given in lower case; nil when there is none, or more than one.
    package func only(_ name: StaticString) -> String? {
        // By way of a span, which lends the fields where an iterator copies each.
        let fields = fields.span
        var found: Int?
        for index in fields.indices where fields[index].name.equalsIgnoringCase(name) {
            if found != nil { return nil }
            found = index
        }
        return found.map { self.fields[$0].value }
    }

    /// How many fields have this name, which is given in lower case.
    package func count(_ name: StaticString) -> Int {
        let fields = fields.span
        var count = 0
        for index in fields.indices where fields[index].name.equalsIgnoringCase(name) { count += 1 }
        return count
    }
}

extension String {
    /// Compares with a word in lower case, ignoring ASCII case: header names, and values that are tokens.
    package func equalsIgnoringCase(_ lowercased: StaticString) -> Bool {
        guard utf8.count == lowercased.utf8CodeUnitCount else { return false }
        let bytes = utf8.span
        return lowercased.withUTF8Buffer { wanted in
            for index in bytes.indices {
                let byte = bytes[index]
                let folded = byte >= 65 && byte <= 90 ? byte | 0x20 : byte
                if unsafe folded != wanted[index] { return false }
            }
            return true
        }
    }
}
