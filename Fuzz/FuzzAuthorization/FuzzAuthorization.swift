import Auth
import CFuzzer

/// Fuzzes the parser of the `Authorization` field.
///
/// Besides crashes it looks for broken promises: what is accepted has no control character and no colon in its user-id,
/// and is the only text for these credentials.
@main
struct FuzzAuthorization {
    static func main() {
        var count = CommandLine.argc
        var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
        _ = LLVMFuzzerRunDriver(&count, &arguments) { bytes, count in
            FuzzAuthorization.test(UnsafeBufferPointer(start: bytes, count: count))
            return 0
        }
    }

    private static func test(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard let credentials = BasicCredentials.parse(bytes.span) else { return }
        let user = Array(credentials.user.utf8)
        let joined = user + [UInt8(ascii: ":")] + credentials.password
        check(joined.count <= BasicCredentials.maxBytes, "more bytes than the limit")
        check(!user.contains(UInt8(ascii: ":")), "a colon in the user-id")
        check(!joined.contains { $0 < 0x20 || $0 == 0x7F }, "a control character")
        check(String(validating: joined, as: UTF8.self) != nil, "not UTF-8")
        check(bytes.reversed().starts(with: base64(joined).reversed()), "another text for the same credentials")
    }

    /// Base64 with padding (RFC 4648, section 4).
    private static func base64(_ bytes: [UInt8]) -> [UInt8] {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let word = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
            for digit in 0..<4 {
                text.append(digit <= group.count ? alphabet[word >> (18 - 6 * digit) & 63] : UInt8(ascii: "="))
            }
        }
        return text
    }

    private static func check(_ holds: Bool, _ promise: String) {
        guard holds else { fatalError(promise) }
    }
}
