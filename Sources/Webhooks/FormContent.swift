/// What the header section must say of content that is a form.
package enum FormContent {
    /// Checks that the content is an uncoded form in UTF-8.
    ///
    /// - Parameter headers: the header section of the request.
    /// - Throws: a `Rejection` for `unsupported_media_type`, `unsupported_charset` or `unsupported_content_coding`.
    package static func screen(_ headers: HeaderFields) throws(Rejection) {
        guard let text = headers.only(.contentType) else { throw Rejection(.unsupportedMediaType) }
        // What sipgate sends and what most tools send: no parsing.
        let isCommon =
            text == "application/x-www-form-urlencoded; charset=UTF-8" || text == "application/x-www-form-urlencoded"
        if !isCommon {
            guard let type = MediaType(text), type.essence == "application/x-www-form-urlencoded" else {
                throw Rejection(.unsupportedMediaType)
            }
            guard type.isUTF8 else { throw Rejection(.unsupportedCharset) }
        }
        guard headers.count(.contentEncoding) > 0 else { return }
        for value in headers.values("content-encoding") where !isIdentity(value) {
            throw Rejection(.unsupportedContentCoding)
        }
    }

    /// Whether a list of content codings names nothing but `identity` (RFC 9110, section 8.4).
    private static func isIdentity(_ list: String) -> Bool {
        list.utf8.split(separator: UInt8(ascii: ",")).allSatisfy { item in
            let name = item.filter { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }
            return name.isEmpty || String(decoding: name, as: UTF8.self).lowercased() == "identity"
        }
    }
}
