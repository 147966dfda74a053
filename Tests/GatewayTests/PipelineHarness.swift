import Auth
import Delivery
import Edge
import Foundation
import Journal
import Logging
import NIOCore
import NIOPosix
import Webhooks

@testable import Gateway

/// The walk of one loop with one route, without an edge before it and without a network behind it.
enum PipelineHarness {
    /// Who may post.
    static let user = (name: "sipgate", password: "correct horse")

    /// Builds it on its loop.
    static func make(
        path: String = "/hooks/sipgate",
        provider: any Provider,
        journal: (any EventJournal)? = nil,
        destinations: [Destination] = [],
        masksPersonalData: Bool = false,
        on loop: any EventLoop
    ) throws -> IngestPipeline {
        let account = UserAccount(name: user.name, passwords: [.plain(Secret(user.password))])
        let store = try CredentialStore(accounts: [account], hashing: .singleton)
        let route = Route(path: path, users: [user.name], destinations: Array(destinations.indices))
        return IngestPipeline(
            routes: RouteTable([route]),
            lanes: [
                IngestPipeline.Lane(
                    index: 0,
                    route: route,
                    provider: provider,
                    source: "https://localhost" + path,
                    addresses: AddressRules(),
                    certificates: CertificateRules(),
                    isDurable: journal != nil,
                    followUps: .either,
                    inquiry: nil
                )
            ],
            authenticator: try Authenticator(store: store, throttle: FailureThrottle(), eventLoop: loop),
            journal: journal,
            forwarder: Forwarder(destinations: destinations, eventLoop: loop, loops: 1),
            ids: EventIDSource(),
            log: IngestLog(
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
                destinations: destinations.map(\.name),
                personal: PersonalData(isMasked: masksPersonalData)
            ),
            eventLoop: loop
        )
    }

    /// Posts a form with the password of the user; the reply comes on the loop.
    static func post(_ form: String, to path: String, _ pipeline: IngestPipeline, _ reply: @escaping (Reply) -> Void) {
        let credentials = Data("\(user.name):\(user.password)".utf8).base64EncodedString()
        let head = RequestHead(
            id: RequestID(second: 0, number: 1),
            method: "POST",
            target: path,
            headers: HeaderFields([
                ("Authorization", "Basic \(credentials)"), ("Content-Type", "application/x-www-form-urlencoded"),
            ]),
            client: ClientAddress(nil),
            connection: ConnectionOrigin(listener: "127.0.0.1:8443"),
            arrival: .now()
        )
        switch pipeline.screen(head) {
        case .refused(let refusal, _):
            reply(refusal)
        case .accepted(let match):
            let request = InboundRequest(head: head, body: ByteBuffer(string: form))
            pipeline.respond(to: request, on: match, reply: reply)
        }
    }
}
