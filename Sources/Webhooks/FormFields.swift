/// The fields of a decoded form, in order and with their duplicates.
///
/// All decoded bytes stand in one array, keys and values one after the other; a field is three offsets into it.
package struct FormFields: Sendable {
    /// Where a field's key and value stand.
    struct Extent: Sendable {
        var key: Int
        var value: Int
        var end: Int
    }

    /// The decoded bytes, valid UTF-8 within every key and value.
    var bytes: [UInt8] = []
    /// One for each field.
    var extents: [Extent] = []

    /// How many fields there are.
    package var count: Int { extents.count }

    /// The decoded name of a field.
    ///
    /// - Parameter index: a position below `count`.
    package func key(_ index: Int) -> String {
        String(decoding: bytes[extents[index].key..<extents[index].value], as: UTF8.self)
    }

    /// The decoded value of a field.
    ///
    /// - Parameter index: a position below `count`.
    package func value(_ index: Int) -> String {
        String(decoding: bytes[extents[index].value..<extents[index].end], as: UTF8.self)
    }

    /// The bytes of a field's value.
    ///
    /// - Parameter index: a position below `count`.
    package func valueBytes(_ index: Int) -> ArraySlice<UInt8> {
        bytes[extents[index].value..<extents[index].end]
    }

    /// Whether a field has this name, without making a string of it.
    package func key(_ index: Int, is name: StaticString) -> Bool {
        let extent = extents[index]
        guard extent.value - extent.key == name.utf8CodeUnitCount else { return false }
        return name.withUTF8Buffer { wanted in
            for offset in 0..<wanted.count where unsafe bytes[extent.key + offset] != wanted[offset] { return false }
            return true
        }
    }
}
