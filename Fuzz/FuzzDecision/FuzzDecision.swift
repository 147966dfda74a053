import CFuzzer
import NIOCore
import Sipgate

/// Fuzzes the decoder of decisions.
///
/// Besides crashes it looks for broken promises: whatever is accepted becomes XML of visible ASCII whose tags balance,
/// and is refused in words that repeat no control character.
@main
struct FuzzDecision {
    private static let addresses = FollowUpAddresses(
        onAnswer: "https://h/a",
        onHangup: "https://h/h",
        onData: "https://h/d"
    )

    static func main() {
        var count = CommandLine.argc
        var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
        _ = LLVMFuzzerRunDriver(&count, &arguments) { bytes, count in
            FuzzDecision.test(ByteBuffer(bytes: UnsafeBufferPointer(start: bytes, count: count)))
            return 0
        }
    }

    private static func test(_ document: ByteBuffer) {
        do {
            let decision = try DecisionDecoder.decode(document, in: DecisionContext())
            let xml = Array(DecisionXML.write(decision, followUps: addresses).readableBytesView)
            check(xml.allSatisfy { $0 == 0x0A || 0x20..<0x7F ~= $0 }, "the XML is not ASCII")
            check(isBalanced(xml), "the tags do not balance")
        } catch {
            check(error.description.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }, "a problem holds a control character")
        }
    }

    /// Whether every start tag has its end tag; attributes hold no angle brackets.
    private static func isBalanced(_ xml: [UInt8]) -> Bool {
        var open: [ArraySlice<UInt8>] = []
        var rest = xml[...]
        while let start = rest.firstIndex(of: UInt8(ascii: "<")) {
            guard let end = rest[start...].firstIndex(of: UInt8(ascii: ">")) else { return false }
            let tag = rest[(start + 1)..<end]
            rest = rest[(end + 1)...]
            if tag.first == UInt8(ascii: "?") || tag.last == UInt8(ascii: "/") { continue }
            if tag.first == UInt8(ascii: "/") {
                guard let last = open.popLast(), last.elementsEqual(tag.dropFirst()) else { return false }
            } else {
                open.append(tag.prefix { $0 != UInt8(ascii: " ") })
            }
        }
        return open.isEmpty
    }

    private static func check(_ holds: Bool, _ promise: String) {
        guard holds else { fatalError(promise) }
    }
}
