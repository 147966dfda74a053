internal import COpenSSL

/// A kind of key with its size, as operators know it.
package struct PublicKeyKind: Sendable, Hashable, CustomStringConvertible {
    /// OpenSSL's name of the algorithm: `RSA`, `EC`, `ED25519`.
    package let algorithm: String
    /// The modulus of RSA, the field of a curve.
    package let bits: Int
    /// What breaking it costs, as the exponent of two, EVP_PKEY_get_security_bits(3).
    package let securityBits: Int

    init(of key: OpaquePointer?) {
        algorithm = key.flatMap { EVP_PKEY_get0_type_name($0) }.map(String.init(cString:)) ?? "unknown"
        bits = key.map { Int(EVP_PKEY_get_bits($0)) } ?? 0
        securityBits = key.map { Int(EVP_PKEY_get_security_bits($0)) } ?? 0
    }

    /// `RSA 2048 bits`.
    package var description: String { "\(algorithm) \(bits) bits" }
}
