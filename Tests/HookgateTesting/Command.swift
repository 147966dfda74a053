package import Foundation
import Synchronization

/// A command that runs to its end.
package enum Command {
    package struct Result: Sendable {
        /// Its exit status, or the number of the signal that ended it.
        package var status: Int32
        package var output: String
        package var error: String
    }

    /// The built binary, beside the test bundle.
    package static let hookgate: URL = {
        let bundle = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
        return bundle.appending(path: "hookgate")
    }()

    /// Runs a program without keeping one of the test's threads.
    package static func run(
        _ executable: URL,
        _ arguments: [String],
        input: String = "",
        environment: [String: String] = [:]
    ) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(
                    with: .init { try runBlocking(executable.path, arguments, input: input, environment: environment) }
                )
            }
        }
    }

    /// Runs a program found on the PATH without keeping one of the test's threads.
    package static func run(_ name: String, _ arguments: [String], input: String = "") async throws -> Result {
        try await run(URL(filePath: "/usr/bin/env"), [name] + arguments, input: input)
    }

    /// Runs a program.
    ///
    /// - Parameters:
    ///   - executable: A path, or a name that is looked up in PATH.
    ///   - arguments: Without the program's own name.
    ///   - input: Its standard input.
    ///   - environment: Added to the test's own.
    /// - Returns: How it ended and what it wrote.
    /// - Throws: `ChildProcess.NotStarted`, or what the system says of its input.
    package static func runBlocking(
        _ executable: String,
        _ arguments: [String],
        input: String = "",
        environment: [String: String] = [:]
    ) throws -> Result {
        let (output, error, typed) = (Pipe(), Pipe(), Pipe())
        let process = try ChildProcess(
            executable,
            arguments,
            environment: ProcessInfo.processInfo.environment.merging(environment) { $1 },
            input: .file(typed.fileHandleForReading),
            output: .file(output.fileHandleForWriting),
            error: .file(error.fileHandleForWriting)
        )
        for end in [typed.fileHandleForReading, output.fileHandleForWriting, error.fileHandleForWriting] {
            try end.close()
        }
        // All streams are served at once: a full pipe would stop the process.
        let errors = Mutex(Data())
        let done = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            let data = error.fileHandleForReading.readDataToEndOfFile()
            errors.withLock { $0 = data }
            done.signal()
        }
        Thread.detachNewThread {
            // A program that ends before it has read everything is no failure of the test's.
            try? typed.fileHandleForWriting.write(contentsOf: Data(input.utf8))
            try? typed.fileHandleForWriting.close()
            done.signal()
        }
        let data = output.fileHandleForReading.readDataToEndOfFile()
        done.wait()
        done.wait()
        return Result(
            status: process.wait(),
            output: String(decoding: data, as: UTF8.self),
            error: String(decoding: errors.withLock { $0 }, as: UTF8.self)
        )
    }
}
