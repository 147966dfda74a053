import Testing

@testable import Webhooks

@Suite("Media type")
struct MediaTypeTests {
    @Test(
        "type and subtype are read without case",
        arguments: [
            "application/x-www-form-urlencoded", "Application/X-WWW-Form-URLencoded",
            " application/x-www-form-urlencoded\t", "application/x-www-form-urlencoded;",
            "application/x-www-form-urlencoded ; a=b;; c=\"d;e\" ",
        ]
    )
    func essence(_ text: String) {
        #expect(MediaType(text)?.essence == "application/x-www-form-urlencoded")
    }

    @Test("parameters keep order, duplicates and the case of values")
    func parameters() throws {
        let type = try #require(MediaType("text/plain; A=b; a=\"C \\\"d\\\\\"; e=\"\""))
        #expect(type.parameters.map(\.name) == ["a", "a", "e"])
        #expect(type.parameters.map(\.value) == ["b", "C \"d\\", ""])
    }

    @Test(
        "what does not follow the grammar is no media type",
        arguments: [
            "", " ", "text", "text/", "/plain", "text /plain", "text/ plain", "text/plain, text/html", "text/plain a=b",
            "text/plain; a", "text/plain; a =b", "text/plain; a= b", "text/plain; a=", "text/plain; a=\"b",
            "text/plain; a=\"b\\", "text/plain; a=\"\u{1}\"", "text/plain; a=b c", "te(xt/plain", "text/plaín",
        ]
    )
    func refuses(_ text: String) {
        #expect(MediaType(text) == nil)
    }

    @Test(
        "content that is a form in UTF-8 passes",
        arguments: [
            "application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=UTF-8",
            "APPLICATION/x-www-form-urlencoded;charset=\"utf-8\"",
            "application/x-www-form-urlencoded; q=1; Charset=Utf-8",
        ]
    )
    func passes(_ type: String) throws {
        try FormContent.screen(HeaderFields([("Content-Type", type)]))
    }

    @Test(
        "any other content is refused before it is read",
        arguments: [
            ([("Content-Type", "text/plain; a=application/x-www-form-urlencoded")], .unsupportedMediaType),
            ([], .unsupportedMediaType),
            ([("content-type", "application/x-www-form-urlencodedx")], .unsupportedMediaType),
            (
                [
                    ("content-type", "application/x-www-form-urlencoded"),
                    ("content-type", "application/x-www-form-urlencoded"),
                ], .unsupportedMediaType
            ),
            ([("content-type", "application/x-www-form-urlencoded; charset=latin1")], .unsupportedCharset),
            ([("content-type", "application/x-www-form-urlencoded; charset=")], .unsupportedMediaType),
            (
                [("content-type", "application/x-www-form-urlencoded; charset=utf-8; charset=utf-16")],
                .unsupportedCharset
            ),
        ] as [([(String, String)], ReasonCode)]
    )
    func refusesContent(_ fields: [(String, String)], _ reason: ReasonCode) {
        #expect(throws: Rejection(reason)) { try FormContent.screen(HeaderFields(fields)) }
    }

    @Test(
        "content has to be uncoded",
        arguments: [
            ("identity", true), ("Identity, identity", true), ("", true), ("gzip", false), ("identity, br", false),
        ]
    )
    func contentCoding(_ coding: String, isFine: Bool) {
        let headers = HeaderFields([
            ("Content-Type", "application/x-www-form-urlencoded"), ("Content-Encoding", "identity"),
            ("Content-Encoding", coding),
        ])
        var rejection: Rejection?
        do throws(Rejection) { try FormContent.screen(headers) } catch { rejection = error }
        #expect(rejection == (isFine ? nil : Rejection(.unsupportedContentCoding)))
    }
}
