internal import COpenSSL

/// Comparisons whose duration depends on the lengths alone, CRYPTO_memcmp(3).
package enum ConstantTime {
    /// Whether both hold the same bytes.
    ///
    /// Different lengths are told apart at once: a length is not kept secret. Where it must be, compare two `Digest`s.
    package static func equal(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
        guard left.count == right.count else { return false }
        return left.withUnsafeBytes { left in
            right.withUnsafeBytes { right in
                CRYPTO_memcmp(left.baseAddress, right.baseAddress, left.count) == 0
            }
        }
    }

    /// Whether both hold the same bytes.
    package static func equal(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        equal(left.span, right.span)
    }
}
