package import Logging
import NIOCore
import Webhooks

/// One line per request and one per broken connection, with constant messages and stable keys.
///
/// No header values, no queries.
package struct EdgeLog: Sendable {
    private let logger: Logger
    private let requests: any RequestLog

    package init(_ logger: Logger, requests: any RequestLog) {
        self.logger = logger
        self.requests = requests
    }

    /// Whether request lines are written.
    var isOn: Bool { requests.isOn }

    func replied(
        _ request: RequestID,
        client: ClientAddress,
        target: (method: String, path: String)?,
        reply: Reply,
        took: TimeAmount
    ) {
        requests.write(
            RequestLine(
                request: request,
                client: client,
                method: EdgeLog.word(target?.method),
                path: target?.path ?? "-",
                status: reply.status,
                reason: reply.reason,
                duration: took
            )
        )
    }

    func abandoned(
        _ request: RequestID,
        client: ClientAddress,
        target: (method: String, path: String)?,
        reply: Reply
    ) {
        logger.info(
            "client left before its reply",
            metadata: [
                "request": "\(request)",
                "client": "\(client)",
                "method": "\(EdgeLog.word(target?.method))",
                "path": "\(target?.path ?? "-")",
                "status": "\(reply.status)",
            ]
        )
    }

    /// A method as it is logged: one of HTTP's own (RFC 9110, section 9, and RFC 5789), for any word may be sent as one.
    package static func word(_ method: String?) -> String {
        guard let method else { return "-" }
        // What webhooks are sent with.
        if method == "POST" { return method }
        return methods.contains(method) ? method : "other"
    }

    private static let methods: Set<String> = [
        "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH",
    ]

    func failed(client: ClientAddress, error: any Error) {
        logger.debug("connection failed", metadata: ["client": "\(client)", "error": "\(error)"])
    }
}
