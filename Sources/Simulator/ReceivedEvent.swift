import NIOCore
import Webhooks

/// A request that the development backend received, as people or programs want to see it.
struct ReceivedEvent {
    let method: String
    let target: String
    let headers: [(name: String, value: String)]
    let body: [UInt8]
    var time = Timestamp.now()

    /// Fields that say nothing about the event.
    private static let dull: Set<String> = ["host", "content-length", "connection", "accept", "user-agent"]

    /// The content in one line, exactly as received but for line breaks.
    var rawLine: String {
        String(decoding: body.filter { $0 != 0x0A && $0 != 0x0D }, as: UTF8.self) + "\n"
    }

    /// Several lines: what came when, its fields, its content indented.
    func text(status: Int) -> String {
        var clock = ByteBuffer()
        clock.writeTimestamp(time)
        let moment = clock.getString(at: 11, length: 12) ?? ""
        var text = "\(moment)  \(visible(method)) \(visible(target)), \(body.count) bytes, answered \(status)\n"
        for header in headers where !ReceivedEvent.dull.contains(header.name.lowercased()) {
            text += "  \(visible(header.name)): \(visible(header.value))\n"
        }
        for line in JSONIndenter.lines(body) { text += "  \(visible(line))\n" }
        return text + "\n"
    }

    private func visible(_ text: String) -> String {
        SimulationReport.visible(text)
    }
}

/// Breaks JSON into indented lines without understanding it: what is no JSON comes out as it went in.
enum JSONIndenter {
    static func lines(_ bytes: [UInt8]) -> [String] {
        var lines: [String] = []
        var line: [UInt8] = []
        var depth = 0
        var isInString = false
        var isEscaped = false
        func end() {
            if !line.isEmpty { lines.append(String(decoding: line, as: UTF8.self)) }
            line = Array(repeating: 0x20, count: 2 * min(depth, 32))
        }
        for (index, byte) in bytes.enumerated() {
            if isInString {
                line.append(byte)
                if byte == UInt8(ascii: "\""), !isEscaped { isInString = false }
                isEscaped = byte == UInt8(ascii: "\\") && !isEscaped
                continue
            }
            switch byte {
            case UInt8(ascii: "\""):
                isInString = true
                line.append(byte)
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                line.append(byte)
                depth += 1
                if index + 1 < bytes.count, bytes[index + 1] != byte + 2 { end() }
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth = max(0, depth - 1)
                if index > 0, bytes[index - 1] != byte - 2 { end() }
                line.append(byte)
            case UInt8(ascii: ","):
                line.append(byte)
                end()
            case UInt8(ascii: ":"):
                line += [byte, 0x20]
            case 0x20, 0x0A, 0x0D, 0x09:
                continue
            default:
                line.append(byte)
            }
        }
        if !line.allSatisfy({ $0 == 0x20 }) { lines.append(String(decoding: line, as: UTF8.self)) }
        return lines
    }
}
