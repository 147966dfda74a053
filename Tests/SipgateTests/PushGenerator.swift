import HookgateTesting
import NIOCore
import Webhooks

/// Makes valid pushes of every shape, the same ones for the same seed.
struct PushGenerator {
    private var random: SeededRandom

    init(seed: UInt64) {
        random = SeededRandom(seed: seed)
    }

    /// A form body that the provider has to accept.
    mutating func push() -> ByteBuffer {
        let event = ["newCall", "answer", "hangup", "dtmf"].randomElement(using: &random) ?? "dtmf"
        let isStart = event == "newCall"
        var pairs = [("event", event), ("callId", identifier())]
        if isStart || Bool.random(using: &random) {
            pairs.append(("direction", Bool.random(using: &random) ? "in" : "out"))
            pairs.append(("from", Bool.random(using: &random) ? number() : ""))
            pairs.append(("to", number()))
        }
        for name in ["origCallId", "xcid"] where Bool.random(using: &random) { pairs.append((name, identifier())) }
        for name in ["diversion", "answeringNumber", "cause"] where Bool.random(using: &random) {
            pairs.append((name, text()))
        }
        if Bool.random(using: &random) {
            pairs.append(("dtmf", ["", "-1", "007#*aD"].randomElement(using: &random) ?? ""))
        }
        for name in ["user[]", "userId[]", "fullUserId[]"] {
            for _ in 0..<Int.random(in: 0...3, using: &random) {
                pairs.append((name, name == "user[]" ? text() : Bool.random(using: &random) ? identifier() : ""))
            }
        }
        for _ in 0..<Int.random(in: 0...3, using: &random) { pairs.append(("x" + text() + "\n", text() + "\0")) }
        pairs.shuffle(using: &random)
        var encoder = FormEncoder()
        for pair in pairs { encoder.append(pair.0, pair.1) }
        return encoder.buffer
    }

    private mutating func identifier() -> String {
        String(decoding: (0..<Int.random(in: 1...40, using: &random)).map { _ in visible() }, as: UTF8.self)
    }

    private mutating func number() -> String {
        let shapes = ["anonymous", "+493023125401", "493023125401", "55000", "1234567e0", "00493023125401", "0", "+1"]
        return Bool.random(using: &random) ? shapes.randomElement(using: &random) ?? "" : identifier()
    }

    private mutating func text() -> String {
        let scalars: [Unicode.Scalar] = [" ", "ä", "\u{308}", "\u{2028}", "\u{200F}", "📞", "\"", "\\", "<", "&"]
        var text = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0...12, using: &random) {
            text.append(
                Bool.random(using: &random) ? Unicode.Scalar(visible()) : scalars.randomElement(using: &random) ?? "-"
            )
        }
        return String(text)
    }

    private mutating func visible() -> UInt8 {
        UInt8.random(in: 0x21...0x7E, using: &random)
    }
}
