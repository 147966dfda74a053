/// The journal an operator means: by its own path, or by the configuration that names it.
package struct JournalFile: Sendable {
    /// Its path.
    let path: String

    /// Finds it; of a configuration only the `journal` section is read, so that no secret has to be at hand.
    ///
    /// - Parameters:
    ///   - journal: the path of the journal; nil to ask the configuration.
    ///   - configuration: the path of the configuration.
    /// - Returns: the file, which exists.
    /// - Throws: `CommandProblem`.
    package static func locate(journal: String?, configuration: String) throws -> JournalFile {
        let path = try journal ?? ConfigurationLoader.journalPath(configuration)
        guard LocalFile.exists(path) else {
            throw CommandProblem(
                .failed,
                "there is no journal \(path.quoted): nothing was accepted yet, or it is elsewhere"
            )
        }
        return JournalFile(path: path)
    }
}

/// Why a command cannot do what it was asked for.
package struct CommandProblem: Error, CustomStringConvertible {
    /// How the command ends.
    package let status: CommandResult.Status
    /// In words.
    package let description: String

    init(_ status: CommandResult.Status, _ description: String) {
        self.status = status
        self.description = description
    }
}
