/// What the requests of a connection have in common below HTTP, for the record of each: made once for a connection.
package final class ConnectionOrigin: Sendable {
    /// What the handshake came to.
    package struct Handshake: Sendable, Equatable {
        /// `TLSv1.2` or `TLSv1.3`.
        package let version: String
        /// In OpenSSL's spelling.
        package let suite: String
        /// Whether an earlier session was resumed; then no certificate was served.
        package let isResumed: Bool
        /// The first 16 hexadecimal digits of the SHA-256 of the certificate that was served.
        package let certificate: String?

        package init(version: String, suite: String, isResumed: Bool, certificate: String?) {
            self.version = version
            self.suite = suite
            self.isResumed = isResumed
            self.certificate = certificate
        }
    }

    /// The listener, as the configuration writes its address.
    package let listener: String
    /// `1.1` or `2`; nil: none was agreed on yet.
    package let http: String?
    /// Nil before it is done.
    package let handshake: Handshake?
    /// All of it in words without blanks, each behind a blank.
    let line: String

    package init(listener: String, http: String? = nil, handshake: Handshake? = nil) {
        self.listener = listener
        self.http = http
        self.handshake = handshake
        let words = [
            listener, http, handshake?.version, handshake?.suite,
            handshake.map { $0.isResumed ? "resumed" : "full" },
            handshake?.certificate,
        ]
        line = words.map { " " + ($0 ?? "-") }.joined()
    }

    /// Reads the words back; nil when there are not as many.
    package init?(words: some RandomAccessCollection<Substring>) {
        let words = words.map { $0 == "-" ? nil : String($0) }
        guard words.count == ConnectionOrigin.wordCount, let listener = words[0] else { return nil }
        self.listener = listener
        http = words[1]
        handshake = words[2].map { version in
            Handshake(
                version: version,
                suite: words[3] ?? "",
                isResumed: words[4] == "resumed",
                certificate: words[5]
            )
        }
        line = words.map { " " + ($0 ?? "-") }.joined()
    }

    /// How many words `line` has.
    package static let wordCount = 6

    /// The words, each set apart by a blank.
    package var words: String { String(line.dropFirst()) }
}

/// Where an event came from: the request that brought it, from whom, on what connection, and why it was believed.
///
/// Journals keep it beside the event in one line; receivers never get it. One for all events of a request.
package final class RequestOrigin: Sendable {
    /// What vouched for the request.
    package enum Proof: Sendable, Equatable {
        /// The password of this user.
        case password(user: String)
        /// The token in a follow-up address.
        case token
    }

    /// The request.
    package let id: RequestID
    /// The address of the client.
    package let client: String
    /// What it came on.
    package let connection: ConnectionOrigin
    /// Why it was let in.
    package let proof: Proof

    package init(id: RequestID, client: String, connection: ConnectionOrigin, proof: Proof) {
        self.id = id
        self.client = client
        self.connection = connection
        self.proof = proof
    }

    /// Appends it as one line.
    ///
    ///     1D5KX0Q3W8ZT 192.0.2.7 0.0.0.0:8443 1.1 TLSv1.3 TLS_AES_256_GCM_SHA384 full 9f86d081884c7d65 password sipgate
    ///
    /// What is not known is a hyphen. The name of the user comes last and goes on to the end.
    package func write(to line: inout [UInt8]) {
        let characters = id.characters
        for index in characters.indices { line.append(characters[index]) }
        line.append(UInt8(ascii: " "))
        line.append(contentsOf: client.utf8)
        line.append(contentsOf: connection.line.utf8)
        switch proof {
        case .password(let user):
            line.append(contentsOf: " password ".utf8)
            // No name has one; should it, the line still ends where it ends.
            for byte in user.utf8 { line.append(byte == UInt8(ascii: "\n") ? UInt8(ascii: " ") : byte) }
        case .token:
            line.append(contentsOf: " token".utf8)
        }
    }

    /// Reads such a line; nil when it is none.
    package convenience init?(line: Substring) {
        let wordsBeforeProof = 2 + ConnectionOrigin.wordCount
        let words = line.split(separator: " ", maxSplits: wordsBeforeProof + 1, omittingEmptySubsequences: false)
        guard words.count > wordsBeforeProof, let id = RequestID(String(words[0])),
            let connection = ConnectionOrigin(words: words[2..<wordsBeforeProof])
        else { return nil }
        let proof: Proof
        switch words[wordsBeforeProof] {
        case "token": proof = .token
        case "password" where words.count == wordsBeforeProof + 2:
            proof = .password(user: String(words[wordsBeforeProof + 1]))
        default: return nil
        }
        self.init(id: id, client: String(words[1]), connection: connection, proof: proof)
    }
}
