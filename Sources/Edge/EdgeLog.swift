package import Logging
import NIOCore
import Webhooks

/// One line per request and one per broken connection, with constant messages and stable keys.
///
/// No header values, no queries.
package struct EdgeLog: Sendable {
    private let logger: Logger

    package init(_ logger: Logger) {
        self.logger = logger
    }

    /// Whether request lines are written, so that nothing is prepared for nothing.
    var isOn: Bool { logger.logLevel <= .info }

    func replied(
        _ request: RequestID,
        client: ClientAddress,
        target: (method: String, path: String)?,
        reply: Reply,
        took: TimeAmount
    ) {
        logger.info(
            "request",
            metadata: [
                "request": "\(request)",
                "client": "\(client)",
                "method": "\(EdgeLog.word(target?.method))",
                "path": "\(target?.path ?? "-")",
                "status": "\(reply.status)",
                "reason": "\(reply.reason?.rawValue ?? "-")",
                "duration_us": "\(took.nanoseconds / 1000)",
            ]
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
        return methods.contains(method) ? method : "other"
    }

    private static let methods: Set<String> = [
        "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH",
    ]

    func failed(client: ClientAddress, error: any Error) {
        logger.debug("connection failed", metadata: ["client": "\(client)", "error": "\(error)"])
    }
}
