import Edge
import Gateway
import Logging
import NIOCore
import Synchronization
import Testing
import Webhooks

@Suite struct RequestLineTests {
    private final class Lines: LogOutput {
        private let lines = Mutex<[String]>([])
        var last: String? { lines.withLock { $0.last } }

        func write(_ line: ByteBuffer) {
            lines.withLock { $0.append(String(buffer: line)) }
        }
    }

    private static func line(path: String, reason: ReasonCode? = .invalidNumber) throws -> RequestLine {
        RequestLine(
            request: RequestID(second: 1, number: 2),
            client: ClientAddress(try SocketAddress(ipAddress: "192.0.2.7", port: 40_000)),
            method: "POST",
            path: path,
            status: 422,
            reason: reason,
            duration: .microseconds(1234)
        )
    }

    private static let paths = ["/hooks/sipgate", "/a b=c", "/a\"\\\n\u{1b}ü", "", String(repeating: "x", count: 2000)]

    /// The way past the logger's dictionaries may not be seen in the lines.
    @Test(arguments: LoggingConfiguration.Format.allCases, paths)
    func `a request line looks like every other line`(format: LoggingConfiguration.Format, path: String) throws {
        let lines = Lines()
        let configuration = LoggingConfiguration(level: "info", format: format)
        let log = LiveLog(configuration, output: lines)
        #expect(log.isOn)
        log.write(try RequestLineTests.line(path: path))
        let short = try #require(lines.last)
        let logger = Logger(configuration, output: lines)
        logger.info(
            "request",
            metadata: [
                "client": "192.0.2.7", "duration_us": .stringConvertible(1234), "method": "POST", "path": "\(path)",
                "reason": "invalid_number", "request": "000004000002", "status": .stringConvertible(422),
            ]
        )
        let long = try #require(lines.last)
        let times = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/
        #expect(short.replacing(times, with: "") == long.replacing(times, with: ""))
        #expect(short != short.replacing(times, with: ""))
    }

    @Test func `a reload changes the level and the form of request lines`() throws {
        let lines = Lines()
        let log = LiveLog(LoggingConfiguration(level: "info", format: .text), output: lines)
        log.replace(by: LoggingConfiguration(level: "warning", format: .text))
        #expect(!log.isOn)
        log.replace(by: LoggingConfiguration(level: "info", format: .json))
        log.write(try RequestLineTests.line(path: "/", reason: nil))
        let line = try #require(lines.last)
        #expect(
            line.hasPrefix("{\"time\":") && line.contains("\"reason\":\"-\"") && line.hasSuffix("\"status\":422}\n")
        )
    }
}
