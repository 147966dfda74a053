import Foundation
import HookgateTesting
import OpenSSL
import Testing

/// Every kind of broken chain and key that somebody has brought to a server, each with a message of its own.
@Suite("Broken chains and keys")
struct CertificateKindsTests {
    typealias Severity = CertificateChecks.Finding.Severity

    /// What the kinds are built from.
    struct Material: Sendable {
        let shop: CertificateWorkshop
        let root: CertificateWorkshop.Made
        let intermediate: CertificateWorkshop.Made
        let leaf: CertificateWorkshop.Made

        init() throws {
            shop = try CertificateWorkshop()
            root = try shop.make("Root", CertificateWorkshop.authority)
            intermediate = try shop.make("Intermediate", CertificateWorkshop.authority, by: root)
            leaf = try shop.make("localhost", by: intermediate)
        }

        static let shared = Result { try Material() }
    }

    /// A folder with a good chain and key, until a kind spoils them.
    struct Folder {
        let directory: TemporaryDirectory
        let material: Material

        var shop: CertificateWorkshop { material.shop }
        var chainFile: String { "\(directory.path)/chain.pem" }
        var keyFile: String { "\(directory.path)/key.pem" }

        init(_ material: Material) throws {
            directory = try TemporaryDirectory()
            self.material = material
            try chain(material.leaf.pem() + material.intermediate.pem())
            try key(material.leaf.keyPEM())
        }

        func chain(_ text: String) throws { _ = try directory.write(text, to: "chain.pem") }
        func key(_ text: String, mode: Int = 0o600) throws { _ = try directory.write(text, to: "key.pem", mode: mode) }
        func bytes(_ bytes: [UInt8], to file: String) throws { try Data(bytes).write(to: URL(filePath: file)) }

        /// A leaf of another make with its key, and the intermediate behind it.
        func leaf(
            _ extensions: [String] = CertificateWorkshop.server,
            key arguments: [String] = CertificateWorkshop.p256,
            digest: String = "-sha256"
        ) throws {
            try serve(shop.make("localhost", extensions, key: arguments, by: material.intermediate, digest))
        }

        func serve(_ leaf: CertificateWorkshop.Made, behind issuers: [CertificateWorkshop.Made]? = nil) throws {
            try chain(([leaf] + (issuers ?? [material.intermediate])).map { try $0.pem() }.joined())
            try key(leaf.keyPEM())
        }

        /// A leaf and the authority above it, made here because openssl makes none that has ended.
        func dated(leaf: (Int, Int) = (-1, 90), authority: (Int, Int) = (-1, 90)) throws {
            func builder(_ name: String, _ days: (Int, Int)) -> CertificateBuilder {
                var builder = CertificateBuilder(commonName: name)
                (builder.notBefore, builder.notAfter) = (.now.adding(days: days.0), .now.adding(days: days.1))
                return builder
            }
            var root = builder("Root", (-1, 90))
            root.purpose = .authority
            var intermediate = builder("Intermediate", authority)
            intermediate.purpose = .authority
            let issuer = try intermediate.signed(by: root.selfSigned())
            var server = builder("localhost", leaf)
            server.names = ["localhost"]
            let made = try server.signed(by: issuer)
            try chain(made.certificate.pem + issuer.certificate.pem)
            try key(made.key.pem())
        }

        func without(_ start: String) -> [String] {
            CertificateWorkshop.server.filter { !$0.hasPrefix(start) }
        }
    }

    /// One kind.
    struct Kind: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let severity: Severity
        let file: String
        let words: [String]
        let passPhrase: String?
        let spoil: @Sendable (Folder) throws -> Void

        init(
            _ description: String,
            _ severity: Severity,
            _ file: String,
            _ words: String...,
            passPhrase: String? = nil,
            spoil: @escaping @Sendable (Folder) throws -> Void
        ) {
            testDescription = description
            self.severity = severity
            self.file = file
            self.words = words
            self.passPhrase = passPhrase
            self.spoil = spoil
        }

        /// The finding that is meant, without what differs from run to run.
        func message() throws -> String {
            let folder = try Folder(try Material.shared.get())
            try spoil(folder)
            let outcome = CertificateChecks.run(
                chainFile: folder.chainFile,
                keyFile: folder.keyFile,
                passPhrase: passPhrase
            )
            let culprit = "\(folder.directory.path)/\(file)"
            let found = outcome.findings.filter { finding in
                finding.severity == severity && finding.message.hasPrefix("\(culprit): ")
                    && words.allSatisfy(finding.message.contains)
            }
            #expect(found.count == 1, "\(outcome.findings)")
            #expect(outcome.hasErrors == (severity == .error), "\(outcome.findings)")
            // One fault is one finding: what follows from it is not told as well.
            let serious = outcome.findings.filter { $0.severity != .note || severity == .note }
            #expect(serious.count == 1, "\(serious)")
            let text = (found.first?.message ?? "").replacing(folder.directory.path, with: "")
            return text.filter { !$0.isNumber }
        }
    }

    static let kinds: [Kind] = files + keys + leaves + issuers

    @Test("each is told by its file, its fault and what to do", arguments: kinds)
    func finding(of kind: Kind) throws {
        _ = try kind.message()
    }

    @Test("no two kinds have one message, and there are more than thirty")
    func distinct() throws {
        let messages = try Self.kinds.map { try $0.message() }
        #expect(messages.count > 50)
        let groups = Dictionary(grouping: zip(messages, Self.kinds), by: \.0).values.filter { $0.count > 1 }
        #expect(groups.isEmpty, "\(groups.map { $0.map(\.1.testDescription) })")
    }

    @Test("what Windows' editors do to a file does no harm")
    func lineEnds() throws {
        let folder = try Folder(try Material.shared.get())
        let text = try String(contentsOfFile: folder.chainFile, encoding: .utf8)
        let key = try String(contentsOfFile: folder.keyFile, encoding: .utf8)
        try folder.chain("\u{FEFF}" + text.replacing("\n", with: "\r\n"))
        try folder.key("\u{FEFF}" + key.replacing("\n", with: "\r\n"))
        let outcome = CertificateChecks.run(chainFile: folder.chainFile, keyFile: folder.keyFile)
        #expect(outcome.findings.isEmpty && outcome.chain?.certificates.count == 2)
    }

    @Test("text between the blocks does no harm")
    func comments() throws {
        let folder = try Folder(try Material.shared.get())
        let text = try folder.shop.openssl("x509", "-in", folder.material.leaf.certificate, "-text")
        try folder.chain("# the server's own\n" + text + "\nissued by:\n" + folder.material.intermediate.pem())
        let outcome = CertificateChecks.run(chainFile: folder.chainFile, keyFile: folder.keyFile)
        #expect(outcome.findings.isEmpty && outcome.chain?.certificates.count == 2)
    }
}
