internal import OpenSSL

/// A secret value, which prints as `<redacted>` wherever it is printed.
package struct Secret: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The secret itself.
    ///
    /// Whoever calls this answers for where it goes.
    package let exposed: String

    package init(_ value: String) {
        exposed = value
    }

    package var description: String { "<redacted>" }
    package var debugDescription: String { "<redacted>" }
    package var customMirror: Mirror { Mirror(self, children: []) }

    /// Compares in constant time, as far as the lengths agree.
    package static func == (a: Secret, b: Secret) -> Bool {
        ConstantTime.equal(Array(a.exposed.utf8), Array(b.exposed.utf8))
    }
}
