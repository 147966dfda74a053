import Gateway
import Testing

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A folder with a configuration and the files it names, removed with its last reference.
final class ConfigurationFixture {
    let folder: String

    init() throws {
        var template = Array("/tmp/hookgate-configuration.XXXXXX".utf8CString)
        try template.withUnsafeMutableBufferPointer { buffer in
            let start = try #require(buffer.baseAddress)
            _ = try #require(mkdtemp(start))
        }
        folder = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        try write("server.pem", "a chain")
        try write("server.key", "a key")
    }

    deinit {
        for name in names { unlink("\(folder)/\(name)") }
        rmdir(folder)
    }

    private var names: Set<String> = []

    /// The path of the configuration.
    var path: String { "\(folder)/hookgate.yaml" }

    func write(_ name: String, _ text: String, mode: mode_t = 0o600) throws {
        names.insert(name)
        let descriptor = open("\(folder)/\(name)", O_WRONLY | O_CREAT | O_TRUNC, mode)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        try #require(fchmod(descriptor, mode) == 0)
        let bytes = Array(text.utf8)
        try #require(Glibc.write(descriptor, bytes, bytes.count) == bytes.count)
    }

    /// Loads a text as the configuration of this folder.
    func load(
        _ text: String,
        environment: [String: String] = ConfigurationFixture.environment
    ) throws -> (GatewayConfiguration, warnings: [ConfigurationIssue]) {
        try write("hookgate.yaml", text)
        return try ConfigurationLoader.load(path: path, environment: environment)
    }

    /// What is wrong with a text; warnings only when it can be used.
    func issues(_ text: String) throws -> [ConfigurationIssue] {
        do {
            return try load(text).warnings
        } catch let errors as ConfigurationErrors {
            return errors.issues
        }
    }

    static let environment = [
        "SECOND": "correct horse battery", "FOLLOW": "0123456789abcdef0123456789abcdef", "EMPTY": "",
        "CONTROL": "a\u{7}b", "SHORT": "short", "WHSEC": "whsec_*", "SIGN": "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz",
    ]

    static let hash = "$2y$04$abcdefghijklmnopqrstuuPp7HPfoAs8I2dCQCQ/fW7zEJv8I8C8e"

    /// Uses every key that this version knows.
    static let good = #"""
        public_url: https://hooks.example.net:8443
        event_loops: 2
        listeners:
          - address: 0.0.0.0:8443
            tls:
              certificates: [{chain: server.pem, key: server.key}]
              minimum_version: "1.3"
            limits: {header_timeout: 10s, body_timeout: 9s, idle_timeout: 2m, max_body: 64KiB, max_connections: 10000}
        users:
          - {name: sipgate, password_hash: "$2y$04$abcdefghijklmnopqrstuuPp7HPfoAs8I2dCQCQ/fW7zEJv8I8C8e"}
          - name: second
            password: ${env:SECOND}
        routes:
          - path: /hooks/sipgate
            provider: sipgate
            users: [sipgate, second]
            destinations: [crm, call-log]
            durable: false
        destinations:
          - name: crm
            url: http://127.0.0.1:9000/events
            format: cloudevents
            timeout: 5s
            concurrency: 16
            types: [call.started, call.ended]
          - {name: call-log, url: "http://127.0.0.1:9001"}
        follow_up_key: ${env:FOLLOW}
        shutdown_timeout: 1500ms
        logging: {level: info, format: text, mask_personal_data: true}

        """#
}
