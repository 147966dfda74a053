/// What of a changed configuration takes a restart: a reload that holds any of it changes nothing.
enum ReloadObstacles {
    /// The keys that differ and cannot while the gateway runs, each with what is the matter.
    ///
    /// - Parameters:
    ///   - old: What is in force.
    ///   - new: What is to be.
    ///   - routes: The routes since the start.
    /// - Returns: nothing when all of it can be put in force.
    static func between(
        _ old: GatewayConfiguration,
        _ new: GatewayConfiguration,
        routes: RouteNumbers
    ) -> [(key: String, problem: String)] {
        var found: [(key: String, problem: String)] = []
        func check(_ key: String, _ isSame: Bool, _ problem: String = "takes a restart") {
            if !isSame { found.append((key, problem)) }
        }
        check("event_loops", old.eventLoops == new.eventLoops)
        check("listeners", old.listeners.count == new.listeners.count, "are more or fewer, which takes a restart")
        for (index, (old, new)) in zip(old.listeners, new.listeners).enumerated() {
            check("listeners[\(index)].address", old.host == new.host && old.port == new.port)
            check("listeners[\(index)].socket_name", old.socketName == new.socketName)
            check("listeners[\(index)].tls.ticket_keys", old.tls.ticketKeys.isEmpty == new.tls.ticketKeys.isEmpty)
        }
        for key in GatewayConfiguration.fixedSections { check(key, old.written[key] == new.written[key]) }
        check("journal", old.journal == new.journal)
        check("refusals", old.refusals == new.refusals)
        check("pid_file", old.pidFile == new.pidFile)
        check("certificate_command", old.certificateCommand == new.certificateCommand)
        check("shutdown_timeout", old.shutdownTimeout == new.shutdownTimeout)
        check("admin", isSame(old.admin, new.admin))
        for (index, route) in new.routes.enumerated() {
            guard let before = routes.number(of: route.path).map({ routes.routes[$0] }) else { continue }
            let key = "routes[\(index)]"
            check("\(key).track", before.calls.tracks == route.calls.tracks)
            check("\(key).derive", before.calls.derives == route.calls.derives)
            check("\(key).replay_window", before.calls.replayWindow == route.calls.replayWindow)
        }
        return found
    }

    private static func isSame(_ old: AdminConfiguration?, _ new: AdminConfiguration?) -> Bool {
        guard let old, let new else { return old == nil && new == nil }
        return old.host == new.host && old.port == new.port && old.names == new.names
            && old.users == new.users && (old.tls == nil) == (new.tls == nil)
    }
}
