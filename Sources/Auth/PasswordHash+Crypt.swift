internal import CCrypt
internal import OpenSSL

#if canImport(Glibc)
internal import Glibc
#endif

extension PasswordHash {
    /// The work area of crypt_r(3): 32 KiB, wiped when it is given back, since the password passes through it.
    private struct WorkArea: ~Copyable {
        let pointer: UnsafeMutablePointer<crypt_data>

        init() {
            pointer = .allocate(capacity: 1)
            // crypt(3): "the only field that needs to be initialized is `initialized`", and zero is its value.
            memset(pointer, 0, MemoryLayout<crypt_data>.size)
        }

        deinit {
            explicit_bzero(pointer, MemoryLayout<crypt_data>.size)
            pointer.deallocate()
        }
    }

    /// Whether the hash is one of this password.
    ///
    /// Takes as long as its scheme and cost say: never called on an event loop.
    /// The password has no NUL bytes, which `BasicCredentials` sees to.
    func matches(_ password: [UInt8]) -> Bool {
        let area = WorkArea()
        guard let computed = PasswordHash.compute(password, setting: text, in: area.pointer) else { return false }
        // Only the hash proper: other makers write the last bits of bcrypt's salt differently.
        let length = scheme.digestLength
        guard computed.count == text.utf8.count else { return false }
        return ConstantTime.equal(Array(computed.suffix(length)), Array(text.utf8.suffix(length)))
    }

    /// Makes a hash of a password with a new salt: yescrypt at libcrypt's own default cost.
    ///
    /// yescrypt because it needs memory as well as time, so that special hardware helps little; because it takes the whole
    /// password (bcrypt the first 72 bytes); and because a tenth of bcrypt's usual time is enough for that, which
    /// counts when many connections arrive with the first push after a start.
    ///
    /// - Throws: `unusablePassword` or `notMade`.
    package static func make(_ password: Secret) throws(PasswordHashError) -> String {
        let bytes = Array(password.exposed.utf8)
        guard bytes.count <= 511, bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else { throw .unusablePassword }
        // No random bytes given: crypt_gensalt_rn(3) takes them from the kernel.
        let setting = [CChar](unsafeUninitializedCapacity: Int(CRYPT_GENSALT_OUTPUT_SIZE)) { buffer, count in
            buffer.initialize(repeating: 0)
            let made = crypt_gensalt_rn("$y$", 0, nil, 0, buffer.baseAddress, CRYPT_GENSALT_OUTPUT_SIZE)
            count = made == nil ? 0 : buffer.count
        }
        let area = WorkArea()
        guard
            let end = setting.firstIndex(of: 0),
            let hash = compute(
                bytes,
                setting: String(decoding: setting[..<end].map { UInt8(bitPattern: $0) }, as: UTF8.self),
                in: area.pointer
            )
        else { throw .notMade }
        return String(decoding: hash, as: UTF8.self)
    }

    /// Calls crypt_r(3).
    ///
    /// - Returns: the text of the hash; nil when libcrypt refuses, which it says with a text that begins with `*`.
    private static func compute(
        _ password: [UInt8],
        setting: String,
        in area: UnsafeMutablePointer<crypt_data>
    ) -> [UInt8]? {
        var phrase = password.map { CChar(bitPattern: $0) } + [0]
        defer { explicit_bzero(&phrase, phrase.count) }
        guard let output = crypt_r(phrase, setting, area), output.pointee != CChar(UInt8(ascii: "*")) else {
            return nil
        }
        return Array(UnsafeBufferPointer(start: output, count: strlen(output)).map { UInt8(bitPattern: $0) })
    }
}
