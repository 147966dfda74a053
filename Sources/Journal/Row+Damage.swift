import Foundation
import GRDB

/// A type with a value for what cannot be read.
protocol BlankValue: DatabaseValueConvertible {
    static var blank: Self { get }
}

extension Int64: BlankValue { static var blank: Int64 { 0 } }
extension Int: BlankValue { static var blank: Int { 0 } }
extension String: BlankValue { static var blank: String { "" } }
extension Data: BlankValue { static var blank: Data { Data() } }

extension Row {
    /// A column's value; blank when a damaged file has something else there, which GRDB's subscripts do not survive.
    func value<Value: BlankValue>(_ column: String) -> Value {
        Value.fromDatabaseValue(self[column] as DatabaseValue) ?? .blank
    }

    /// The same by index.
    func value<Value: BlankValue>(_ column: Int) -> Value {
        Value.fromDatabaseValue(self[column] as DatabaseValue) ?? .blank
    }

    /// A column that may be NULL.
    func optional<Value: BlankValue>(_ column: String) -> Value? {
        Value.fromDatabaseValue(self[column] as DatabaseValue)
    }

    /// The same by index.
    func optional<Value: BlankValue>(_ column: Int) -> Value? {
        Value.fromDatabaseValue(self[column] as DatabaseValue)
    }
}
