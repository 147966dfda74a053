/// Which way a call goes, seen from the sipgate account.
enum Direction: String, Sendable {
    case incoming = "in"
    case outgoing = "out"
}
