/// What is looked at in the certificates of a chain together.
extension CertificateChecks {
    /// A certificate with its place in the file, counted from 1.
    private typealias Placed = (position: Int, certificate: Certificate)

    /// Each issuer after what it signed, and each allowed to.
    ///
    /// Repetitions are named once and then passed over.
    static func checkOrder(of chain: CertificateChain, _ outcome: inout Outcome) {
        let unique = withoutRepetitions(chain, &outcome)
        // Of a chain that is turned around nothing more is to be said.
        let isReversed = chain.leaf.isAuthority && chain.intermediates.contains { !$0.isAuthority }
        guard !isReversed else { return }
        for (below, (current, next)) in zip(unique, unique.dropFirst()).enumerated() {
            guard let reason = current.certificate.whyNotSigned(by: next.certificate) else {
                checkIssuer(next, of: chain, authoritiesBelow: below, &outcome)
                continue
            }
            let issuer = unique.first { current.certificate.whyNotSigned(by: $0.certificate) == nil }
            outcome.add(
                .error,
                "\(chain.name): certificate \(next.position) (\(next.certificate.subject)) did not sign certificate"
                    + " \(current.position) (\(current.certificate.subject)): \(reason); \(remedy(current, next, issuer))"
            )
            // In another order the rest may well be right.
            if issuer != nil { break }
        }
        if let last = unique.last, unique.count > 1, last.certificate.isSelfIssued {
            outcome.add(
                .note,
                "\(chain.name): certificate \(last.position) is a root, which clients have; it may be left out"
            )
        }
    }

    private static func withoutRepetitions(_ chain: CertificateChain, _ outcome: inout Outcome) -> [Placed] {
        var unique: [Placed] = []
        for (index, certificate) in chain.certificates.enumerated() {
            if let first = unique.first(where: { $0.certificate.fingerprint == certificate.fingerprint }) {
                outcome.add(
                    .warning,
                    "\(chain.name): certificate \(index + 1) repeats certificate \(first.position); remove it"
                )
            } else {
                unique.append((index + 1, certificate))
            }
        }
        return unique
    }

    /// Who did sign `current`, which `next` did not, and what follows.
    private static func remedy(_ current: Placed, _ next: Placed, _ issuer: Placed?) -> String {
        if current.certificate.isSelfIssued { return "it signed itself: remove what follows" }
        if let issuer { return "certificate \(issuer.position) did: change the order" }
        if current.certificate.issuer == next.certificate.subject {
            return "another certificate of that name is needed"
        }
        let place = current.certificate.issuerAddress.map { "; fetch it from \($0)" } ?? ""
        return "\"\(current.certificate.issuer)\" did, which is not in the file\(place)"
    }

    private static func checkIssuer(
        _ issuer: Placed,
        of chain: CertificateChain,
        authoritiesBelow: Int,
        _ outcome: inout Outcome
    ) {
        let name = "\(chain.name): certificate \(issuer.position) (\(issuer.certificate.subject))"
        guard issuer.certificate.isAuthority else {
            outcome.add(
                .error,
                "\(name): is no certificate authority's (basicConstraints), and signs nothing; remove it"
            )
            return
        }
        if let most = issuer.certificate.pathLength, authoritiesBelow > most {
            outcome.add(
                .error,
                "\(name): allows \(most) authorities below it (pathlen), and there are \(authoritiesBelow); clients refuse the chain"
            )
        }
        if let reason = issuer.certificate.whyNotFor(chain.leaf) {
            outcome.add(
                .error,
                "\(name): may not sign for \(chain.leaf.alternativeNames.joined(separator: ", ")): \(reason); clients refuse the chain"
            )
        }
    }
}
