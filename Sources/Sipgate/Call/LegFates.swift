/// How legs came to their ends, counted.
package struct LegFates: Sendable, Equatable {
    /// Legs whose end was pushed.
    package var ended = 0
    /// Legs of which nothing was heard any more, until they were given up: a follow-up that was due never came.
    package var givenUp = 0
    /// Open calls that were forgotten because more legs were open than are remembered: nothing is told of their end.
    package var crowdedOut = 0

    package init(ended: Int = 0, givenUp: Int = 0, crowdedOut: Int = 0) {
        self.ended = ended
        self.givenUp = givenUp
        self.crowdedOut = crowdedOut
    }
}
