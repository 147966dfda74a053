import Foundation
import HookgateTesting
import NIOCore
import Testing

@testable import Sipgate

@Suite("JSON reader")
struct JSONReaderTests {
    private static let limits = JSONReader.Limits(bytes: 4096, depth: 4, items: 4)

    private func read(_ text: String) throws(JSONProblem) -> JSONTree {
        try JSONReader.read(ByteBuffer(string: text), limits: JSONReaderTests.limits)
    }

    @Test("every kind of value is read, its order and its numbers as they were written")
    func values() throws {
        let tree = try read(#" { "b" : [ null , true,false, -1.50e+2 ] , "a":"x", "":{} } "#)
        #expect(
            tree
                == .object([
                    JSONTree.Member(name: "b", value: .array([.null, .bool(true), .bool(false), .number("-1.50e+2")])),
                    JSONTree.Member(name: "a", value: .text("x")),
                    JSONTree.Member(name: "", value: .object([])),
                ])
        )
    }

    @Test(
        "escapes stand for their characters",
        arguments: [
            (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"), (#""\u00e9\u00C9""#, "\u{E9}\u{C9}"),
            (#""\ud83d\uDE00""#, "\u{1F600}"), (#""ä\u0000b""#, "ä\0b"), (#""\u2028\u007f""#, "\u{2028}\u{7F}"),
        ]
    )
    func escapes(_ text: String, _ expected: String) throws {
        #expect(try read(text).text.map { Array($0.utf8) } == Array(expected.utf8))
    }

    @Test(
        "what is not JSON is refused with its place",
        arguments: [
            ("", "", "at the end: a value is expected"),
            ("\u{FEFF}{}", "", "byte 0: a value is expected"),
            ("{}x", "", "byte 2: nothing may follow the value"),
            ("{}{}", "", "byte 2: nothing may follow the value"),
            ("'a'", "", "byte 0: a value is expected"),
            ("nul", "", "byte 0: a value is expected"),
            ("True", "", "byte 0: a value is expected"),
            ("NaN", "", "byte 0: a value is expected"),
            ("{a:1}", "", "byte 1: a name in quotes is expected"),
            (#"{"a":1,}"#, "", "byte 7: a name in quotes is expected"),
            (#"{"a" 1}"#, "/a", "byte 5: a colon is expected"),
            (#"{"a":}"#, "/a", "byte 5: a value is expected"),
            (#"{"a":1"#, "", "at the end: a comma or the end of the object is expected"),
            ("[1,]", "/1", "byte 3: a value is expected"),
            ("[1 2]", "", "byte 3: a comma or the end of the list is expected"),
            ("[1", "", "at the end: a comma or the end of the list is expected"),
            ("[01]", "/0", "byte 3: a number does not begin with zeros"),
            ("[-]", "/0", "byte 2: a digit is expected"),
            ("[1.]", "/0", "byte 3: a digit is expected"),
            ("[.5]", "/0", "byte 1: a value is expected"),
            ("[+5]", "/0", "byte 1: a value is expected"),
            ("[1e]", "/0", "byte 3: a digit is expected"),
            ("[0x1]", "", "byte 2: a comma or the end of the list is expected"),
            (#"["a"#, "/0", "at the end: a string ends with a quote"),
            (#"["\"#, "/0", "at the end: a string ends with a quote"),
            (#"["\x"]"#, "/0", "byte 4: no such escape"),
            (#"["\u12g4"]"#, "/0", "byte 6: four hexadecimal digits are expected"),
            (#"["\ud800"]"#, "/0", "byte 8: half of a surrogate pair is no character"),
            (#"["\udc00"]"#, "/0", "byte 8: half of a surrogate pair is no character"),
            (#"["\ud800\ud800"]"#, "/0", "byte 14: half of a surrogate pair is no character"),
            ("[\"a\nb\"]", "/0", "byte 3: a control character stands in a string only as an escape"),
            (#"{"a":1,"\u0061":2}"#, "/a", "byte 15: a member comes once"),
            ("[[[[[]]]]]", "/0/0/0/0", "byte 4: lists and objects are nested 4 deep at most"),
            ("[1,2,3,4,5]", "", "byte 9: a list has 4 elements at most"),
            (#"{"a":1,"b":2,"c":3,"d":4,"e":5}"#, "", "byte 25: an object has 4 members at most"),
        ]
    )
    func problems(_ text: String, _ pointer: String, _ rule: String) {
        let problem = #expect(throws: JSONProblem.self) { try read(text) }
        #expect(problem?.pointer.description == pointer)
        #expect(problem?.rule == rule)
    }

    @Test("size is looked at before anything else, and a document that is no UTF-8 is refused whole")
    func documents() {
        let long = #expect(throws: JSONProblem.self) { try read(String(repeating: "[", count: 4097)) }
        #expect(long?.rule == "a document has 4096 bytes at most")
        for bytes in [[0x22, 0xFF, 0x22], [0x22, 0xC3, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22]] as [[UInt8]] {
            let problem = #expect(throws: JSONProblem.self) {
                try JSONReader.read(ByteBuffer(bytes: bytes), limits: JSONReaderTests.limits)
            }
            #expect(problem?.rule == "the document is not valid UTF-8")
        }
    }

    @Test("a foreign name in a place is short and harmless, and marks are escaped as RFC 6901 wants")
    func pointers() {
        #expect(JSONPointer.root.member("a/b~c").element(3).description == "/a~1b~0c/3")
        #expect(JSONPointer.root.member("\n\u{1B}ä").description == "/???")
        #expect(JSONPointer.root.member(String(repeating: "x", count: 41)).description.utf8.count == 1 + 40 + 3)
    }

    @Test(
        "whatever is read is what Foundation reads, and what Foundation refuses is refused",
        arguments: 0..<8 as Range<UInt64>
    )
    func differential(_ seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let pieces = [
            "{", "}", "[", "]", ",", ":", "\"a\"", "\"b\"", "\"\\u00e9\"", "1", "-0.5e3", "true", "null", " ", "\"",
            "\\",
        ]
        var good = 0
        for _ in 0..<4000 {
            // Mostly JSON, then a random change or none.
            var text = JSONReaderTests.document(depth: 3, using: &random)
            if Bool.random(using: &random), let piece = pieces.randomElement(using: &random) {
                let place = text.unicodeScalars.indices.randomElement(using: &random) ?? text.startIndex
                text.unicodeScalars.insert(contentsOf: piece.unicodeScalars, at: place)
            }
            let theirs = try? JSONValue(parsing: Array(text.utf8))
            let ours = try? read(text)
            if let ours {
                good += 1
                #expect(theirs == JSONValue(ours), "\(text)")
            } else if theirs != nil {
                // Ours refuses what theirs takes only for a limit, a repeated member, a zero in front or a last comma.
                let problem = #expect(throws: JSONProblem.self) { try read(text) }
                let words = ["at most", "comes once", "begin with zeros"]
                let isLenient = text.contains(#/,\s*[\]}]/#) || words.contains { problem?.rule.contains($0) == true }
                #expect(isLenient, "\(text): \(problem?.rule ?? "")")
            }
        }
        #expect(good > 1000)
    }

    private static func document(depth: Int, using random: inout SeededRandom) -> String {
        switch Int.random(in: depth > 0 ? 0...5 : 2...5, using: &random) {
        case 0:
            let elements = (0..<Int.random(in: 0...3, using: &random)).map { _ in
                document(depth: depth - 1, using: &random)
            }
            return "[" + elements.joined(separator: ", ") + "]"
        case 1:
            let members = ["a", "b", "\\u0063"].prefix(Int.random(in: 0...3, using: &random)).map { name in
                "\"\(name)\":" + document(depth: depth - 1, using: &random)
            }
            return "{" + members.joined(separator: ",") + "}"
        case 2: return "\"x\\n\u{E4}\\ud83d\\ude00\""
        case 3: return ["0", "-1", "2.5", "1e3", "-0.25E-1"].randomElement(using: &random) ?? "0"
        case 4: return Bool.random(using: &random) ? "true" : "false"
        default: return "null"
        }
    }
}

extension JSONValue {
    /// The same tree as our reader gives it.
    init(_ tree: JSONTree) {
        switch tree {
        case .null: self = .null
        case .bool(let flag): self = .bool(flag)
        case .number(let text): self = .number(Double(text) ?? .nan)
        case .text(let text): self = .text(Array(text.utf8))
        case .array(let elements): self = .array(elements.map(JSONValue.init))
        case .object(let members):
            self = .object(Dictionary(members.map { ($0.name, JSONValue($0.value)) }) { first, _ in first })
        }
    }
}
