/// Where a page of a b-tree holds nothing: in front of its cells, and in its free blocks
/// (https://www.sqlite.org/fileformat.html, section 1.6).
///
/// SQLite overwrites a cell that it deletes. One that it moves to another page when it balances a tree stays readable in
/// the old one until something is written over it.
enum UnusedBytes {
    /// Pages of a file in which the first byte of any other page, the high one of a page's number, is zero.
    static let mostPages = 1 << 24

    /// - Parameters:
    ///   - page: the whole page.
    ///   - isFirst: whether it is the first of its file, which has the file's header in front.
    /// - Returns: the ranges that are not all zeros; none of a page that is no page of a b-tree.
    static func ranges(in page: UnsafeRawBufferPointer, isFirst: Bool) -> [Range<Int>] {
        let head = isFirst ? 100 : 0
        guard page.count >= 512 else { return [] }
        func word(_ place: Int) -> Int { Int(page[place]) << 8 | Int(page[place + 1]) }
        let pointers: Int
        switch page[head] {
        case 0x0A, 0x0D: pointers = head + 8
        case 0x02, 0x05: pointers = head + 12
        default: return []
        }
        let cells = word(head + 3)
        let gap = pointers + 2 * cells
        let content = word(head + 5) == 0 ? 65_536 : word(head + 5)
        guard gap <= content, content <= page.count else { return [] }
        for place in stride(from: pointers, to: gap, by: 2) where !(content..<page.count ~= word(place)) { return [] }
        var ranges = [gap..<content]
        var block = word(head + 1)
        // Free blocks stand in order.
        var end = content
        while block != 0 {
            guard block >= end, block + 4 <= page.count else { return [] }
            end = block + word(block + 2)
            guard block + 4 <= end, end <= page.count else { return [] }
            ranges.append(block + 4..<end)
            block = word(block)
        }
        // A cell has four bytes at least. Whoever points into what is free is damaged, and one of the two is wrong.
        for place in stride(from: pointers, to: gap, by: 2) {
            let cell = word(place)
            if ranges.contains(where: { cell + 4 > $0.lowerBound && cell < $0.upperBound }) { return [] }
        }
        return ranges.filter { range in page[range].contains { $0 != 0 } }
    }
}
