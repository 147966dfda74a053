import Auth
import Delivery
import Edge
import Logging
import NIOCore
import NIOPosix
import Testing
import Webhooks

@testable import Gateway

@Suite struct LoggableTargetTests {
    @Test(arguments: [
        ("/hooks/sipgate?token=secret", "/hooks/sipgate"),
        ("/hooks/sipgate/answer/secret", "/hooks/sipgate/answer"),
        ("https://sipgate:secret@localhost/hooks/sipgate", "/hooks/sipgate"),
        ("/typo?token=secret", "/typo"),
        ("https://sipgate:secret@localhost/typo", "-"),
        ("https://sipgate:secret@localhost", "-"),
        ("sipgate:secret@localhost:443", "-"),
        ("//sipgate:secret@localhost/typo", "-"),
        ("//wp-login.php", "//wp-login.php"),
        ("*", "-"),
    ])
    func `No secret of a request target reaches the log`(target: String, logged: String) async throws {
        #expect(try await LoggableTargetTests.loggable(target) == logged)
    }

    @Test func `A long unknown path is cut`() async throws {
        let logged = try await LoggableTargetTests.loggable("/" + String(repeating: "a", count: 8000))
        #expect(logged == "/" + String(repeating: "a", count: 99))
    }

    private static func loggable(_ target: String) async throws -> String {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        return try await loop.submit {
            let store = try CredentialStore(accounts: [], hashing: .singleton)
            let pipeline = IngestPipeline(
                routes: RouteTable([Route(path: "/hooks/sipgate", users: ["sipgate"], destinations: [])]),
                lanes: [],
                authenticator: try Authenticator(store: store, throttle: FailureThrottle(), eventLoop: loop),
                journal: nil,
                forwarder: Forwarder(destinations: [], eventLoop: loop, loops: 1),
                ids: EventIDSource(),
                log: IngestLog(logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, destinations: []),
                eventLoop: loop
            )
            return pipeline.loggable(target)
        }.get()
    }
}
