import Testing

@testable import Sipgate

@Suite("Values of a call")
struct CallValueTests {
    @Test(
        "a number is told from what only stands in its place",
        arguments: [
            ("", .empty, nil),
            ("anonymous", .anonymous, nil),
            ("Anonymous", .other, nil),
            ("1", .short, nil),
            ("123456", .short, nil),
            ("1234567", .number, "+1234567"),
            ("123456789012345", .number, "+123456789012345"),
            ("1234567890123456", .other, nil),
            ("+493023125401", .number, "+493023125401"),
            ("+123456", .other, nil),
            ("++493023125401", .other, nil),
            ("+", .other, nil),
            ("0", .other, nil),
            ("0493023125401", .other, nil),
            ("+0493023125401", .other, nil),
            ("1234567e0", .sipId, nil),
            ("12345e0", .sipId, nil),
            ("123456789z99", .sipId, nil),
            ("1234e0", .other, nil),
            ("1234567890e0", .other, nil),
            ("12345e", .other, nil),
            ("12345E0", .other, nil),
            ("12345e0e", .other, nil),
            ("sip:a@b", .other, nil),
            (String(repeating: "7", count: 64), .other, nil),
        ] as [(String, PhoneNumber.Kind, String?)]
    )
    func phoneNumber(_ text: String, _ kind: PhoneNumber.Kind, _ e164: String?) throws {
        let number = try #require(PhoneNumber(text))
        #expect(number.kind == kind)
        #expect(number.e164 == e164)
        #expect(number.raw == text)
    }

    @Test(
        "a text that is no address at all",
        arguments: [" ", "49 30", "ä", "\u{7F}", String(repeating: "7", count: 65)]
    )
    func noPhoneNumber(_ text: String) {
        #expect(PhoneNumber(text) == nil)
    }

    @Test("a leg id is 1 to 512 visible ASCII characters")
    func legID() {
        #expect(LegID("~!A9")?.text == "~!A9")
        #expect(LegID(String(repeating: "A", count: 512)) != nil)
        for text in ["", "a b", "a\n", "é", String(repeating: "A", count: 513)] { #expect(LegID(text) == nil) }
    }

    @Test("keys pressed are text", arguments: ["", "007", "*#", "ABCDabcd", "-1"])
    func keys(_ text: String) {
        #expect(KeyPresses(text)?.text == text)
    }

    @Test("no telephone has such keys", arguments: ["E", "-", "-2", "1-1", "-1-1", " 1", "١"])
    func noKeys(_ text: String) {
        #expect(KeyPresses(text) == nil)
    }

    @Test("ids are paired with names by position when the lists are whole and of one length")
    func pairing() {
        let both = CallUsers(names: ["Ida", "Bo"], ids: ["w7", "w9"], fullIds: ["1w7"])
        #expect(
            both.users == [
                CallUser(name: "Ida", id: "w7", fullId: nil), CallUser(name: "Bo", id: "w9", fullId: nil),
            ]
        )
        #expect(both.unpairedIds == [])
        #expect(both.unpairedFullIds == ["1w7"])
    }

    @Test("a gap in a list leaves its ids unpaired, for a wrong id is worse than none")
    func gaps() {
        let gapInNames = CallUsers(names: ["", "Bo"], ids: ["w7", "w9"], fullIds: [])
        #expect(gapInNames.users == [CallUser(name: "Bo", id: nil, fullId: nil)])
        #expect(gapInNames.unpairedIds == ["w7", "w9"])
        let gapInIDs = CallUsers(names: ["Ida", "Bo"], ids: ["", "w9"], fullIds: [])
        #expect(gapInIDs.users.map(\.id) == [nil, nil])
        #expect(gapInIDs.unpairedIds == ["w9"])
    }

    @Test("the mailbox is a user of exactly that name")
    func voicemail() {
        #expect(CallUsers(names: ["Ida", "voicemail"], ids: [], fullIds: []).includeVoicemail)
        #expect(!CallUsers(names: ["Voicemail"], ids: [], fullIds: []).includeVoicemail)
        #expect(!CallUsers(names: [], ids: [], fullIds: []).includeVoicemail)
    }

    @Test("every key is known by its name alone")
    func keyNames() {
        for key in PushKey.allCases {
            let name = key.name.description
            #expect(PushKey(name.utf8.span) == key)
            #expect(PushKey((name + "x").utf8.span) == nil)
            #expect(PushKey(name.uppercased().utf8.span) == nil)
            #expect(PushKey(("X" + name.dropFirst()).utf8.span) == nil)
        }
        #expect(PushKey.allCases.count == PushKey.count)
    }
}
