/// The scenarios that come with the program, as files that users can copy and change.
package enum BuiltInScenarios {
    /// All of them, in the order in which they are listed.
    package static let all: [(name: String, text: String)] = texts.map { text in
        (String(text.dropFirst("name: ".count).prefix { $0 != "\n" }), text)
    }

    /// The text of one.
    package static func text(_ name: String) -> String? {
        all.first { $0.name == name }?.text
    }

    private static let texts = [
        """
        name: answered
        about: A call comes in, is picked up, and ends.
        legs:
          first: {from: $from, to: $to, users: [$user]}
        steps:
          - {start: first}
          - {answer: first, by: $user}
          - {hangup: first}

        """,
        """
        name: missed
        about: Nobody picks up, and the caller gives up.
        legs:
          first: {from: $from, to: $to, users: [$user]}
        steps:
          - {start: first}
          - {wait: 200ms}
          - {hangup: first, cause: cancel}

        """,
        """
        name: busy
        about: The called line is busy.
        legs:
          first: {from: $from, to: $to, users: [$user]}
        steps:
          - {start: first}
          - {hangup: first, cause: busy}

        """,
        """
        name: rejected
        about: The called person presses the red button.
        legs:
          first: {from: $from, to: $to, users: [$user]}
        steps:
          - {start: first}
          - {wait: 100ms}
          - {hangup: first, cause: noAnswer}

        """,
        """
        name: transferred
        about: A call is picked up and transferred to a colleague, who takes it over.
        legs:
          first: {from: $from, to: $to, users: [$user]}
          second: {of: first, from: $from, to: "4921199887767", diversion: $to, users: [Marty]}
        steps:
          - {start: first}
          - {answer: first, by: $user}
          - {wait: 200ms}
          - {start: second}
          - {answer: second, by: Marty}
          - {hangup: first}
          - {wait: 200ms}
          - {hangup: second}

        """,
        """
        name: transfer-missed
        about: A call is picked up and transferred to a colleague, who does not take it.
        legs:
          first: {from: $from, to: $to, users: [$user]}
          second: {of: first, from: $from, to: "4921199887767", diversion: $to, users: [Marty]}
        steps:
          - {start: first}
          - {answer: first, by: $user}
          - {start: second}
          - {wait: 200ms}
          - {hangup: first}
          - {hangup: second, cause: cancel}

        """,
        """
        name: forwarded
        about: Nobody picks up in time, and the call rings at a colleague's, who does.
        legs:
          first: {from: $from, to: $to, users: [$user]}
          second: {of: first, from: $from, to: "4921199887767", diversion: $to, users: [Marty]}
        steps:
          - {start: first}
          - {hangup: first, cause: forwarded}
          - {wait: 100ms}
          - {start: second}
          - {answer: second, by: Marty}
          - {hangup: second}

        """,
        """
        name: mailbox
        about: Nobody picks up in time, and the mailbox does.
        legs:
          first: {from: $from, to: $to, users: [$user]}
          box: {of: first, from: $from, to: $to, diversion: $to, users: [voicemail]}
        steps:
          - {start: first}
          - {hangup: first, cause: forwarded}
          - {wait: 100ms}
          - {start: box}
          - {answer: box, by: voicemail}
          - {hangup: box}

        """,
        """
        name: group
        about: A call rings for a whole group, and one of them picks up.
        legs:
          first: {from: $from, to: $to, users: [Doc, Marty, Jennifer, Lorraine, George, Biff, Clara, Emmett, Copernicus, Einstein]}
        steps:
          - {start: first}
          - {answer: first, by: Jennifer}
          - {hangup: first}

        """,
        """
        name: menu
        about: The caller presses keys for a menu, if the reply asks for some, and is put through.
        legs:
          first: {from: $from, to: $to, users: [$user]}
        keys: ["1", "42", "1"]
        steps:
          - {start: first}
          - {answer: first, by: $user}
          - {hangup: first}

        """,
        """
        name: click-to-dial
        about: Somebody has the telephone dial by a click, and two legs tell of one conversation.
        legs:
          out: {direction: out, from: $to, to: $from, users: [$user], xcid: click}
          in: {from: $from, to: $to, users: [$user], xcid: click}
        steps:
          - {start: out}
          - {start: in}
          - {answer: in, by: $user}
          - {answer: out}
          - {hangup: out}
          - {hangup: in}

        """,
        """
        name: internal
        about: A call within the house, which is told twice, once for each side.
        legs:
          caller: {direction: out, from: $to, to: "4921199887767", users: [$user], xcid: own}
          called: {from: $to, to: "4921199887767", users: [Marty], xcid: own}
        steps:
          - {start: caller}
          - {start: called}
          - {answer: called, by: Marty}
          - {answer: caller}
          - {hangup: caller}
          - {hangup: called}

        """,
        """
        name: outgoing
        about: Somebody in the house calls out.
        legs:
          first: {direction: out, from: $to, to: $from, users: [$user]}
        steps:
          - {start: first}
          - {answer: first}
          - {hangup: first}

        """,
        """
        name: lost-hangup
        about: A call whose end is never told.
        legs:
          first: {from: $from, to: $to, users: [$user]}
        steps:
          - {start: first}
          - {answer: first, by: $user}

        """,
        """
        name: reordered
        about: A transferred call whose ends overtake each other on the way.
        legs:
          first: {from: $from, to: $to, users: [$user]}
          second: {of: first, from: $from, to: "4921199887767", diversion: $to, users: [Marty]}
        steps:
          - {start: first}
          - {start: second}
          - {hangup: first}
          - {answer: first, by: $user}
          - {hangup: second}
          - {answer: second, by: Marty}

        """,
        """
        name: duplicate
        about: Every push of a call comes twice.
        legs:
          first: {from: $from, to: $to, users: [$user]}
        steps:
          - {start: first}
          - again
          - {answer: first, by: $user}
          - again
          - {hangup: first}
          - again

        """,
    ]
}
