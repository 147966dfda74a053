import Auth
import OpenSSL
import Sipgate

/// Shortens telephone numbers and names for logs, as `mask_personal_data` wants it: `+49…88~k3f9q2`.
///
/// What is left is a shape, and behind `~` a pseudonym: the same for the same number or name, so that lines can be
/// joined, and nothing to anybody without the key. However a number is written, its last seven digits decide, as where
/// calls are joined: without its country or area it is still the same. Another key unlinks old lines from new ones.
package struct PersonalData: Sendable {
    /// The key of this process, where none is configured.
    private static let processKey =
        (try? RandomBytes.make(count: 32)) ?? (0..<32).map { _ in UInt8.random(in: 0...255) }

    /// False: everything is logged as it is.
    package let isMasked: Bool
    private let key: [UInt8]

    /// - Parameters:
    ///   - isMasked: whether anything is shortened.
    ///   - key: of the pseudonyms; nil: a random one, which ends with the process.
    package init(isMasked: Bool, key: [UInt8]? = nil) {
        self.isMasked = isMasked
        self.key = key ?? PersonalData.processKey
    }

    /// As the configuration wants it.
    package init(_ configuration: LoggingConfiguration) {
        self.init(
            isMasked: configuration.masksPersonalData,
            key: configuration.pseudonymKey.map { Array($0.exposed.utf8) }
        )
    }

    /// A telephone number with its country code and last two digits: `+49…88~k3f9q2`.
    ///
    /// Anything with fewer than seven digits, or that is no number, is masked whole.
    package func number(_ number: String) -> String {
        guard isMasked else { return number }
        guard let bucket = PhoneIdentity.bucket(of: number) else { return number.isEmpty ? "" : "anonymous" }
        return shape(of: number) + pseudonym("number", "\(bucket)")
    }

    /// A person's name with its first letter: `A…~k3f9q2`.
    package func name(_ name: String) -> String {
        guard isMasked else { return name }
        let words = name.lowercased().split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return name.prefix(1) + "…" + pseudonym("name", words)
    }

    /// Text of ours that may quote somebody: what looks like a telephone number in it is masked.
    package func text(_ text: String) -> String {
        guard isMasked, text.utf8.count(where: PhoneIdentity.isDigit) >= PhoneIdentity.telling else { return text }
        var masked = ""
        var rest = text[...]
        while let run = PhoneIdentity.firstNumber(in: rest) {
            masked += rest[..<run.lowerBound] + number(String(rest[run]))
            rest = rest[run.upperBound...]
        }
        return masked + rest
    }

    /// A path that a stranger asked for: what none of our own paths holds, nor anything like it, is masked.
    ///
    /// - Parameters:
    ///   - path: without a query.
    ///   - known: the segments of our paths.
    /// - Returns: the path as it may be logged.
    package func path(_ path: String, known: [String]) -> String {
        guard isMasked else { return path }
        return path.split(separator: "/", omittingEmptySubsequences: false).map { segment in
            let segment = String(segment)
            let digits = segment.utf8.count(where: PhoneIdentity.isDigit)
            if segment.isEmpty || known.contains(segment) { return segment }
            if digits < PhoneIdentity.telling, NearestName.among(known, to: segment) != nil { return segment }
            return segment.prefix(1) + "…" + pseudonym("path", segment)
        }.joined(separator: "/")
    }

    // MARK: Shapes

    private func shape(of number: String) -> String {
        var digits = Array(number.utf8.filter(PhoneIdentity.isDigit))[...]
        guard digits.count >= PhoneIdentity.telling,
            !number.utf8.contains(where: { $0 | 0x20 >= 97 && $0 | 0x20 <= 122 })
        else { return "…" }
        let isInternational = number.hasPrefix("+") || digits.starts(with: "00".utf8) || digits.first != 48
        guard isInternational else { return "0…" + String(decoding: digits.suffix(2), as: UTF8.self) }
        if digits.starts(with: "00".utf8) { digits = digits.dropFirst(2) }
        // Zones 1 and 7 have country codes of one digit, the others of two or three (ITU-T E.164, annex D).
        let codeLength = digits.first == 49 || digits.first == 55 ? 1 : 2
        return "+\(String(decoding: digits.prefix(codeLength), as: UTF8.self))…"
            + String(decoding: digits.suffix(2), as: UTF8.self)
    }

    /// Thirty bits of a keyed hash, as six letters and digits.
    private func pseudonym(_ kind: String, _ text: String) -> String {
        guard var mac = try? MAC(key: key) else { return "" }
        let digits = Array("abcdefghijklmnopqrstuvwxyz234567".utf8)
        var bits = mac.code(of: Array("\(kind)\0\(text)".utf8)).prefix
        var word: [UInt8] = [UInt8(ascii: "~")]
        for _ in 0..<6 {
            word.append(digits[Int(bits >> 59)])
            bits <<= 5
        }
        return String(decoding: word, as: UTF8.self)
    }
}
