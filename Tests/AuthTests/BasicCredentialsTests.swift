import Testing

@testable import Auth

@Suite struct BasicCredentialsTests {
    /// An `Authorization` value of the given scheme text and the base64 of `decoded`.
    private func value(_ decoded: [UInt8], scheme: String = "Basic ") -> String {
        scheme + base64(decoded)
    }

    private static let good: [(value: String, user: String, password: String)] = [
        // RFC 7617, section 2 and 2.1.
        ("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Aladdin", "open sesame"),
        ("Basic dGVzdDoxMjPCow==", "test", "123£"),
        ("basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Aladdin", "open sesame"),
        ("BASIC   QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Aladdin", "open sesame"),
        ("bAsIc YTpiOmM6", "a", "b:c:"),
        ("Basic Og==", "", ""),
        ("Basic OnB3", "", "pw"),
        ("Basic dXNlcjo=", "user", ""),
        ("Basic 8J+YgDp4", "😀", "x"),
    ]

    @Test(arguments: good)
    func `reads user-id and password`(_ value: String, _ user: String, _ password: String) throws {
        let credentials = try #require(BasicCredentials.parse(value))
        #expect(credentials.user == user)
        #expect(credentials.password == Array(password.utf8))
    }

    @Test(arguments: [
        "", " ", "B", "Basic", "Basic ", "Basic    ", "Basi c YTpi", "BasicYTpi", "Basic\tYTpi", " Basic YTpi",
        "Bearer YTpi", "Digest username=\"a\"", "Basic YTpi YTpi", "Basic YTpi ", "Basic YTpi,Basic YTpi",
        // Not base64, not all of it, or with the alphabet for addresses.
        "Basic YTp", "Basic YTo", "Basic YTpiY", "Basic YT=i", "Basic YTp=", "Basic ====", "Basic Og=", "Basic Og",
        "Basic =Og=", "Basic YTpi====", "Basic YTo=YTpi", "Basic YTpi-_-_", "Basic YTpi\u{e4}xx", "Basic YTpi!abc",
        // The unused bits of the last group are set: a second text for `:`, and one for `user:`.
        "Basic Oh==", "Basic dXNlcjp=",
        // No colon.
        "Basic dXNlcg==",
    ])
    func `refuses what is not the Basic scheme to the letter`(_ value: String) {
        #expect(BasicCredentials.parse(value) == nil)
    }

    @Test func `refuses control characters anywhere, so that no C string can cut a password`() {
        for control in Array(UInt8(0)..<0x20) + [0x7F] {
            #expect(BasicCredentials.parse(value(Array("us".utf8) + [control] + Array("er:pw".utf8))) == nil)
            #expect(BasicCredentials.parse(value(Array("user:pw".utf8) + [control])) == nil)
            #expect(BasicCredentials.parse(value(Array("user:pw".utf8) + [control] + Array("tail".utf8))) == nil)
        }
    }

    @Test(
        arguments: [
            [0xC3], [0x80], [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE4, 0x6F],
        ] as [[UInt8]]
    )
    func `refuses what is not UTF-8`(_ bytes: [UInt8]) {
        #expect(BasicCredentials.parse(value(Array("u:".utf8) + bytes)) == nil)
        #expect(BasicCredentials.parse(value(bytes + Array(":p".utf8))) == nil)
    }

    @Test func `takes credentials up to its bound and no longer ones`() throws {
        let longest = [UInt8](repeating: UInt8(ascii: "x"), count: BasicCredentials.maxBytes - 2)
        let credentials = try #require(BasicCredentials.parse(value(Array("u:".utf8) + longest)))
        #expect(credentials.password == longest)
        #expect(BasicCredentials.parse(value(Array("u:".utf8) + longest + [0x78])) == nil)
        #expect(BasicCredentials.parse(value([UInt8](repeating: 0x3A, count: 30_000))) == nil)
    }

    @Test func `reads back whatever was encoded`() throws {
        var generator = SplitMix(seed: 7617)
        for _ in 0..<2000 {
            let user = (0..<Int.random(in: 0...40, using: &generator)).map { _ in
                UInt8.random(in: 0x3B...0x7E, using: &generator)
            }
            let password = (0..<Int.random(in: 0...80, using: &generator)).map { _ in
                UInt8.random(in: 0x20...0x7E, using: &generator)
            }
            let credentials = try #require(BasicCredentials.parse(value(user + [UInt8(ascii: ":")] + password)))
            #expect(Array(credentials.user.utf8) == user)
            #expect(credentials.password == password)
        }
    }

    @Test func `what it accepts is the one text of those credentials, whatever bytes come`() {
        var generator = SplitMix(seed: 9110)
        let seeds = ["Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "basic dXNlcjo=", "Basic YTpi"].map { Array($0.utf8) }
        for round in 0..<30_000 {
            var bytes = seeds[round % seeds.count]
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                let index = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: bytes[index] = UInt8.random(in: 0...255, using: &generator)
                case 1: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: index)
                default: bytes.remove(at: index)
                }
            }
            guard let credentials = BasicCredentials.parse(bytes.span) else { continue }
            let text = Array(base64(credentials.joined).utf8)
            #expect(Array(bytes.suffix(text.count)) == text)
            #expect(bytes.count - text.count >= 6)
        }
    }

    @Test func `print as redacted`() throws {
        let credentials = try #require(BasicCredentials.parse("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="))
        var dumped = ""
        dump(credentials, to: &dumped)
        for text in ["\(credentials)", String(reflecting: credentials), dumped] {
            #expect(text.contains("redacted"))
            #expect(!text.contains("sesame") && !text.contains("Aladdin") && !text.contains("65"))
        }
    }
}
