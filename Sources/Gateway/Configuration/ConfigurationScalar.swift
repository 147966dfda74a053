import Auth
import NIOCore
import Yams

/// One value of the file, with the words for what may be wrong with it.
struct ConfigurationScalar {
    /// The value as text, whatever YAML might take it for.
    let text: String
    /// Without quotes around it.
    let isPlain: Bool
    let position: IssueLog.Position?
    /// The path of its key.
    let key: String
    let log: IssueLog

    func error(_ message: String, remedy: String? = nil) {
        log.error(key, at: position, message, remedy: remedy)
    }

    /// A text that holds no secret, so that it may be quoted in messages.
    ///
    /// Notes what stands in the way.
    func publicText() -> String? {
        // An address may hold a password: `https://user:password@…`.
        if let position, !text.contains("@") { log.show(position) }
        guard !isMissing else {
            error("has no value", remedy: "give it one, or remove the key")
            return nil
        }
        if SecretReference.isReference(text) {
            error("references such as `${env:…}` are only for secrets", remedy: "write the value itself")
            return nil
        }
        if isPlain, ConfigurationScalar.misread.contains(text.lowercased()) {
            error("YAML 1.1 takes \(text.quoted) for a boolean", remedy: "put it in quotes if it is a name")
            return nil
        }
        return text
    }

    /// True or false, nothing else.
    func boolean() -> Bool? {
        if let position { log.show(position) }
        switch (text, isPlain) {
        case ("true", true): return true
        case ("false", true): return false
        case ("true", false), ("false", false):
            error("has to be a boolean, not a text", remedy: "remove the quotes")
        case (_, true) where ConfigurationScalar.misread.contains(text.lowercased()):
            error(
                "\(text.quoted) is not accepted: YAML 1.1 reads it as a boolean, YAML 1.2 as a text",
                remedy: "write `true` or `false`"
            )
        default:
            error("has to be `true` or `false`, not \(shown)")
        }
        return nil
    }

    /// A whole number in decimal, within a range.
    func integer(in range: ClosedRange<Int>) -> Int? {
        if let position { log.show(position) }
        let digits = text.utf8
        guard isPlain, !digits.isEmpty, digits.allSatisfy({ (48...57).contains($0) }), text == "0" || digits.first != 48
        else {
            error(
                "has to be a whole number, not \(shown)",
                remedy: "between \(range.lowerBound) and \(range.upperBound)"
            )
            return nil
        }
        guard let number = Int(text), range.contains(number) else {
            error("\(text.quoted) is out of range", remedy: "between \(range.lowerBound) and \(range.upperBound)")
            return nil
        }
        return number
    }

    /// A duration such as `5s`, within a range.
    func duration(in range: ClosedRange<TimeAmount>) -> TimeAmount? {
        guard let text = publicText() else { return nil }
        guard let amount = DurationText.parse(text) else {
            error("\(text.quoted) is no duration", remedy: DurationText.remedy(for: text))
            return nil
        }
        guard range.contains(amount) else {
            let bounds = "\(DurationText.format(range.lowerBound)) and \(DurationText.format(range.upperBound))"
            error("\(text.quoted) is out of range", remedy: "between \(bounds)")
            return nil
        }
        return amount
    }

    /// A size such as `64KiB`, within a range.
    func size(in range: ClosedRange<Int>) -> Int? {
        guard let text = publicText() else { return nil }
        guard let bytes = SizeText.parse(text) else {
            error("\(text.quoted) is no size", remedy: "write `64KiB`, `1MiB`, `2GiB` or a number of bytes")
            return nil
        }
        guard range.contains(bytes) else {
            let bounds = "\(SizeText.format(range.lowerBound)) and \(SizeText.format(range.upperBound))"
            error("\(text.quoted) is out of range", remedy: "between \(bounds)")
            return nil
        }
        return bytes
    }

    /// One of a few words.
    func choice(_ words: [String]) -> String? {
        guard let text = publicText() else { return nil }
        guard words.contains(text) else {
            error("\(text.quoted) is not known here", remedy: NearestName.remedy(words, to: text))
            return nil
        }
        return text
    }

    /// A secret from a reference.
    ///
    /// One that stands in the file itself is an error that does not repeat it.
    func secret(base: BaseFolder, environment: [String: String]) -> Secret? {
        guard let reference = SecretReference(text) else {
            if isMissing {
                error("has no value", remedy: "write \(SecretReference.forms)")
            } else if text.contains("${") {
                error("is no complete reference", remedy: "write \(SecretReference.forms) and nothing around it")
            } else {
                error("a secret must not stand in the file", remedy: "write \(SecretReference.forms)")
            }
            return nil
        }
        let secret = reference.resolve(self, base: base, environment: environment)
        if let secret { log.keep(secret, for: key) }
        return secret
    }

    /// A key from a reference.
    ///
    /// Keys are guessed offline, so they need the strength of a key, not of a password.
    func key(base: BaseFolder, environment: [String: String]) -> Secret? {
        guard let secret = secret(base: base, environment: environment) else { return nil }
        guard secret.exposed.utf8.count >= ConfigurationScalar.minKeyBytes else {
            error(
                "the key is shorter than \(ConfigurationScalar.minKeyBytes) bytes",
                remedy: "`openssl rand -hex 32` makes one"
            )
            return nil
        }
        return secret
    }

    private static let minKeyBytes = 16

    /// Whether the value is YAML's null.
    var isMissing: Bool { text.isEmpty || isPlain && ["~", "null", "Null", "NULL"].contains(text) }

    /// The value for a message about a key that holds no secret.
    private var shown: String { isMissing ? "nothing" : text.quoted }

    /// What YAML 1.1 takes for booleans.
    private static let misread: Set<String> = ["true", "false", "yes", "no", "on", "off", "y", "n"]
}
