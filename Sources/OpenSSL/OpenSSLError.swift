internal import COpenSSL

/// One entry of OpenSSL's error queue: a number that may be unknown to us, with the library's words for it.
package struct OpenSSLError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The packed code of ERR_get_error(3): library and reason.
    ///
    /// Zero where the queue was empty.
    package let code: UInt
    /// What the library adds, such as a file name or the failing part; often empty.
    package let detail: String
    /// What is wrong with a peer's certificate, where that is the reason.
    package let verification: Verification?

    /// What a peer's certificate lacks.
    package enum Verification: Sendable {
        /// It has expired, or is not valid yet.
        case dates
        /// It is for another name or address.
        case name
        /// Nobody who is trusted has signed it, or it may not be used so.
        case trust

        /// Of a verdict of X509_verify_cert(3).
        init(_ verdict: Int) {
            switch Int32(clamping: verdict) {
            case X509_V_ERR_CERT_HAS_EXPIRED, X509_V_ERR_CERT_NOT_YET_VALID: self = .dates
            case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH: self = .name
            default: self = .trust
            }
        }
    }

    package init(code: UInt, detail: String = "", verification: Verification? = nil) {
        self.code = code
        self.detail = detail
        self.verification = verification
    }

    /// An error that OpenSSL reported by its return value alone.
    package static func unexplained(_ call: String) -> OpenSSLError {
        OpenSSLError(code: 0, detail: "\(call) failed and gave no reason")
    }

    /// The library's part of the code: `ERR_LIB_SSL`, `ERR_LIB_X509` and so on, err.h.
    package var library: Int32 { COpenSSL_ERR_GET_LIB(code) }

    /// The reason within the library: `SSL_R_…`, `X509_R_…`.
    package var reasonCode: Int32 { COpenSSL_ERR_GET_REASON(code) }

    /// The library's words, such as "wrong version number"; the number where it has none.
    package var reason: String {
        guard code != 0 else { return detail }
        guard let words = ERR_reason_error_string(code) else { return "OpenSSL error \(String(code, radix: 16))" }
        return String(cString: words)
    }

    package var description: String {
        code == 0 || detail.isEmpty ? reason : "\(reason) (\(detail))"
    }
}
