import Foundation
import HTTPTypes
import Hummingbird
package import Journal
package import NIOCore
import NIOPosix
import Webhooks

/// Where those are kept who were turned away, and who tells what became of a request.
package struct RefusalAccess: Sendable {
    /// The file of refusals; nil: none are kept.
    package let path: String?
    /// Reads a filter from the fields of a query, or says in words what is wrong with it.
    package let filter: @Sendable ([String: String]) throws -> RefusalFilter
    /// The stories of a request, an event or a call, as a JSON array; nil when nothing is known.
    ///
    /// Blocks on the disk.
    package let stories: @Sendable (String) throws -> ByteBuffer?

    package init(
        path: String?,
        filter: @escaping @Sendable ([String: String]) throws -> RefusalFilter,
        stories: @escaping @Sendable (String) throws -> ByteBuffer?
    ) {
        self.path = path
        self.filter = filter
        self.stories = stories
    }
}

/// What can be asked about those who were turned away, and about single requests.
struct RefusalsAPI: Sendable {
    let access: RefusalAccess

    /// The most refusals of one answer.
    private static let mostRefusals = 500

    func addRoutes(to router: Router<AdminContext>) {
        router.get("api/refusals") { request, _ in try await list(request) }
        router.get("api/requests/:id") { _, context in try await story(context) }
    }

    private func list(_ request: Request) async throws -> Response {
        var query = try Query(request)
        let limit = try query.take("limit", or: 50, in: 1...RefusalsAPI.mostRefusals)
        let before = try query.take("before", or: Int.max, in: 1...Int.max)
        let filter: RefusalFilter
        do { filter = try access.filter(query.fields) } catch { throw AdminProblem(.badRequest, "\(error)") }
        let refusals = try await refusals(filter, before: Int64(before), limit: limit + 1)
        return Response.json { json in
            json.object { json in
                json.name("refusals")
                json.array { json in
                    for refusal in refusals.prefix(limit) { json.refusal(refusal) }
                }
                if refusals.count > limit, let last = refusals.prefix(limit).last {
                    json.field("before", Int(last.position))
                }
            }
        }
    }

    private func refusals(_ filter: RefusalFilter, before: Int64, limit: Int) async throws -> [KeptRefusal] {
        guard let path = access.path else {
            throw AdminProblem(
                .notFound,
                "No refusals are kept: the configuration has neither `refusals` nor a journal."
            )
        }
        return try await NIOThreadPool.singleton.runIfActive {
            // The file is made with the first refusal.
            guard RefusalReader.exists(path) else { return [] }
            return try RefusalReader(path: path).list(filter, before: before, limit: limit)
        }
    }

    private func story(_ context: AdminContext) async throws -> Response {
        guard let id = context.parameters.get("id")?.removingPercentEncoding, (1...512).contains(id.utf8.count) else {
            throw AdminProblem(.badRequest, "That is no id of a request, an event or a call.")
        }
        let stories = access.stories
        guard let found = try await NIOThreadPool.singleton.runIfActive({ try stories(id) }) else {
            throw AdminProblem(
                .notFound,
                "Nothing is known of this id: it is none, or nothing is kept of it (any more)."
            )
        }
        return Response.json { json in json.object { json in json.field("stories", json: found) } }
    }
}
