import Foundation
import OpenSSL

/// A file with the key of session tickets that several machines share, as nginx reads it: 80 random bytes.
enum TicketKeyFile {
    /// Reads it.
    ///
    /// - Throws: `TicketKeyFileError`.
    static func read(_ path: String) throws(TicketKeyFileError) -> TicketKeys.Key {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw TicketKeyFileError(path: path, reason: "cannot be read")
        }
        guard let key = TicketKeys.Key(bytes: [UInt8](data)) else {
            throw TicketKeyFileError(path: path, reason: "has \(data.count) bytes")
        }
        return key
    }
}

/// What is wrong with a file of ticket keys.
struct TicketKeyFileError: Error, CustomStringConvertible {
    let path: String
    let reason: String

    var description: String {
        "\(path): \(reason); a key is \(TicketKeys.Key.length) random bytes: openssl rand \(TicketKeys.Key.length)"
            + " > \(path)"
    }
}
