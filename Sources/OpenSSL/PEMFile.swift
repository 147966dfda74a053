internal import COpenSSL
internal import Glibc

/// The bytes of a PEM file (RFC 7468) with the name that errors give it.
struct PEMFile: Sendable {
    /// A path, or what else the text is called.
    let name: String
    private let bytes: [UInt8]
    /// Labels of the blocks in order: "CERTIFICATE", "EC PRIVATE KEY".
    let labels: [String]

    /// No certificate chain or key comes near it; a log file given by mistake does.
    private static let largestFile = 1 << 20

    /// Reads the file.
    ///
    /// - Throws: `unreadable`, `empty` or why it is no PEM.
    init(file path: String) throws(CredentialError) {
        try self.init(name: path, bytes: PEMFile.contents(of: path))
    }

    /// Takes text.
    ///
    /// - Throws: `empty` or why it is no PEM.
    init(text: String, name: String) throws(CredentialError) {
        try self.init(name: name, bytes: Array(text.utf8))
    }

    private init(name: String, bytes: [UInt8]) throws(CredentialError) {
        guard !bytes.isEmpty else { throw .empty(file: name) }
        self.name = name
        // Windows' editors put a mark before the first line, which would hide its dashes.
        self.bytes = bytes.starts(with: PEMFile.byteOrderMark) ? Array(bytes.dropFirst(3)) : bytes
        if let format = PEMFile.otherFormat(of: bytes) { throw .otherFormat(file: name, format) }
        labels = try PEMFile.labels(in: self.bytes, of: name)
        guard !labels.isEmpty else { throw .notPEM(file: name) }
    }

    /// U+FEFF in UTF-8.
    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    /// Whether a block of that kind is there.
    ///
    /// - Throws: `wrongContent` where it is not, saying what is.
    func require(_ expected: CredentialError.Content) throws(CredentialError) {
        let contents = labels.map(PEMFile.content(labelled:))
        guard !contents.contains(expected) else { return }
        let found = contents.first { $0 != .other } ?? .other
        throw .wrongContent(file: name, expected: expected, found: found)
    }

    /// Lends a read-only BIO over the bytes; nil when OpenSSL has no memory.
    func withBIO<Result>(_ body: (OpaquePointer?) -> Result) -> Result {
        bytes.withUnsafeBytes { bytes in
            guard let bio = Owned(BIO_new_mem_buf(bytes.baseAddress, Int32(clamping: bytes.count)), freeBIO) else {
                return body(nil)
            }
            return body(bio.pointer)
        }
    }

    private static func content(labelled label: String) -> CredentialError.Content {
        switch label {
        case "CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE": .certificate
        case "X509 CRL": .revocationList
        case "CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST": .request
        case "PUBLIC KEY", "RSA PUBLIC KEY": .publicKey
        case "OPENSSH PRIVATE KEY": .openSSHKey
        case _ where label.hasSuffix("PRIVATE KEY"): .privateKey
        default: .other
        }
    }

    private static func contents(of path: String) throws(CredentialError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .unreadable(file: path, reason: systemError()) }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 64 * 1024)
        var count = 0
        while true {
            let got = bytes.withUnsafeMutableBytes {
                Glibc.read(descriptor, $0.baseAddress?.advanced(by: count), $0.count - count)
            }
            guard got >= 0 else {
                if errno == EINTR { continue }
                throw .unreadable(file: path, reason: systemError())
            }
            if got == 0 { return Array(bytes.prefix(count)) }
            count += got
            guard count < largestFile else { throw .unreadable(file: path, reason: "larger than 1 MiB") }
            if count == bytes.count { bytes.append(contentsOf: repeatElement(0, count: count)) }
        }
    }

    private static func systemError() -> String {
        String(cString: strerror(errno))
    }
}

private func freeBIO(_ bio: OpaquePointer?) {
    BIO_free(bio)
}
