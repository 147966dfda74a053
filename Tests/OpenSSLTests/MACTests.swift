import OpenSSL
import Testing

@Suite("MAC")
struct MACTests {
    /// RFC 4231, test cases 1, 2 and 6.
    static let vectors: [(key: [UInt8], message: String, code: String)] = [
        (
            [UInt8](repeating: 0x0B, count: 20), "Hi There",
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        ),
        (
            Array("Jefe".utf8), "what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        ),
        (
            [UInt8](repeating: 0xAA, count: 131), "Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        ),
    ]

    @Test("gives the codes of RFC 4231, also when asked again", arguments: vectors)
    func knownCodes(vector: (key: [UInt8], message: String, code: String)) throws {
        var mac = try MAC(key: vector.key)
        for _ in 0..<3 {
            #expect(mac.code(of: Array(vector.message.utf8)).description == vector.code)
        }
    }

    @Test("parts give the code of their whole")
    func parts() throws {
        var mac = try MAC(key: Array("key".utf8))
        let message = Array("The quick brown fox jumps over the lazy dog".utf8)
        let whole = mac.code(of: message)
        for cut in 0...message.count {
            mac.update(message.span.extracting(first: cut))
            mac.update(message.span.extracting(droppingFirst: cut))
            #expect(mac.code() == whole)
        }
        #expect(whole.description == "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8")
    }

    @Test("takes an empty key and an empty message")
    func empty() throws {
        var mac = try MAC(key: [])
        #expect(mac.code().description == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad")
    }

    @Test("an array and a digest's bytes are one value")
    func digestFromBytes() throws {
        var mac = try MAC(key: [1])
        let code = mac.code(of: [2])
        let bytes = code.bytes
        #expect(Digest(bytes.span) == code)
        #expect(Digest([UInt8](repeating: 0, count: 31).span) == nil)
        #expect(Digest([UInt8](repeating: 0, count: 32).span) != code)
    }
}

@Suite("SHA-256, comparison and random bytes")
struct PrimitiveTests {
    @Test("hashes as FIPS 180-4 says")
    func digest() throws {
        #expect(
            try SHA256.digest(of: Array("abc".utf8)).description
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        )
        #expect(
            try SHA256.digest(of: []).description
                == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        )
    }

    @Test(
        "compares by content",
        arguments: [
            ([], [], true), ([1, 2, 3], [1, 2, 3], true), ([1, 2, 3], [1, 2, 4], false),
            ([0, 2, 3], [1, 2, 3], false),
            ([1, 2], [1, 2, 3], false), ([], [0], false),
        ] as [([UInt8], [UInt8], Bool)]
    )
    func comparison(left: [UInt8], right: [UInt8], equal: Bool) {
        #expect(ConstantTime.equal(left, right) == equal)
        #expect(ConstantTime.equal(right, left) == equal)
    }

    @Test("does not give the same bytes twice")
    func random() throws {
        let first = try RandomBytes.make(count: 32)
        let second = try RandomBytes.make(count: 32)
        #expect(first.count == 32)
        #expect(first != second)
        #expect(try RandomBytes.make(count: 0).isEmpty)
    }
}
