import Foundation
import HookgateTesting
import OpenSSL
import Testing

/// A fresh RSA key in files, and signatures by the openssl program: an implementation that is not the one under test.
private struct Signer {
    let directory: TemporaryDirectory
    var privateKey: String { directory.path + "/key.pem" }
    var publicKey: String { directory.path + "/key.pub" }

    init(bits: Int = 2048) throws {
        directory = try TemporaryDirectory()
        _ = try directory.write(try PrivateKey(making: .rsa(bits: bits)).pem(), to: "key.pem", mode: 0o600)
        try openssl("pkey", "-in", privateKey, "-pubout", "-out", publicKey)
    }

    func sign(_ message: [UInt8], _ options: String...) throws -> [UInt8] {
        let (text, signature) = (directory.path + "/message", directory.path + "/signature")
        try Data(message).write(to: URL(filePath: text))
        try openssl(["dgst", "-sha256", "-sign", privateKey] + options + ["-out", signature, text])
        return Array(try Data(contentsOf: URL(filePath: signature)))
    }

    func publicPEM() throws -> String {
        try String(contentsOfFile: publicKey, encoding: .utf8)
    }

    func openssl(_ arguments: String...) throws {
        try openssl(arguments)
    }

    private func openssl(_ arguments: [String]) throws {
        let result = try Command.runBlocking("openssl", arguments)
        try #require(result.status == 0, "openssl \(arguments): \(result.error)")
    }
}

@Suite("Signature key")
struct SignatureKeyTests {
    private let signer: Signer
    private let key: SignatureKey
    private let message = Array("event=newCall&direction=in&from=498999998071&callId=1".utf8)

    init() throws {
        signer = try Signer()
        key = try #require(try SignatureKey.read(file: signer.publicKey).first)
    }

    @Test("a signature is good for its message and its key, and for nothing else")
    func verification() throws {
        let signature = try signer.sign(message)
        #expect(key.signatureLength == 256)
        #expect(signature.count == 256)
        #expect(key.isSignature(signature, of: message))
        for change in [message + [0x0A], Array(message.dropLast()), [], message.map { $0 ^ 1 }] {
            #expect(!key.isSignature(signature, of: change))
        }
        let other = try #require(try SignatureKey.read(pem: try Signer().publicPEM(), name: "other").first)
        #expect(!other.isSignature(signature, of: message))
    }

    @Test("no bit of a signature or a message may differ")
    func bitFlips() throws {
        let signature = try signer.sign(message)
        for bit in stride(from: 0, to: signature.count * 8, by: 13) {
            var flipped = signature
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(!key.isSignature(flipped, of: message), "bit \(bit) of the signature")
        }
        for bit in 0..<message.count * 8 {
            var flipped = message
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(!key.isSignature(signature, of: flipped), "bit \(bit) of the message")
        }
    }

    @Test("a signature of another length is refused without computing")
    func lengths() throws {
        let signature = try signer.sign(message)
        for change in [[], Array(signature.dropLast()), signature + [0], signature + signature] {
            #expect(!key.isSignature(change, of: message))
        }
    }

    @Test("PSS padding is not PKCS#1 v1.5, and SHA-512 is not SHA-256")
    func otherSchemes() throws {
        let pss = try signer.sign(message, "-sigopt", "rsa_padding_mode:pss")
        #expect(!key.isSignature(pss, of: message))
        let sha512 = try signer.sign(message, "-sha512")
        #expect(!key.isSignature(sha512, of: message))
    }

    @Test("an empty message can be signed")
    func emptyMessage() throws {
        let signature = try signer.sign([])
        let empty: [UInt8] = []
        #expect(key.isSignature(signature, of: empty))
        #expect(!key.isSignature(signature, of: message))
    }

    @Test("the fingerprint is SHA-256 of the SubjectPublicKeyInfo, whatever the armour")
    func fingerprint() throws {
        let der = signer.directory.path + "/key.der"
        try signer.openssl("pkey", "-pubin", "-in", signer.publicKey, "-outform", "DER", "-out", der)
        let digest = try SHA256.digest(of: Array(try Data(contentsOf: URL(filePath: der))))
        #expect(key.fingerprint == digest)

        let pem = try signer.publicPEM()
        let traditional = signer.directory.path + "/key.rsa"
        try signer.openssl("rsa", "-pubin", "-in", signer.publicKey, "-RSAPublicKey_out", "-out", traditional)
        for text in [
            pem.replacing("PUBLIC KEY", with: "CERTIFICATE"),
            try String(contentsOfFile: traditional, encoding: .utf8),
            "written by hand\n" + pem,
            pem.replacing("\n", with: "\r\n"),
        ] {
            #expect(try SignatureKey.read(pem: text, name: "text").map(\.fingerprint) == [digest])
        }
    }

    @Test("a file may hold several keys")
    func severalKeys() throws {
        let other = try Signer()
        let text = try signer.publicPEM() + other.publicPEM()
        let keys = try SignatureKey.read(pem: text, name: "text")
        #expect(keys.count == 2)
        let signature = try other.sign(message)
        #expect(keys.map { $0.isSignature(signature, of: message) } == [false, true])
    }

    @Test("what is no public key is refused by name")
    func otherContent() throws {
        let identity = try ServerIdentity.selfSigned { $0.keyKind = .rsa(bits: 2048) }
        let ecPEM = signer.directory.path + "/ec.pub"
        _ = try signer.directory.write(try PrivateKey(making: .p256).pem(), to: "ec.pem", mode: 0o600)
        try signer.openssl("pkey", "-in", signer.directory.path + "/ec.pem", "-pubout", "-out", ecPEM)
        let pem = try signer.publicPEM()
        let lines = pem.split(separator: "\n")
        let cut = (lines.prefix(3) + lines.suffix(1)).joined(separator: "\n")

        let problems: [(String, String)] = [
            ("", "the file is empty"),
            ("ssh-rsa AAAA", "holds no PEM block"),
            (identity.chainPEM, "block 1 is no public key"),
            (try PrivateKey(making: .rsa(bits: 2048)).pem(), "block 1 is \"PRIVATE KEY\", not a public key"),
            (pem + identity.chainPEM, "block 2 is no public key"),
            (cut, "block 1 is no public key"),
            (pem.replacing("END PUBLIC", with: "END SECRET"), "\"BEGIN PUBLIC KEY\" in line 1 has no"),
            (try String(contentsOfFile: ecPEM, encoding: .utf8), "block 1 is EC 256 bits; needed is RSA"),
            (
                try Signer(bits: 1024).publicPEM(),
                "block 1 is RSA 1024 bits; needed is RSA of 2048 bits or more"
            ),
        ]
        for (text, problem) in problems {
            let error = #expect(throws: SignatureKeyError.self) {
                try SignatureKey.read(pem: text, name: "signing.pem")
            }
            #expect(error?.description.hasPrefix("signing.pem: \(problem)") == true, "\(error?.description ?? "")")
        }
        #expect(throws: SignatureKeyError.self) { try SignatureKey.read(file: signer.directory.path + "/none") }
    }
}
