import Foundation
import HTTPTypes
import HookgateTesting
import Hummingbird
import Journal
import JournalTesting
import Logging
import NIOCore
import NIOEmbedded
import Webhooks

@testable import Admin

/// The operators' listener without its socket, on a real journal.
struct AdminHarness: Sendable {
    struct Answer: Sendable {
        let status: Int
        let headers: HTTPFields
        let body: String

        /// The body as JSON.
        func json() throws -> [String: Any] {
            try JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any] ?? [:]
        }
    }

    let directory: TemporaryDirectory
    let journal: JournalHarness
    private let responder: RouterResponder<AdminContext>
    let server: AdminServer

    init(
        destinations: [String] = ["crm"],
        access: AdminServer.Access = AdminServer.Access(host: "127.0.0.1", port: 0),
        hasJournal: Bool = true
    ) async throws {
        directory = try TemporaryDirectory()
        let path = directory.path + "/journal.sqlite"
        var limits = JournalLimits()
        limits.watchInterval = .milliseconds(25)
        journal = JournalHarness(
            try await SQLiteJournal.open(path: path, destinations: destinations, limits: limits)
        )
        server = AdminServer(
            access,
            sources: AdminServer.Sources(
                health: { HealthReport(checks: [.init(name: "journal", problem: nil)]) },
                metrics: { ByteBuffer(string: "metrics\n") },
                journal: hasJournal ? JournalAccess(path: path) : nil,
                filter: AdminHarness.filter,
                refusals: RefusalAccess(
                    path: hasJournal ? directory.path + "/refusals.sqlite" : nil,
                    filter: AdminHarness.refusalFilter,
                    stories: { $0 == "known" ? ByteBuffer(string: #"[{"request":"known"}]"#) : nil }
                ),
                destinations: {
                    destinations.map { DestinationView(name: $0, url: "http://\($0).test/", status: nil) }
                },
                configuration: { (ByteBuffer(string: "{}"), ByteBuffer(string: "[]")) }
            ),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        responder = server.router().buildResponder()
    }

    /// As the gateway reads it, but for the words of its errors.
    private static let filter: @Sendable ([String: String]) throws -> JournalFilter = { fields in
        var filter = JournalFilter()
        for (name, value) in fields {
            switch name {
            case "id": filter.id = value
            case "state": filter.state = DeliveryState(rawValue: value)
            case "call": filter.call = value
            case "destination": filter.destination = value
            default: throw UnknownField(description: "There is no field `\(name)`.")
            }
        }
        return filter
    }

    private static let refusalFilter: @Sendable ([String: String]) throws -> RefusalFilter = { fields in
        var filter = RefusalFilter()
        for (name, value) in fields {
            guard name == "reason" else { throw UnknownField(description: "There is no field `\(name)`.") }
            filter.reason = value
        }
        return filter
    }

    private struct UnknownField: Error, CustomStringConvertible {
        let description: String
    }

    func get(_ path: String, _ headers: [String: String] = [:], host: String = "localhost:9443") async throws -> Answer
    {
        try await ask(.get, path, headers, host: host)
    }

    /// Asks for a change with everything that a change needs; what is given replaces it, and nil leaves it out.
    func change(_ body: String, _ headers: [String: String?] = [:]) async throws -> Answer {
        let token = try await get("/api/session").json()["token"] as? String
        var fields: [String: String?] = ["X-Hookgate-Token": token, "Content-Type": "application/json"]
        fields.merge(headers) { $1 }
        return try await ask(.post, "/api/changes", fields.compactMapValues { $0 }, body: body)
    }

    func ask(
        _ method: HTTPRequest.Method,
        _ path: String,
        _ headers: [String: String],
        host: String? = "localhost:9443",
        body: String = ""
    ) async throws -> Answer {
        let collector = BodyCollector()
        let response = try await response(method, path, headers, host: host, body: body)
        try await response.body.write(collector)
        return Answer(
            status: response.status.code,
            headers: response.headers,
            body: String(buffer: await collector.text.all)
        )
    }

    /// A response whose body has not been asked for.
    func response(
        _ method: HTTPRequest.Method,
        _ path: String,
        _ headers: [String: String],
        host: String? = "localhost:9443",
        body: String = ""
    ) async throws -> Response {
        var fields = HTTPFields()
        for (name, value) in headers {
            if let name = HTTPField.Name(name) { fields[name] = value }
        }
        let head = HTTPRequest(method: method, scheme: "http", authority: host, path: path, headerFields: fields)
        let channel = EmbeddedChannel()
        let source = ApplicationRequestContextSource(channel: channel, logger: Logger(label: "test"))
        let request = Request(head: head, body: RequestBody(buffer: ByteBuffer(string: body)))
        return try await responder.respond(to: request, context: AdminContext(source: source))
    }
}

/// Keeps what a body writes.
struct BodyCollector: ResponseBodyWriter {
    /// What was written so far, for a test that waits for it.
    actor Text {
        private(set) var all = ByteBuffer()
        private(set) var isFinished = false
        private var waiting: [(text: String, continuation: CheckedContinuation<Void, Never>)] = []

        func append(_ buffer: ByteBuffer) {
            all.writeImmutableBuffer(buffer)
            let text = String(buffer: all)
            for (wanted, continuation) in waiting where text.contains(wanted) { continuation.resume() }
            waiting.removeAll { text.contains($0.text) }
        }

        func finish() { isFinished = true }

        /// Waits until this was written.
        func wait(for wanted: String) async {
            if String(buffer: all).contains(wanted) { return }
            await withCheckedContinuation { waiting.append((wanted, $0)) }
        }
    }

    let text = Text()

    mutating func write(_ buffer: ByteBuffer) async throws { await text.append(buffer) }

    consuming func finish(_ trailingHeaders: HTTPFields?) async throws { await text.finish() }
}
