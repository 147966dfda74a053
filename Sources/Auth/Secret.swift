/// A secret value, which prints as `<redacted>` wherever it is printed.
package struct Secret: Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    /// The secret itself. Whoever calls this answers for where it goes.
    package let exposed: String

    package init(_ value: String) {
        exposed = value
    }

    package var description: String { "<redacted>" }
    package var debugDescription: String { "<redacted>" }
}
