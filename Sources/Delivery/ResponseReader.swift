internal import NIOCore

/// Reads the response to one POST (HTTP/1.0 and 1.1, RFC 9112) as far as a delivery has to know it.
///
/// Content is dropped, unless somebody asked for it.
///
/// It is for configured receivers, so it is small and strict: lines end with CR LF, and a framing that can be read in
/// two ways is none. Interim responses are skipped, except 101, which is final. It keeps at most one line that has not
/// come whole; how many bytes a response may have in all is counted by whoever feeds it.
struct ResponseReader {
    /// The head of a final response.
    struct Head: Equatable {
        /// From 101, or 200, to 999.
        var status: Int
        /// Whether the receiver keeps the connection (RFC 9112, section 9.3).
        var keepsAlive: Bool
        /// The value of `Retry-After`, unread; nil without one, and where the status is below 300.
        var retryAfter: String?
    }

    /// What was found.
    enum Step: Equatable {
        case needsMore
        case head(Head)
        /// The response is complete; what is left in the buffer nobody has asked for.
        case end
        /// This is no HTTP/1 response, or its head is too large.
        case garbled
    }

    /// What comes next.
    private enum Place {
        case statusLine
        case fields
        case content(left: Int)
        case chunkSize
        case chunk(left: Int)
        case chunkEnd
        case trailers
        case untilClose
        case ended
    }

    private let maxHeaderBytes: Int
    private let maxHeaderFields: Int
    /// How much content is kept; what is longer is not kept at all.
    private let maxContentBytes: Int
    /// The content so far; nil where it is dropped or too long.
    private(set) var content: ByteBuffer?
    private var place = Place.statusLine
    private var framing = ResponseFraming()
    /// Of header section and trailers.
    private var fieldCount = 0
    private var headerBytes = 0
    /// The beginning of a line, and how much of it holds no line end.
    private var partial = ByteBuffer()
    private var scanned = 0

    /// - Parameters:
    ///   - limits: Of the header section.
    ///   - keepingContent: How many bytes of content somebody wants; nil drops it.
    init(limits: DeliveryLimits, keepingContent: Int? = nil) {
        self.init(limits.maxHeaderBytes, limits.maxHeaderFields, keepingContent)
    }

    /// Whether the end of the connection is the proper end of the response (RFC 9112, section 6.3, rule 8).
    var endsWithConnection: Bool {
        if case .untilClose = place { true } else { false }
    }

    /// Reads on until something is found or the bytes are used up.
    mutating func next(_ bytes: inout ByteBuffer) -> Step {
        if partial.readableBytes > 0 {
            partial.writeBuffer(&bytes)
            bytes = partial
            partial = ByteBuffer()
        }
        while true {
            switch place {
            case .content(let left):
                let rest = skip(left, in: &bytes)
                place = rest == 0 ? .ended : .content(left: rest)
                return rest == 0 ? .end : .needsMore
            case .chunk(let left):
                let rest = skip(left, in: &bytes)
                place = rest == 0 ? .chunkEnd : .chunk(left: rest)
                if rest > 0 { return .needsMore }
            case .untilClose:
                _ = skip(bytes.readableBytes, in: &bytes)
                return .needsMore
            case .ended:
                return .needsMore
            case .statusLine, .fields, .chunkSize, .chunkEnd, .trailers:
                switch endOfLine(in: bytes.readableBytesUInt8Span) {
                case .at(let end):
                    guard end <= maxHeaderBytes else { return .garbled }
                    scanned = 0
                    let step = take(bytes.readableBytesUInt8Span.extracting(0..<end))
                    bytes.moveReaderIndex(forwardBy: end + 2)
                    if let step { return step }
                case .none:
                    swap(&partial, &bytes)
                    return partial.readableBytes > maxHeaderBytes ? .garbled : .needsMore
                case .garbled:
                    return .garbled
                }
            }
        }
    }

    /// Steps over content, and returns how much of it has not come.
    private mutating func skip(_ left: Int, in bytes: inout ByteBuffer) -> Int {
        let count = min(left, bytes.readableBytes)
        if let kept = content?.readableBytes {
            if kept + count > maxContentBytes {
                content = nil
            } else {
                content?.writeImmutableBuffer(bytes.getSlice(at: bytes.readerIndex, length: count) ?? ByteBuffer())
            }
        }
        bytes.moveReaderIndex(forwardBy: count)
        return left - count
    }

    private enum LineEnd {
        case at(Int)
        case none
        case garbled
    }

    /// Looks for CR LF; no other control character but the tab may stand in a line.
    private mutating func endOfLine(in bytes: Span<UInt8>) -> LineEnd {
        var index = scanned
        while index < bytes.count, (bytes[index] >= 0x20 && bytes[index] != 0x7F) || bytes[index] == 0x09 { index += 1 }
        guard index < bytes.count else {
            scanned = index
            return .none
        }
        guard bytes[index] == 0x0D else { return .garbled }
        guard index + 1 < bytes.count else {
            scanned = index
            return .none
        }
        return bytes[index + 1] == 0x0A ? .at(index) : .garbled
    }

    /// Takes a line in; nil when the next one is wanted.
    private mutating func take(_ line: Span<UInt8>) -> Step? {
        switch place {
        case .statusLine:
            guard framing.takeStatusLine(line) else { return .garbled }
            place = .fields
        case .fields:
            if line.isEmpty { return endHead() }
            guard count(line), framing.takeField(line) else { return .garbled }
        case .chunkSize:
            guard let size = ResponseFraming.chunkSize(line) else { return .garbled }
            place = size == 0 ? .trailers : .chunk(left: size)
        case .chunkEnd:
            guard line.isEmpty else { return .garbled }
            place = .chunkSize
        case .trailers:
            guard !line.isEmpty else {
                place = .ended
                return .end
            }
            // What a trailer says nobody asks, and framing it must not change.
            guard count(line) else { return .garbled }
        case .content, .chunk, .untilClose, .ended:
            return .garbled
        }
        return nil
    }

    /// Counts a field; false past the bounds.
    private mutating func count(_ line: Span<UInt8>) -> Bool {
        fieldCount += 1
        headerBytes += line.count
        return fieldCount <= maxHeaderFields && headerBytes <= maxHeaderBytes
    }

    /// The header section is complete.
    private mutating func endHead() -> Step? {
        guard let content = framing.content else { return .garbled }
        if framing.isInterim {
            self = ResponseReader(maxHeaderBytes, maxHeaderFields, self.content == nil ? nil : maxContentBytes)
            return nil
        }
        switch content {
        // The end is told as such, also where nothing stands before it.
        case .length(let length): place = .content(left: length)
        case .chunked: place = .chunkSize
        case .untilClose: place = .untilClose
        }
        return .head(framing.head)
    }

    private init(_ maxHeaderBytes: Int, _ maxHeaderFields: Int, _ maxContentBytes: Int?) {
        self.maxHeaderBytes = maxHeaderBytes
        self.maxHeaderFields = maxHeaderFields
        self.maxContentBytes = maxContentBytes ?? 0
        content = maxContentBytes == nil ? nil : ByteBuffer()
    }
}
