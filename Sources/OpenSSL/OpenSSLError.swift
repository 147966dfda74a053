internal import COpenSSL

/// One entry of OpenSSL's error queue: a number that may be unknown to us, with the library's words for it.
package struct OpenSSLError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The packed code of ERR_get_error(3): library and reason.
    ///
    /// Zero where the queue was empty.
    package let code: UInt
    /// What the library adds, such as a file name or the failing part; often empty.
    package let detail: String

    package init(code: UInt, detail: String = "") {
        self.code = code
        self.detail = detail
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
