/// An element of a small XML document.
package struct XMLElement: Sendable, Equatable {
    /// What stands between the tags.
    package indirect enum Content: Sendable, Equatable {
        case element(XMLElement)
        case text(String)
    }

    /// An attribute with its references resolved.
    package struct Attribute: Sendable, Equatable {
        package let name: String
        package let value: String
    }

    package let name: String
    package let attributes: [Attribute]
    package let content: [Content]

    package init(name: String, attributes: [Attribute], content: [Content]) {
        self.name = name
        self.attributes = attributes
        self.content = content
    }

    /// The value of an attribute; names are unique.
    package func attribute(_ name: String) -> String? {
        attributes.first { $0.name == name }?.value
    }

    /// The elements inside, in order.
    package var children: [XMLElement] {
        content.compactMap { if case .element(let element) = $0 { element } else { nil } }
    }

    /// The text directly inside, in one piece.
    package var text: String {
        content.map { if case .text(let text) = $0 { text } else { "" } }.joined()
    }
}
