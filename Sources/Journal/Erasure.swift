import NIOCore

/// Takes a number out of the journal, in small steps between commits: first out of the events, then out of everything that
/// was deleted and whose bytes still stand in the file, and looks whether that has worked.
///
/// After a restart it begins anew at the first event that was not looked at.
struct Erasure {
    private enum Stage {
        case events
        case filling
        case returning
        /// The request's own number goes.
        case hiding
        /// The log is copied and emptied.
        case emptying(isLast: Bool)
        case looking(offset: Int, isLast: Bool)
    }

    /// What is to be done after a step.
    enum Step {
        case next
        /// A reader is in the way: the same again, a moment later.
        case again
        case done
    }

    /// A file that is rebuilt in about a second, in which pushes wait.
    private static let rebuiltBytes = 256 << 20
    /// How much of the file is looked at in one step.
    private static let stretch = 8 << 20

    private var stage = Stage.events

    /// Does the next step for the first request.
    ///
    /// - Returns: what is to be done next.
    mutating func step(_ writer: JournalWriter, _ store: JournalStore) throws -> Step {
        guard var request = store.requests.first, let oblivion = request.oblivion else { return .done }
        guard let number = writer.eraser, let erase = number.eraser(oblivion.number) else {
            try store.beginTransaction()
            try store.finishRequest(problem: "this process does not know how to erase a number")
            try store.commit()
            return .done
        }
        switch stage {
        case .events:
            if request.resume == 0 { try store.overwrite(true) }
            try store.beginTransaction()
            try store.rewrite(&request, erase)
            store.requests[0] = request
            try store.commit()
            if request.resume >= store.last { stage = .filling }
        case .filling:
            try store.overwrite(true)
            try store.beginTransaction()
            if try store.fillUnusedPages() { stage = .returning }
            try store.commit()
        case .returning:
            try store.beginTransaction()
            if try store.returnZeroedPages() { stage = .hiding }
            try store.commit()
        case .hiding:
            try store.beginTransaction()
            try store.hideOrder()
            try store.commit()
            stage = .emptying(isLast: false)
        case .emptying(let isLast):
            guard try store.emptyLog() else { return .again }
            guard request.left == 0 else { return try finish(store, problem: nil) }
            stage = .looking(offset: 0, isLast: isLast)
        case .looking(let offset, let isLast):
            let trace = number.trace(oblivion.number)
            switch try Erasure.look(for: trace, in: store, at: offset) {
            case .nothing(let next?):
                stage = .looking(offset: next, isLast: isLast)
            case .nothing:
                return try finish(store, problem: nil)
            case .found:
                return try rebuild(store, isLast: isLast)
            }
        }
        return .next
    }

    /// Something stands in a gap that nothing overwrites: the file is made anew if that is quick.
    private mutating func rebuild(_ store: JournalStore, isLast: Bool) throws -> Step {
        if isLast {
            return try finish(store, problem: "the number is in events that were accepted meanwhile: run it again")
        }
        guard try store.usedBytes() <= Erasure.rebuiltBytes else {
            let words = "traces are left in gaps of the file, which is too large to be rebuilt while it is used"
            return try finish(store, problem: words + ": they go when what stands around them is pruned")
        }
        try store.rebuild()
        stage = .emptying(isLast: true)
        return .next
    }

    private func finish(_ store: JournalStore, problem: String?) throws -> Step {
        try store.beginTransaction()
        try store.finishRequest(problem: problem)
        try store.commit()
        try store.overwrite(false)
        return .done
    }

    private enum Look {
        /// With where to go on; nil: that was the end.
        case nothing(next: Int?)
        case found
    }

    /// Looks for bytes in a stretch of the file.
    private static func look(for trace: [UInt8], in store: JournalStore, at offset: Int) throws -> Look {
        guard !trace.isEmpty else { return .nothing(next: nil) }
        let bytes = try StoredBytes.read(stretch, at: offset, store.database)
        let isFound = bytes.withUnsafeBytes { holds(trace, $0) }
        if isFound { return .found }
        return .nothing(next: bytes.count < stretch ? nil : offset + bytes.count - trace.count)
    }

    /// Whether bytes stand among others (Horspool's way: what cannot be the end of them is passed over at once).
    static func holds(_ wanted: [UInt8], _ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let last = wanted.indices.last else { return true }
        var steps = [Int](repeating: wanted.count, count: 256)
        for (place, byte) in wanted.dropLast().enumerated() { steps[Int(byte)] = last - place }
        var start = 0
        while start + wanted.count <= bytes.count {
            if bytes[start + last] == wanted[last], bytes[start..<start + wanted.count].elementsEqual(wanted) {
                return true
            }
            start += steps[Int(bytes[start + last])]
        }
        return false
    }
}
