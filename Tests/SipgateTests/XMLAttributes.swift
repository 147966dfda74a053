import Foundation
import NIOCore
import Testing

#if canImport(FoundationXML)
import FoundationXML
#endif

/// Reads a reply as sipgate does, with a parser that is not ours.
final class XMLAttributes: NSObject, XMLParserDelegate {
    private var found: [String: String] = [:]

    /// The attributes of the root element, which has to be an empty `Response`.
    static func parse(_ body: ByteBuffer) throws -> [String: String] {
        let delegate = XMLAttributes()
        let parser = XMLParser(data: Data(body.readableBytesView))
        parser.delegate = delegate
        try #require(parser.parse())
        return delegate.found
    }

    func parser(
        _ parser: XMLParser,
        didStartElement element: String,
        namespaceURI: String?,
        qualifiedName: String?,
        attributes: [String: String]
    ) {
        #expect(element == "Response")
        #expect(found.isEmpty)
        found = attributes
    }
}
