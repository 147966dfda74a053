import Edge
import Journal
import NIOCore
import Sipgate
import Webhooks

extension RefusalRecord {
    /// Bytes of a content that are kept.
    private static let mostBody = 1024
    /// Bytes on both sides of the one to blame.
    static let excerptRadius = 24

    /// A request, without what is secret and, where it is wanted, without what is personal.
    init(_ request: RefusedRequest, policy: RefusalRecorder.Policy, route: String?) {
        self.init(
            kind: .request,
            id: request.id,
            time: request.time,
            reason: request.reply.reason?.rawValue ?? "",
            listener: request.connection.listener,
            client: request.client.description
        )
        status = request.reply.status
        connection = request.connection.words
        certificate = request.certificate?.line
        field = request.reply.field.map { String($0.prefix(64)) }
        self.route = route
        if let head = request.head {
            // Over HTTP/2 a method can be any word.
            let word = policy.masks ? EdgeLog.word(head.method) : String(head.method.prefix(32))
            method = word.escaped
            target = request.path?.escaped
            fields = FieldRedaction(users: policy.users, masks: policy.masks).text(head.headers)
        }
        if let body = request.body { take(body, request.reply, masks: policy.masks) }
    }

    /// The content: what is to blame in it, whose call it is about, and its beginning.
    private mutating func take(_ body: ByteBuffer, _ reply: Reply, masks: Bool) {
        // The rest of a long content is looked at only where something in it is to blame.
        let isToBlame = reply.reason.map(RefusalRecord.isAboutContent) ?? false
        let form = RawForm(
            isToBlame ? body : body.getSlice(at: body.readerIndex, length: RefusalRecord.mostBody) ?? body
        )
        let shown = masks ? ContentMask.masked(form) : form.bytes
        bodySize = body.readableBytes
        self.body = Array(shown.prefix(RefusalRecord.mostBody))
        call = form.leg
        guard let reason = reply.reason, let place = form.place(of: reason, field: reply.field) else { return }
        offset = place
        let range = max(0, place - RefusalRecord.excerptRadius)..<min(shown.count, place + RefusalRecord.excerptRadius)
        excerpt = String(decoding: shown[range], as: UTF8.self).escaped
    }

    /// Whether a reason is found in the content, by somebody who was let in.
    private static func isAboutContent(_ reason: ReasonCode) -> Bool {
        switch Check(failing: reason, isFollowUp: false) {
        case .form, .fields, .account: true
        case .framing, .route, .method, .address, .certificate, .credentialsThere, .mediaType, .credentials,
            .signature, .kept:
            false
        }
    }

    /// A connection that brought no request.
    init(_ connection: EndedConnection) {
        self.init(
            kind: connection.reason.kind,
            id: connection.id,
            time: .now(),
            reason: connection.reason.word,
            listener: connection.listener,
            client: connection.client.description
        )
        detail = connection.words.map { String($0.prefix(512)).escaped }
    }
}

extension EndedConnection.Reason {
    /// What ended it.
    var kind: RefusalRecord.Kind {
        switch self {
        case .refused: .connection
        case .handshake: .handshake
        }
    }

    /// As the metrics name it.
    var word: String {
        switch self {
        case .refused(let refusal): refusal.rawValue
        case .handshake(let failure): failure.rawValue
        }
    }
}
