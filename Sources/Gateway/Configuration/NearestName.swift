/// Finds the name that was probably meant.
enum NearestName {
    /// The candidate with the smallest edit distance, if it is near enough to be a slip of the keyboard.
    static func among(_ candidates: [String], to text: String) -> String? {
        let text = Array(text.lowercased().unicodeScalars.prefix(64))
        guard text.count >= 4 else { return nil }  // any short word is near any other
        let bound = max(1, text.count / 3)
        let ranked = candidates.map { ($0, distance(text, Array($0.unicodeScalars))) }
        guard let best = ranked.min(by: { $0.1 < $1.1 }), best.1 <= bound else { return nil }
        return best.0
    }

    /// `did you mean …?` when one candidate is near, else the list of all that would do.
    static func remedy(_ candidates: [String], to text: String) -> String? {
        if let nearest = among(candidates, to: text) { return "did you mean \(nearest.quoted)?" }
        guard !candidates.isEmpty else { return nil }
        return "one of: " + candidates.map(\.quoted).joined(separator: ", ")
    }

    /// The optimal string alignment distance: insertions, deletions, substitutions and swaps of neighbours.
    private static func distance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...b.count)
        for i in 0..<a.count {
            var row = [i + 1]
            for j in 0..<b.count {
                var best = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { best = min(best, beforeLast[j - 1] + 1) }
                row.append(best)
            }
            beforeLast = last
            last = row
        }
        return last[b.count]
    }
}
