/// The routes of a gateway since its start.
///
/// Each keeps its number: counters and what is known of calls go by it.
/// A route that was taken out takes no pushes any more; what follows from the calls under way on it is still told.
struct RouteNumbers: Sendable {
    /// By number; of those that were taken out, as they were last.
    private(set) var routes: [RouteConfiguration]
    /// The numbers of those that are served.
    private(set) var served: Set<Int>

    /// In the order of the configuration.
    init(_ routes: [RouteConfiguration]) {
        self.routes = routes
        served = Set(routes.indices)
    }

    /// The number of a path; nil: it was never served.
    func number(of path: String) -> Int? { routes.firstIndex { $0.path == path } }

    /// With other routes served from now on.
    func replaced(by others: [RouteConfiguration]) -> RouteNumbers {
        var next = self
        next.served = []
        for route in others {
            if let number = next.number(of: route.path) {
                next.routes[number] = route
                next.served.insert(number)
            } else {
                next.served.insert(next.routes.count)
                next.routes.append(route)
            }
        }
        return next
    }
}
