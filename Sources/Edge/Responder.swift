package import NIOCore
package import Webhooks

/// What is behind the edge: it gets requests that are complete and small, and owes each of them one reply.
///
/// One instance per event loop, called on that loop only.
package protocol Responder: AnyObject {
    /// Looks at the head alone, so that a stranger's content is never kept.
    ///
    /// - Returns: the reply that refuses the request, or nil when its content is wanted.
    func screen(_ head: RequestHead) -> Reply?

    /// Answers a whole request. The future never fails, and completes within the time-outs of the configuration.
    func respond(to request: InboundRequest) -> EventLoopFuture<Reply>

    /// The path of a target as a log may show it: without query and token.
    func loggable(_ target: String) -> String
}
