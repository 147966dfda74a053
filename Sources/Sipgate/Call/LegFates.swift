/// How legs came to their ends, counted.
package struct LegFates: Sendable, Equatable {
    /// Legs whose end was pushed.
    package var ended = 0
    /// Legs of which nothing was heard any more, until they were given up: a follow-up that was due never came.
    package var givenUp = 0

    package init(ended: Int = 0, givenUp: Int = 0) {
        self.ended = ended
        self.givenUp = givenUp
    }
}
