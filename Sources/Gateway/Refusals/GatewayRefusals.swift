import Auth
import Edge
import Journal
import Logging
import NIOCore
import NIOPosix
import Webhooks

/// The refusals of a gateway, as one thing that is opened and closed; their file is made with the first one.
struct GatewayRefusals: Sendable {
    /// How often the old ones are removed.
    private static let tidying = TimeAmount.minutes(10)

    let store: RefusalStore
    private let policy: RefusalRecorder.Policy

    /// Nil where none are kept.
    init?(_ configuration: GatewayConfiguration, logger: Logger) {
        guard let refusals = configuration.refusals, let policy = GatewayRefusals.policy(configuration) else {
            return nil
        }
        var limits = RefusalLimits()
        limits.retain = refusals.retain
        limits.maxBytes = refusals.maxBytes
        let path = refusals.path
        store = RefusalStore(path: path, limits: limits) { problem in
            logger.error(
                "refusals cannot be kept for now; requests are served as ever",
                metadata: ["path": "\(path)", "error": "\(problem)"]
            )
        }
        self.policy = policy
    }

    /// What is kept; nil: nothing.
    static func policy(_ configuration: GatewayConfiguration) -> RefusalRecorder.Policy? {
        configuration.refusals.map { refusals in
            RefusalRecorder.Policy(
                rate: max(1, refusals.maxRate / configuration.eventLoops),
                masks: configuration.logging.masksPersonalData,
                users: Set(configuration.users.map(\.name))
            )
        }
    }

    /// What keeps the refusals of one loop.
    func recorder(_ routes: RouteTable, on loop: any EventLoop) -> RefusalRecorder {
        RefusalRecorder(policy, store: store, routes: routes, on: loop)
    }

    /// Begins to remove what is too old.
    ///
    /// - Returns: what to cancel at the end.
    func start(on loop: any EventLoop) -> RepeatedTask {
        loop.scheduleRepeatedTask(initialDelay: .seconds(1), delay: GatewayRefusals.tidying) { [store] _ in store.tidy()
        }
    }
}
