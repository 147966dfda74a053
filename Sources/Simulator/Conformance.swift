import NIOCore
import OpenSSL

/// Examines a receiver: what it does with pushes as sipgate really sends them, and with those that it never would.
///
/// Only what can be seen from outside is judged; what cannot is said to be unknown.
package struct Conformance: Sendable {
    /// What is known of a point after looking.
    enum Finding: Equatable {
        case good
        case bad(String)
        case unknown(String)
    }

    private let options: Simulation.Options
    private let print: @Sendable (String) -> Void

    /// - Parameters:
    ///   - options: where, and with which credentials.
    ///   - print: takes the report piece by piece.
    package init(_ options: Simulation.Options, print: @escaping @Sendable (String) -> Void) {
        self.options = options
        self.print = print
    }

    /// Looks at one point after another.
    ///
    /// - Returns: true when nothing was found to be wrong.
    package func run() async -> Bool {
        print("\(options.url)\n")
        guard let client = try? PushClient(trust: options.trust, detour: options.detour) else {
            print("the authorities of --ca cannot be read\n")
            return false
        }
        let probe = Probe(options: options, client: client)
        var counts = (good: 0, bad: 0, unknown: 0)
        for (title, look) in Conformance.points {
            guard !Task.isCancelled else { break }
            switch await look(probe) {
            case .good:
                counts.good += 1
                print("  good     \(title)\n")
            case .bad(let words):
                counts.bad += 1
                print("  WRONG    \(title): \(SimulationReport.visible(words))\n")
            case .unknown(let words):
                counts.unknown += 1
                print("  unknown  \(title): \(SimulationReport.visible(words))\n")
            }
        }
        print("\(counts.good) good, \(counts.bad) wrong, \(counts.unknown) unknown\n")
        return counts.bad == 0
    }

    private static let start = "event=newCall&direction=in&from=4921155667788&to=4921199887766"
    private static let people = "&user%5B%5D=Alice&userId%5B%5D=w0&fullUserId%5B%5D=1234567w0"

    /// The points, in the order in which they are looked at.
    private static let points: [(String, @Sendable (Probe) async -> Finding)] = [
        ("the first push, without credentials, is challenged on a connection that stays open", challenge),
        (
            "a newCall is answered with 200",
            { await $0.expect(start + people) { $0.status == 200 ? nil : "the status is \($0.status)" } }
        ),
        ("the answer to it is what the provider takes", { await $0.answer(start + people) { $0.complaints.first } }),
        (
            "the answer to it is XML that the provider knows",
            { await $0.answer(start + people) { ReplyDocument($0.body).complaints.first } }
        ),
        ("it subscribes to answer and hangup", subscription),
        (
            "it comes within two seconds",
            {
                let patience = $0.options.patience
                return await $0.answer(start + people) { SimulationReport.silence($0.time, longerThan: patience) }
            }
        ),
        ("its addresses do not follow the Host field", host),
        ("a wrong password is refused", password),
        (
            "a newCall of 2015, without people and ids, is taken",
            { await $0.taken("event=newCall&from=4921155667788&to=4921199887766&direction=in") }
        ),
        ("an answer with nothing but its callId is taken", { await $0.taken("event=answer") }),
        ("a hangup with nothing but its callId is taken", { await $0.taken("event=hangup") }),
        ("keys that were not pressed are taken", { await $0.taken("event=dtmf&dtmf=") }),
        ("a star and a hash are taken as keys", { await $0.taken("event=dtmf&dtmf=%2A1%23") }),
        (
            "a caller without a number is taken",
            { await $0.taken("event=newCall&direction=in&from=anonymous&to=4921199887766" + people) }
        ),
        ("a group of 120 people is taken", group),
        (
            "names in other alphabets are taken",
            { await $0.taken(start + "&user%5B%5D=J%C3%BCrgen+%E7%8E%8B%E5%B0%8F%E6%98%8E") }
        ),
        ("field names are decoded, also with lower-case digits", { await $0.taken(start + "&user%5b%5d=Alice") }),
        ("unknown fields are passed over", { await $0.taken(start + people + "&somethingNew=1&origCallId=9") }),
        ("every cause is taken", causes),
        ("an unknown event is refused, and not with a 5xx", unknownEvent),
        ("a push without a callId is refused, and not with a 5xx", { await $0.refused(start, hasID: false) }),
        ("another media type is refused, and not with a 5xx", mediaType),
        ("markup in a number does not break the answer", markup),
    ]

    // MARK: Looking

    private static func challenge(_ probe: Probe) async -> Finding {
        do {
            let connection = try await probe.client.connect(to: probe.options.url)
            let response = try await connection.post(
                probe.form(start + people),
                to: probe.options.url,
                authorization: nil
            )
            defer { Task { await connection.close() } }
            if response.status == 200 {
                return probe.credentials == nil
                    ? .unknown("it takes pushes without a password, and none was given")
                    : .bad("it takes a push without a password")
            }
            guard response.status == 401 else { return .bad("the status is \(response.status), not 401") }
            let schemes = response.values("www-authenticate")
            guard schemes.contains(where: { $0.lowercased().hasPrefix("basic") }) else {
                return .bad("WWW-Authenticate names no Basic scheme, so the provider gives up")
            }
            guard response.keepsConnection, connection.isOpen else {
                return .bad("the connection is closed after the challenge; the provider repeats on it")
            }
            return .good
        } catch {
            return .bad(PushClient.words(error))
        }
    }

    private static func subscription(_ probe: Probe) async -> Finding {
        await probe.answer(start + people) { response in
            let reply = ReplyDocument(response.body)
            return reply.onAnswer == nil || reply.onHangup == nil
                ? "without onAnswer and onHangup the provider tells nothing more of this call" : nil
        }
    }

    private static func host(_ probe: Probe) async -> Finding {
        await probe.look(start + people, host: "attacker.example") { response in
            // Refusing a foreign Host field is as good.
            if (400..<500).contains(response.status) { return .good }
            let reply = ReplyDocument(response.body)
            let addresses = [reply.onAnswer, reply.onHangup].compactMap(\.self)
            guard !addresses.isEmpty else { return .unknown("the answer has no addresses") }
            return addresses.contains { $0.contains("attacker.example") }
                ? .bad("whoever sends a Host field of his own steers the rest of the call to himself") : .good
        }
    }

    private static func password(_ probe: Probe) async -> Finding {
        guard let credentials = probe.credentials else { return .unknown("no credentials were given") }
        let wrong = PushCredentials(user: credentials.user, password: "not the password")
        return await probe.expect(start + people, credentials: wrong) { response in
            response.status == 401 || response.status == 403 || response.status == 429
                ? nil : "the status is \(response.status)"
        }
    }

    private static func group(_ probe: Probe) async -> Finding {
        let people = (0..<120).map { "&user%5B%5D=P\($0)&userId%5B%5D=w\($0)&fullUserId%5B%5D=1234567w\($0)" }.joined()
        return await probe.taken(start + people)
    }

    private static func causes(_ probe: Probe) async -> Finding {
        for cause in [
            "normalClearing", "busy", "cancel", "noAnswer", "congestion", "notFound", "forwarded", "chanunavail", "new",
        ] {
            if case .bad(let words) = await probe.taken("event=hangup&cause=\(cause)") {
                return .bad("\(cause): \(words)")
            }
        }
        return .good
    }

    private static func unknownEvent(_ probe: Probe) async -> Finding {
        await probe.look("event=fax&direction=in&from=1&to=2") { response in
            switch response.status {
            case 400..<500: .good
            // The softer choice; the provider minds neither, and its debug log shows only a refusal.
            case 200: .unknown("it is answered with 200, which hides it from the provider's debug log")
            default: .bad("the status is \(response.status)")
            }
        }
    }

    private static func mediaType(_ probe: Probe) async -> Finding {
        await probe.expect("{}", type: "application/json") { response in
            (400..<500).contains(response.status) ? nil : "the status is \(response.status)"
        }
    }

    private static func markup(_ probe: Probe) async -> Finding {
        await probe.expect("event=newCall&direction=in&from=%3C%26%22%27%3E&to=4921199887766") { response in
            if (400..<500).contains(response.status) { return nil }
            if response.status != 200 { return "the status is \(response.status)" }
            return ReplyDocument(response.body).complaints.first
        }
    }
}

/// Posts single pushes to the receiver that is examined.
struct Probe: Sendable {
    let options: Simulation.Options
    let client: PushClient

    var credentials: PushCredentials? { options.url.credentials ?? options.credentials }

    /// The content of a push under an id that no other has.
    func form(_ text: String, hasID: Bool = true) -> [UInt8] {
        var random = SystemRandomNumberGenerator()
        let id = SimulatedLeg.hex(32, uppercase: true, using: &random)
        return Array((hasID && !text.hasPrefix("{") ? "\(text)&callId=\(id)" : text).utf8)
    }

    /// Posts a push, and says what can be said of the response.
    func look(
        _ text: String,
        hasID: Bool = true,
        credentials other: PushCredentials? = nil,
        host: String? = nil,
        type: String = "application/x-www-form-urlencoded; charset=UTF-8",
        _ judge: (PushResponse) -> Conformance.Finding
    ) async -> Conformance.Finding {
        do {
            let form = form(text, hasID: hasID)
            let connection = try await client.connect(to: options.url)
            let signature = options.signingKey.flatMap { try? Base64.encode($0.signature(of: form)) }
            let response = try await connection.post(
                form,
                to: options.url,
                authorization: (other ?? credentials)?.authorization,
                signature: signature,
                type: type,
                host: host
            )
            await connection.close()
            return judge(response)
        } catch {
            return .bad(PushClient.words(error))
        }
    }

    /// Posts a push, and says what `judge` has against the response.
    func expect(
        _ text: String,
        hasID: Bool = true,
        credentials other: PushCredentials? = nil,
        type: String = "application/x-www-form-urlencoded; charset=UTF-8",
        _ judge: (PushResponse) -> String?
    ) async -> Conformance.Finding {
        await look(text, hasID: hasID, credentials: other, type: type) { judge($0).map { .bad($0) } ?? .good }
    }

    /// What `judge` has against the answer to a push that was taken; unknown where it was not.
    func answer(_ text: String, _ judge: (PushResponse) -> String?) async -> Conformance.Finding {
        await look(text) { response in
            guard response.status == 200 else { return .unknown("the status is \(response.status)") }
            return judge(response).map { .bad($0) } ?? .good
        }
    }

    /// Whether a push that sipgate sends, or once sent, is taken.
    func taken(_ text: String) async -> Conformance.Finding {
        await expect(text) { $0.status == 200 ? nil : "the status is \($0.status)" }
    }

    /// Whether a push that sipgate never sends is refused in the proper words.
    func refused(_ text: String, hasID: Bool = true) async -> Conformance.Finding {
        await expect(text, hasID: hasID) { response in
            (400..<500).contains(response.status) ? nil : "the status is \(response.status)"
        }
    }
}
