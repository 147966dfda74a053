import Foundation
import NIOCore
import Testing
import Webhooks

@testable import Sipgate

/// One line of the shared vectors: a request, and what has to come of it.
struct Vector: Sendable, CustomTestStringConvertible {
    let name: String
    let contentType: String?
    let body: String
    let isValid: Bool
    let expect: JSONValue
    let reason: String?
    let field: String?

    var testDescription: String { name }

    static let all: [Vector] = load()
    static let valid = all.filter(\.isValid)
    static let invalid = all.filter { !$0.isValid }

    private static func load() -> [Vector] {
        guard
            let file = Bundle.module.url(forResource: "Vectors/sipgate-vectors", withExtension: "jsonl"),
            let lines = try? Data(contentsOf: file).split(separator: UInt8(ascii: "\n"))
        else { return [] }
        return lines.compactMap { line in
            guard
                let json = try? JSONValue(parsing: line), let name = json["name"].text, let body = json["body"].text
            else { return nil }
            return Vector(
                name: name,
                contentType: json["content_type"].text,
                body: body,
                isValid: json["valid"] == .bool(true),
                expect: json["expect"],
                reason: json["reason"].text,
                field: json["field"].text
            )
        }
    }

    /// Screens and decodes the request as the gateway does.
    func draft() throws -> EventDraft {
        let provider = try SipgateProvider.forTests()
        try provider.screen(HeaderFields(contentType.map { [("Content-Type", $0)] } ?? []))
        let drafts = try provider.webhook(body).drafts()
        // What follows from it stands behind it.
        return try #require(drafts.first)
    }
}

extension CallNormalizer {
    /// The event of a push alone, without what is known of its call.
    static func draft(ofPush body: ByteBuffer) throws(Rejection) -> EventDraft {
        CallNormalizer().draft(of: try PushDecoder.decode(try FormDecoder.decode(body)))
    }
}

extension SipgateWebhook {
    /// What is to be kept of it; nothing for a repetition.
    func drafts(at time: Timestamp = Timestamp(milliseconds: 1_795_415_105_123)) -> [EventDraft] {
        if case .events(let drafts, _) = takeIn(at: time) { drafts } else { [] }
    }
}

extension SipgateProvider {
    /// A push as it comes in.
    func webhook(_ body: String, headers: [(String, String)] = []) throws(Rejection) -> SipgateWebhook {
        try webhook(
            of: InboundRequest(
                head: RequestHead(
                    id: RequestID(second: 0, number: 1),
                    method: "POST",
                    target: "/hooks/sipgate",
                    headers: HeaderFields(headers),
                    client: ClientAddress(nil),
                    connection: ConnectionOrigin(listener: "127.0.0.1:8443"),
                    arrival: Timestamp(milliseconds: 1_795_415_105_123)
                ),
                body: ByteBuffer(string: body)
            )
        )
    }

    /// A provider for `https://hooks.example.net:8443/hooks/sipgate`.
    static func forTests(
        publicURL: String = "https://hooks.example.net:8443",
        routePath: String = "/hooks/sipgate",
        followUpKey: [UInt8] = Array(0..<32)
    ) throws -> SipgateProvider {
        try SipgateProvider(publicURL: publicURL, routePath: routePath, followUpKey: followUpKey)
    }
}
