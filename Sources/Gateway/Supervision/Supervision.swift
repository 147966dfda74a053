import Glibc

/// What whoever started this process has handed over: an ear, a watchdog, sockets (sd_notify(3),
/// sd_watchdog_enabled(3), sd_listen_fds(3)).
package struct Supervision: Sendable {
    /// Hears how it goes.
    package var manager = ServiceManager.none
    /// How long it bears silence before it ends the process; nil: for ever.
    package var watchdog: Duration?
    /// What it has bound for us.
    package var sockets: [PassedSocket] = []
    /// What was handed over and cannot be used, in words.
    package var problems: [String] = []

    package init() {}

    private static let variables = [
        "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES",
    ]

    /// Takes over what the environment speaks of, and removes that from it: no child of ours is meant.
    ///
    /// Once, before there are other threads that read the environment.
    package static func takeOver(_ environment: [String: String]) -> Supervision {
        for name in variables { unsafe unsetenv(name) }
        var supervision = Supervision(environment, processID: getpid())
        supervision.sockets = PassedSocket.take(environment, processID: getpid(), problems: &supervision.problems)
        return supervision
    }

    /// Reads what needs no descriptor.
    init(_ environment: [String: String], processID: Int32) {
        if let text = environment["NOTIFY_SOCKET"] {
            if let manager = ServiceManager(socket: text) {
                self.manager = manager
            } else {
                problems.append("NOTIFY_SOCKET=\(text.quoted) is no Unix socket: nobody hears how the gateway gets on")
            }
        }
        let isForUs = environment["WATCHDOG_PID"].map { $0 == "\(processID)" } ?? true
        if isForUs, let text = environment["WATCHDOG_USEC"] {
            if let microseconds = Int64(text), microseconds > 0 {
                watchdog = .microseconds(microseconds)
            } else {
                problems.append("WATCHDOG_USEC=\(text.quoted) is no number of microseconds: there is no watchdog")
            }
        }
    }
}
