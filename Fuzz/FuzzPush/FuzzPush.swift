import CFuzzer
import NIOCore
import Sipgate
import Webhooks

/// Fuzzes the way of a push: form decoder, push decoder, JSON and XML.
///
/// Besides crashes it looks for broken promises: the result must not depend on where the bytes are cut, what was
/// decoded must come back after encoding, and whatever is accepted must be answered and vouched for.
@main
struct FuzzPush {
    static func main() {
        var count = CommandLine.argc
        var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
        _ = LLVMFuzzerRunDriver(&count, &arguments) { bytes, count in
            FuzzPush.test(UnsafeBufferPointer(start: bytes, count: count))
            return 0
        }
    }

    private static func test(_ bytes: UnsafeBufferPointer<UInt8>) {
        let body = ByteBuffer(bytes: bytes)
        let whole = Result { () throws(Rejection) in try FormDecoder.decode(body) }
        let cut = Result { () throws(Rejection) in try decodeInPieces(bytes) }
        switch (whole, cut) {
        case (.success(let whole), .success(let cut)):
            check(texts(whole) == texts(cut), "a cut changed the fields")
            checkRoundTrip(whole)
        case (.failure(let whole), .failure(let cut)):
            check(whole == cut, "a cut changed the rejection")
        default:
            check(false, "a cut changed the verdict")
        }
        checkProvider(body)
    }

    /// Cuts where the first bytes say.
    private static func decodeInPieces(_ bytes: UnsafeBufferPointer<UInt8>) throws(Rejection) -> FormFields {
        var decoder = FormDecoder()
        var start = 0
        var step = 0
        while start < bytes.count {
            let length = step < bytes.count ? Int(bytes[step] & 7) + 1 : 8
            let end = min(start + length, bytes.count)
            try decoder.consume(bytes.span.extracting(start..<end))
            start = end
            step += 1
        }
        return try decoder.finish()
    }

    private static func checkRoundTrip(_ fields: FormFields) {
        var encoder = FormEncoder()
        for index in fields.pairs.indices { encoder.append(fields.name(index), fields.value(index)) }
        let again = Result { () throws(Rejection) in try FormDecoder.decode(encoder.buffer) }
        check((try? again.get()).map(texts) == texts(fields), "encoding and decoding changed the fields")
    }

    private static func checkProvider(_ body: ByteBuffer) {
        guard
            let provider = try? SipgateProvider(publicURL: "https://h", routePath: "/p", followUpKey: [1]),
            let webhook = try? provider.decode(request(body))
        else { return }
        guard case .events(let drafts, _) = webhook.takeIn(at: Timestamp(milliseconds: 0)) else { return }
        for draft in drafts {
            check(String(validating: draft.data.readableBytesView, as: UTF8.self) != nil, "data is not UTF-8")
            check(!draft.data.readableBytesView.contains { $0 < 0x20 }, "data holds a control character")
        }
        let reply = webhook.reply(to: .content(body), at: Timestamp(milliseconds: 0)).reply
        check(reply.status == 200, "an accepted push is not answered")
    }

    private static func request(_ body: ByteBuffer) -> InboundRequest {
        let head = RequestHead(
            id: RequestID(second: 0, number: 1),
            method: "POST",
            target: "/p",
            headers: HeaderFields([]),
            client: ClientAddress(nil),
            connection: ConnectionOrigin(listener: "127.0.0.1:8443"),
            arrival: Timestamp(milliseconds: 0)
        )
        return InboundRequest(head: head, body: body)
    }

    private static func texts(_ fields: FormFields) -> [[UInt8]] {
        fields.pairs.flatMap { [Array(fields.bytes[$0.name]), Array(fields.bytes[$0.value])] }
    }

    private static func check(_ holds: Bool, _ promise: String) {
        guard holds else { fatalError(promise) }
    }
}
