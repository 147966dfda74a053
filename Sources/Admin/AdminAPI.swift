import Foundation
import HTTPTypes
import Hummingbird
import Journal
import NIOCore
import Webhooks

/// What can be asked about events and destinations; everything is JSON.
struct AdminAPI: Sendable {
    let sources: AdminServer.Sources
    let token: String
    let changes = ChangeLog()
    let streams = LiveEvents.Places()

    /// The most events of one answer.
    private static let mostEvents = 500
    /// The most events of one call.
    private static let mostEventsOfCall = 1000

    func addRoutes(to router: Router<AdminContext>) {
        router.get("api/session") { _, _ in
            Response.json { json in
                json.object { json in json.field("token", token) }
            }
        }
        router.get("api/events") { request, _ in try await list(request) }
        router.get("api/events/:id") { _, context in try await show(context) }
        router.get("api/calls/:id") { _, context in try await call(context) }
        router.get("api/destinations") { _, _ in try await destinations() }
        router.get("api/configuration") { _, _ in
            let (configuration, certificates) = sources.configuration()
            return Response.json { json in
                json.object { json in
                    json.field("configuration", json: configuration)
                    json.field("certificates", json: certificates)
                }
            }
        }
        router.get("api/live") { request, _ in try live(request) }
        router.post("api/changes") { request, _ in try await change(request) }
        router.get("api/changes/:number") { _, context in try await progress(context) }
    }

    // MARK: Events

    private func list(_ request: Request) async throws -> Response {
        var query = try Query(request)
        let limit = try query.take("limit", or: 50, in: 1...AdminAPI.mostEvents)
        let before = try query.take("before", or: Int.max, in: 1...Int.max)
        let filter = try filter(query)
        let records = try await journal.ask { reader in
            try reader.list(filter, before: JournalPosition(Int64(before)), limit: limit + 1)
        }
        return Response.json { json in
            json.object { json in
                json.array("events", records.prefix(limit))
                if records.count > limit, let last = records.prefix(limit).last {
                    json.field("before", Int(last.entry.position.value))
                }
            }
        }
    }

    private func show(_ context: AdminContext) async throws -> Response {
        guard let id = context.parameters.get("id").flatMap(EventID.init) else {
            throw AdminProblem(.badRequest, "That is no event id: it has 36 characters, as in `webhook-id`.")
        }
        guard let record = try await journal.ask({ try $0.show(id) }) else {
            throw AdminProblem(.notFound, "The journal has no event with this id (any more).")
        }
        return Response.json { json in json.record(record) }
    }

    /// All events of one call, in order: those of a leg, or of the legs that were found to belong together.
    private func call(_ context: AdminContext) async throws -> Response {
        guard let id = context.parameters.get("id")?.removingPercentEncoding, (1...128).contains(id.utf8.count),
            id.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") })
        else { throw AdminProblem(.badRequest, "That is no id of a call.") }
        let records = try await journal.ask { reader in
            var filter = JournalFilter()
            filter.text = "\"\(id)\""
            return try reader.tail(filter, after: .start, limit: AdminAPI.mostEventsOfCall)
        }
        return Response.json { json in json.object { $0.array("events", records) } }
    }

    private func live(_ request: Request) throws -> Response {
        var query = try Query(request)
        // A stream that was interrupted goes on where it was (HTML, section 9.2.6).
        let last = HTTPField.Name("Last-Event-ID").flatMap { request.headers[$0] }.flatMap { Int64($0) }
        let after = try query.take("after", or: -1, in: 0...Int.max)
        let position = last.map(JournalPosition.init) ?? (after < 0 ? nil : JournalPosition(Int64(after)))
        let filter = try filter(query)
        return try LiveEvents(journal: journal, filter: filter, after: position).response(streams)
    }

    private var journal: JournalAccess {
        get throws(AdminProblem) {
            guard let journal = sources.journal else {
                throw AdminProblem(.notFound, "No route keeps its events: the configuration has no journal.")
            }
            return journal
        }
    }

    private func filter(_ query: Query) throws -> JournalFilter {
        do {
            var fields = query.fields
            // Digits anywhere in the data: numbers stand there as +49… and as they came.
            let digits = fields.removeValue(forKey: "number").map { $0.filter(\.isASCII).filter(\.isNumber) }
            var filter = try sources.filter(fields)
            if let digits {
                guard digits.count >= 3 else { throw AdminProblem(.badRequest, "Search for three digits or more.") }
                filter.text = digits
            }
            return filter
        } catch let problem as AdminProblem {
            throw problem
        } catch {
            throw AdminProblem(.badRequest, "\(error)")
        }
    }

    // MARK: Changes

    private func change(_ request: Request) async throws -> Response {
        guard request.headers[.contentType]?.lowercased().hasPrefix("application/json") == true else {
            throw AdminProblem(.unsupportedMediaType, "Send application/json.")
        }
        guard let body = try? await request.body.collect(upTo: 16 * 1024) else {
            throw AdminProblem(.contentTooLarge, "That is too much for a filter.")
        }
        let order = try ChangeOrder(body)
        let filter = try filter(Query(order.filter))
        guard order.isAboutAll || !filter.isEmpty else {
            throw AdminProblem(.unprocessableContent, "Name an event or a filter, or say `\"all\": true`.")
        }
        guard filter.text == nil else {
            throw AdminProblem(.unprocessableContent, "A number is good for looking, not for changing.")
        }
        let path = try journal.path
        let number = try await changes.begin(order.action, filter, path: path)
        var response = Response.json(status: .accepted) { json in
            json.object { json in
                json.field("change", number)
                json.field("progress", "/api/changes/\(number)")
            }
        }
        response.headers[.location] = "/api/changes/\(number)"
        return response
    }

    private func progress(_ context: AdminContext) async throws -> Response {
        guard let number = context.parameters.get("number", as: Int.self),
            let progress = try await changes.progress(of: number)
        else { throw AdminProblem(.notFound, "This process knows no such change (any more).") }
        return Response.json { json in
            json.object { json in
                json.field("change", number)
                json.field("done", progress.done)
                json.field("percent", Int(progress.fraction * 100))
                json.field("finished", progress.isFinished)
                json.field("problem", progress.problem)
            }
        }
    }

    // MARK: Destinations

    private func destinations() async throws -> Response {
        let views = await sources.destinations()
        let backlog = try await sources.journal?.ask { try $0.backlog() } ?? []
        let now = Timestamp.now()
        return Response.json { json in
            json.object { json in
                json.name("destinations")
                json.array { json in
                    for view in views {
                        json.destination(view, backlog.first { $0.destination == view.name }, now: now)
                    }
                }
            }
        }
    }
}

extension JSONWriter {
    fileprivate mutating func array(_ name: StaticString, _ records: some Sequence<JournalRecord>) {
        self.name(name)
        array { json in
            for record in records { json.record(record) }
        }
    }
}
