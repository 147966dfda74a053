package import Journal
package import Webhooks

/// Refusals as JSON, the same for the command line and the API.
extension JSONWriter {
    /// Writes a refusal.
    package mutating func refusal(_ refusal: KeptRefusal) {
        let record = refusal.record
        object { json in
            json.field("request", record.id.description)
            json.field("position", Int(refusal.position))
            json.field("kind", record.kind.rawValue)
            json.field("time", record.time.description)
            json.field("reason", record.reason)
            if let status = record.status { json.field("status", status) }
            json.field("client", record.client)
            if let origin = record.origin {
                json.connection(origin)
            } else {
                json.field("listener", record.listener)
            }
            json.field("clientcertificate", record.certificate)
            json.field("method", record.method)
            json.field("target", record.target)
            json.field("route", record.route)
            json.field("field", record.field)
            if let offset = record.offset { json.field("byte", offset) }
            json.field("excerpt", record.excerpt)
            json.field("call", record.call)
            json.field("detail", record.detail)
            if let fields = record.fields {
                json.name("header")
                json.array { json in for line in fields.split(separator: "\n") { json.string(String(line)) } }
            }
            if let body = record.body { json.field("content", String(decoding: body, as: UTF8.self)) }
            if let size = record.bodySize { json.field("content_bytes", size) }
            json.field("more", record.more)
        }
    }
}
