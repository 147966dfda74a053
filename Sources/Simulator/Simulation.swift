import NIOCore
import OpenSSL

/// Plays a call against a gateway and says whether everything in its replies is as the provider needs it.
///
/// As the provider does it: every push on a connection of its own, without credentials until it is challenged, and the
/// repeat on the same connection.
package struct Simulation: Sendable {
    /// What is played.
    package enum Scenario: String, Sendable, CaseIterable {
        /// A call comes in, is picked up, and ends.
        case answered
    }

    /// How it is played.
    package struct Options: Sendable {
        /// What is played.
        package var scenario = Scenario.answered
        /// The address as it would be entered at the provider.
        package var url: PushURL
        /// Used on a challenge; those in the address come first.
        package var credentials: PushCredentials?
        /// PEM with the only authorities to trust; nil trusts the system's.
        package var authorityFile: String?
        /// False takes any certificate.
        package var verifies = true
        /// Where to connect whatever the addresses say.
        package var detour: (host: String, port: Int)?
        /// The caller.
        package var from = "4921155667788"
        /// The called number.
        package var to = "4921199887766"
        /// The called user.
        package var user = "Alice"

        package init(url: PushURL) {
            self.url = url
        }
    }

    private let options: Options
    private let print: @Sendable (String) -> Void

    /// - Parameters:
    ///   - options: what is played, and how.
    ///   - print: takes the report piece by piece.
    package init(_ options: Options, print: @escaping @Sendable (String) -> Void) {
        self.options = options
        self.print = print
    }

    /// Plays the scenario to its end, or as far as replies allow.
    ///
    /// - Returns: true when nothing was wrong.
    package func run() async -> Bool {
        var report = SimulationReport(print: print)
        do {
            let trust: TLSContext.Trust =
                if !options.verifies { .anybody } else { options.authorityFile.map { .file($0) } ?? .system }
            let client = try PushClient(trust: trust, detour: options.detour)
            if !options.verifies { report.note("certificates are not verified: nothing here proves who answered") }
            await answered(client, &report)
        } catch {
            report.complain("\(error)")
        }
        print(report.complaints == 0 ? "done: everything as it should be\n" : "failed: \(report.complaints) wrong\n")
        return report.complaints == 0
    }

    private func answered(_ client: PushClient, _ report: inout SimulationReport) async {
        var random = SystemRandomNumberGenerator()
        let call = SimulatedCall(from: options.from, to: options.to, user: options.user, using: &random)
        guard let reply = await push(.newCall, of: call, to: options.url, number: 1, client, &report) else { return }
        let followUps = [
            (SimulatedCall.Push.answer, reply.onAnswer, "onAnswer"), (.hangup, reply.onHangup, "onHangup"),
        ]
        for (offset, (push, address, name)) in followUps.enumerated() {
            guard let address else {
                report.complain("the reply has no \(name): the provider would not tell of the \(push.rawValue)")
                continue
            }
            guard let url = followUp(address, name, &report) else { continue }
            _ = await self.push(push, of: call, to: url, number: offset + 2, client, &report)
        }
    }

    /// The address of a follow-up, if the provider would get back to the same gateway with it.
    private func followUp(_ address: String, _ name: String, _ report: inout SimulationReport) -> PushURL? {
        let url: PushURL
        do {
            url = try PushURL(address)
        } catch {
            report.complain("the address of \(name) \(error)")
            return nil
        }
        guard url.host == options.url.host, url.port == options.url.port else {
            report.complain("\(name) leads to \(url.hostField), not to \(options.url.hostField): is public_url right?")
            return nil
        }
        return url
    }

    /// One push with its challenge; nil when there is no reply to go on with.
    private func push(
        _ push: SimulatedCall.Push,
        of call: SimulatedCall,
        to url: PushURL,
        number: Int,
        _ client: PushClient,
        _ report: inout SimulationReport
    ) async -> ReplyDocument? {
        report.begin(number, push.rawValue, to: url)
        // The provider does not take credentials over to follow-up addresses.
        let credentials = url.credentials ?? (push == .newCall ? options.credentials : nil)
        let form = PercentCoding.form(call.fields(of: push))
        do {
            let begin = NIODeadline.now()
            let connection: PushConnection
            do {
                connection = try await client.connect(to: url)
            } catch {
                report.complain("cannot connect: \(PushClient.words(error))")
                return nil
            }
            report.note("connected in \(SimulationReport.time(.now() - begin))")
            var response = try await connection.post(form, to: url, authorization: nil)
            if response.status == 401 {
                response = try await again(form, url, credentials, after: response, connection, client, &report)
            } else if push == .newCall, credentials != nil, response.status == 200 {
                report.complain("accepted without credentials: the route is open to everybody")
            }
            await connection.close()
            return judge(response, push, &report)
        } catch {
            report.complain("\(error)")
            return nil
        }
    }

    /// Answers a challenge, on the same connection where that is left open.
    private func again(
        _ form: [UInt8],
        _ url: PushURL,
        _ credentials: PushCredentials?,
        after challenge: PushResponse,
        _ connection: PushConnection,
        _ client: PushClient,
        _ report: inout SimulationReport
    ) async throws -> PushResponse {
        let schemes = challenge.values("www-authenticate")
        report.note("401 in \(SimulationReport.time(challenge.time)): \(schemes.joined(separator: ", "))")
        guard schemes.contains(where: { $0.lowercased().hasPrefix("basic ") }) else {
            report.complain("the challenge names no Basic scheme: the provider gives up here")
            return challenge
        }
        guard let credentials else {
            report.complain("credentials are wanted and none were given")
            return challenge
        }
        guard challenge.keepsConnection, connection.isOpen else {
            report.complain("the connection was closed after the challenge: the provider repeats on the same one")
            let other = try await client.connect(to: url)
            let response = try await other.post(form, to: url, authorization: credentials.authorization)
            await other.close()
            return response
        }
        report.note("again on the same connection, as \(credentials)")
        return try await connection.post(form, to: url, authorization: credentials.authorization)
    }

    private func judge(
        _ response: PushResponse,
        _ push: SimulatedCall.Push,
        _ report: inout SimulationReport
    ) -> ReplyDocument? {
        report.note("\(response.status) in \(SimulationReport.time(response.time)), \(response.body.count) bytes")
        report.show(response.body)
        guard response.status == 200 else {
            report.complain("the status has to be 200")
            return nil
        }
        // What is sent in reply to answer and hangup is thrown away by the provider.
        guard push == .newCall else { return nil }
        for complaint in response.complaints { report.complain(complaint) }
        let document = ReplyDocument(response.body)
        for complaint in document.complaints { report.complain(complaint) }
        return document
    }
}
