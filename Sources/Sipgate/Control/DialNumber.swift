/// A number that sipgate can dial or show: 2 to 15 digits, perhaps after a plus.
package struct DialNumber: Sendable, Equatable {
    /// The digits and the plus, as they were given.
    package let text: String

    /// A number; nil for text that is none.
    init?(_ text: String) {
        let digits = text.utf8.first == UInt8(ascii: "+") ? text.utf8.dropFirst() : text.utf8[...]
        guard 2...15 ~= digits.count, digits.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }) else {
            return nil
        }
        self.text = text
    }
}
