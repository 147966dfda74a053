package import Webhooks

/// What is behind the edge: it gets requests that are complete and small, and owes each of them one reply.
///
/// One instance per event loop, called on that loop only.
package protocol Responder: AnyObject {
    /// Looks at the head alone, so that a stranger's content is never kept.
    func screen(_ head: RequestHead) -> Screening

    /// Answers a whole request that was accepted by `screen`.
    ///
    /// - Parameters:
    ///   - request: the request.
    ///   - match: the route that `screen` found.
    ///   - reply: to be called exactly once, on this loop, within the time-outs of the configuration; before this
    ///     returns where nothing has to be waited for.
    func respond(to request: InboundRequest, on match: RouteTable.Match, reply: @escaping (Reply) -> Void)

    /// The path of a target as a log may show it: without query and token.
    func loggable(_ target: String) -> String
}

/// What a head came to.
package enum Screening {
    /// The content is wanted, for this route.
    case accepted(RouteTable.Match)
    /// The request gets this reply, whatever its content; with the position of its route, where it has one.
    case refused(Reply, route: Int? = nil)

    /// The position of the route that was found.
    var route: Int? {
        switch self {
        case .accepted(let match): match.index
        case .refused(_, let route): route
        }
    }
}
