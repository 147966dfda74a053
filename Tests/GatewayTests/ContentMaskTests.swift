import NIOCore
import Testing
import Webhooks

@testable import Gateway

@Suite("Masks leave every byte in its place")
struct ContentMaskTests {
    @Test(
        "numbers, names and keys are masked, and what is wrong with them stays",
        arguments: [
            ("from=4921112345678", "from=49*********78"), ("from=%2B4921112345678", "from=%2B49*********78"),
            ("from=12345", "from=*****"), ("user=Alice+B%C3%A9", "user=*****+*******"), ("dtmf=007%23", "dtmf=***%23"),
            ("to=49211%0A234567", "to=49***%0A****67"), ("callId=4921112345678", "callId=4921112345678"),
            ("event=4921112345678", "event=49*********78"), ("cause=123456", "cause=123456"),
            ("x=4921112345678", "*=49*********78"), ("x=Zoe", "*=***"), ("form=1", "form=*"),
            ("Mallory+4921112345678", "*******+*************"), ("4921112345678", "49*********78"),
            (#"{"from":"Zoe"}"#, #"{"****":"***"}"#), ("from=%+51", "from=%+**"),
            ("callId=Zoe+4921112345678", "callId=***+*************"),
            ("fr%6Fm=4921112345678", "fr%6Fm=49*********78"), ("from=%4", "from=%*"), ("", ""), ("from", "from"),
        ]
    )
    func masked(_ body: String, _ expected: String) {
        #expect(String(decoding: ContentMask.masked(RawForm(ByteBuffer(string: body))), as: UTF8.self) == expected)
    }

    @Test(
        "addresses, sizes and ids of ours stay in header fields, and numbers beside them do not",
        arguments: [
            ("X-Forwarded-For", "10.0.100.200", "10.0.100.200"),
            ("X-Forwarded-For", "10.0.100.200:54321, 192.168.100.100", "10.0.100.200:54321, 192.168.100.100"),
            ("X-Forwarded-For", "2001:db8:1234:5678::1,10.0.0.1", "2001:db8:1234:5678::1,10.0.0.1"),
            ("X-Forwarded-For", "10.0.100.200, 4921112345678", "10.0.100.200, 49*********78"),
            ("X-Forwarded-For", "+49 211 12345678, 10.0.100.200", "+49 *** 12****78, 10.0.100.200"),
            (
                "Forwarded", #"for=10.0.100.200;by="[2001:db8::1234:5678]:8443""#,
                #"for=10.0.100.200;by="[2001:db8::1234:5678]:8443""#
            ),
            ("Forwarded", "for=_4921112345678", "for=_49*********78"),
            ("Forwarded", "for=10.0.100.200:_4921112345678", "for=10.0.1**.*00:_49*********78"),
            ("X-Real-IP", "192.168.100.100", "192.168.100.100"), ("Host", "10.0.100.200:8443", "10.0.100.200:8443"),
            ("X-Forwarded-For", "10.0.100.2000", "10.0.1**.**00"),
            ("Content-Length", "1048576", "1048576"), ("Content-Length", "4294967296", "4294967296"),
            ("Content-Length", "021112345678", "02********78"), ("Content-Length", "21112345678", "21*******78"),
            ("X-Request-Id", "1N8AB0123456", "1N8AB0123456"), ("X-Request-Id", "021112345678", "02********78"),
            ("Accept-Language", "4921112345678", "49*********78"),
        ]
    )
    func field(_ name: String, _ value: String, _ expected: String) {
        let fields = HeaderFields([(name, value)])
        #expect(FieldRedaction(users: [], masks: true).text(fields) == "\(name): \(expected)".escaped)
    }

    @Test("any bytes are borne", arguments: 0..<200)
    func anything(_ seed: Int) {
        let pieces = ["from=", "user[]=", "&", "%", "4", "9", "=", "é", "\u{0}", "%41", "%C3", "0000000000", "x", "+"]
        var state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 | 1
        var body = ""
        for _ in 0..<40 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            body += pieces[Int(state >> 33) % pieces.count]
        }
        let form = RawForm(ByteBuffer(string: body))
        let masked = ContentMask.masked(form)
        #expect(masked.count == body.utf8.count)
        // Syntax stays syntax.
        for (before, after) in zip(body.utf8, masked) where before != after { #expect(after == UInt8(ascii: "*")) }
    }
}
