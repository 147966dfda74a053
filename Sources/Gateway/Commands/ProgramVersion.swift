import OpenSSL

/// What `--version` says.
package enum ProgramVersion {
    /// The version of Hookgate (semver.org).
    package static let number = "0.1.0"

    /// `hookgate 0.1.0 (OpenSSL 3.0.19 27 Jan 2026)`.
    package static var text: String { "hookgate \(number) (\(LibraryVersion.text))" }
}
