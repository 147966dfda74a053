import NIOCore
import Simulator
import Testing

@Suite struct ReplyDocumentTests {
    private func document(_ text: String) -> ReplyDocument {
        ReplyDocument(Array(text.utf8))
    }

    @Test func `the two addresses are read with their references resolved`() {
        let reply = document(
            """
            <?xml version="1.0" encoding="UTF-8"?>
            <Response onAnswer="https://a/?x=1&amp;y=2" onHangup='https://a/&#x68;&#105;'/>

            """
        )
        #expect(reply.complaints == [])
        #expect(reply.onAnswer == "https://a/?x=1&y=2")
        #expect(reply.onHangup == "https://a/hi")
    }

    @Test(arguments: [
        "<Response/>", "<Response></Response>", "<Response>\n  <Hangup/>\n</Response>",
        "<Response><Reject/><Reject reason=\"busy\"/></Response>",
        "<Response><Dial callerId=\"4921\" anonymous=\"true\"><Number>4921155667788</Number></Dial></Response>",
        "<Response><Dial><Voicemail/></Dial></Response>",
        "<Response><Play><Url>https://a/b.wav</Url></Play><Hangup/></Response>",
        "<Response><Gather onData=\"https://a\" maxDigits=\"3\" timeout=\"5000\" type=\"dtmf\"><Play><Url>https://a</Url></Play></Gather></Response>",
    ])
    func `what the provider documents is accepted`(text: String) {
        #expect(document(text).complaints == [])
    }

    @Test(arguments: [
        ("<response/>", "the root element is `response`"), ("<Response onData=\"x\"/>", "unknown attribute `onData`"),
        ("<Response><Say/></Response>", "unknown verb `Say`"), ("<Response>hello</Response>", "holds text"),
        ("<Response><hangup/></Response>", "unknown verb `hangup`"),
        ("<Response><Hangup>now</Hangup></Response>", "has to be empty"),
        ("<Response><Reject reason=\"rude\"/></Response>", "rejected or busy"),
        ("<Response><Dial/></Response>", "has 0 targets"),
        ("<Response><Dial><Number></Number></Dial></Response>", "no telephone number"),
        ("<Response><Dial anonymous=\"undefined\"><Voicemail/></Dial></Response>", "true or false"),
        ("<Response><Play/></Response>", "exactly one `Url`"),
        ("<Response><Play><Url>a.wav</Url></Play></Response>", "not absolute"),
        ("<Response><Gather/></Response>", "no `onData`"),
        ("<Response><Gather onData=\"x\" timeout=\"0\"/></Response>", "no positive number"),
        ("<Response><Gather onData=\"/d\"/></Response>", "`onData` of `Gather` is no absolute address"),
        ("<Response onAnswer=\"/a\"/>", "`onAnswer` of `Response` is no absolute address"),
        ("<Response><Dial><Number>4930</Number><Voicemail/></Dial></Response>", "`Voicemail` beside something else"),
    ])
    func `what it does not know is complained about`(text: String, says: String) {
        let complaints = document(text).complaints
        #expect(complaints.contains { $0.contains(says) }, "\(complaints)")
    }

    @Test(arguments: [
        "", " ", "<", "<Response", "<Response>", "<Response/><Response/>", "<Response/>x", "</Response>",
        "<Response></response>", "<Response a/>", "<Response a=b/>", "<Response a=\"1\" a=\"2\"/>",
        "<Response a=\"<\"/>",
        "<Response a=\"1\"b=\"2\"/>", "<Response>&nbsp;</Response>", "<Response>&#0;</Response>",
        "<Response>&#xD800;</Response>", "<Response>&#+65;</Response>", "<Response>&amp</Response>",
        "<!DOCTYPE a><Response/>",
        "<Response><!-- --></Response>", "<Response><![CDATA[x]]></Response>", "<?xml?><Response/>",
        "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><Response/>", "<Response>\u{1}</Response>",
        "<a><a><a><a><a><a><a><a><a/></a></a></a></a></a></a></a></a>", "{\"title\": \"no\"}",
    ])
    func `what is not well-formed is no reply`(text: String) {
        let reply = document(text)
        #expect(reply.complaints.first?.hasPrefix("the reply is not well-formed") == true)
        #expect(reply.onAnswer == nil && reply.onHangup == nil)
    }

    @Test func `bytes that are no UTF-8 are no reply`() {
        #expect(ReplyDocument(Array("<Response>".utf8) + [0xFF] + Array("</Response>".utf8)).complaints.count == 1)
    }

    @Test func `every cut of a reply is answered, and none of them is whole`() {
        let text =
            "<?xml version=\"1.0\"?><Response onAnswer=\"https://a&amp;\"><Dial><Number>+4921</Number></Dial></Response>"
        let bytes = Array(text.utf8)
        for count in 0..<bytes.count { #expect(ReplyDocument(Array(bytes[..<count])).complaints.count == 1) }
        #expect(ReplyDocument(bytes).complaints == [])
    }

    @Test func `a response is judged by its header fields too`() {
        func complaints(_ headers: [(name: String, value: String)]) -> [String] {
            PushResponse(status: 200, headers: headers, body: [1, 2], keepsConnection: true, time: .zero).complaints
        }
        #expect(complaints([("Content-Type", "application/xml"), ("content-length", "2")]) == [])
        #expect(complaints([("content-type", "text/html"), ("content-length", "2")]).count == 1)
        #expect(complaints([("content-type", "application/xml; charset=utf-8"), ("content-length", "2")]).count == 1)
        #expect(complaints([("content-type", "application/xml")]) == ["there is no Content-Length"])
        #expect(complaints([("content-type", "application/xml"), ("content-length", "3")]).count == 1)
        let coded = [("content-type", "application/xml"), ("content-length", "2"), ("content-encoding", "gzip")]
        #expect(complaints(coded.map { (name: $0.0, value: $0.1) }) == ["the reply has a content coding"])
    }
}
