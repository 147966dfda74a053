/// The fields of a header section, in order and with their duplicates (RFC 9110, section 5).
package struct HeaderFields: Sendable {
    /// The fields that every webhook is asked for; they are looked up once.
    package enum Known: Int {
        case authorization
        case contentType
        case contentEncoding
        case traceParent

        /// Told apart by length first: most fields are none of these.
        fileprivate init?(_ name: String) {
            switch name.utf8.count {
            case 11 where name.equalsIgnoringCase("traceparent"): self = .traceParent
            case 12 where name.equalsIgnoringCase("content-type"): self = .contentType
            case 13 where name.equalsIgnoringCase("authorization"): self = .authorization
            case 16 where name.equalsIgnoringCase("content-encoding"): self = .contentEncoding
            default: return nil
            }
        }
    }

    /// Names as received with their values; white space around values is already gone.
    package let fields: [(name: String, value: String)]
    /// By the raw value of `Known`: where the first is, and how many there are.
    private var places = InlineArray<4, (first: Int, count: Int)>(repeating: (0, 0))

    package init(_ fields: [(name: String, value: String)] = []) {
        self.fields = fields
        // By way of a span, which lends the fields where an iterator copies each.
        let span = fields.span
        for index in span.indices {
            guard let known = Known(span[index].name) else { continue }
            if places[known.rawValue].count == 0 { places[known.rawValue].first = index }
            places[known.rawValue].count += 1
        }
    }

    /// All values of fields with this name, which is given in lower case, in order.
    package func values(_ name: StaticString) -> [String] {
        fields.compactMap { $0.name.equalsIgnoringCase(name) ? $0.value : nil }
    }

    /// The value of the only field with this name; nil when there is none, or more than one.
    package func only(_ known: Known) -> String? {
        let place = places[known.rawValue]
        return place.count == 1 ? fields[place.first].value : nil
    }

    /// How many fields have this name.
    package func count(_ known: Known) -> Int {
        places[known.rawValue].count
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
