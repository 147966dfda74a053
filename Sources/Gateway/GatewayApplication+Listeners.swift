import Edge
import Glibc
import Journal
import Logging
import NIOCore
import NIOPosix
import TLS

extension GatewayApplication {
    /// Listens on every address: on a socket that was passed for it where there is one, else on one of its own.
    ///
    /// - Throws: `ListenFailure`, and nothing listens then.
    func bind(
        _ certificates: [CertificateStore],
        on group: MultiThreadedEventLoopGroup,
        loops: EdgeLoops
    ) async throws -> [Listener] {
        var passed = supervision.sockets
        let taken = configuration.listeners.map { passed.take(for: $0) }
        for socket in passed {
            // Whoever connects to it would wait for ever.
            logger.error(
                "a socket was passed that no listener wants",
                metadata: [
                    "socket": "\(socket.name)", "address": "\(socket.address.hostAndPort)",
                    "help": "give a listener that address, or `socket_name: \(socket.name)`",
                ]
            )
            close(socket.descriptor)
        }
        var listeners: [Listener] = []
        for ((listener, socket), store) in zip(zip(configuration.listeners, taken), certificates) {
            if socket == nil, !supervision.sockets.isEmpty || listener.socketName != nil {
                logger.warning(
                    "no socket was passed for a listener, which binds its address itself",
                    metadata: ["address": "\(listener.shownAddress)", "socket": "\(listener.socketName ?? "-")"]
                )
            }
            let bound = try await bind(listener, socket, store, on: group, loops: loops)
            logger.notice(
                "listening",
                metadata: [
                    "address": "\(bound.address.hostAndPort)", "socket": socket.map { "\($0.name)" } ?? "own",
                ]
            )
            listeners.append(bound)
        }
        return listeners
    }

    private func bind(
        _ listener: ListenerConfiguration,
        _ socket: PassedSocket?,
        _ certificates: CertificateStore,
        on group: MultiThreadedEventLoopGroup,
        loops: EdgeLoops
    ) async throws -> Listener {
        do {
            return try await Listener.bind(
                socket.map { .socket($0.descriptor) } ?? .address(host: listener.host, port: listener.port),
                name: listener.shownAddress,
                group: group,
                loops: loops,
                certificates: certificates,
                limits: listener.limits,
                logger: logger,
                requests: log
            )
        } catch let error as IOError {
            throw ListenFailure(address: listener.shownAddress, errno: error.errnoCode)
        }
    }

    /// What the service manager hears while the gateway runs.
    func lifeSigns(
        _ journal: GatewayJournal?,
        on group: MultiThreadedEventLoopGroup,
        status: @escaping @Sendable () -> String
    ) -> LifeSigns {
        var parts = group.makeIterator().enumerated().map { index, loop in
            LifeSigns.Part(name: "event loop \(index + 1)") { answer in loop.execute { answer() } }
        }
        if let journal {
            parts.append(LifeSigns.Part(name: "journal") { answer in journal.journal.call(answer) })
        }
        return LifeSigns(
            manager: supervision.manager,
            watchdog: supervision.watchdog,
            parts: parts,
            status: status,
            logger: logger
        )
    }
}

/// An address that cannot be listened on, with the system's reason and what to do.
private struct ListenFailure: Error, CustomStringConvertible {
    let address: String
    let errno: CInt

    var description: String {
        let advice =
            switch errno {
            case EADDRINUSE: "another process listens there: stop it, or choose another port"
            case EACCES: "ports below 1024 need the capability CAP_NET_BIND_SERVICE, or a socket that systemd passes"
            case EADDRNOTAVAIL: "this machine has no such address"
            default: "see bind(2)"
            }
        return "cannot listen on \(address): \(unsafe String(cString: strerror(errno))); \(advice)"
    }
}

extension ListenerConfiguration {
    /// As it is written in the configuration.
    var shownAddress: String { NetworkAddress.shown(host, port) }
}

extension SocketAddress {
    /// `127.0.0.1:8443`, `[::1]:8443`, or the path of a socket.
    var hostAndPort: String {
        guard let host = ipAddress, let port else { return pathname ?? "?" }
        return NetworkAddress.shown(host, port)
    }
}
