import Foundation

/// The environment of this process.
package enum ProcessEnvironment {
    /// A copy; the last of several values with one name.
    package static var current: [String: String] { ProcessInfo.processInfo.environment }
}
