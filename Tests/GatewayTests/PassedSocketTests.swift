import Edge
import Glibc
import Testing

@testable import Gateway

@Suite struct PassedSocketTests {
    private struct Made {
        let descriptor: Int32
        let port: Int
    }

    /// A socket on the loopback interface, at a port that the kernel chose.
    private func make(_ type: __socket_type = SOCK_STREAM, listens: Bool = true) throws -> Made {
        let descriptor = socket(AF_INET, Int32(type.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                _ = bind(descriptor, pointer, length)
                _ = getsockname(descriptor, pointer, &length)
            }
        }
        if listens { try #require(listen(descriptor, 1) == 0) }
        return Made(descriptor: descriptor, port: Int(UInt16(bigEndian: address.sin_port)))
    }

    private func listener(port: Int, name: String? = nil) -> ListenerConfiguration {
        ListenerConfiguration(
            host: "127.0.0.1",
            port: port,
            socketName: name,
            tls: TLSListenerConfiguration(certificates: [], minimumVersion: "1.2"),
            limits: .init()
        )
    }

    @Test func `A listener gets the socket of its name, or else that of its address, and each only once`() throws {
        let (first, second) = (try make(), try make())
        defer { for made in [first, second] { close(made.descriptor) } }
        var sockets = [try PassedSocket(first.descriptor, "web"), try PassedSocket(second.descriptor, "unknown")]
        #expect(fcntl(first.descriptor, F_GETFD) == FD_CLOEXEC)
        #expect(sockets.take(for: listener(port: second.port + 1)) == nil)
        #expect(sockets.take(for: listener(port: first.port, name: "absent")) == nil)
        #expect(sockets.take(for: listener(port: 1, name: "web"))?.descriptor == first.descriptor)
        #expect(sockets.take(for: listener(port: 1, name: "web")) == nil)
        #expect(sockets.take(for: listener(port: second.port))?.descriptor == second.descriptor)
        #expect(sockets.isEmpty)
    }

    @Test func `What is no listening stream socket is refused with what to do`() throws {
        func refusal(_ descriptor: Int32) -> String {
            do {
                _ = try PassedSocket(descriptor, "a")
                return "none"
            } catch {
                return error.reason
            }
        }
        let (datagrams, silent) = (try make(SOCK_DGRAM, listens: false), try make(listens: false))
        defer { for made in [datagrams, silent] { close(made.descriptor) } }
        #expect(refusal(datagrams.descriptor).contains("write ListenStream="))
        #expect(refusal(silent.descriptor).contains("remove Accept=yes"))
        #expect(refusal(1_000_000).contains("is not open"))
    }

    @Test func `Sockets that are meant for another process are left alone`() {
        var problems: [String] = []
        for environment in [[:], ["LISTEN_FDS": "1"], ["LISTEN_FDS": "1", "LISTEN_PID": "8"]] {
            #expect(PassedSocket.take(environment, processID: 7, problems: &problems).isEmpty)
        }
        #expect(problems.isEmpty)
        let wrong = ["LISTEN_FDS": "many", "LISTEN_PID": "7"]
        #expect(PassedSocket.take(wrong, processID: 7, problems: &problems).isEmpty)
        #expect(problems.count == 1)
    }
}
