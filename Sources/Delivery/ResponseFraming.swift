internal import Webhooks

/// What status line and header fields say about where a response ends and what becomes of its connection (RFC 9112,
/// sections 6.3 and 9.3, for the response to a POST).
struct ResponseFraming {
    /// How the content is framed.
    enum Content: Equatable {
        case length(Int)
        case chunked
        case untilClose
    }

    /// The status code; 0 before the status line.
    private(set) var status = 0
    private var isVersion10 = false
    private var saysClose = false
    private var saysKeepAlive = false
    private var contentLength: Int?
    /// Whether the last transfer coding is `chunked`; nil without any coding.
    private var isChunked: Bool?
    private var retryAfter: String?
    /// Whether a folded line may follow (RFC 9112, section 5.2): only where it changes nothing.
    private var mayFold = false

    /// Whether another response follows this one (RFC 9110, section 15.2).
    ///
    /// We never ask for an upgrade, so what follows 101 is no HTTP.
    var isInterim: Bool { status < 200 && status != 101 }

    /// The framing; nil when length and coding were both given, which is how responses are smuggled.
    var content: Content? {
        if contentLength != nil, isChunked != nil { return nil }
        if status < 200 || status == 204 || status == 304 { return .length(0) }
        if let isChunked { return isChunked ? .chunked : .untilClose }
        return contentLength.map { .length($0) } ?? .untilClose
    }

    /// The head, once the header section is complete.
    var head: ResponseReader.Head {
        // HTTP/1.0 knows no coding: what says both is not to be relied on.
        let persists = isVersion10 ? saysKeepAlive && isChunked == nil : true
        return ResponseReader.Head(
            status: status,
            keepsAlive: persists && !saysClose && content != .untilClose,
            retryAfter: status < 300 ? nil : retryAfter
        )
    }

    /// Reads `HTTP/1.1 200 OK`, whose phrase may be missing.
    ///
    /// - Returns: whether it is a status line.
    mutating func takeStatusLine(_ line: Span<UInt8>) -> Bool {
        guard line.count >= 12, ResponseFraming.isHTTP1(line), line[8] == UInt8(ascii: " "),
            line[7] == UInt8(ascii: "1") || line[7] == UInt8(ascii: "0"),
            line.count == 12 || line[12] == UInt8(ascii: " "),
            let code = ResponseFraming.decimal(line.extracting(9..<12)), code >= 100
        else { return false }
        isVersion10 = line[7] == UInt8(ascii: "0")
        status = code
        return true
    }

    /// `HTTP/1.`, in capitals (RFC 9112, section 2.3).
    private static func isHTTP1(_ line: Span<UInt8>) -> Bool {
        line[0] == 0x48 && line[1] == 0x54 && line[2] == 0x54 && line[3] == 0x50 && line[4] == 0x2F && line[5] == 0x31
            && line[6] == 0x2E
    }

    /// Reads one line of the header section.
    ///
    /// - Returns: whether it is a field, and none that contradicts an earlier one.
    mutating func takeField(_ line: Span<UInt8>) -> Bool {
        var colon = 0
        while colon < line.count, ResponseFraming.isToken(line[colon]) { colon += 1 }
        guard colon > 0, colon < line.count, line[colon] == UInt8(ascii: ":") else {
            return mayFold && (line[0] == UInt8(ascii: " ") || line[0] == UInt8(ascii: "\t"))
        }
        let name = line.extracting(0..<colon)
        let value = line.extracting(ResponseFraming.trim(colon + 1..<line.count, of: line))
        mayFold = false
        switch colon {
        case 10 where name.equalsIgnoringCase("connection"):
            takeConnection(value)
        case 11 where name.equalsIgnoringCase("retry-after"):
            // Of several the last counts, and text that is none counts as none.
            retryAfter = if let text = try? UTF8Span(validating: value) { String(copying: text) } else { nil }
        case 14 where name.equalsIgnoringCase("content-length"):
            guard contentLength == nil, let length = ResponseFraming.decimal(value) else { return false }
            contentLength = length
        case 17 where name.equalsIgnoringCase("transfer-encoding"):
            isChunked = false
            takeCoding(value)
        default:
            mayFold = true
        }
        return true
    }

    private mutating func takeConnection(_ value: Span<UInt8>) {
        var start = 0
        while start <= value.count {
            let end = ResponseFraming.endOfItem(in: value, from: start)
            let option = value.extracting(ResponseFraming.trim(start..<end, of: value))
            if option.equalsIgnoringCase("close") { saysClose = true }
            if option.equalsIgnoringCase("keep-alive") { saysKeepAlive = true }
            start = end + 1
        }
    }

    private mutating func takeCoding(_ value: Span<UInt8>) {
        var start = 0
        while start <= value.count {
            let end = ResponseFraming.endOfItem(in: value, from: start)
            let coding = value.extracting(ResponseFraming.trim(start..<end, of: value))
            if !coding.isEmpty { isChunked = coding.equalsIgnoringCase("chunked") }
            start = end + 1
        }
    }

    private static func endOfItem(in list: Span<UInt8>, from start: Int) -> Int {
        var end = start
        while end < list.count, list[end] != UInt8(ascii: ",") { end += 1 }
        return end
    }

    /// The size in a chunk's first line, whose extensions count for nothing (RFC 9112, section 7.1); nil for none.
    static func chunkSize(_ line: Span<UInt8>) -> Int? {
        var size = 0
        var index = 0
        while index < line.count, let digit = hexadecimal(line[index]) {
            // No receiver sends a chunk of 2^56 bytes.
            guard index < 14 else { return nil }
            size = size << 4 | digit
            index += 1
        }
        guard index > 0 else { return nil }
        while index < line.count, line[index] == UInt8(ascii: " ") || line[index] == UInt8(ascii: "\t") { index += 1 }
        return index == line.count || line[index] == UInt8(ascii: ";") ? size : nil
    }

    /// A number of digits alone; one that is too large for an `Int` is as large as possible.
    private static func decimal(_ text: Span<UInt8>) -> Int? {
        guard !text.isEmpty else { return nil }
        var number = 0
        for index in text.indices {
            guard text[index] >= 48, text[index] <= 57 else { return nil }
            let (product, overflows) = number.multipliedReportingOverflow(by: 10)
            let (sum, overflowsToo) = product.addingReportingOverflow(Int(text[index] - 48))
            number = overflows || overflowsToo ? Int.max : sum
        }
        return number
    }

    private static func hexadecimal(_ byte: UInt8) -> Int? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(byte) - 48
        case UInt8(ascii: "A")...UInt8(ascii: "F"): Int(byte) - 55
        case UInt8(ascii: "a")...UInt8(ascii: "f"): Int(byte) - 87
        default: nil
        }
    }

    /// A character of a token (RFC 9110, section 5.6.2), letters and hyphens first since names are made of them.
    private static func isToken(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "!"), UInt8(ascii: "#")...UInt8(ascii: "'"),
            UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "."), UInt8(ascii: "^")...UInt8(ascii: "`"),
            UInt8(ascii: "|"), UInt8(ascii: "~"):
            true
        default: false
        }
    }

    /// The part of a range without blanks and tabs around it.
    private static func trim(_ range: Range<Int>, of text: Span<UInt8>) -> Range<Int> {
        var (start, end) = (range.lowerBound, range.upperBound)
        while start < end, text[start] == UInt8(ascii: " ") || text[start] == UInt8(ascii: "\t") { start += 1 }
        while start < end, text[end - 1] == UInt8(ascii: " ") || text[end - 1] == UInt8(ascii: "\t") { end -= 1 }
        return start..<end
    }
}

extension Span<UInt8> {
    /// Compares with a word in lower case, ignoring ASCII case.
    fileprivate func equalsIgnoringCase(_ lowercased: StaticString) -> Bool {
        guard count == lowercased.utf8CodeUnitCount else { return false }
        return lowercased.withUTF8Buffer { wanted in
            for index in indices {
                let byte = self[index]
                if unsafe (byte >= 65 && byte <= 90 ? byte | 0x20 : byte) != wanted[index] { return false }
            }
            return true
        }
    }
}
