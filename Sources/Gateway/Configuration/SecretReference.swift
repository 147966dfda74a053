import Auth

/// `${env:NAME}`, `${file:path}` and `${credential:NAME}`: where a secret is, so that it need not stand in the configuration.
enum SecretReference: Equatable {
    case environment(String)
    case file(String)
    /// A file in the folder that systemd names with `CREDENTIALS_DIRECTORY` (systemd.exec(5), LoadCredential=).
    case credential(String)

    /// For remedies.
    static let forms = "`${env:NAME}`, `${file:path}` or `${credential:NAME}`"

    /// Whether a text is or was meant as a reference.
    static func isReference(_ text: String) -> Bool {
        text.hasPrefix("${") && text.hasSuffix("}")
    }

    /// Nil when the text is no complete reference.
    init?(_ text: String) {
        guard SecretReference.isReference(text) else { return nil }
        let inner = text.dropFirst(2).dropLast()
        if inner.hasPrefix("env:") {
            let name = inner.dropFirst(4)
            guard let first = name.utf8.first, !(48...57).contains(first), name.utf8.allSatisfy(Self.isNameByte) else {
                return nil
            }
            self = .environment(String(name))
        } else if inner.hasPrefix("file:"), inner.utf8.count > 5 {
            self = .file(String(inner.dropFirst(5)))
        } else if inner.hasPrefix("credential:") {
            let name = inner.dropFirst(11)
            guard !name.isEmpty, !name.contains("/"), name != ".", name != ".." else { return nil }
            self = .credential(String(name))
        } else {
            return nil
        }
    }

    /// Letters, digits and the underscore (POSIX.1-2017, XBD 8.1).
    private static func isNameByte(_ byte: UInt8) -> Bool {
        byte == 95 || (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
    }

    /// Fetches the secret; notes what is in the way.
    func resolve(_ scalar: ConfigurationScalar, base: BaseFolder, environment: [String: String]) -> Secret? {
        switch self {
        case .environment(let name):
            guard let value = environment[name] else {
                scalar.error("the environment variable `\(name)` is not set", remedy: "set it for this process")
                return nil
            }
            return usable(value, scalar, "the environment variable `\(name)`")
        case .file(let name):
            return read(base.resolve(name), scalar)
        case .credential(let name):
            return SecretReference.path(ofCredential: name, scalar, environment).flatMap { read($0, scalar) }
        }
    }

    /// Where systemd has put a credential; notes when it has handed over none.
    static func path(
        ofCredential name: String,
        _ scalar: ConfigurationScalar,
        _ environment: [String: String]
    ) -> String? {
        guard let folder = environment["CREDENTIALS_DIRECTORY"], folder.hasPrefix("/") else {
            scalar.error(
                "systemd has handed over no credentials: CREDENTIALS_DIRECTORY is not set",
                remedy: "write `LoadCredential=\(name.escaped):/path` in the unit; "
                    + "to check without it, set CREDENTIALS_DIRECTORY to a folder that holds such a file"
            )
            return nil
        }
        return folder + "/" + name
    }

    /// The content of a file.
    private func read(_ path: String, _ scalar: ConfigurationScalar) -> Secret? {
        let file: LocalFile
        do {
            file = try LocalFile.read(path, limit: LocalFile.maxSecretBytes)
        } catch {
            scalar.error("the secret file \(path.quoted) cannot be read: \(error.reason)")
            return nil
        }
        if file.isReadableByOthers {
            scalar.log.warning(
                scalar.key,
                at: scalar.position,
                "the secret file \(path.quoted) can be read by everybody",
                remedy: "chmod o-rwx \(path.escaped)"
            )
        }
        guard let text = file.secret else {
            scalar.error("the secret file \(path.quoted) is not UTF-8 text")
            return nil
        }
        return usable(text, scalar, "the secret file \(path.quoted)")
    }

    private func usable(_ text: String, _ scalar: ConfigurationScalar, _ source: String) -> Secret? {
        guard !text.isEmpty else {
            scalar.error("\(source) is empty", remedy: "put the secret in it")
            return nil
        }
        guard text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }) else {
            scalar.error("\(source) holds a control character", remedy: "one line of text, nothing else")
            return nil
        }
        return Secret(text)
    }
}
