/// Why a file of refusals is not used; its description is for the operator and says what to do.
package enum RefusalFileError: Error, Equatable, CustomStringConvertible {
    /// An SQLite database, but none of ours.
    case foreign(path: String)
    /// It was written by a later version of hookgate.
    case newer(path: String)

    package var description: String {
        switch self {
        case .foreign(let path): "\(path) is no file of refusals: configure another `refusals.path`"
        case .newer(let path): "\(path) was written by a newer version of hookgate: install that one, or move it away"
        }
    }
}
