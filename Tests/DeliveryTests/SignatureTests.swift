import Foundation
import NIOCore
import OpenSSL
import Testing
import Webhooks

@testable import Delivery

/// Signatures as the Standard Webhooks specification has them.
@Suite struct SignatureTests {
    /// Of the specification's reference implementations' tests: id, timestamp, content, secret and signature.
    private static let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

    private func secret(_ text: String) throws -> SigningSecret { try SigningSecret(text) }

    /// The fields of a request by their lower-case names.
    private func fields(_ request: ByteBuffer) -> [String: String] {
        let head = String(buffer: request).components(separatedBy: "\r\n\r\n").first ?? ""
        var fields: [String: String] = [:]
        for line in head.components(separatedBy: "\r\n").dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            fields[String(line[..<colon])] = String(line[line.index(colon, offsetBy: 2)...])
        }
        return fields
    }

    private func body(_ request: ByteBuffer) -> String {
        String(buffer: request).components(separatedBy: "\r\n\r\n").dropFirst().joined(separator: "\r\n\r\n")
    }

    @Test func `the known vector comes out`() throws {
        let signer = try #require(RequestSigner([secret(SignatureTests.secret)]))
        var request = ByteBuffer()
        signer.writeSignatures(
            stamp: ByteBuffer(string: "msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330."),
            content: ByteBuffer(string: "{\"test\": 2432232314}"),
            to: &request
        )
        #expect(String(buffer: request) == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
    }

    @Test(arguments: Destination.Format.allCases)
    func `a request carries what its receiver needs to check it, in every format`(_ format: Destination.Format) throws {
        var destination = Destination(name: "crm", host: "192.0.2.7", port: 8080, target: "/")
        destination.format = format
        destination.secrets = [try secret("a plain secret of some length")]
        var writer = RequestWriter(destination)
        for number in 1...3 {
            let event = makeEvent(number, data: "{\"n\":\(number)}")
            let request = writer.render(event, at: Timestamp(milliseconds: 1_700_000_123_456))
            let fields = fields(request)
            #expect(fields["webhook-id"] == event.id.description)
            #expect(fields["webhook-timestamp"] == "1700000123")
            let signed = "\(event.id).1700000123.\(body(request))"
            var mac = try MAC(key: Array("a plain secret of some length".utf8))
            let code = Base64.encode(mac.code(of: Array(signed.utf8)).bytes)
            let text = String(decoding: (0..<44).map { code[$0] }, as: UTF8.self)
            #expect(fields["webhook-signature"] == "v1,\(text)")
        }
    }

    @Test func `two secrets make two signatures, separated by a blank`() throws {
        func signature(_ secrets: [String]) throws -> String? {
            var destination = Destination(name: "crm", host: "192.0.2.7", port: 8080, target: "/")
            destination.secrets = try secrets.map { try secret($0) }
            var writer = RequestWriter(destination)
            return fields(writer.render(makeEvent(), at: Timestamp(milliseconds: 0)))["webhook-signature"]
        }
        let old = try #require(try signature(["old"]))
        let new = try #require(try signature(["new"]))
        #expect(old != new)
        #expect(try signature(["new", "old"]) == "\(new) \(old)")
        #expect(try signature([]) == nil)
    }

    @Test func `the trace of an event is passed on`() {
        let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        var writer = RequestWriter(Destination(name: "crm", host: "192.0.2.7", port: 8080, target: "/"))
        #expect(
            fields(writer.render(makeEvent(traceParent: trace), at: Timestamp(milliseconds: 0)))["traceparent"] == trace
        )
        #expect(fields(writer.render(makeEvent(), at: Timestamp(milliseconds: 0)))["traceparent"] == nil)
        let event = makeEvent(traceParent: trace + " rojo=1, congo=2")
        for own in [nil, trace.replacing("b7ad", with: "c7ad")] {
            let written = fields(writer.render(event, at: Timestamp(milliseconds: 0), trace: own))
            #expect(written["traceparent"] == own ?? trace && written["tracestate"] == "rojo=1, congo=2")
        }
        #expect(fields(writer.render(makeEvent(traceParent: trace), at: .now()))["tracestate"] == nil)
    }

    @Test(arguments: [
        ("", SigningSecret.Problem.empty), ("whsec_", .empty), ("whsec_*", .notBase64), ("whsec_AAA=A", .notBase64),
        ("whsec_A", .notBase64), ("whsec_AAAA=", .notBase64), ("whsec_AB==", .notBase64), ("whsec_AA=", .notBase64),
    ])
    func `what is no secret is refused`(_ text: String, _ problem: SigningSecret.Problem) {
        #expect(throws: problem) { try SigningSecret(text) }
    }

    @Test func `base64 is read with and without padding`() throws {
        #expect(try secret("whsec_AAECAw==").key == [0, 1, 2, 3])
        #expect(try secret("whsec_AAECAw").key == [0, 1, 2, 3])
        #expect(try secret("whsec_+/+/").key == [0xFB, 0xFF, 0xBF])
        #expect(try secret("whsec_AAEC").key == [0, 1, 2])
        #expect(try secret("whsec_AAE=").key == [0, 1])
        #expect(try secret("AAECAw==").key == Array("AAECAw==".utf8))
        #expect(try secret(SignatureTests.secret).isShort == false)
        #expect(try secret("short").isShort)
    }

    @Test func `a secret prints as redacted`() throws {
        let secret = try secret("confidential")
        var text = "\(secret)" + String(reflecting: secret)
        dump(secret, to: &text)
        #expect(text.contains("<redacted>") && !text.contains("confidential") && !text.contains("99, 111"))
    }
}
