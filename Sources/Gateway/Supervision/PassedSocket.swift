import Glibc
package import NIOCore

/// A listening socket that whoever started this process has made, and keeps: sd_listen_fds(3).
///
/// While nobody accepts, connections wait in it. So a restart refuses nobody.
package struct PassedSocket: Sendable, Equatable {
    /// Ours, closed in children.
    package let descriptor: CInt
    /// `FileDescriptorName=`; `unknown` when it has none.
    package let name: String
    /// What it is bound to.
    package let address: SocketAddress

    /// SD_LISTEN_FDS_START.
    private static let first: CInt = 3
    /// A mistaken number of sockets ends here.
    private static let most = 128

    /// Takes the sockets that are meant for this process.
    ///
    /// - Parameters:
    ///   - environment: With `LISTEN_FDS`, `LISTEN_PID` and `LISTEN_FDNAMES`.
    ///   - processID: This process.
    ///   - problems: Gets what cannot be used, in words; such descriptors are closed.
    /// - Returns: The sockets, in their order.
    static func take(
        _ environment: [String: String],
        processID: Int32,
        problems: inout [String]
    ) -> [PassedSocket] {
        guard let text = environment["LISTEN_FDS"], environment["LISTEN_PID"] == "\(processID)" else { return [] }
        guard let count = Int(text), (0...most).contains(count) else {
            problems.append("LISTEN_FDS=\(text.quoted) is no number up to \(most): no socket is taken over")
            return []
        }
        let names = (environment["LISTEN_FDNAMES"] ?? "").split(separator: ":", omittingEmptySubsequences: false)
        return (0..<count).compactMap { index in
            let descriptor = first + CInt(index)
            let name = index < names.count ? String(names[index]) : "unknown"
            do throws(Unusable) {
                return try PassedSocket(descriptor, name)
            } catch {
                problems.append("the socket \(name.quoted) that was passed \(error.reason)")
                close(descriptor)
                return nil
            }
        }
    }

    /// Why a descriptor is of no use, in words that follow its name.
    struct Unusable: Error {
        let reason: String
    }

    /// Takes over a descriptor that others have made.
    init(_ descriptor: CInt, _ name: String) throws(Unusable) {
        guard fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0 else {
            throw Unusable(reason: "is not open: \(unsafe String(cString: strerror(errno)))")
        }
        guard PassedSocket.option(SO_TYPE, of: descriptor) == CInt(SOCK_STREAM.rawValue) else {
            throw Unusable(reason: "is no stream socket: write ListenStream=")
        }
        guard PassedSocket.option(SO_ACCEPTCONN, of: descriptor) == 1 else {
            throw Unusable(reason: "does not listen: remove Accept=yes from its unit")
        }
        guard let address = PassedSocket.address(of: descriptor) else {
            throw Unusable(reason: "is bound to no IP address: write ListenStream=0.0.0.0:8443")
        }
        self.descriptor = descriptor
        self.name = name
        self.address = address
    }

    private static func option(_ name: CInt, of descriptor: CInt) -> CInt? {
        var value: CInt = 0
        var length = socklen_t(MemoryLayout<CInt>.size)
        return unsafe getsockopt(descriptor, SOL_SOCKET, name, &value, &length) == 0 ? value : nil
    }

    private static func address(of descriptor: CInt) -> SocketAddress? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return unsafe withUnsafeMutablePointer(to: &storage) { storage in
            let general = UnsafeMutableRawPointer(storage)
            guard unsafe getsockname(descriptor, general.assumingMemoryBound(to: sockaddr.self), &length) == 0 else {
                return nil
            }
            switch Int32(unsafe storage.pointee.ss_family) {
            case AF_INET: return unsafe SocketAddress(general.load(as: sockaddr_in.self))
            case AF_INET6: return unsafe SocketAddress(general.load(as: sockaddr_in6.self))
            default: return nil
            }
        }
    }
}

extension [PassedSocket] {
    /// Removes and returns the socket for a listener: the one with its `socket_name`, else one bound to its address.
    mutating func take(for listener: ListenerConfiguration) -> PassedSocket? {
        let index =
            if let name = listener.socketName {
                firstIndex { $0.name == name }
            } else {
                resolved(listener).flatMap { address in firstIndex { $0.address == address } }
            }
        return index.map { remove(at: $0) }
    }

    /// Nobody is asked for a name when there is nothing to compare it with.
    private func resolved(_ listener: ListenerConfiguration) -> SocketAddress? {
        isEmpty ? nil : try? SocketAddress.makeAddressResolvingHost(listener.host, port: listener.port)
    }
}
