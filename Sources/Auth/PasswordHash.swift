internal import CCrypt
import Glibc
internal import OpenSSL

/// A password hash in the format of crypt(5), computed by the system's libcrypt.
package struct PasswordHash: Sendable {
    /// Why a text is no usable hash.
    package enum Invalid: Error, Equatable, Sendable, CustomStringConvertible {
        /// The scheme is none of those accepted.
        case unknownScheme
        /// libcrypt cannot use the parameters or the salt.
        case malformed
        /// libcrypt could not compute a hash.
        case failed

        package var description: String {
            switch self {
            case .unknownScheme:
                "accepted are bcrypt ($2b$, $2y$, $2a$), yescrypt ($y$) and sha512-crypt ($6$); `hookgate password` makes one"
            case .malformed: "it is damaged: libcrypt cannot use it; `hookgate password` makes a new one"
            case .failed: "libcrypt could not compute it"
            }
        }
    }

    private static let schemes = ["$2b$", "$2y$", "$2a$", "$y$", "$6$"]

    /// The whole hash: scheme, parameters, salt and digest.
    package let text: String

    /// Checks scheme, parameters, and that a digest is there.
    package init(_ text: String) throws(Invalid) {
        guard PasswordHash.schemes.contains(where: text.hasPrefix) else { throw .unknownScheme }
        let usable = crypt_checksalt(text)
        guard usable == CRYPT_SALT_OK || usable == CRYPT_SALT_TOO_CHEAP || usable == CRYPT_SALT_METHOD_LEGACY else {
            throw .malformed
        }
        // A setting without its digest would never match: say so now.
        guard let digest = text.split(separator: "$").last, digest.utf8.count >= 43 else { throw .malformed }
        self.text = text
    }

    /// Whether the password has this hash. Takes as long as the hash's cost says: never on an event loop.
    package func matches(_ password: String) -> Bool {
        guard let computed = PasswordHash.crypt(password, setting: text) else { return false }
        return ConstantTime.equal(Array(computed.utf8), Array(text.utf8))
    }

    /// The hash of a new password: yescrypt with libcrypt's default cost.
    ///
    /// yescrypt, because it needs memory as well as time, which bcrypt does not, and is what Debian uses for its own.
    ///
    /// - Throws: `failed` when libcrypt has no randomness, or the password is longer than it takes (512 bytes).
    package static func make(_ password: String) throws(Invalid) -> String {
        var setting = [CChar](repeating: 0, count: Int(CRYPT_GENSALT_OUTPUT_SIZE))
        guard crypt_gensalt_rn("$y$", 0, nil, 0, &setting, Int32(setting.count)) != nil,
            let hash = crypt(
                password,
                setting: String(decoding: setting.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
        else { throw .failed }
        return hash
    }

    /// crypt_rn(3) with memory of its own, wiped afterwards; nil when it fails.
    private static func crypt(_ password: String, setting: String) -> String? {
        let data = UnsafeMutableRawPointer.allocate(
            byteCount: MemoryLayout<crypt_data>.size, alignment: MemoryLayout<crypt_data>.alignment)
        data.initializeMemory(as: UInt8.self, repeating: 0, count: MemoryLayout<crypt_data>.size)
        defer {
            explicit_bzero(data, MemoryLayout<crypt_data>.size)
            data.deallocate()
        }
        guard let hash = crypt_rn(password, setting, data, Int32(MemoryLayout<crypt_data>.size)) else { return nil }
        return String(cString: hash)
    }
}
