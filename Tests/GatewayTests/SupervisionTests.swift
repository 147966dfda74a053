import Admin
import Foundation
import HookgateTesting
import Logging
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import Gateway

/// What stands at the other end of `NOTIFY_SOCKET`.
private final class Ear {
    let name: String
    private let descriptor: Int32

    /// - Parameter name: A path, or `@` and an abstract name.
    /// - Throws: When it cannot be bound.
    init(_ name: String) throws {
        self.name = name
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var path = Array(name.utf8)
        if name.hasPrefix("@") { path[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + path.count)
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
        }
        try #require(bound == 0)
    }

    deinit { close(descriptor) }

    /// The next message; waits for it.
    func hear() -> String {
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = recv(descriptor, &bytes, bytes.count, 0)
        return String(decoding: bytes[..<max(0, count)], as: UTF8.self)
    }

    /// Whether a message waits.
    var hasMessage: Bool {
        var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return Glibc.poll(&poll, 1, 0) == 1
    }
}

@Suite struct SupervisionTests {
    @Test(arguments: [false, true])
    func `The service manager hears of a start, a reload and the end, by path and by abstract name`(
        isAbstract: Bool
    ) throws {
        let folder = try TemporaryDirectory()
        let ear = try Ear(isAbstract ? "@hookgate-\(UUID().uuidString)" : folder.path + "/notify")
        let manager = try #require(ServiceManager(socket: ear.name))
        manager.ready("serving\non one line")
        #expect(ear.hear() == "READY=1\nSTATUS=serving\\u{a}on one line\n")
        manager.reloading()
        #expect(ear.hear().wholeMatch(of: /RELOADING=1\nMONOTONIC_USEC=[0-9]+\n/) != nil)
        manager.ready()
        #expect(ear.hear() == "READY=1\n")
        manager.stopping(within: .seconds(10), "done soon")
        #expect(ear.hear() == "STOPPING=1\nEXTEND_TIMEOUT_USEC=40000000\nSTATUS=done soon\n")
    }

    @Test func `A manager that is gone stops nobody, and a name that is none is said`() throws {
        let folder = try TemporaryDirectory()
        try #require(ServiceManager(socket: folder.path + "/nobody")).ready()
        for name in ["", "@", "notify", "vsock:2:1234", "/" + String(repeating: "a", count: 108)] {
            let supervision = Supervision(["NOTIFY_SOCKET": name], processID: 7)
            #expect(!supervision.manager.listens)
            #expect(supervision.problems.first?.contains("is no Unix socket") == true)
        }
    }

    @Test func `A watchdog is kept only when it is meant for this process`() {
        #expect(Supervision(["WATCHDOG_USEC": "3000000"], processID: 7).watchdog == .seconds(3))
        #expect(Supervision(["WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "7"], processID: 7).watchdog == .seconds(3))
        #expect(Supervision(["WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "8"], processID: 7).watchdog == nil)
        let wrong = Supervision(["WATCHDOG_USEC": "soon"], processID: 7)
        #expect(wrong.watchdog == nil && wrong.problems.count == 1)
    }

    @Test func `Readiness is told once, when the last part is there`() {
        let told = Mutex(0)
        let readiness = Readiness([.reloading, .admin]) { told.withLock { $0 += 1 } }
        readiness.reached(.admin)
        readiness.reached(.admin)
        #expect(told.withLock { $0 } == 0)
        readiness.reached(.reloading)
        readiness.reached(.reloading)
        #expect(told.withLock { $0 } == 1)
    }

    @Test func `Signs of life wait for a loop that hangs, and go on with it`() async throws {
        let folder = try TemporaryDirectory()
        let ear = try Ear(folder.path + "/notify")
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let gate = DispatchSemaphore(value: 0)
        let loop = group.next()
        loop.execute { gate.wait() }
        // The loop hangs before the first question, so that no sign may have gone out when its silence is noticed.
        let noticed = AsyncStream.makeStream(of: String.self)
        let signs = LifeSigns(
            manager: try #require(ServiceManager(socket: ear.name)),
            watchdog: .milliseconds(40),
            parts: [.init(name: "loop") { answer in loop.execute { answer() } }, .init(name: "other") { $0() }],
            status: { "as ever" },
            logger: Logger(label: "test") { _ in Notice(continuation: noticed.continuation) }
        )
        let running = Task { try await signs.run() }
        var notices = noticed.stream.makeAsyncIterator()
        let notice = try #require(await notices.next())
        #expect(notice.hasPrefix("critical") && notice.contains("loop"), "\(notice)")
        #expect(!ear.hasMessage)
        gate.signal()
        #expect(ear.hear() == "WATCHDOG=1\n")
        #expect(ear.hear() == "STATUS=as ever\n")
        #expect(ear.hear() == "WATCHDOG=1\n")
        #expect(ear.hear() == "WATCHDOG=1\n")
        running.cancel()
        try await running.value
        try await group.shutdownGracefully()
    }

    /// Tells a test of every record.
    private struct Notice: LogHandler {
        let continuation: AsyncStream<String>.Continuation
        var logLevel = Logger.Level.trace
        var metadata: Logger.Metadata = [:]

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            continuation.yield("\(event.level) \(event.metadata ?? [:])")
        }
    }

    @Test func `Lines for the journal each have their level`() {
        #expect(JournalStream.marked("a: error\n  b\n", .error) == "<3>a: error\n<3>  b\n")
        #expect(!JournalStream.isStandardError([:]))
        #expect(!JournalStream.isStandardError(["JOURNAL_STREAM": "1:1"]))
    }

    @Test func `What stands in the way is the status line`() {
        #expect(HealthReport(checks: [.init(name: "journal", problem: nil)]).words == "ready")
        let report = HealthReport(checks: [
            .init(name: "journal", problem: "is closed"), .init(name: "drain", problem: "x"),
        ])
        #expect(report.words == "not ready: journal: is closed; drain: x")
    }
}
