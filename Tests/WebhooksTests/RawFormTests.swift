import NIOCore
import Testing
import Webhooks

@Suite("Where a refused form goes wrong")
struct RawFormTests {
    @Test(
        "the byte to blame is found",
        arguments: [
            ("a=1&b=%4", .invalidPercentEncoding, nil, 6),
            ("a=%41%4G", .invalidPercentEncoding, nil, 5),
            ("a=é&b=%41%C3%28", .invalidUTF8, nil, 10),
            ("a%FF=1", .invalidUTF8, nil, 1),
            ("from=1&to=2&from=3", .duplicateField, "from", 12),
            ("x=1&from=49+%0A2", .controlCharacter, "from", 12),
            ("callId=12+3", .invalidIdentifier, "callId", 9),
            ("from=4921 1", .invalidNumber, "from", 9),
            ("a=1&event=ring", .unknownEvent, "event", 10),
            ("a=1&callId=", .missingField, "callId", 11),
            ("from%5B=1&fr%6Fm=23%09", .controlCharacter, "from", 19),
            ("a=1", .missingField, "callId", nil),
            ("a=1", .credentialsWrong, nil, nil),
            ("", .invalidUTF8, nil, nil),
        ] as [(String, ReasonCode, String?, Int?)]
    )
    func place(_ body: String, _ reason: ReasonCode, _ field: String?, _ place: Int?) {
        #expect(RawForm(ByteBuffer(string: body)).place(of: reason, field: field) == place)
    }

    @Test("what is too much is where it begins to be")
    func tooMany() {
        let body = Array(repeating: "a=1", count: FormDecoder.maxPairs + 5).joined(separator: "&")
        let form = RawForm(ByteBuffer(string: body))
        #expect(form.place(of: .tooManyFields, field: nil) == 4 * FormDecoder.maxPairs)
        #expect(form.pairs.count == FormDecoder.maxPairs + 1)
    }

    @Test("values are read as the decoder reads them, and what is none is none")
    func value() {
        let form = RawForm(ByteBuffer(string: "&&call%49d=1+%2B2&x=%FF&y&=z"))
        #expect(form.value(of: "callId") == "1 +2" && form.value(of: "call") == nil)
        #expect(form.value(of: "x") == nil && form.value(of: "y") == "" && form.value(of: "") == "z")
    }

    @Test("any bytes are borne", arguments: 0..<200)
    func anything(_ seed: Int) {
        var generator = Seed(UInt64(seed))
        let alphabet = Array("%&=+aF0\u{0}é".utf8)
        let bytes = (0..<Int.random(in: 0...60, using: &generator)).map { _ in
            alphabet.randomElement(using: &generator) ?? 0
        }
        let form = RawForm(ByteBuffer(bytes: bytes))
        for reason in ReasonCode.allCases {
            for field in [nil, "", "a"] {
                if let place = form.place(of: reason, field: field) { #expect((0...bytes.count).contains(place)) }
            }
        }
        // Where the decoder says no, a byte is to blame.
        do throws(Rejection) {
            _ = try FormDecoder.decode(ByteBuffer(bytes: bytes))
        } catch {
            #expect(form.place(of: error.reason, field: nil) != nil, "\(error.reason) \(bytes)")
        }
    }
}
