package import NIOCore
import Webhooks

extension JSONTree {
    /// The document, members in their order.
    package var document: ByteBuffer {
        var buffer = ByteBuffer()
        buffer.writeJSON(capacity: 896) { write(to: &$0) }
        return buffer
    }

    private func write(to json: inout JSONWriter) {
        switch self {
        case .null: json.token("null")
        case .bool(let value): json.token(value ? "true" : "false")
        case .number(let text): json.token(text)
        case .text(let text): json.string(text)
        case .array(let elements):
            json.array { json in
                for element in elements { element.write(to: &json) }
            }
        case .object(let members):
            json.object { json in
                for member in members {
                    json.name(escaping: member.name)
                    member.value.write(to: &json)
                }
            }
        }
    }
}
