/// The one owner of a C object, made in the statement that creates the object, so that a later `throw` frees it.
struct Owned: ~Copyable {
    /// The object, alive as long as this owner is.
    let pointer: OpaquePointer
    private let free: @convention(c) (OpaquePointer?) -> Void

    /// Takes over one reference (+1); nil for the null pointer of a constructor that failed.
    init?(_ pointer: OpaquePointer?, _ free: @escaping @convention(c) (OpaquePointer?) -> Void) {
        guard let pointer else { return nil }
        self.pointer = pointer
        self.free = free
    }

    deinit {
        free(pointer)
    }
}
