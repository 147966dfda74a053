import HookgateTesting
import OpenSSL
import Testing

@Suite("PrivateKey")
struct PrivateKeyTests {
    struct Form: Sendable {
        let kind: PrivateKey.NewKind
        let format: PrivateKey.Format
        let passPhrase: String?
        let label: String
    }

    static let forms: [Form] = [
        Form(kind: .p256, format: .pkcs8, passPhrase: nil, label: "BEGIN PRIVATE KEY"),
        Form(kind: .p256, format: .pkcs8, passPhrase: "pass phrase ü", label: "BEGIN ENCRYPTED PRIVATE KEY"),
        Form(kind: .p256, format: .traditional, passPhrase: nil, label: "BEGIN EC PRIVATE KEY"),
        Form(kind: .p256, format: .traditional, passPhrase: "1234", label: "Proc-Type: 4,ENCRYPTED"),
        Form(kind: .rsa(bits: 2048), format: .pkcs8, passPhrase: nil, label: "BEGIN PRIVATE KEY"),
        Form(kind: .rsa(bits: 2048), format: .pkcs8, passPhrase: "1234", label: "BEGIN ENCRYPTED PRIVATE KEY"),
        Form(kind: .rsa(bits: 2048), format: .traditional, passPhrase: nil, label: "BEGIN RSA PRIVATE KEY"),
        Form(kind: .rsa(bits: 2048), format: .traditional, passPhrase: "1234", label: "Proc-Type: 4,ENCRYPTED"),
    ]

    @Test("reads every form it writes", arguments: forms)
    func roundTrip(form: Form) throws {
        let key = try PrivateKey(making: form.kind)
        let pem = try key.pem(form.format, passPhrase: form.passPhrase)
        #expect(pem.contains(form.label))
        let read = try PrivateKey(pem: pem, name: "key", passPhrase: form.passPhrase)
        #expect(try read.pem() == key.pem())
        #expect(read.isEncrypted == (form.passPhrase != nil))
    }

    @Test(
        "tells a missing pass phrase from a wrong one, and asks nobody",
        arguments: forms.filter { $0.passPhrase != nil }
    )
    func passPhrases(form: Form) throws {
        let pem = try PrivateKey(making: form.kind).pem(form.format, passPhrase: form.passPhrase)
        #expect(throws: CredentialError.passPhraseMissing(file: "key")) { try PrivateKey(pem: pem, name: "key") }
        for wrong in ["", "wrong", String(repeating: "x", count: 2000)] {
            let error = #expect(throws: CredentialError.self) {
                try PrivateKey(pem: pem, name: "key", passPhrase: wrong)
            }
            guard case .passPhraseWrong(file: "key", _) = error else {
                Issue.record("\(wrong.prefix(10)): \(String(describing: error))")
                continue
            }
        }
    }

    @Test("passes over the parameters that openssl ecparam writes first")
    func parameters() throws {
        let parameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
        let key = try PrivateKey(making: .p256)
        let read = try PrivateKey(pem: parameters + key.pem(.traditional), name: "key")
        #expect(try read.pem() == key.pem())
    }

    @Test("refuses a file that holds no key at all")
    func noKey() throws {
        let identity = try ServerIdentity.selfSigned()
        #expect(throws: CredentialError.wrongContent(file: "key", expected: .privateKey, found: .certificate)) {
            try PrivateKey(pem: identity.chainPEM, name: "key")
        }
        #expect(throws: CredentialError.empty(file: "key")) { try PrivateKey(pem: "", name: "key") }
        #expect(throws: CredentialError.notPEM(file: "key")) { try PrivateKey(pem: "\u{0}\u{1}", name: "key") }
    }
}
