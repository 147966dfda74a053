import Foundation
import HookgateTesting

/// Another implementation of what a test checks, run as a process.
enum ForeignProgram {
    /// What a program wrote to its standard output.
    ///
    /// - Parameters:
    ///   - arguments: Its name, looked up in PATH, and its arguments.
    ///   - input: Its standard input.
    /// - Returns: Its exit status and output; what it wrote to standard error is part of the output.
    /// - Throws: What the system says.
    static func run(_ arguments: [String], input: String = "") throws -> (status: Int32, output: String) {
        // Files, not pipes: neither side can then wait for the other.
        let scratch = try TemporaryDirectory()
        let files = (try scratch.write(input, to: "in"), try scratch.write("", to: "out"))
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = arguments
        process.standardInput = FileHandle(forReadingAtPath: files.0)
        process.standardOutput = FileHandle(forWritingAtPath: files.1)
        process.standardError = process.standardOutput
        try process.run()
        process.waitUntilExit()
        return (process.terminationStatus, try String(contentsOfFile: files.1, encoding: .utf8))
    }
}
