/// What systems on the way of a trace hand on: W3C Trace Context, section 3.3.
package enum TraceState {
    /// What is passed on at most, as section 3.3.1.5 wants it at least.
    package static let mostBytes = 512
    /// Entries of a list.
    private static let mostMembers = 32
    /// Longer entries are the first to go where not all can be passed on.
    private static let longMember = 128

    /// The `tracestate` of a request with a valid `traceparent`, all its fields as one; nil when there is none, or one that
    /// is not valid: that is no reason to drop the trace.
    static func of(_ headers: HeaderFields) -> String? {
        let values = headers.values("tracestate")
        guard !values.isEmpty else { return nil }
        // A tab between entries may not stand in a field that is written anew everywhere.
        let text = values.joined(separator: ",").replacing("\t", with: " ")
        let members = text.split(separator: ",").map { $0.drop { $0 == " " } }.filter { !$0.isEmpty }
        guard !members.isEmpty, members.count <= mostMembers, members.allSatisfy(isValid) else { return nil }
        // As it came, where it may be.
        return text.utf8.count <= mostBytes ? text : shortened(members)
    }

    /// Whole entries go, the long ones first, then the last.
    private static func shortened(_ members: [Substring]) -> String? {
        var kept = members
        var bytes = kept.reduce(-1) { $0 + $1.utf8.count + 1 }
        while bytes > mostBytes, let long = kept.lastIndex(where: { $0.utf8.count > longMember }) {
            bytes -= kept.remove(at: long).utf8.count + 1
        }
        while bytes > mostBytes, let last = kept.popLast() { bytes -= last.utf8.count + 1 }
        return kept.isEmpty ? nil : kept.joined(separator: ",")
    }

    /// `key=value`, the key of a vendor, the value of visible ASCII and blanks.
    private static func isValid(_ member: Substring) -> Bool {
        let parts = member.utf8.split(separator: UInt8(ascii: "="), omittingEmptySubsequences: false)
        guard parts.count == 2, 1...256 ~= parts[0].count, parts[1].count <= 256,
            let first = parts[0].first, isLower(first) || isDigit(first)
        else { return false }
        return parts[0].allSatisfy { isLower($0) || isDigit($0) || "_-*/@".utf8.contains($0) }
            && parts[1].allSatisfy { 0x20...0x7E ~= $0 }
    }

    private static func isLower(_ byte: UInt8) -> Bool { 97...122 ~= byte }
    private static func isDigit(_ byte: UInt8) -> Bool { 48...57 ~= byte }
}
