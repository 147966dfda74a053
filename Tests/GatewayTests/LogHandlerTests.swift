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

    private static let personal = PersonalData(isMasked: true, key: Array("0123456789abcdef".utf8))

    @Test(arguments: [
        ("+4921155667788", "+49…88~"), ("4921155667788", "+49…88~"), ("+12025550123", "+1…23~"), ("110", "…~"),
        ("1234567e0", "…~"), ("0211 556677-88", "0…88~"), ("0049 211/55667788", "+49…88~"),
    ])
    func `numbers keep their country code and two digits, and get a pseudonym`(number: String, masked: String) {
        let written = LogHandlerTests.personal.number(number)
        #expect(written.hasPrefix(masked) && written.count == masked.count + 6, "\(written)")
        #expect(PersonalData(isMasked: false).number(number) == number)
    }

    @Test func `a number has one pseudonym however it is written, and another one with another key`() {
        let spellings = ["+4921155667788", "4921155667788", "0049 211 55667788", "0211/55667788", "55667788"]
        let pseudonyms = spellings.map { LogHandlerTests.personal.number($0).suffix(7) }
        #expect(Set(pseudonyms).count == 1)
        #expect(LogHandlerTests.personal.number("+4921155667789").suffix(7) != pseudonyms.first)
        let other = PersonalData(isMasked: true, key: Array("0123456789abcdeg".utf8))
        #expect(other.number("+4921155667788").suffix(7) != pseudonyms.first)
        #expect(LogHandlerTests.personal.number("anonymous") == "anonymous")
        #expect(LogHandlerTests.personal.number("") == "")
    }

    @Test func `a name keeps its first letter, and its pseudonym does not depend on its spelling`() {
        let name = LogHandlerTests.personal.name("Älice  Example")
        #expect(name.hasPrefix("Ä…~") && name.count == 9)
        #expect(LogHandlerTests.personal.name("Älice Example") == name)
        #expect(LogHandlerTests.personal.name("Älice Other") != name)
        #expect(PersonalData(isMasked: false).name("Älice") == "Älice")
    }

    @Test(arguments: [
        ("cannot reach +49 211 5566778 or 0211-5566778 today", "cannot reach +49…78~ or 0…78~ today"),
        ("4921155667788", "+49…88~"),
        ("event 019ab0f1-6f2c-7d3e-9a51-0c7be1c4f7aa of 2026-11-28T06:33:24Z", nil),
        ("from 127.0.0.1:8443, 123456 bytes", nil),
    ])
    func `an error quotes no number`(text: String, masked: String?) throws {
        let lines = Lines()
        let logger = Logger(label: "hookgate") { _ in
            GatewayLogHandler(
                label: "hookgate",
                level: .info,
                format: .text,
                output: lines,
                personal: LogHandlerTests.personal
            )
        }
        logger.info("failed", metadata: ["error": "\(text)"])
        let written = try #require(lines.all.first)
        let plain = written.replacing(/~[a-z2-7]{6}/, with: "~")
        #expect(plain.contains(masked ?? text), "\(written)")
    }
}
