import HummingbirdCore
import Logging
import NIOCore

/// A connection that begins with the gateway's own TLS, where there is one.
struct SecuredChannel<Base: ServerChildChannel>: ServerChildChannel {
    private let base: Base
    private let secure: (@Sendable (any Channel) throws -> Void)?

    init(_ base: Base, secure: (@Sendable (any Channel) throws -> Void)?) {
        self.base = base
        self.secure = secure
    }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Base.Value> {
        guard let secure else { return base.setup(channel: channel, logger: logger) }
        return channel.eventLoop.makeCompletedFuture { try secure(channel) }.flatMap { [base] in
            base.setup(channel: channel, logger: logger)
        }
    }

    func handle(value: Base.Value, logger: Logger) async {
        await base.handle(value: value, logger: logger)
    }
}
