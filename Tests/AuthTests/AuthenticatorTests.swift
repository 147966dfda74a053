import Dispatch
import NIOCore
import NIOPosix
import Testing
import Webhooks

@testable import Auth

@Suite struct AuthenticatorTests {
    private let alice = UserAccount(name: "alice", passwords: [FakeHash.bcrypt("secret")])

    @Test func `a request without credentials is challenged, and never counts`() async throws {
        let bench = try AuthBench([alice])
        for _ in 0..<50 {
            #expect(try await bench.ask().outcome() == .challenge(.credentialsMissing))
        }
        #expect(bench.throttle.count == 0)
        #expect(try await bench.judge(basic("alice", "secret")) == .admit("alice"))
    }

    @Test func `two fields and other schemes are malformed, computed never and counted never`() async throws {
        let bench = try AuthBench([alice])
        let good = basic("alice", "secret")
        for _ in 0..<20 {
            #expect(try await bench.ask(good, good).outcome() == .challenge(.credentialsMalformed))
            #expect(try await bench.ask("Bearer x").outcome() == .challenge(.credentialsMalformed))
            #expect(try await bench.ask("").outcome() == .challenge(.credentialsMalformed))
            #expect(try await bench.judge(basic("alice", "secret\0x")) == .challenge(.credentialsMalformed))
        }
        #expect(bench.computations.isEmpty)
        #expect(bench.throttle.count == 0)
    }

    @Test func `a right password is computed once and then known`() async throws {
        let bench = try AuthBench([alice])
        let first = try await bench.ask(basic("alice", "secret"))
        #expect(first.isPending)
        #expect(try await first.outcome() == .admit("alice"))
        for _ in 0..<5 {
            let next = try await bench.ask(basic("alice", "secret"))
            #expect(!next.isPending)
            #expect(try await next.outcome() == .admit("alice"))
        }
        #expect(bench.computations.count == 1)
        #expect(bench.throttle.count == 0)
    }

    @Test(arguments: ["secre", "secretx", "Secret", "", "secret ", "alice:secret"])
    func `a wrong password is challenged and not remembered`(_ password: String) async throws {
        let bench = try AuthBench([alice])
        #expect(try await bench.judge(basic("alice", password)) == .challenge(.credentialsWrong))
        #expect(try await bench.judge(basic("alice", password)) == .challenge(.credentialsWrong))
        #expect(bench.computations.count == 2)
    }

    @Test func `every password of a user is good, also of two accounts of one name`() async throws {
        let bench = try AuthBench([
            UserAccount(name: "alice", passwords: [FakeHash.bcrypt("old"), FakeHash.bcrypt("new")]),
            UserAccount(name: "alice", passwords: [FakeHash.sha512("other")]),
        ])
        for password in ["old", "new", "other"] {
            #expect(try await bench.judge(basic("alice", password)) == .admit("alice"))
        }
        #expect(try await bench.judge(basic("alice", "older")) == .challenge(.credentialsWrong))
    }

    @Test func `a user of another route is challenged, known or not, and does not count`() async throws {
        let bench = try AuthBench([alice])
        for _ in 0..<15 {
            let outcome = try await bench.judge(basic("alice", "secret"), allowed: ["bob"])
            #expect(outcome == .challenge(.credentialsWrong))
        }
        #expect(try await bench.judge(basic("alice", "secret")) == .admit("alice"))
        #expect(bench.throttle.count == 0)
    }

    @Test func `a wrong password costs the same computations for every user and for none`() async throws {
        let bench = try AuthBench([
            UserAccount(name: "one", passwords: [FakeHash.bcrypt("a")]),
            UserAccount(name: "two", passwords: [FakeHash.bcrypt("b"), FakeHash.bcrypt("c")]),
            UserAccount(name: "cheap", passwords: [FakeHash.bcrypt("d", cost: 10), FakeHash.sha512("e")]),
            UserAccount(name: "plain", passwords: [.plain(Secret("f"))]),
        ])
        var work: [[PasswordHash.Scheme: Int]] = []
        for (index, user) in ["one", "two", "cheap", "plain", "nobody", ""].enumerated() {
            let before = bench.computations.count
            let outcome = try await bench.judge(basic(user, "wrong"), from: "192.0.2.\(index + 1)")
            #expect(outcome == .challenge(.credentialsWrong))
            work.append(bench.computations[before...].reduce(into: [:]) { $0[$1, default: 0] += 1 })
        }
        #expect(Set(work) == [[.bcrypt(cost: 12): 2, .bcrypt(cost: 10): 1, .sha512(rounds: 5000): 1]])
    }

    @Test func `a decoy that happens to match admits nobody`() async throws {
        let bench = try AuthBench([alice, UserAccount(name: "bob", passwords: [FakeHash.sha512("other")])])
        #expect(try await bench.judge(basic("nobody", "secret")) == .challenge(.credentialsWrong))
        #expect(try await bench.judge(basic("bob", "secret")) == .challenge(.credentialsWrong))
        #expect(try await bench.judge(basic("nobody", "secret"), allowed: ["nobody"]) == .challenge(.credentialsWrong))
    }

    @Test func `a plain password needs no computation, and a wrong one is refused at once`() async throws {
        let bench = try AuthBench([UserAccount(name: "alice", passwords: [.plain(Secret("pl:ain"))])])
        for (user, password, expected) in [
            ("alice", "pl:ain", Outcome.admit("alice")),
            ("alice", "pl", .challenge(.credentialsWrong)),
            ("alice:pl", "ain", .admit("alice")),  // the same bytes: a user-id has no colon
            ("bob", "pl:ain", .challenge(.credentialsWrong)),
        ] {
            let verdict = try await bench.ask(basic(user, password))
            #expect(!verdict.isPending)
            #expect(try await verdict.outcome() == expected)
        }
        #expect(bench.computations.isEmpty)
    }

    @Test func `connections that bring the same credentials at once wait for one computation`() async throws {
        let gate = DispatchSemaphore(value: 0)
        let bench = try AuthBench([alice], whileComputing: { gate.wait() })
        var verdicts: [Verdict] = []
        for _ in 0..<40 { verdicts.append(try await bench.ask(basic("alice", "secret"))) }
        #expect(verdicts.allSatisfy { $0.isPending })
        let other = try await bench.ask(basic("alice", "secret"), allowed: ["bob"])
        gate.signal()
        for verdict in verdicts { #expect(try await verdict.outcome() == .admit("alice")) }
        #expect(try await other.outcome() == .challenge(.credentialsWrong))
        #expect(bench.computations.count == 1)
        #expect(bench.throttle.count == 0)
    }

    @Test func `checks under way are bounded, and the next is told to come back`() async throws {
        let gate = DispatchSemaphore(value: 0)
        let bench = try AuthBench([alice], whileComputing: { gate.wait() })
        var waiting: [Verdict] = []
        for index in 0..<CredentialStore.maxChecks {
            waiting.append(try await bench.ask(basic("alice", "\(index)"), from: "192.0.2.\(index)"))
        }
        #expect(waiting.allSatisfy { $0.isPending })
        #expect(try await bench.ask(basic("alice", "one more")).outcome() == .overloaded)
        for _ in waiting { gate.signal() }
        for verdict in waiting { #expect(try await verdict.outcome() == .challenge(.credentialsWrong)) }
        gate.signal()
        #expect(try await bench.judge(basic("alice", "secret")) == .admit("alice"))
    }

    @Test func `a pool that was shut down computes nothing and keeps nobody waiting`() async throws {
        let bench = try AuthBench([alice])
        try await bench.pool.shutdownGracefully()
        #expect(try await bench.judge(basic("alice", "secret")) == .overloaded)
        #expect(bench.throttle.count == 0)
    }

    @Test func `unused credentials are forgotten after their life time, used ones are not`() async throws {
        let bench = try AuthBench([alice], lifetime: .seconds(100))
        for seconds: Int64 in [0, 99, 198, 297] {
            #expect(try await bench.judge(basic("alice", "secret"), at: seconds) == .admit("alice"))
        }
        #expect(bench.computations.count == 1)
        #expect(try await bench.judge(basic("alice", "secret"), at: 397) == .admit("alice"))
        #expect(bench.computations.count == 2)
    }

    @Test func `past the cache's capacity the longest unused credentials are forgotten`() async throws {
        let passwords = ["a", "b", "c"].map { FakeHash.bcrypt($0) }
        let bench = try AuthBench([UserAccount(name: "alice", passwords: passwords)], cacheCapacity: 2)
        func isKnown(_ password: String, at seconds: Int64) async throws -> Bool {
            let verdict = try await bench.ask(basic("alice", password), at: seconds)
            #expect(try await verdict.outcome() == .admit("alice"))
            return !verdict.isPending
        }
        #expect(try await !isKnown("a", at: 1))
        #expect(try await !isKnown("b", at: 2))
        #expect(try await isKnown("a", at: 3))
        #expect(try await !isKnown("c", at: 4))  // in place of b
        #expect(try await isKnown("a", at: 5))
        #expect(try await isKnown("c", at: 6))
        #expect(try await !isKnown("b", at: 7))  // in place of a
        #expect(try await !isKnown("a", at: 8))
    }

    @Test func `a hash that is not accepted makes no store`() {
        #expect(throws: PasswordHashError.unknownScheme("$1$")) {
            try AuthBench([UserAccount(name: "alice", passwords: [.hash("$1$abc$d4Vcv7NBw.vj6Q/WFIFKy0")])])
        }
    }
}
