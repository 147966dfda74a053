import NIOCore
import Webhooks

extension HealthReport {
    /// `{"ready":false,"checks":{"journal":"…"}}`; what is well says `ok`.
    var json: ByteBuffer {
        var buffer = ByteBuffer()
        buffer.writeJSON { json in
            json.object { json in
                json.field("ready", isReady)
                json.name("checks")
                json.object { json in
                    for check in checks {
                        json.name(escaping: check.name)
                        json.string(check.problem ?? "ok")
                    }
                }
            }
        }
        buffer.writeStaticString("\n")
        return buffer
    }
}
