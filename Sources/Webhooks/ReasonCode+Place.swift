extension ReasonCode {
    /// Its place in `allCases`, for tables of counters.
    package var place: Int {
        // The tag of an enum without payload counts from 0 in the order of declaration and is one byte up to 256 cases;
        // a test compares it with `allCases`. The search through `allCases` would cost every refusal forty comparisons.
        Int(unsafe unsafeBitCast(self, to: UInt8.self))
    }
}
