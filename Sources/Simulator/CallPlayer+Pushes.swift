import NIOCore
import OpenSSL

extension CallPlayer {
    /// One push with its challenge; nil when there is no reply to go on with.
    mutating func send(
        _ push: SimulatedLeg.Push,
        _ fields: [(name: String, value: String)],
        to url: PushURL
    ) async -> ReplyDocument? {
        count += 1
        report.begin(count, push.rawValue, to: url)
        // The provider does not take credentials over to follow-up addresses.
        let credentials = url.credentials ?? (push == .newCall ? options.credentials : nil)
        let form = PercentCoding.form(fields)
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
            if let fault = options.fault {
                await self.fault(fault, form, url, credentials, connection)
                await connection.close()
                return nil
            }
            let signature = options.signingKey.flatMap { try? Base64.encode($0.signature(of: form)) }
            var response = try await connection.post(form, to: url, authorization: nil, signature: signature)
            if response.status == 401 {
                response = try await again(form, url, credentials, signature, after: response, connection)
            } else if push == .newCall, credentials != nil, response.status == 200 {
                report.complain("accepted without credentials: the route is open to everybody")
            }
            await connection.close()
            times.append((push, response.time))
            return judge(response, push)
        } catch {
            report.complain("\(error)")
            return nil
        }
    }

    /// Does what a provider would not, and says whether the receiver bears it well.
    private mutating func fault(
        _ fault: Simulation.Fault,
        _ form: [UInt8],
        _ url: PushURL,
        _ credentials: PushCredentials?,
        _ connection: PushConnection
    ) async {
        let authorization = credentials?.authorization
        do {
            switch fault {
            case .noCredentials:
                let response = try await connection.post(form, to: url, authorization: nil)
                expect(response, [401], "a push without credentials")
            case .wrongCharset:
                let type = "application/x-www-form-urlencoded; charset=ISO-8859-1"
                let response = try await connection.post(form, to: url, authorization: authorization, type: type)
                expect(response, [415], "a charset other than UTF-8")
            case .slow:
                let response = try await connection.post(form, to: url, authorization: authorization, isSlow: true)
                expect(response, [200, 408], "a content that comes in small pieces")
            case .abruptClose:
                await connection.abandon(form, to: url, authorization: authorization)
                report.note("sent the push and closed at once")
            }
        } catch {
            report.note("the receiver ended the connection: \(error)")
        }
    }

    private mutating func expect(_ response: PushResponse, _ statuses: [Int], _ what: String) {
        report.note("\(response.status) in \(SimulationReport.time(response.time))")
        guard !statuses.contains(response.status) else { return }
        let wanted = statuses.map(String.init).joined(separator: " or ")
        report.complain("\(what) got \(response.status), not \(wanted)")
    }

    /// Answers a challenge, on the same connection where that is left open.
    private mutating func again(
        _ form: [UInt8],
        _ url: PushURL,
        _ credentials: PushCredentials?,
        _ signature: String?,
        after challenge: PushResponse,
        _ connection: PushConnection
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
        let authorization = credentials.authorization
        guard challenge.keepsConnection, connection.isOpen else {
            report.complain("the connection was closed after the challenge: the provider repeats on the same one")
            let other = try await client.connect(to: url)
            let response = try await other.post(form, to: url, authorization: authorization, signature: signature)
            await other.close()
            return response
        }
        report.note("again on the same connection, as \(credentials)")
        return try await connection.post(form, to: url, authorization: authorization, signature: signature)
    }

    private mutating func judge(_ response: PushResponse, _ push: SimulatedLeg.Push) -> ReplyDocument? {
        report.note("\(response.status) in \(SimulationReport.time(response.time)), \(response.body.count) bytes")
        report.show(response.body)
        guard response.status == 200 else {
            report.complain("the status has to be 200")
            return nil
        }
        // What is sent in reply to answer and hangup is thrown away by the provider.
        guard push == .newCall || push == .dtmf else { return nil }
        if let silence = SimulationReport.silence(response.time, longerThan: options.patience) {
            report.complain(silence)
        }
        for complaint in response.complaints { report.complain(complaint) }
        let document = ReplyDocument(response.body)
        for complaint in document.complaints { report.complain(complaint) }
        return document
    }
}
