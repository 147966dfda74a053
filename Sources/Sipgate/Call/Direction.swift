/// Which way a call goes, seen from the sipgate account.
package enum Direction: String, Sendable {
    case incoming = "in"
    case outgoing = "out"
}
