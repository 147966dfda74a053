import NIOCore
import NIOHPACK
import NIOHTTP2
import Webhooks

/// What comes in: requests, from their first frame to the responder.
extension HTTP2Handler {
    /// A request begins.
    func begin(_ stream: HTTP2StreamID, _ head: HTTP2Frame.FramePayload.Headers) {
        lastStream = max(lastStream, stream)
        let request = Result { () throws(HTTP2Request.Failure) in try HTTP2Request(head.headers, limits: limits) }
        let parts = try? request.get()
        let exchange = HTTP2Exchange(
            stream: stream,
            id: loop.ids.next(at: .now()),
            isHead: parts?.method == "HEAD",
            arrival: now,
            contentLength: parts?.contentLength,
            target: log.isOn ? parts.map { ($0.method, $0.target) } : nil
        )
        exchanges.append(exchange)
        switch request {
        case .success(let request): screen(request, exchange, isWhole: head.endStream)
        case .failure(.refused(let reason)):
            exchange.head = unread(head.headers, exchange)
            if head.endStream { end(exchange) }
            return refuse(reason, exchange)
        case .failure(.malformed): return reset(exchange)
        }
        if head.endStream { end(exchange) }
    }

    /// The head of a request that is refused for it, as far as anybody may want to see it.
    private func unread(_ section: HPACKHeaders, _ exchange: HTTP2Exchange) -> RequestHead {
        RequestHead(
            id: exchange.id,
            method: section.first(name: ":method") ?? "-",
            target: section.first(name: ":path") ?? "-",
            headers: HeaderFields(section.filter { !$0.name.hasPrefix(":") }.map { ($0.name, $0.value) }),
            client: client,
            connection: connection,
            certificate: certificate,
            arrival: .now()
        )
    }

    private func screen(_ request: HTTP2Request, _ exchange: HTTP2Exchange, isWhole: Bool) {
        let head = RequestHead(
            id: exchange.id,
            method: request.method,
            target: request.target,
            headers: request.fields,
            client: forwarding?.client(request.fields, peer: client) ?? client,
            connection: connection,
            certificate: certificate,
            arrival: .now()
        )
        if forwarding != nil { exchange.client = head.client }
        exchange.head = head
        let responder = loop.responder
        exchange.responder = responder
        let screening = responder.screen(head)
        exchange.route = screening.route
        exchange.deadline = now + limits.bodyTimeout
        switch screening {
        case .accepted(let match):
            exchange.phase = .reading(IncomingRequest(head: head, match: match))
            if request.framing.expectsContinue, !isWhole {
                write(exchange.stream, .headers(.init(headers: HPACKHeaders([(":status", "100")]))))
            }
        case .refused(let refusal, _):
            if refusal.closes { return send(refusal, exchange) }
            exchange.phase = .draining(refusal)
        }
    }

    func take(_ piece: HTTP2Frame.FramePayload.Data, of exchange: HTTP2Exchange) {
        guard case .byteBuffer(let bytes) = piece.data else { return }
        let padded = bytes.readableBytes + (piece.paddingBytes.map { $0 + 1 } ?? 0)
        switch exchange.received(bytes, padded: padded, limit: limits.maxBodyBytes) {
        case .readOn: break
        case .refuse(let reason): refuse(reason, exchange)
        case .reset: return reset(exchange)
        }
        if piece.endStream { end(exchange) }
    }

    func end(_ exchange: HTTP2Exchange) {
        switch exchange.ended() {
        case .respond(let request, let match):
            exchange.deadline = .distantFuture
            let responder = exchange.responder ?? loop.responder
            responder.respond(to: request, on: match) { self.send($0, exchange) }
        case .reply(let reply):
            send(reply, exchange)
        case .reset:
            reset(exchange)
        case .nothing:
            break
        }
    }

    /// What is not HTTP/2 gets no reply, and not very often.
    func reset(_ exchange: HTTP2Exchange) {
        write(exchange.stream, .rstStream(.protocolError))
        if !budget.charge() { flooded() }
    }
}
