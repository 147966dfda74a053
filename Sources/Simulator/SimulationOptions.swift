import Foundation

extension Simulation.Options {
    /// Takes the texts of the command line.
    ///
    /// - Throws: `ToolArguments.Problem` that says which text makes no sense; never a password.
    package init(
        scenario: String,
        url: String,
        user: String?,
        password: String?,
        authorityFile: String?,
        verifies: Bool,
        connect: String?,
        from: String,
        to: String,
        takesPlain: Bool = false
    ) throws(ToolArguments.Problem) {
        let scenario = try Self.scenario(scenario)
        do {
            try self.init(url: PushURL(url, takesPlain: takesPlain), scenario: scenario)
        } catch {
            throw ToolArguments.Problem(description: "The address of --url \(error).")
        }
        switch (user, password) {
        case (let user?, let password?):
            guard self.url.credentials == nil else {
                throw ToolArguments.Problem(description: "Credentials stand in --url and beside it.")
            }
            guard !user.contains(":") else {
                throw ToolArguments.Problem(
                    description: "--user holds a colon, which Basic authentication cannot carry."
                )
            }
            credentials = PushCredentials(user: user, password: password)
        case (nil, nil): break
        case (.some, nil): throw ToolArguments.Problem(description: "--user needs --password-file or --password-env.")
        case (nil, .some): throw ToolArguments.Problem(description: "A password needs --user.")
        }
        guard verifies || authorityFile == nil else {
            throw ToolArguments.Problem(description: "--insecure trusts anybody: leave out --ca.")
        }
        self.authorityFile = authorityFile
        self.verifies = verifies
        detour = try connect.map { text throws(ToolArguments.Problem) in try ToolArguments.address(text) }
        guard from == "anonymous" || Self.isNumber(from) else {
            throw ToolArguments.Problem(description: "--from has to be a number with country code, or anonymous.")
        }
        guard Self.isNumber(to) else {
            throw ToolArguments.Problem(description: "--to has to be a number with country code.")
        }
        self.from = from
        self.to = to
    }

    /// A scenario by its name, or from a file.
    ///
    /// - Throws: `ToolArguments.Problem` when there is none, or something is wrong with it.
    package static func scenario(_ name: String) throws(ToolArguments.Problem) -> Scenario {
        let text: String
        if let known = BuiltInScenarios.text(name) {
            text = known
        } else if name.hasSuffix(".yaml") || name.hasSuffix(".yml") || name.contains("/") {
            do { text = try String(contentsOfFile: name, encoding: .utf8) } catch {
                throw ToolArguments.Problem(description: "The scenario \(name) cannot be read.")
            }
        } else {
            let known = BuiltInScenarios.all.map(\.name).joined(separator: ", ")
            throw ToolArguments.Problem(
                description: "There is no such scenario; there are: \(known). A file's name ends in .yaml."
            )
        }
        do {
            return try ScenarioReader.read(text, file: name)
        } catch {
            throw ToolArguments.Problem(description: "\(error)")
        }
    }

    /// Digits as they come from the provider: no plus, at most 15 (ITU-T E.164).
    private static func isNumber(_ text: String) -> Bool {
        (1...15).contains(text.utf8.count) && text.utf8.allSatisfy { (48...57).contains($0) }
    }
}
