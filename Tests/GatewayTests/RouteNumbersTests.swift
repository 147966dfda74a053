import Testing

@testable import Gateway

/// Routes keep their numbers, whatever becomes of them.
@Suite struct RouteNumbersTests {
    private func routes(_ paths: String...) -> [RouteConfiguration] {
        paths.map {
            RouteConfiguration(path: $0, provider: .sipgate, users: ["a"], destinations: ["b"], isDurable: false)
        }
    }

    @Test func `A path has one number for the life of the process`() {
        var numbers = RouteNumbers(routes("/a", "/b"))
        #expect(numbers.served == [0, 1] && numbers.number(of: "/b") == 1 && numbers.number(of: "/c") == nil)
        numbers = numbers.replaced(by: routes("/c", "/b"))
        #expect(numbers.routes.map(\.path) == ["/a", "/b", "/c"] && numbers.served == [1, 2])
        var back = routes("/a")
        back[0].users = ["other"]
        numbers = numbers.replaced(by: back)
        #expect(numbers.routes.map(\.path) == ["/a", "/b", "/c"] && numbers.served == [0])
        #expect(numbers.routes[0].users == ["other"])
    }
}
