import Testing

@testable import Auth

@Suite struct PasswordHashTests {
    /// Hashes from elsewhere: Openwall's crypt_blowfish vectors, Drepper's SHA-crypt specification, Debian's mkpasswd.
    static let vectors: [(password: String, hash: String)] = [
        ("U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
        ("U*U", "$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
        ("U*U*", "$2b$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK"),
        ("", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy"),
        (
            "Hello world!",
            "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1"
        ),
        (
            "Hello world!",
            "$6$rounds=10000$saltstringsaltst$OW1/O6BYHV6BcXZu8QVeXbDWra3Oeqh0sbHbbMCVNSnCM/UrjmM0Dp8vOuZeHBy/"
                + "YTBmSK6H9qs/y3RnOaw5v."
        ),
        ("secret", "$y$j9T$.MoYheMqJSVqW/8Y9594d1$gck/VSeZ.rmvbCFr7e.6g/pvHxkVd32MVEMUZQhA3WC"),
        ("secret", "$y$j75$UWCGuD9Xg9.YYd3D1Avz31$cGaYeBMgxvKXprOzFw3rC86FC.0sZFbJ5oFU8IMQtk4"),
    ]

    @Test(arguments: vectors)
    func `knows its password and no other`(_ password: String, _ text: String) throws {
        let hash = try PasswordHash(text)
        #expect(hash.matches(Array(password.utf8)))
        for other in [password + "x", "x" + password, String(password.dropLast()) + "~", password.uppercased() + "!"] {
            #expect(!hash.matches(Array(other.utf8)))
        }
    }

    @Test(arguments: vectors)
    func `with one character changed it matches no longer`(_ password: String, _ text: String) throws {
        // The first character of the hash proper, whose bits all count.
        let length = try PasswordHash(text).scheme.digestLength
        var bytes = Array(text.utf8)
        let index = bytes.count - length
        bytes[index] = bytes[index] == UInt8(ascii: "z") ? UInt8(ascii: "y") : UInt8(ascii: "z")
        #expect(try !PasswordHash(String(decoding: bytes, as: UTF8.self)).matches(Array(password.utf8)))
    }

    @Test func `a password longer than libcrypt takes matches nothing`() throws {
        let long = [UInt8](repeating: 0x61, count: 512)
        for (_, text) in PasswordHashTests.vectors { #expect(try !PasswordHash(text).matches(long)) }
    }

    static let bad: [(text: String, error: PasswordHashError)] = [
        ("", .unknownScheme(nil)),
        ("secret", .unknownScheme(nil)),
        ("$$", .unknownScheme("$$")),
        ("xx7Iy1fjU/chk", .unknownScheme(nil)),
        ("{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=", .unknownScheme(nil)),
        ("$1$abc$d4Vcv7NBw.vj6Q/WFIFKy0", .unknownScheme("$1$")),
        ("$apr1$abc$d4Vcv7NBw.vj6Q/WFIFKy0", .unknownScheme("$apr1$")),
        ("$5$NPJyDSFmsFlggf3f$XRIVeGF7.eT19OG.ukED2/WAf8I1Xs8z3ApfeSnhxo4", .unknownScheme("$5$")),
        ("$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", .unknownScheme("$2x$")),
        ("$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$aGFzaA", .unknownScheme("$argon2id$")),
        ("$a\nb$x", .unknownScheme(nil)),
        ("$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOe", .damaged("bcrypt")),
        ("$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW$", .damaged("bcrypt")),
        ("$2b$5$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeWx", .damaged("bcrypt")),
        ("$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOe\n", .damaged("bcrypt")),
        (
            "$2b$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
            .costOutOfRange("bcrypt", "a cost of 4 to 15")
        ),
        ("$y$j9T$$gck/VSeZ.rmvbCFr7e.6g/pvHxkVd32MVEMUZQhA3WC", .damaged("yescrypt")),
        ("$y$j9T$.MoYheMqJSVqW/8Y9594d1", .damaged("yescrypt")),
        (
            "$y$jFT$.MoYheMqJSVqW/8Y9594d1$gck/VSeZ.rmvbCFr7e.6g/pvHxkVd32MVEMUZQhA3WC",
            .costOutOfRange("yescrypt", "mkpasswd's costs 1 to 9")
        ),
        ("$6$saltstring$", .damaged("sha512-crypt")),
        ("$6$saltstring$svn8Uo", .damaged("sha512-crypt")),
        (
            "$6$rounds=999999999$salt$" + String(repeating: "a", count: 86),
            .costOutOfRange("sha512-crypt", "1,000 to 1,000,000 rounds")
        ),
        (
            "$6$rounds=999$salt$" + String(repeating: "a", count: 86),
            .costOutOfRange("sha512-crypt", "1,000 to 1,000,000 rounds")
        ),
        ("$6$rounds=05000$salt$" + String(repeating: "a", count: 86), .damaged("sha512-crypt")),
        ("$6$rounds=$salt$" + String(repeating: "a", count: 86), .damaged("sha512-crypt")),
    ]

    @Test(arguments: bad)
    func `refuses what it cannot or should not compute, in words without the hash`(
        _ text: String,
        _ expected: PasswordHashError
    ) {
        let error = #expect(throws: PasswordHashError.self) { try PasswordHash(text) }
        #expect(error == expected)
        #expect(error?.description.contains("hookgate password") == true)
        if text.utf8.count > 12 { #expect(error?.description.contains(text.suffix(10)) == false) }
    }

    @Test func `makes hashes that it accepts, with a new salt each time`() throws {
        let first = try PasswordHash.make(Secret("correct horse: ü"))
        let second = try PasswordHash.make(Secret("correct horse: ü"))
        #expect(first != second)
        #expect(first.hasPrefix("$y$j9T$"))
        for text in [first, second] {
            let hash = try PasswordHash(text)
            #expect(hash.matches(Array("correct horse: ü".utf8)))
            #expect(!hash.matches(Array("correct horse: u".utf8)))
        }
    }

    @Test(arguments: ["a\0b", "a\nb", "\u{7F}", String(repeating: "x", count: 512)])
    func `makes no hash of a password that nobody could send`(_ password: String) {
        #expect(throws: PasswordHashError.unusablePassword) { try PasswordHash.make(Secret(password)) }
    }
}
