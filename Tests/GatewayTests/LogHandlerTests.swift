import Gateway
import Logging
import NIOCore
import Synchronization
import Testing

@Suite struct LogHandlerTests {
    private final class Lines: LogOutput {
        private let lines = Mutex<[String]>([])
        var all: [String] { lines.withLock { $0 } }

        func write(_ line: ByteBuffer) {
            lines.withLock { $0.append(String(buffer: line)) }
        }
    }

    /// The line of one record, without its time.
    private func line(
        _ format: LoggingConfiguration.Format,
        _ message: Logger.Message,
        _ metadata: Logger.Metadata
    ) throws -> String {
        let lines = Lines()
        let logger = Logger(label: "hookgate") { _ in
            GatewayLogHandler(label: "hookgate", level: .info, format: format, output: lines)
        }
        logger.info(message, metadata: metadata)
        let line = try #require(lines.all.first)
        let start = format == .text ? 0 : 9
        #expect(line.dropFirst(start).prefix(24).wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil)
        return String(line.dropFirst(start + 25))
    }

    @Test func `a text line has its fields in order`() throws {
        let metadata: Logger.Metadata = ["route": "/hooks", "bytes": "12", "detail": "two words", "empty": ""]
        #expect(
            try line(.text, "event forwarded", metadata)
                == "info hookgate: event forwarded bytes=12 detail=\"two words\" empty=\"\" route=/hooks\n"
        )
    }

    @Test(arguments: LoggingConfiguration.Format.allCases)
    func `a line for systemd's journal begins with its level, and a text line has no time`(
        format: LoggingConfiguration.Format
    ) throws {
        let lines = Lines()
        let logger = Logger(label: "hookgate") { _ in
            GatewayLogHandler(label: "hookgate", level: .trace, format: format, isForJournal: true, output: lines)
        }
        logger.trace("a")
        logger.info("b")
        logger.critical("c")
        let starts = format == .text ? ["<7>trace ", "<6>info ", "<2>critical "] : ["<7>{", "<6>{", "<2>{"]
        #expect(zip(lines.all, starts).allSatisfy { $0.hasPrefix($1) }, "\(lines.all)")
    }

    @Test func `a JSON line is one object`() throws {
        let metadata: Logger.Metadata = [
            "count": .stringConvertible(12), "big": .stringConvertible(UInt64.max), "ok": .stringConvertible(true),
            "names": ["a", "b\""], "more": ["k": "v"], "time": "x", "half": .stringConvertible(0.5),
        ]
        let expected = #"""
            ,"level":"info","logger":"hookgate","message":"event forwarded","big":"18446744073709551615",\#
            "count":12,"half":"0.5","more":{"k":"v"},"names":["a","b\""],"ok":true,"_time":"x"}

            """#
        #expect(try line(.json, "event forwarded", metadata) == expected)
    }

    @Test(arguments: [
        ("a\nb", #""a\nb""#), ("a\r\nb", #""a\r\nb""#), ("\u{1B}[31mred", #""\u001b[31mred""#), ("a\"b", #""a\"b""#),
        ("a\\b", #""a\\b""#), ("a=b", #""a=b""#), ("\u{85}", #""\u0085""#), ("\u{2028}", #""\u2028""#),
        ("\u{202E}abc", #""\u202eabc""#), ("\u{0}", #""\u0000""#), ("\u{7F}", #""\u007f""#), ("é", #""é""#),
        ("\u{E0001}", #""\udb40\udc01""#), ("x level=error", #""x level=error""#),
    ])
    func `no value forges a line, a field or a terminal command`(value: String, written: String) throws {
        #expect(try line(.text, "event forwarded", ["v": .string(value)]).hasSuffix(" v=\(written)\n"))
        #expect(try line(.json, "event forwarded", ["v": .string(value)]).hasSuffix(",\"v\":\(written)}\n"))
        for format in LoggingConfiguration.Format.allCases {
            let forged = try line(format, "\(value)", [value: ["\(value)": [.string(value)]]])
            #expect(forged.unicodeScalars.filter { $0.value < 0x20 }.count == 1, "only the line feed at its end")
        }
    }

    @Test(arguments: LoggingConfiguration.Format.allCases)
    func `a line is never longer than a pipe takes in one piece`(format: LoggingConfiguration.Format) throws {
        var metadata: Logger.Metadata = [:]
        for number in 0..<9 { metadata["k\(number)"] = .string(String(repeating: "\u{1}", count: 5000)) }
        let long = try line(format, "event forwarded", metadata)
        #expect(long.utf8.count + 34 <= 4096)
        #expect(long.hasSuffix(format == .text ? " cut=true\n" : ",\"cut\":true}\n"))
    }

    @Test func `metadata of a record wins over that of its logger, and levels filter`() throws {
        let lines = Lines()
        var logger = Logger(label: "a") { _ in
            GatewayLogHandler(label: "a", level: .warning, format: .text, output: lines)
        }
        logger[metadataKey: "k"] = "logger"
        logger.info("not seen")
        logger.warning("seen", metadata: ["k": "record"])
        #expect(lines.all.count == 1)
        #expect(lines.all.first?.hasSuffix("warning a: seen k=record\n") == true)
    }

    @Test(arguments: [
        ("+4921155667788", "+49***88"), ("4921155667788", "49***88"), ("+12025550123", "+1***23"), ("anonymous", "***"),
        ("110", "***"), ("", "***"), ("1234567e0", "***"),
    ])
    func `numbers keep their country code and two digits`(number: String, masked: String) {
        #expect(PersonalData(isMasked: true).number(number) == masked)
        #expect(PersonalData(isMasked: false).number(number) == number)
        #expect(PersonalData(isMasked: true).name("Älice") == "Ä***")
    }
}
