import Foundation
import NIOCore
import Testing

@testable import Webhooks

@Suite("JSON writer")
struct JSONWriterTests {
    @Test("members, elements and nesting are set apart by commas")
    func structure() {
        var buffer = ByteBuffer(string: "x")
        buffer.writeJSON { json in
            json.object { json in
                json.field("a", "1")
                json.field("absent", nil)
                json.name("list")
                json.array { json in
                    json.object { _ in }
                    json.array { _ in }
                    json.string("s")
                }
                json.name(escaping: "q\"")
                json.object { json in json.field("yes", true) }
                json.field("no", false)
                json.field("n", -12)
                json.field("raw", json: ByteBuffer(string: "[1,2]"))
                json.field("plain", plain: Array("p".utf8).span)
                json.field("end", "")
            }
        }
        let expected =
            #"x{"a":"1","list":[{},[],"s"],"q\"":{"yes":true},"no":false,"n":-12,"raw":[1,2],"plain":"p","end":""}"#
        #expect(String(buffer: buffer) == expected)
    }

    @Test(
        "text is escaped where it has to be",
        arguments: [
            ("", #""""#),
            ("plain ä 📞 </script> \u{7F}", "\"plain ä 📞 </script> \u{7F}\""),
            ("\"\\\n\r\t", #""\"\\\n\r\t""#),
            ("\0a\u{1F}", #""\u0000a\u001F""#),
            ("a\u{2028}\u{2029}b\u{2027}€", "\"a\\u2028\\u2029b\u{2027}€\""),
            ("\u{2028}", #""\u2028""#),
        ]
    )
    func escapes(_ text: String, _ expected: String) {
        var buffer = ByteBuffer()
        buffer.writeJSON { json in json.string(text) }
        #expect(Array(buffer.readableBytesView) == Array(expected.utf8))
    }

    @Test(
        "what has to be escaped is found wherever it stands",
        arguments: ["\"", "\\", "\0", "\u{1F}", "\u{2028}", "€"]
    )
    func everyPlace(_ special: String) throws {
        for length in 0..<30 {
            for place in 0...length {
                let text =
                    String(repeating: "a", count: place) + special + String(repeating: "\u{FF}", count: length - place)
                var buffer = ByteBuffer()
                buffer.writeJSON { json in json.array { json in json.string(text) } }
                let parsed = try JSONSerialization.jsonObject(with: Data(buffer.readableBytesView)) as? [String]
                #expect(parsed == [text])
                #expect(buffer.readableBytesView.allSatisfy { $0 >= 0x20 })
            }
        }
    }

    @Test("a capacity that was too small costs time only", arguments: [0, 1, 20, 100, 5000])
    func growth(_ capacity: Int) {
        func write(_ json: inout JSONWriter) {
            json.object { json in
                json.field("long", String(repeating: "x", count: 300))
                json.field("escaped", String(repeating: "\"", count: 300))
                json.name("list")
                json.array { json in for number in 0..<50 { json.string(String(number)) } }
                json.field("short", "y")
            }
        }
        var expected = ByteBuffer(string: "before")
        expected.writeJSON(capacity: 100_000, write)
        var buffer = ByteBuffer(string: "before")
        buffer.writeJSON(capacity: capacity, write)
        #expect(buffer == expected)
        #expect(String(buffer: buffer).hasSuffix(#""48","49"],"short":"y"}"#))
    }

    @Test("any text comes back from another parser", arguments: 0..<200 as Range<UInt64>)
    func roundTrip(_ number: UInt64) throws {
        var seed = Seed(number)
        let texts = (0..<20).map { _ in seed.text() }
        var buffer = ByteBuffer()
        buffer.writeJSON { json in json.array { json in for text in texts { json.string(text) } } }
        let parsed = try JSONSerialization.jsonObject(with: Data(buffer.readableBytesView)) as? [String]
        #expect(parsed?.map { Array($0.utf8) } == texts.map { Array($0.utf8) })
    }
}
