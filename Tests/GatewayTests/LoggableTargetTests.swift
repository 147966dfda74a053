import NIOCore
import NIOPosix
import Sipgate
import Testing

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

    @Test(arguments: [
        ("/hooks/sipgate/answer/secret", "/hooks/sipgate/answer"),
        ("/hooks/sipgat", "/hooks/sipgat"),
        ("/hook/sipgate", "/hook/sipgate"),
        ("/hooks/sipgate/dta/secret", "/hooks/sipgate/d…~"),
        ("/hooks/sipgate/4915112345678/secret", "/hooks/sipgate/4…~"),
        ("/hooks/4915112345678", "/hooks/4…~"),
        ("/Alice/sipgate", "/A…~"),
        ("/hooks/%34%39%31%35%31%31%32%33%34%35%36%37%38", "/hooks/%…~"),
    ])
    func `Of a path with somebody in it the log has a pseudonym`(target: String, logged: String) async throws {
        let line = try await LoggableTargetTests.loggable(target, isMasked: true)
        #expect(line.hasPrefix(logged), "\(line)")
        #expect(logged.hasSuffix("~") == (line != logged))
        #expect(try await LoggableTargetTests.loggable(target, isMasked: true) == line)
    }

    private static func loggable(_ target: String, isMasked: Bool = false) async throws -> String {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        return try await loop.submit {
            let pipeline = try PipelineHarness.make(
                provider: try SipgateProvider(
                    publicURL: "https://localhost",
                    routePath: "/hooks/sipgate",
                    followUpKey: [1],
                    route: SipgateRoute(calls: nil)
                ),
                masksPersonalData: isMasked,
                on: loop
            )
            return pipeline.loggable(target)
        }.get()
    }
}
