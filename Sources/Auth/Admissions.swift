internal import NIOCore
internal import OpenSSL

/// Credentials that were right, and the network they came from.
struct Admission: Hashable {
    let code: Digest
    let network: UInt64

    static func == (a: Admission, b: Admission) -> Bool {
        a.network == b.network && a.code == b.code
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(network)
        hasher.combine(code)
    }
}

/// Which credentials were right from where, so that a guess from a throttled network never learns that it hit.
///
/// Bounded: past its capacity the admission that is longest known is forgotten.
struct Admissions {
    private let capacity: Int
    private var known: Set<Admission> = []
    private var order = CircularBuffer<Admission>()

    init(capacity: Int) {
        self.capacity = max(1, capacity)
    }

    func contains(_ admission: Admission) -> Bool {
        known.contains(admission)
    }

    mutating func insert(_ admission: Admission) {
        guard known.insert(admission).inserted else { return }
        order.append(admission)
        if order.count > capacity, let oldest = order.popFirst() { known.remove(oldest) }
    }
}
