#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// What a command has to say, and how it ended.
package struct CommandResult: Sendable {
    /// Exit codes of the command line, a contract.
    package enum Status: Int32, Sendable {
        case done = 0
        case failed = 1
        /// The arguments make no sense.
        case usage = 2
        /// sysexits(3), EX_CONFIG.
        case configuration = 78
    }

    /// How it ended.
    package var status: Status
    /// For standard output: what was asked for.
    package var output: String
    /// For standard error: what is wrong.
    package var errors: String

    package init(_ status: Status, output: String = "", errors: String = "") {
        self.status = status
        self.output = output
        self.errors = errors
    }

    /// Prints both texts.
    ///
    /// - Returns: the exit code.
    package func print() -> Int32 {
        CommandResult.write(output, to: STDOUT_FILENO)
        CommandResult.write(errors, to: STDERR_FILENO)
        return status.rawValue
    }

    private static func write(_ text: String, to descriptor: Int32) {
        let bytes = Array(text.utf8)
        var start = 0
        while start < bytes.count {
            let count = unsafe bytes[start...].withUnsafeBytes {
                unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            if count < 0, errno == EINTR { continue }
            if count <= 0 { return }
            start += count
        }
    }
}
