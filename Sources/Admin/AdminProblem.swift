import HTTPTypes
import Hummingbird
import NIOCore
import Webhooks

/// Why a request of an operator is not done, as RFC 9457 has it.
struct AdminProblem: HTTPResponseError, Equatable {
    let status: HTTPResponse.Status
    /// A sentence; nothing of the request that could not be shown.
    let detail: String
    var headers: HTTPFields = [:]

    init(_ status: HTTPResponse.Status, _ detail: String) {
        self.status = status
        self.detail = detail
    }

    func response(from request: Request, context: some RequestContext) -> Response {
        response
    }

    var response: Response {
        var response = Response.json(status: status) { json in
            json.object { json in
                json.field("title", status.reasonPhrase)
                json.field("status", status.code)
                json.field("detail", detail)
            }
        }
        response.headers[.contentType] = "application/problem+json"
        response.headers.append(contentsOf: headers)
        return response
    }
}

extension Response {
    /// A response with JSON, which is of this moment and is not to be kept.
    static func json(status: HTTPResponse.Status = .ok, _ write: (inout JSONWriter) -> Void) -> Response {
        var buffer = ByteBuffer()
        buffer.writeJSON(capacity: 4096, write)
        buffer.writeStaticString("\n")
        return Response(
            status: status,
            headers: [.contentType: "application/json", .cacheControl: "no-store"],
            body: .init(byteBuffer: buffer)
        )
    }
}
