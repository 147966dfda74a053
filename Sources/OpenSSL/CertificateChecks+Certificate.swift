/// What is looked at in a certificate by itself.
extension CertificateChecks {
    /// The least a key must cost to break, as the exponent of two: what OpenSSL's security level 2 asks for.
    private static let leastSecurityBits = 112

    /// What public authorities may give at most (CA/Browser Forum, Baseline Requirements, section 6.3.2).
    private static let longestValidity = 398

    /// Curves that clients of TLS know (RFC 8446, section 4.2.7).
    private static let knownCurves: Set = ["prime256v1", "P-256", "secp384r1", "P-384", "secp521r1", "P-521"]

    /// Looks at one certificate of a chain.
    static func check(
        _ certificate: Certificate,
        _ name: String,
        isLeaf: Bool,
        now: CertificateTime,
        _ outcome: inout Outcome
    ) {
        checkDates(of: certificate, name, isLeaf: isLeaf, now: now, &outcome)
        checkKey(of: certificate, name, isLeaf: isLeaf, &outcome)
        checkSignature(of: certificate, name, &outcome)
        for identifier in certificate.unknownCriticalExtensions {
            outcome.add(
                .error,
                "\(name): has a critical extension that clients do not know (\(identifier)), and so refuse; have it issued without"
            )
        }
        if certificate.serial.hasPrefix("-") {
            outcome.add(
                .warning,
                "\(name): its serial number is negative (\(certificate.serial)); strict clients refuse it"
            )
        } else if certificate.serial.allSatisfy({ $0 == "0" }) {
            outcome.add(
                .warning,
                "\(name): its serial number is zero; strict clients refuse it (RFC 5280, section 4.1.2.2)"
            )
        }
    }

    private static func checkDates(
        of certificate: Certificate,
        _ name: String,
        isLeaf: Bool,
        now: CertificateTime,
        _ outcome: inout Outcome
    ) {
        let left = now.days(until: certificate.notAfter)
        if certificate.notAfter < now {
            let remedy = isLeaf ? "renew it" : "put the authority's present one in its place"
            outcome.add(.error, "\(name): expired on \(certificate.notAfter); \(remedy)")
        } else if certificate.notBefore > now {
            outcome.add(.error, "\(name): is not valid before \(certificate.notBefore); is the clock right?")
        } else if left < renewalNotice {
            outcome.add(.warning, "\(name): expires in \(left) days, on \(certificate.notAfter); renew it")
        }
        let days = certificate.notBefore.days(until: certificate.notAfter)
        if isLeaf, !certificate.isAuthority, days > longestValidity {
            outcome.add(
                .note,
                "\(name): is valid for \(days) days; some clients take \(longestValidity) at most from a public authority"
            )
        }
    }

    private static func checkKey(
        of certificate: Certificate,
        _ name: String,
        isLeaf: Bool,
        _ outcome: inout Outcome
    ) {
        let kind = certificate.publicKey
        let curve = certificate.curve
        if kind.algorithm == "DSA" {
            outcome.add(
                .error,
                "\(name): has a DSA key, for which TLS has no suite any more; make an EC (P-256) or RSA key"
            )
        } else if kind.securityBits < leastSecurityBits {
            let remedy = curve == nil ? "2048 bits is the least" : "P-256 is the least"
            outcome.add(.error, "\(name): its key is too weak: \(kind); \(remedy)")
        } else if !isLeaf {
            return
        } else if kind.algorithm == "ED25519" || kind.algorithm == "ED448" {
            outcome.add(
                .warning,
                "\(name): has an \(kind.algorithm) key: browsers, Windows and Java before 15 refuse it; P-256 suits everybody"
            )
        } else if kind.algorithm == "RSA-PSS" {
            outcome.add(
                .warning,
                "\(name): has a key for RSA-PSS alone: browsers, Windows and Java before 11 refuse it; take a plain RSA key"
            )
        } else if let curve, !knownCurves.contains(curve) {
            outcome.add(
                .warning,
                "\(name): its key is on \(curve), a curve that most clients do not know; P-256 suits everybody"
            )
        }
    }

    private static func checkSignature(of certificate: Certificate, _ name: String, _ outcome: inout Outcome) {
        // Nobody looks at the signature of a root: it is trusted or it is not.
        guard !certificate.isSelfIssued, let digest = certificate.signatureDigest else { return }
        if ["MD5", "MD4", "MD2", "MDC2"].contains(digest) {
            outcome.add(.error, "\(name): is signed with \(digest), which anybody can forge; have it issued anew")
        } else if digest == "SHA1" {
            outcome.add(.error, "\(name): is signed with SHA-1, which clients refuse; have it issued anew with SHA-256")
        }
    }

    /// What only the server's own certificate has to have.
    static func checkLeaf(of chain: CertificateChain, _ outcome: inout Outcome) {
        let leaf = chain.leaf
        let name = "\(chain.name): certificate 1 (\(leaf.subject))"
        if leaf.isAuthority, let own = chain.intermediates.firstIndex(where: { !$0.isAuthority }) {
            outcome.add(
                .error,
                "\(name): is a certificate authority's, and the server's own is certificate \(own + 2): reverse the order"
            )
            return
        }
        if leaf.isAuthority {
            outcome.add(.warning, "\(name): is a certificate authority's; the server's own comes first")
        } else if !leaf.isForServers {
            outcome.add(.warning, "\(name): its extended key usage does not allow TLS servers; clients will refuse it")
        } else if !leaf.mayUseSignatures {
            outcome.add(
                .warning,
                "\(name): its key usage allows no signatures, which strict clients ask for; have it issued with digitalSignature"
            )
        }
        if leaf.isFirstVersion {
            outcome.add(.warning, "\(name): is of version 1 of X.509, which names no host; clients will refuse it")
        } else if leaf.alternativeNames.isEmpty {
            let words = leaf.subject.isEmpty ? "names nobody at all" : "has no subject alternative name"
            outcome.add(.warning, "\(name): \(words); clients ignore the common name")
        }
        let isAlone = chain.intermediates.allSatisfy { $0.fingerprint == leaf.fingerprint }
        if leaf.isSelfIssued {
            outcome.add(.note, "\(name): is self-signed; every client has to be told to trust it")
        } else if isAlone, let address = leaf.issuerAddress {
            // Who says where the issuer is has one that clients do not have: roots are not fetched.
            outcome.add(
                .warning,
                "\(chain.name): lacks the certificate of \"\(leaf.issuer)\", without which most clients refuse it; add it:"
                    + " curl -s \(address) | openssl x509 -inform DER prints it"
            )
        } else if isAlone {
            outcome.add(
                .note,
                "\(chain.name): holds one certificate; if \"\(leaf.issuer)\" is an intermediate, it belongs there too"
            )
        }
    }
}
