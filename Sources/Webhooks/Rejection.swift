/// A request that was read and not accepted: what is wrong, and where.
package struct Rejection: Error, Equatable, Sendable {
    /// The stable word for what is wrong.
    package let reason: ReasonCode
    /// The decoded name of the field to blame, where one is to blame; never sent or logged unescaped.
    package let field: String?
    /// What the sender can do about it: a fixed sentence, never text from the request.
    package let detail: StaticString?

    package init(_ reason: ReasonCode, field: String? = nil, detail: StaticString? = nil) {
        self.reason = reason
        self.field = field
        self.detail = detail
    }

    package static func == (a: Rejection, b: Rejection) -> Bool {
        a.reason == b.reason && a.field == b.field
    }
}
