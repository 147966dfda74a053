import Glibc
import NIOCore

/// Whoever started this process and wants to hear how it gets on: systemd, or another that speaks sd_notify(3).
///
/// Messages are datagrams to the Unix socket in `NOTIFY_SOCKET`. Sending blocks when the receiver does not keep up, so
/// it has no business on an event loop. One that fails is not tried again: there is nobody else to tell.
package struct ServiceManager: Sendable {
    /// Nobody wants to hear anything.
    package static let none = ServiceManager(path: [])

    /// sun_path; an abstract name begins with NUL (unix(7)).
    private let path: [UInt8]

    /// Whether anybody listens.
    package var listens: Bool { !path.isEmpty }

    /// Nil when the text is no name of a Unix socket: another kind, or too long.
    init?(socket text: String) {
        var path = Array(text.utf8)
        guard let first = path.first, path.count < ServiceManager.pathCapacity,
            first == UInt8(ascii: "/") || first == UInt8(ascii: "@") && path.count > 1
        else { return nil }
        if first == UInt8(ascii: "@") { path[0] = 0 }
        self.path = path
    }

    private init(path: [UInt8]) {
        self.path = path
    }

    // MARK: What there is to say

    /// Everything that serves is there, or a reload is over.
    func ready(_ status: String? = nil) {
        send("READY=1\n" + (status.map { "STATUS=\($0.escaped)\n" } ?? ""))
    }

    /// The configuration is being read again; ends with `ready`.
    func reloading() {
        // NIO's clock is CLOCK_MONOTONIC, as sd_notify(3) wants it.
        let microseconds = NIODeadline.now().uptimeNanoseconds / 1000
        send("RELOADING=1\nMONOTONIC_USEC=\(microseconds)\n")
    }

    /// How long the journal's last commit may take behind the drain.
    private static let closing = TimeAmount.seconds(30)

    /// The process comes to its end, once what has begun is finished within a bound.
    func stopping(within bound: TimeAmount, _ text: String) {
        let microseconds = (bound + ServiceManager.closing).nanoseconds / 1000
        send("STOPPING=1\nEXTEND_TIMEOUT_USEC=\(microseconds)\nSTATUS=\(text.escaped)\n")
    }

    /// How things stand, in one line for people.
    package func status(_ text: String) {
        send("STATUS=\(text.escaped)\n")
    }

    /// The process lives.
    func alive() {
        send("WATCHDOG=1\n")
    }

    /// While a start takes long: how often more time is asked for, how much, and how often at most, which is an hour.
    private static let patience = (pause: Duration.seconds(5), seconds: 30, times: 720)

    /// Asks for more time as long as something goes on that may take long.
    ///
    /// - Parameters:
    ///   - what: The status meanwhile.
    ///   - work: What goes on.
    /// - Returns: What came of it.
    /// - Throws: What it throws.
    func patience<Outcome: Sendable>(
        _ what: String,
        _ work: @Sendable () async throws -> Outcome
    ) async throws -> Outcome {
        guard listens else { return try await work() }
        status(what)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for _ in 0..<ServiceManager.patience.times {
                    try await Task.sleep(for: ServiceManager.patience.pause)
                    send("EXTEND_TIMEOUT_USEC=\(ServiceManager.patience.seconds * 1_000_000)\n")
                }
            }
            defer { group.cancelAll() }
            return try await work()
        }
    }

    // MARK: The wire

    private static var pathCapacity: Int { MemoryLayout.size(ofValue: sockaddr_un().sun_path) }

    private func send(_ message: String) {
        guard listens else { return }
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path) }
        // The length tells where an abstract name ends.
        let length = socklen_t(MemoryLayout<sockaddr_un>.size - ServiceManager.pathCapacity + path.count)
        let bytes = Array(message.utf8)
        unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                while unsafe sendto(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL), pointer, length) < 0 {
                    guard errno == EINTR else { return }
                }
            }
        }
    }
}
