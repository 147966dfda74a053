internal import NIOCore

/// What makes attempts: a pool of connections, or a test.
protocol AttemptTransport: AnyObject {
    /// Takes an attempt on, and ends it within its deadline.
    func submit(_ attempt: Attempt)

    /// Lets what is under way end, and takes nothing more.
    func drain() -> EventLoopFuture<Void>
}

extension UpstreamPool: AttemptTransport {}
