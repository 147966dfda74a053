import Foundation
import HookgateTesting
import Journal
import NIOCore
import NIOEmbedded
import Sipgate
import Testing
import Webhooks

@testable import Edge
@testable import Gateway

@Suite("Which refusals are kept")
struct RefusalRecorderTests {
    private let directory: TemporaryDirectory
    private let store: RefusalStore
    private let loop = EmbeddedEventLoop()
    private let recorder: RefusalRecorder

    init() throws {
        directory = try TemporaryDirectory()
        store = RefusalStore(path: directory.path + "/refusals.sqlite", limits: RefusalLimits()) { _ in }
        let policy = RefusalRecorder.Policy(rate: 10, masks: true, users: ["sipgate"])
        let routes = RouteTable([Route(path: "/hooks", users: ["sipgate"], destinations: [])])
        recorder = RefusalRecorder(policy, store: store, routes: routes, on: loop)
    }

    private func refuse(_ reason: ReasonCode, body: String? = nil, fields: [(String, String)] = []) {
        guard recorder.wants(reason, at: loop.now) else { return }
        recorder.keep(RefusalRecorderTests.request(.refusal(reason), body: body, fields: fields))
    }

    private static func request(
        _ reply: Reply,
        body: String?,
        fields: [(String, String)],
        path: String = "/hooks"
    ) -> RefusedRequest {
        let id = RequestID(second: 1, number: UInt32.random(in: 0 ... .max))
        let client = ClientAddress(nil)
        let connection = ConnectionOrigin(listener: "0.0.0.0:8443")
        let head = RequestHead(
            id: id,
            method: "POST",
            target: "/hooks",
            headers: HeaderFields(fields),
            client: client,
            connection: connection,
            arrival: .now()
        )
        return RefusedRequest(
            id: id,
            time: .now(),
            client: client,
            connection: connection,
            certificate: nil,
            head: head,
            path: path,
            body: body.map { ByteBuffer(string: $0) },
            reply: reply
        )
    }

    private func kept() async throws -> [RefusalRecord] {
        await store.close()
        return try RefusalReader(path: directory.path + "/refusals.sqlite").list(RefusalFilter(), limit: 1000)
            .map(\.record)
    }

    @Test("a flood for one reason leaves room for others, and is counted")
    func flood() async throws {
        for _ in 0..<12_350 { refuse(.unknownPath) }
        refuse(.invalidNumber)
        loop.advanceTime(by: .seconds(2))
        let kept = try await kept()
        #expect(kept.count { $0.reason == "unknown_path" } == 5 && kept.count { $0.reason == "invalid_number" } == 1)
        // With the latest of them, and all of them.
        #expect(kept.first { $0.reason == "unknown_path" }?.more == 12_345)
        #expect(kept.reduce(0) { $0 + $1.more } == 12_345)
    }

    @Test("all together stay within the rate, and the next second is a new one")
    func rate() async throws {
        for _ in 0..<3 {
            for reason in ReasonCode.allCases where reason != .credentialsMissing { refuse(reason) }
            loop.advanceTime(by: .seconds(1))
        }
        let kept = try await kept()
        #expect(kept.count == 30)
        #expect(kept.reduce(0) { $0 + $1.more + 1 } <= 3 * (ReasonCode.allCases.count - 1))
    }

    @Test("challenges are part of the good path: one a minute is kept")
    func challenges() async throws {
        for _ in 0..<120 {
            refuse(.credentialsMissing)
            loop.advanceTime(by: .seconds(1))
        }
        refuse(.credentialsMissing)
        recorder.handOver()
        let kept = try await kept()
        #expect(kept.count == 3 && kept.map(\.more) == [0, 59, 59])
    }

    @Test("connections that brought no request are kept with OpenSSL's words, port scans seldom")
    func connections() async throws {
        func end(_ reason: EndedConnection.Reason) {
            let id = RequestID(second: 1, number: UInt32.random(in: 0 ... .max))
            guard recorder.wants(reason, at: loop.now) else { return }
            recorder.keep(
                EndedConnection(
                    id: id,
                    client: ClientAddress(nil),
                    listener: "0.0.0.0:8443",
                    reason: reason,
                    words: "no shared cipher"
                )
            )
        }
        for _ in 0..<10 {
            end(.handshake(.left))
            end(.handshake(.failed))
            end(.refused(.denied))
        }
        recorder.handOver()
        let kept = try await kept()
        #expect(kept.count { $0.reason == "left" } == 1)
        #expect(kept.first { $0.reason == "left" }?.more == 9)
        #expect(kept.contains { $0.kind == .handshake && $0.reason == "failed" && $0.detail == "no shared cipher" })
        #expect(kept.contains { $0.kind == .connection && $0.reason == "denied" })
        #expect(kept.count == 6 && kept.reduce(0) { $0 + $1.more + 1 } == 30)
    }

    @Test("no secret is kept, and of a user only the name that is known")
    func secrets() async throws {
        let basic = "Basic c2lwZ2F0ZTpodW50ZXIy"  // sipgate:hunter2
        let foreign = "Basic aHVudGVyMzpodW50ZXIz"  // hunter3:hunter3
        for (name, value) in [
            ("Authorization", basic), ("authorization", foreign), ("Authorization", "Bearer hunter4"),
            ("Authorization", "hunter5"), ("Proxy-Authorization", "Basic hunter6"), ("Cookie", "a=hunter7"),
            ("X-Api-Key", "hunter8"), ("X-Whatever", "abcdefghijk0123456789hunter9"),
            ("Referer", "https://example.net/a?hunter10"), ("X-Sipgate-Signature", "hunter11"),
            ("Authorization", "hunterpassword"), ("Referer", "https://hunter:hunter12@example.net/a#hunter13"),
        ] {
            loop.advanceTime(by: .seconds(1))
            refuse(.credentialsWrong, fields: [(name, value), ("User-Agent", "curl/8 (x86_64-pc-linux-gnu)")])
        }
        let kept = try await kept()
        #expect(kept.count == 12)
        #expect(!kept.contains { $0.fields?.contains("hunter") ?? true })
        #expect(kept.allSatisfy { $0.fields?.contains("User-Agent: curl/8 (x86_64-pc-linux-gnu)") == true })
        #expect(kept.last?.fields?.contains("Authorization: Basic sipgate:(secret)") == true)
        #expect(kept.contains { $0.fields?.contains("Basic (a name of 7 bytes that no user has)") == true })
    }

    @Test("header fields name nobody, unless nothing is masked", arguments: [true, false])
    func fields(masks: Bool) {
        let fields = HeaderFields([
            ("X-Caller", "+4915188899900"), ("X-Name", "Mallory Zoe"), ("User-Agent", "Mallory"),
            ("User-Agent", "curl/8.1 4915188899900"), ("X-4915188899900", "a"), ("Accept", "*/*"),
            ("Referer", "https://Mallory:hunter@example.net/Zoe?a"), ("Authorization", "Bearer hunter"),
        ])
        let text = FieldRedaction(users: [], masks: masks).text(fields)
        #expect(
            text
                == (masks
                    ? """
                    X-Caller: +49*********00
                    X-Name: ******* ***
                    User-Agent: *******
                    User-Agent: curl/8.1 49*********00
                    X-49*********00: *
                    Accept: */*
                    Referer: *****://*******.***/***
                    Authorization: Bearer (secret), 13 characters
                    """
                    : """
                    X-Caller: +4915188899900
                    X-Name: Mallory Zoe
                    User-Agent: Mallory
                    User-Agent: curl/8.1 4915188899900
                    X-4915188899900: a
                    Accept: */*
                    Referer: https://example.net/Zoe
                    Authorization: Bearer (secret), 13 characters
                    """)
        )
    }

    /// The same number, as a form, a header, an XML or a JSON may have it.
    private static let written = [
        "4921155667788", "+4921155667788", "%2B4921155667788", "004921155667788", "021155667788", "0211+5566+7788",
        "+49 211 556 677 88", "0211/5566-7788", "(0211) 5566.7788", "0211 55 66 77 88", "49 211 5566 7788",
        "%34%39%32%31%31%35%35%36%36%37%37%38%38", "0%3211%20556%367788", "sip:+4921155667788@example.net",
        "tel:+49-211-5566-7788", "<from>+4921155667788</from>", #"{"from":"+49 211 55667788"}"#,
        #"{"from": 4921155667788}"#, "a=4921155667788", "491%204921155667788", "x4921155667788x",
    ]

    /// Forms that texts of ours do not have: percent-coded, with a plus for a blank, and apart without a plus or a zero.
    private static let coded: Set = [
        "0211+5566+7788", "49 211 5566 7788", "%34%39%32%31%31%35%35%36%36%37%37%38%38", "0%3211%20556%367788",
    ]

    @Test("a log finds it as well", arguments: written.filter { !coded.contains($0) })
    func logged(_ number: String) {
        let personal = PersonalData(isMasked: true, key: Array("key".utf8))
        for text in [
            number, "a \(number).", "Tel.\(number)", "5. \(number)",
            "10.0.100.200 asked for \(number), 030 1234567 too", "(\(number))",
        ] {
            let masked = personal.text(text)
            let plain = masked.filter { !" +-/.()".contains($0) }
            #expect(!plain.contains("5667788") && !plain.contains("2115566"), "\(masked)")
        }
    }

    @Test(
        "what only looks like one stays in a log",
        arguments: [
            "10.0.100.200:8443", "0.0.0.0:8443, 10.0.0.1", "192.168.100.100", "at 2026-11-28T06:00:00.000Z",
            "took 0.25 s, 1234 of 5678", "call-7 5.0.100.200",
        ]
    )
    func unlike(_ text: String) {
        #expect(PersonalData(isMasked: true).text(text) == text)
    }

    @Test("a number is found in no part of the file, wherever it stood and however it was written", arguments: written)
    func anywhere(_ number: String) async throws {
        let personal = PersonalData(isMasked: true)
        func keep(body: String?, fields: [(String, String)] = [], path: String = "/hooks", _ field: String? = nil) {
            for reason in [ReasonCode.invalidNumber, .unknownPath, .duplicateField, .credentialsWrong] {
                var reply = Reply.refusal(reason)
                reply.field = field
                let path = personal.path(path, known: ["hooks", "answer"])
                recorder.keep(RefusalRecorderTests.request(reply, body: body, fields: fields, path: path))
            }
        }
        // The id of a call is one of those that stay: it is asked for by it.
        for name in PersonalFields.known + ["caller", "Form", ""] where name != PersonalFields.leg {
            keep(body: "event=newCall&\(name)=\(number)&callId=7", name)
        }
        for body in [
            number, "\(number)&\(number)", "<a>\(number)</a>", "[\"\(number)\"]", "\(number)=1", "event=\u{0}\(number)",
        ] {
            keep(body: body)
        }
        keep(body: nil, path: "/hooks/\(number)")
        keep(body: nil, path: "/\(number)/answer/a")
        for name in FieldRedaction.harmless.sorted() + ["user-agent", "x-caller", "referer", "x-\(number)"] {
            keep(body: nil, fields: [(name, number), (name, "a/1 \(number)"), ("authorization", number)])
        }
        await store.close()
        let bytes = try Data(contentsOf: URL(fileURLWithPath: directory.path + "/refusals.sqlite"))
        #expect(bytes.count > 10_000)
        let text = String(decoding: bytes, as: UTF8.self)
        let plain = text.removingPercents.filter { !" +-/.()".contains($0) }
        for text in [text, text.removingPercents, plain] {
            #expect(!text.contains("5667788") && !text.contains("2115566"))
        }
    }

    @Test("personal data are masked in their place, and the byte to blame is shown")
    func masked() async throws {
        var reply = Reply.refusal(.controlCharacter)
        reply.field = "from"
        let body =
            "event=newCall&from=4921112345678%0A&to=4915791234567&user%5B%5D=Ali%C3%A9&dtmf=1234&callId=call-7&x=0049211123456"
        recorder.keep(RefusalRecorderTests.request(reply, body: body, fields: []))
        let kept = try #require(try await kept().first)
        let shown = String(decoding: kept.body ?? [], as: UTF8.self)
        #expect(shown.utf8.count == body.utf8.count && kept.bodySize == body.utf8.count)
        #expect(shown.hasPrefix("event=newCall&from=49*********78%0A&to=49*********67&user%5B%5D=*********&dtmf=****&"))
        #expect(shown.hasSuffix("&callId=call-7&*=00*********56"))
        #expect(kept.offset == 32 && kept.field == "from" && kept.call == "call-7" && kept.route == "/hooks")
        #expect(kept.excerpt == "wCall&from=49*********78%0A&to=49*********67&use")
    }
}

extension String {
    /// With every triplet decoded that stands for a character of ASCII, and everything else as it is.
    fileprivate var removingPercents: String {
        replacing(/%([2-7][0-9A-Fa-f])/) { match in
            String(UnicodeScalar(UInt8(match.1, radix: 16) ?? 0))
        }
    }
}
