internal import Dispatch
internal import NIOCore
internal import NIOPosix

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// Resolves the name of one destination for one event loop, with getaddrinfo(3) on a queue of its own.
///
/// NIO's own resolver shares one serial queue among all connections of a loop: a name whose servers do not answer would
/// hold up every other destination's. Here each destination waits for itself only, and all its connections share one
/// look-up, so that a resolver that hangs holds one thread and not a growing row of calls. Nothing is cached: the next
/// connection after the answer asks again.
final class NameResolver: Resolver, Sendable {
    private struct Addresses: Sendable {
        var v4: [SocketAddress] = []
        var v6: [SocketAddress] = []
    }

    /// The number that getaddrinfo(3) returned; `EAI_NONAME` is -2.
    struct LookupError: Error {
        let code: CInt
    }

    private let eventLoop: any EventLoop
    private let queue: DispatchQueue
    /// The look-up under way.
    private let current: NIOLoopBoundBox<EventLoopFuture<Addresses>?>

    init(eventLoop: any EventLoop, destination: String) {
        self.eventLoop = eventLoop
        queue = DispatchQueue(label: "hookgate.resolve." + destination)
        current = .makeEmptyBox(valueType: EventLoopFuture<Addresses>.self, eventLoop: eventLoop)
    }

    func initiateAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> {
        lookUp(host, port).map { $0.v4 }
    }

    func initiateAAAAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> {
        lookUp(host, port).map { $0.v6 }
    }

    /// Nothing: getaddrinfo(3) cannot be cancelled, and the next connection can use its answer.
    func cancelQueries() {}

    private func lookUp(_ host: String, _ port: Int) -> EventLoopFuture<Addresses> {
        if let current = current.value { return current }
        let promise = eventLoop.makePromise(of: Addresses.self)
        current.value = promise.futureResult
        promise.futureResult.assumeIsolated().whenComplete { _ in self.current.value = nil }
        queue.async { promise.completeWith(Result { try NameResolver.resolve(host, port) }) }
        return promise.futureResult
    }

    /// Blocks.
    ///
    /// Never called on an event loop.
    private static func resolve(_ host: String, _ port: Int) throws(LookupError) -> Addresses {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        unsafe hints.ai_protocol = CInt(IPPROTO_TCP)
        var first: UnsafeMutablePointer<addrinfo>?
        let code = unsafe getaddrinfo(host, String(port), &hints, &first)
        guard code == 0 else { throw LookupError(code: code) }
        defer { unsafe freeaddrinfo(first) }
        var addresses = Addresses()
        var next = unsafe first
        while let entry = unsafe next {
            let info = unsafe entry.pointee
            if let address = unsafe info.ai_addr {
                // getaddrinfo(3): ai_addr points to a structure of the family, ai_addrlen bytes long.
                let raw = UnsafeRawPointer(address)
                switch unsafe info.ai_family {
                case AF_INET: addresses.v4.append(SocketAddress(unsafe raw.loadUnaligned(as: sockaddr_in.self)))
                case AF_INET6: addresses.v6.append(SocketAddress(unsafe raw.loadUnaligned(as: sockaddr_in6.self)))
                default: ()
                }
            }
            unsafe next = info.ai_next
        }
        return addresses
    }
}
