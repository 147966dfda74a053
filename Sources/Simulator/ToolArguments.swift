/// Texts of the command line that the tools here take, as values.
package enum ToolArguments {
    /// Why a text cannot be used.
    package struct Problem: Error, Equatable, CustomStringConvertible {
        package let description: String
    }

    /// `host:port` or `[IPv6]:port`.
    ///
    /// - Throws: `Problem` when there is no port from 0 to 65535 or no host.
    package static func address(_ text: String) throws(Problem) -> (host: String, port: Int) {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (0...65_535).contains(port), text[colon...].utf8.dropFirst().allSatisfy({ (48...57).contains($0) })
        else { throw Problem(description: "\(text) has no port: write 127.0.0.1:9000") }
        var host = text[..<colon]
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        if isBracketed { host = host.dropFirst().dropLast() }
        guard !host.isEmpty, isBracketed || !host.contains(":") else {
            throw Problem(description: "\(text) is no address: write 127.0.0.1:9000 or [::1]:9000")
        }
        return (String(host), port)
    }

    /// `1500ms`, `5s` or `2m` in milliseconds.
    ///
    /// - Throws: `Problem` when it is none, or more than an hour.
    package static func milliseconds(_ text: String) throws(Problem) -> Int64 {
        let units: [(suffix: String, factor: Int64)] = [("ms", 1), ("s", 1000), ("m", 60_000)]
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let unit = units.first(where: { $0.suffix == text.dropFirst(digits.count) }), let number = Int64(digits),
            number <= 3_600_000 / unit.factor
        else { throw Problem(description: "\(text) is no duration up to an hour: write 1500ms, 5s or 2m") }
        return number * unit.factor
    }
}
