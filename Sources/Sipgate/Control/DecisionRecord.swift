import NIOCore
import Webhooks

/// How a reply that steers a call came about: the event `call.decided`.
///
/// A bad decision is told in it in plain words, so that whoever runs the backend need not look into the gateway's log.
struct DecisionRecord {
    static let type = EventType(namespace: "io.sipgate", name: "call.decided")

    /// Who decided.
    enum Source: Sendable, Equatable {
        /// The destination that was asked.
        case destination
        /// A rule of the route.
        case rule(String)
        /// What is configured for when nobody else decides.
        case fallback

        var word: String {
            switch self {
            case .destination: "destination"
            case .rule: "rule"
            case .fallback: "fallback"
            }
        }
    }

    let event: PushEvent
    let leg: String
    let call: String
    let source: Source
    let decision: CallDecision
    /// Who was asked; nil when nobody was.
    let asked: String?
    /// Why the one who was asked did not decide.
    let problem: String?

    /// The event.
    func draft(direction: String?) -> EventDraft {
        var data = ByteBuffer()
        data.writeJSON(capacity: 512) { json in
            json.object { json in
                json.field("leg", leg)
                json.field("call", call)
                json.field("event", event.rawValue)
                json.field("by", source.word)
                if case .rule(let name) = source { json.field("rule", name) }
                json.field("asked", asked)
                json.field("problem", problem)
                json.name("actions")
                json.array { json in
                    for action in decision.actions { DecisionRecord.write(action, &json) }
                }
            }
        }
        return EventDraft(type: DecisionRecord.type, subject: leg, data: data, direction: direction)
    }

    /// What a journal keeps of it.
    struct Kept {
        private static let limits = JSONReader.Limits(bytes: 64 * 1024, depth: 8, items: 256)

        let event: PushEvent
        let leg: String
        let decision: CallDecision

        /// Reads it back; nil for anything else.
        init?(_ data: ByteBuffer) {
            guard
                let tree = try? JSONReader.read(data, limits: Kept.limits), let leg = tree["leg"]?.text,
                let event = tree["event"]?.text.flatMap(PushEvent.init(rawValue:)), let actions = tree["actions"],
                let decision = try? DecisionDecoder.decode(.object([.init(name: "actions", value: actions)]))
            else { return nil }
            self.event = event
            self.leg = leg
            self.decision = decision
        }
    }

    /// An action in the form in which backends write it.
    private static func write(_ action: CallAction, _ json: inout JSONWriter) {
        json.object { json in
            switch action {
            case .play(let url):
                json.name("play")
                json.object { json in json.field("url", url.text) }
            case .dial(let dial):
                json.name("dial")
                json.object { json in
                    switch dial.target {
                    case .voicemail:
                        json.field("to", "voicemail")
                    case .numbers(let numbers):
                        json.name("to")
                        json.array { json in for number in numbers { json.string(number.text) } }
                    }
                    json.field("callerId", dial.callerID?.text)
                    if let isAnonymous = dial.isAnonymous { json.field("anonymous", isAnonymous) }
                }
            case .gather(let gather):
                json.name("gather")
                json.object { json in
                    if let digits = gather.maxDigits { json.field("maxDigits", digits) }
                    if let timeout = gather.timeoutMilliseconds { json.field("timeout", timeout) }
                    if let play = gather.play {
                        json.name("play")
                        json.object { json in json.field("url", play.text) }
                    }
                }
            case .reject(let reason):
                json.name("reject")
                json.object { json in json.field("reason", reason?.rawValue) }
            case .hangup:
                json.name("hangup")
                json.object { _ in }
            }
        }
    }
}
