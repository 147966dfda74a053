internal import OpenSSL

/// A secret value, which prints as `<redacted>` wherever it is printed, also by `dump` and in a debugger.
package struct Secret: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The secret itself.
    ///
    /// Whoever reads this answers for where it goes.
    package let exposed: String

    package init(_ value: String) {
        exposed = value
    }

    package var description: String { "<redacted>" }
    package var debugDescription: String { "<redacted>" }
    package var customMirror: Mirror { Mirror(self, children: []) }

    /// Compares in a time that tells the lengths and nothing else.
    package static func == (left: Secret, right: Secret) -> Bool {
        ConstantTime.equal(Array(left.exposed.utf8), Array(right.exposed.utf8))
    }
}
