/// A certificate chain with its key.
package struct TLSIdentity: Sendable {
    /// The server's certificate, then its issuers.
    package let chain: CertificateChain
    /// The key of the first.
    package let key: PrivateKey
    /// What clients get that ask whether it is revoked; nil: nothing.
    package let staple: OCSPStaple?

    package init(chain: CertificateChain, key: PrivateKey, staple: OCSPStaple? = nil) {
        self.chain = chain
        self.key = key
        self.staple = staple
    }

    /// The DNS names that it is for, lower case.
    package var names: [String] {
        chain.leaf.alternativeNames.filter { $0.hasPrefix("DNS:") }.map { $0.dropFirst(4).lowercased() }
    }
}

extension TLSContext {
    /// What a listener serves under all of its names.
    package struct Identities: Sendable {
        /// At least one; of several for one name and kind of key the first is served.
        package var all: [TLSIdentity]
        /// The name whose certificate a client gets that names nobody, or nobody known; nil: the first certificate's.
        package var defaultName: String?
        /// Whether a client that wants a name which no certificate has is refused.
        package var refusesUnknownNames = false

        package init(_ all: [TLSIdentity], defaultName: String? = nil, refusesUnknownNames: Bool = false) {
            self.all = all
            self.defaultName = defaultName?.lowercased()
            self.refusesUnknownNames = refusesUnknownNames
        }

        /// For each name the places of those that serve it, one for each kind of key.
        var places: [String: [Int]] {
            var places: [String: [Int]] = [:]
            for (place, identity) in all.enumerated() {
                for name in identity.names where !holds(places[name] ?? [], kindOf: place) {
                    places[name, default: []].append(place)
                }
            }
            return places
        }

        /// The places of those that serve a client which names nobody.
        var defaultPlaces: [Int] {
            if let defaultName, let places = places[defaultName] { return places }
            guard let name = all.first?.names.first else { return [0] }
            return places[name] ?? [0]
        }

        /// A name of each group of certificates, as a client would ask for it.
        package var trialNames: [String] {
            var groups: Set<[Int]> = []
            return places.sorted { $0.key < $1.key }.filter { groups.insert($0.value).inserted }
                .map { $0.key.hasPrefix("*.") ? "trial\($0.key.dropFirst())" : $0.key }
        }

        private func holds(_ places: [Int], kindOf place: Int) -> Bool {
            places.contains { all[$0].key.kind.algorithm == all[place].key.kind.algorithm }
        }
    }

    /// A context that serves the certificate that the client asks for, and of several for one name the one whose kind
    /// of key it knows.
    ///
    /// - Parameters:
    ///   - identities: Chains with their keys.
    ///   - policy: What is offered and taken.
    ///   - tickets: What seals tickets, shared by all that take part in resumption; nil leaves it to OpenSSL.
    ///   - clients: Which certificates clients have to show; nil: they are not asked.
    /// - Returns: the context of a listener.
    /// - Throws: what OpenSSL says against a key, a chain or the policy.
    package static func server(
        _ identities: Identities,
        policy: TLSPolicy = TLSPolicy(),
        tickets: TicketKeys? = nil,
        clients: ClientVerification? = nil
    ) throws(CredentialError) -> TLSContext {
        func make(_ places: [Int], _ names: ServerNames?) throws(CredentialError) -> TLSContext {
            try server(
                places.map { identities.all[$0] },
                policy: policy,
                tickets: tickets,
                clients: clients,
                names: names
            )
        }
        var contexts: [[Int]: TLSContext] = [:]
        var byName: [String: TLSContext] = [:]
        for (name, places) in identities.places {
            let context: TLSContext
            if let made = contexts[places] { context = made } else { context = try make(places, nil) }
            contexts[places] = context
            byName[name] = context
        }
        // With one certificate there is nothing to choose.
        let chooses = identities.refusesUnknownNames || contexts.contains { $0.key != identities.defaultPlaces }
        let names = chooses ? ServerNames(byName, refusesOthers: identities.refusesUnknownNames) : nil
        return try make(identities.defaultPlaces, names)
    }
}
