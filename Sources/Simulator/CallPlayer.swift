import NIOCore
import OpenSSL

/// Plays one call: tells of its legs as sipgate would, and obeys the replies.
struct CallPlayer {
    /// A menu that leads to itself would go on for ever.
    private static let maxGathers = 20

    private let scenario: Scenario
    private let options: Simulation.Options
    private let client: PushClient
    private(set) var report: SimulationReport
    /// From the last byte of each request to the last of its reply, those to `newCall` apart.
    private(set) var times: [(push: SimulatedLeg.Push, time: TimeAmount)] = []

    private var legs: [String: SimulatedLeg] = [:]
    private var pressed = 0
    private var gathers = 0
    private var count = 0
    /// The last push, to be sent again.
    private var last: (push: SimulatedLeg.Push, leg: String, fields: [(name: String, value: String)], url: PushURL)?

    init(
        _ scenario: Scenario,
        _ options: Simulation.Options,
        client: PushClient,
        report: SimulationReport,
        using random: inout some RandomNumberGenerator
    ) {
        self.scenario = scenario
        self.options = options
        self.client = client
        self.report = report
        let shared = SimulatedLeg.hex(16, uppercase: false, using: &random)
        for leg in scenario.legs {
            let xcid: String? =
                switch leg.correlation {
                case .shared: shared
                case .own: SimulatedLeg.hex(16, uppercase: false, using: &random)
                case .click: "c2d-0." + shared
                case .none: nil
                }
            legs[leg.name] = SimulatedLeg(
                direction: leg.direction,
                from: filled(leg.from),
                to: filled(leg.to),
                diversion: leg.diversion.map(filled),
                users: leg.users.map { (filled($0), scenario.number(of: $0)) },
                callID: SimulatedLeg.hex(76, uppercase: true, using: &random),
                originalID: leg.of.flatMap { legs[$0]?.callID },
                xcid: xcid
            )
        }
    }

    /// The text with the names of the command line in their places.
    private func filled(_ text: String) -> String {
        switch text {
        case "$from": options.from
        case "$to": options.to
        case "$user": options.user
        default: text
        }
    }

    /// Plays the scenario to its end, or as far as replies allow.
    mutating func play() async {
        for step in scenario.steps {
            guard !Task.isCancelled else { return }
            // A fault is played once: nothing follows from it.
            if options.fault != nil, count > 0 { return }
            switch step {
            case .wait(let milliseconds):
                try? await Task.sleep(for: .milliseconds(milliseconds))
            case .again:
                guard let last else { continue }
                report.note("once more:")
                _ = await send(last.push, last.fields, to: last.url)
            case .start(let leg):
                await start(leg)
            case .answer(let leg, let user):
                await followUp(.answer, leg, user: user)
            case .hangup(let leg, let cause):
                await followUp(.hangup, leg, cause: cause)
            }
        }
    }

    // MARK: Steps

    mutating func start(_ name: String) async {
        guard let leg = legs[name] else { return }
        let fields = leg.fields(of: .newCall)
        last = (.newCall, name, fields, options.url)
        guard let reply = await send(.newCall, fields, to: options.url) else { return }
        await obey(reply, name)
    }

    /// Tells of what happened after the start, where the reply wants it told.
    mutating func followUp(
        _ push: SimulatedLeg.Push,
        _ name: String,
        user: String? = nil,
        cause: String = "normalClearing"
    ) async {
        guard let leg = legs[name], !leg.isOver else { return }
        let attribute = push == .answer ? "onAnswer" : "onHangup"
        guard let address = push == .answer ? leg.onAnswer : leg.onHangup else {
            report.complain("the reply has no \(attribute): the provider would not tell of the \(push.rawValue)")
            return
        }
        guard let url = followUp(address, attribute) else { return }
        let person = user.map { (name: filled($0), number: scenario.number(of: $0)) }
        let fields = leg.fields(of: push, by: person, cause: cause)
        last = (push, name, fields, url)
        _ = await send(push, fields, to: url)
    }

    /// Does what a reply asks for.
    private mutating func obey(_ reply: ReplyDocument, _ name: String) async {
        if let address = reply.onAnswer { legs[name]?.onAnswer = address }
        if let address = reply.onHangup { legs[name]?.onHangup = address }
        for action in reply.actions {
            switch action {
            case .play(let url):
                report.note("plays \(url)")
            case .dial(let numbers):
                report.note("dials \(numbers.joined(separator: ", "))")
                legs[name]?.dialled = numbers.first.map { String($0.drop { $0 == "+" }) }
                if numbers.count > 1, legs[name]?.direction == "out" {
                    report.complain("an outgoing call has one number, not \(numbers.count)")
                }
            case .voicemail:
                report.note("sends the call to the mailbox")
                legs[name]?.goesToMailbox = true
            case .gather(let onData, let maxDigits):
                await gather(onData, maxDigits, name)
            case .reject(let reason):
                report.note("turns the caller away: \(reason)")
                await followUp(.hangup, name, cause: reason == "busy" ? "busy" : "cancel")
                legs[name]?.isOver = true
                return
            case .hangup:
                report.note("hangs up")
                await followUp(.hangup, name)
                legs[name]?.isOver = true
                return
            }
        }
    }

    private mutating func gather(_ onData: String?, _ maxDigits: Int, _ name: String) async {
        guard let onData, let leg = legs[name], let url = followUp(onData, "onData") else { return }
        gathers += 1
        guard gathers <= CallPlayer.maxGathers else {
            report.complain("the menu leads to itself: \(gathers) gathers in one call")
            return
        }
        let wanted = options.press?(maxDigits) ?? (pressed < scenario.keys.count ? scenario.keys[pressed] : "")
        let keys = String(wanted.prefix(maxDigits))
        pressed += 1
        report.note(keys.isEmpty ? "nobody presses a key" : "presses \(keys)")
        let fields = leg.fields(of: .dtmf, keys: keys)
        last = (.dtmf, name, fields, url)
        guard let reply = await send(.dtmf, fields, to: url) else { return }
        await obey(reply, name)
    }

    /// The address of a follow-up, if the provider would get back to the same gateway with it.
    private mutating func followUp(_ address: String, _ name: String) -> PushURL? {
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

    // MARK: Pushes

    /// One push with its challenge; nil when there is no reply to go on with.
    private mutating func send(
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
        for complaint in response.complaints { report.complain(complaint) }
        let document = ReplyDocument(response.body)
        for complaint in document.complaints { report.complain(complaint) }
        return document
    }
}
