/// The files in which personal data are kept, as an operator means them.
package struct KeptPlaces: Sendable {
    /// A file, which may not have been made yet.
    struct Place: Sendable {
        let path: String

        var exists: Bool { LocalFile.exists(path) }
    }

    /// Nil: no events are kept.
    let journal: Place?
    /// Nil: no refusals are kept.
    let refusals: Place?

    /// Finds them; a file that is named in so many words has to exist, those of a configuration need not.
    ///
    /// - Parameters:
    ///   - journal: the path of the journal; nil to ask the configuration.
    ///   - refusals: the path of the file of refusals; nil for that beside the journal, or that of the configuration.
    ///   - configuration: the path of the configuration.
    /// - Throws: `CommandProblem`.
    package init(journal: String?, refusals: String?, configuration: String) throws {
        let kept =
            if let journal { KeptFiles(besideJournal: journal) } else {
                try ConfigurationLoader.keptFiles(configuration)
            }
        if let journal, !LocalFile.exists(journal) {
            throw CommandProblem(.failed, "there is no journal \(journal.quoted): name the file")
        }
        if let refusals, !LocalFile.exists(refusals) {
            throw CommandProblem(.failed, "there is no file of refusals \(refusals.quoted): name the file")
        }
        self.journal = kept.journal.map { Place(path: $0) }
        self.refusals = (refusals ?? kept.refusals?.path).map { Place(path: $0) }
        guard self.journal?.exists == true || self.refusals?.exists == true else {
            let names = [self.journal, self.refusals].compactMap { $0?.path.quoted }.joined(separator: " or ")
            throw CommandProblem(.failed, "there is no \(names): nothing was kept yet, or it is elsewhere")
        }
    }
}
