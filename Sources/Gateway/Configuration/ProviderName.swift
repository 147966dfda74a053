/// The providers that a route can name: the word in the configuration, and the one list of them.
package enum ProviderName: String, Sendable, CaseIterable {
    case sipgate
}
