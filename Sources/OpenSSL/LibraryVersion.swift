internal import COpenSSL

/// Which OpenSSL this process runs with, which need not be the one it was built with.
package enum LibraryVersion {
    /// `OpenSSL 3.0.19 27 Jan 2026`, OpenSSL_version(3).
    package static var text: String {
        OpenSSL_version(OPENSSL_VERSION).map(String.init(cString:)) ?? "OpenSSL"
    }
}
