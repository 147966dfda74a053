import Testing

@testable import Edge

@Suite struct HTTP2WindowTests {
    /// A window that has been opened to a hundred times what a connection begins with.
    private func opened() -> (HTTP2Window, size: Int) {
        let size = HTTP2Bounds.firstWindow * 100
        var window = HTTP2Window(size: size)
        #expect(window.open() == size - HTTP2Bounds.firstWindow)
        return (window, size)
    }

    @Test func `More than half of it stays as it is`() {
        var (window, size) = opened()
        #expect(window.giveBack(holding: 0) == nil)
        window.counted(size / 2)
        #expect(window.giveBack(holding: 0) == nil)
        #expect(window.left == size / 2)
    }

    @Test func `What is not kept is given back, and what is kept is not`() {
        var (window, size) = opened()
        window.counted(size / 10)
        #expect(window.giveBack(holding: size / 2) == size - size / 10 - size / 2)
        #expect(window.left == size - size / 2)
    }

    @Test func `As long as nearly all of it is kept the client has to wait`() {
        var (window, size) = opened()
        window.counted(0)
        #expect(window.giveBack(holding: size - size / 4 + 1) == nil)
        #expect(window.giveBack(holding: size - size / 4) == size / 4)
    }
}
