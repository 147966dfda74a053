/// Secrets for commands: from files and the environment, never from arguments, which every user of the machine can see.
package enum SecretInput {
    /// Why there is no secret; the description names the source, not the content.
    package struct Problem: Error, CustomStringConvertible {
        package let description: String
    }

    /// The content of a file without one line feed at its end.
    ///
    /// - Throws: `Problem` when it cannot be read or is empty.
    package static func file(_ path: String) throws(Problem) -> String {
        do {
            let text = try LocalFile.readSecret(path)
            if !text.isEmpty { return text }
        } catch {
            throw Problem(description: "\(path.escaped): \(error.reason)")
        }
        throw Problem(description: "\(path.escaped): the file is empty")
    }

    /// The value of an environment variable.
    ///
    /// - Throws: `Problem` when it is not set or empty.
    package static func environment(
        _ name: String,
        in environment: [String: String] = ProcessEnvironment.current
    ) throws(Problem) -> String {
        guard let value = environment[name], !value.isEmpty else {
            throw Problem(description: "the environment variable \(name.escaped) is not set")
        }
        return value
    }
}
