import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Webhooks

/// Who may see and change what: stands before everything else on the operators' listener.
///
/// - `Host` has to be an address, `localhost` or a configured name, so that no foreign name that was made to resolve to
///   this machine gets an answer (DNS rebinding).
/// - Credentials, where they are configured.
/// - What changes something needs the token of this process, which only a page of this origin can have read, and comes
///   from this origin where the client says where it comes from.
struct AdminGuard: RouterMiddleware {
    typealias Context = AdminContext

    static let tokenField = "X-Hookgate-Token"
    /// A page of this origin, a person who typed the address, or a client that is no browser.
    private static let harmlessSites: Set<String> = ["same-origin", "none"]

    /// Names under which the listener may be asked for, lower case.
    let names: Set<String>
    /// The token of this process.
    let token: String
    /// Whether the listener speaks TLS.
    let isSecure: Bool
    let admits: AdminServer.Admits?

    @concurrent
    func handle(
        _ request: Request,
        context: AdminContext,
        next: @concurrent (Request, AdminContext) async throws -> Response
    ) async throws -> Response {
        var response: Response
        do {
            try checkHost(request)
            try await checkCredentials(request, context)
            try checkOrigin(request)
            response = try await next(request, context)
        } catch let problem as AdminProblem {
            response = problem.response
        } catch let error as HTTPError where error.status == .notFound {
            response = AdminProblem(.notFound, "There is nothing here; /openapi.json describes what there is.").response
        } catch let error as HTTPError {
            response = AdminProblem(error.status, error.body ?? error.status.reasonPhrase).response
        } catch {
            // All that is left is the journal; its words are for the log.
            context.logger.error("an operator's request failed", metadata: ["error": "\(error)"])
            response = AdminProblem(.serviceUnavailable, "The journal cannot be read; the log says why.").response
        }
        for (name, value) in AdminGuard.headers { response.headers[name] = value }
        return response
    }

    /// For every response; the page has its own policy.
    private static let headers: [(HTTPField.Name, String)] = [
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
        ("X-Frame-Options", "DENY"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
    ].compactMap { (name: String, value: String) in HTTPField.Name(name).map { ($0, value) } }

    // MARK: Checks

    private func checkHost(_ request: Request) throws(AdminProblem) {
        guard let authority = request.head.authority, let host = HostName(authority) else {
            throw AdminProblem(.badRequest, "The Host field names no host.")
        }
        guard host.isAddress || host.text == "localhost" || names.contains(host.text) else {
            throw AdminProblem(
                .misdirectedRequest,
                "This listener is not known by that name; `admin.names` in the configuration lists its names."
            )
        }
    }

    private func checkCredentials(_ request: Request, _ context: AdminContext) async throws {
        // Those who look whether the gateway lives have no password.
        guard let admits, request.uri.path != "/healthz", request.uri.path != "/readyz" else { return }
        let fields = request.headers[values: .authorization].map { (name: "authorization", value: $0) }
        switch await admits(HeaderFields(fields), ClientAddress(context.remoteAddress)) {
        case .admitted:
            return
        case .challenged:
            var problem = AdminProblem(.unauthorized, "This needs user and password.")
            problem.headers[.wwwAuthenticate] = "Basic realm=\"hookgate admin\", charset=\"UTF-8\""
            throw problem
        case .delayed(let seconds):
            var problem = AdminProblem(.tooManyRequests, "Too many wrong passwords came from this address.")
            problem.headers[.retryAfter] = "\(seconds)"
            throw problem
        }
    }

    private func checkOrigin(_ request: Request) throws(AdminProblem) {
        let isReading = request.method == .get || request.method == .head
        if let site = request.headers[HTTPField.Name.site], !AdminGuard.harmlessSites.contains(site) {
            // Following a link to the page is harmless; everything else is for the page alone.
            let isLink = isReading && request.headers[HTTPField.Name.fetchMode] == "navigate"
            guard isLink else { throw AdminProblem(.forbidden, "Another site asked for this.") }
        }
        guard !isReading else { return }
        if let origin = request.headers[.origin] {
            let own = "\(isSecure ? "https" : "http")://\(request.head.authority ?? "")"
            guard origin.lowercased() == own.lowercased() else {
                throw AdminProblem(.forbidden, "Another site asked for this.")
            }
        }
        guard let given = request.headers[HTTPField.Name.token], AdminGuard.areEqual(given, token) else {
            throw AdminProblem(
                .forbidden,
                "Changes need the token of /api/session in the field \(AdminGuard.tokenField)."
            )
        }
    }

    /// Takes as long for any text of the right length.
    private static func areEqual(_ given: String, _ wanted: String) -> Bool {
        let (given, wanted) = (Array(given.utf8), Array(wanted.utf8))
        guard given.count == wanted.count else { return false }
        return zip(given, wanted).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }

    /// 256 random bits, new for every process.
    static func makeToken() -> String {
        var random = SystemRandomNumberGenerator()
        return (0..<4).map { _ in
            let digits = String(random.next() as UInt64, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}

extension HTTPField.Name {
    fileprivate static let site = HTTPField.Name("Sec-Fetch-Site") ?? .origin
    fileprivate static let fetchMode = HTTPField.Name("Sec-Fetch-Mode") ?? .origin
    fileprivate static let token = HTTPField.Name(AdminGuard.tokenField) ?? .authorization
}

/// The host of a `Host` field, without its port.
struct HostName: Equatable {
    /// Lower case; an IPv6 address without its brackets.
    let text: String
    /// Whether it is an IP address: those need no resolving, so nobody can make them resolve to something else.
    let isAddress: Bool

    /// Nil when it is none.
    init?(_ authority: String) {
        var host = authority[...]
        if host.hasPrefix("["), let end = host.firstIndex(of: "]") {
            text = host[host.index(after: host.startIndex)..<end].lowercased()
            isAddress = (try? SocketAddress(ipAddress: text, port: 0)) != nil
            return
        }
        if let colon = host.lastIndex(of: ":") { host = host[..<colon] }
        guard !host.isEmpty, !host.contains(":") else { return nil }
        // A name may end with the dot of the root.
        text = (host.hasSuffix(".") ? host.dropLast() : host).lowercased()
        isAddress = (try? SocketAddress(ipAddress: text, port: 0)) != nil
    }
}

/// What the guard and the routes know of a request.
struct AdminContext: RequestContext, RemoteAddressRequestContext {
    var coreContext: CoreRequestContextStorage
    let remoteAddress: SocketAddress?

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        remoteAddress = source.channel.remoteAddress
    }
}
