import Foundation
import HookgateTesting
import NIOCore
import OpenSSL
import Testing
import Webhooks

@testable import Sipgate

/// A key of the size sipgate has and a signature by the openssl program, made once: a key of 4096 bits takes a second.
private struct SignedPush: Sendable {
    static let shared = Result { try SignedPush() }

    let body = "event=newCall&direction=in&from=498999998071&to=493023125401&callId=1"
    let publicPEM: String
    let signature: [UInt8]

    private init() throws {
        let directory = try TemporaryDirectory()
        let privateKey = try directory.write(try PrivateKey(making: .rsa(bits: 4096)).pem(), to: "key.pem", mode: 0o600)
        let text = try directory.write(body, to: "body")
        publicPEM = try SignedPush.openssl("pkey", "-in", privateKey, "-pubout")
        let file = directory.path + "/signature"
        _ = try SignedPush.openssl("dgst", "-sha256", "-sign", privateKey, "-out", file, text)
        signature = Array(try Data(contentsOf: URL(filePath: file)))
        withExtendedLifetime(directory) {}
    }

    static func openssl(_ arguments: String...) throws -> String {
        let result = try Command.runBlocking("openssl", arguments)
        try #require(result.status == 0, "\(result.error)")
        return result.output
    }
}

@Suite("Signature check")
struct SignatureCheckTests {
    private let key: SignatureKey
    private let check: SignatureCheck
    private let body: ByteBuffer
    private let signature: String

    init() throws {
        let push = try SignedPush.shared.get()
        key = try #require(try SignatureKey.read(pem: push.publicPEM, name: "key").first)
        check = SignatureCheck(mode: .require, keys: [key])
        body = ByteBuffer(string: push.body)
        signature = Data(push.signature).base64EncodedString()
    }

    private func verdict(_ values: String..., body: ByteBuffer? = nil) -> SignatureCheck.Verdict {
        let headers = HeaderFields([("Host", "h")] + values.map { ("X-sipgate-SIGNATURE", $0) })
        return check.verdict(on: headers, body: body ?? self.body)
    }

    @Test("a signed push names the key, and openssl says the same of the signature")
    func good() throws {
        #expect(signature.utf8.count == 684)
        #expect(verdict(signature) == .signed(key.fingerprint))
        let push = try SignedPush.shared.get()
        let directory = try TemporaryDirectory()
        let files = (
            try directory.write(push.publicPEM, to: "key.pub"), try directory.write(push.body, to: "body"),
            directory.path + "/signature"
        )
        try Data(push.signature).write(to: URL(filePath: files.2))
        let said = try SignedPush.openssl("dgst", "-sha256", "-verify", files.0, "-signature", files.2, files.1)
        #expect(said == "Verified OK\n")
        withExtendedLifetime(directory) {}
    }

    @Test("the body counts byte by byte")
    func bodies() {
        for text in [
            String(buffer: body) + "\n", String(buffer: body).replacing("=1", with: "=2"), "",
            String(buffer: body).replacing("&", with: "&&"), "X" + String(buffer: body),
        ] {
            #expect(verdict(signature, body: ByteBuffer(string: text)) == .wrong, "\(text)")
        }
        // Part of a longer buffer is what it is.
        var longer = ByteBuffer(string: "POST" + String(buffer: body) + "more")
        longer.moveReaderIndex(forwardBy: 4)
        #expect(
            verdict(signature, body: longer.getSlice(at: 4, length: body.readableBytes)) == .signed(key.fingerprint)
        )
    }

    @Test("headers that no sender of signatures writes are told apart")
    func headers() {
        #expect(verdict() == .missing)
        #expect(verdict("") == .missing)
        #expect(verdict(signature, signature) == .malformed)
        #expect(verdict("", signature) == .malformed)
        #expect(verdict(signature + "=") == .wrongLength)
        #expect(verdict(signature + "," + signature) == .wrongLength)
        #expect(verdict("sha256=" + String(repeating: "0", count: 64)) == .malformed)
        #expect(verdict(String(signature.dropLast())) == .malformed)
        #expect(verdict(String(signature.dropLast(4))) == .wrongLength)
        #expect(verdict(" " + String(signature.dropLast())) == .malformed)
        #expect(verdict(signature.prefix(76) + "\n" + signature.dropFirst(77)) == .malformed)
        #expect(verdict(String(signature.dropFirst(4)) + "!!!!") == .malformed)
        let urlAlphabet = "-_" + signature.dropFirst(2)
        #expect(verdict(urlAlphabet) == .malformed)
        #expect(verdict(String(signature.reversed())) == .malformed)  // padding in front
        let other = (signature.first == "A" ? "B" : "A") + signature.dropFirst()
        #expect(verdict(other) == .wrong)
    }

    @Test("511 bytes are no signature of this key")
    func shortSignature() {
        let short = Data((Data(base64Encoded: signature) ?? Data()).dropLast()).base64EncodedString()
        #expect(verdict(short) == .wrongLength)
    }

    @Test("any of several keys will do, of whatever length")
    func rotation() throws {
        let newKey = try #require(
            try SignatureKey.read(pem: try publicPEM(bits: 2048), name: "new").first
        )
        let sameLength = try #require(try SignatureKey.read(pem: try publicPEM(bits: 4096), name: "same").first)
        let headers = HeaderFields([("x-sipgate-signature", signature)])
        let check = SignatureCheck(mode: .require, keys: [newKey, sameLength, key])
        #expect(check.verdict(on: headers, body: body) == .signed(key.fingerprint))
        #expect(SignatureCheck(mode: .require, keys: [sameLength]).verdict(on: headers, body: body) == .wrong)
        #expect(SignatureCheck(mode: .require, keys: [newKey]).verdict(on: headers, body: body) == .wrongLength)
        #expect(SignatureCheck(mode: .require, keys: []).verdict(on: headers, body: body) == .wrongLength)
    }

    private func publicPEM(bits: Int) throws -> String {
        let directory = try TemporaryDirectory()
        defer { withExtendedLifetime(directory) {} }
        let file = try directory.write(try PrivateKey(making: .rsa(bits: bits)).pem(), to: "key.pem", mode: 0o600)
        return try SignedPush.openssl("pkey", "-in", file, "-pubout")
    }

    @Test("the mode decides what follows: require admits the signed alone, record and ignore everything")
    func modes() {
        let bad: [SignatureCheck.Verdict] = [.missing, .malformed, .wrongLength, .wrong]
        let record = SignatureCheck(mode: .record, keys: [key])
        let ignore = SignatureCheck(mode: .ignore, keys: [key])
        #expect(check.admits(.signed(key.fingerprint)))
        #expect(!check.admits(.unchecked))
        for verdict in bad {
            #expect(!check.admits(verdict))
            #expect(record.admits(verdict))
            #expect(verdict.reason != nil)
        }
        #expect(record.verdict(on: HeaderFields(), body: body) == .missing)
        #expect(ignore.verdict(on: HeaderFields(), body: body) == .unchecked)
        #expect(ignore.admits(.unchecked))
    }
}

@Suite("Base64")
struct Base64Tests {
    @Test("base64 is taken in the one form that encoders write", arguments: 0..<70)
    func roundTrip(_ count: Int) {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 89 &+ count) }
        #expect(Base64.decode(Data(bytes).base64EncodedString()) == bytes)
    }

    @Test(
        "base64 that an encoder would not write is refused",
        arguments: [
            "A", "AA", "AAA", "====", "A===", "AA=A", "=AAA", "AA==AA==", "AB==", "AAB=", "AA\n=", "AA-_", "ÄÄ",
        ]
    )
    func otherBase64(_ text: String) {
        #expect(Base64.decode(text) == nil)
    }
}
