/// A path with its provider, its users and its destinations.
package final class Route: Sendable {
    /// The exact path, starting with a slash.
    ///
    /// It is also the route's name in logs and metrics.
    package let path: String
    /// The names of those who may post here; never empty.
    package let users: Set<String>
    /// Positions of the destinations in the configuration's list; each gets every event it wants.
    package let destinations: [Int]

    package init(path: String, users: Set<String>, destinations: [Int]) {
        self.path = path
        self.users = users
        self.destinations = destinations
    }
}
