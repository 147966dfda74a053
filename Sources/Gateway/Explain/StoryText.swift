import Webhooks

/// Stories for a terminal: one line for each step.
struct StoryText {
    /// Whether marks may be more than ASCII.
    let isUnicode: Bool

    private static let width = 22

    /// A whole story.
    func text(_ story: Story) -> String {
        var title = story.id.map { "\(story.kind) \($0)" } ?? story.kind
        title += ", \(story.time): \(story.outcome)"
        if let status = story.status { title += ", \(status)" }
        if let reason = story.reason { title += " \(reason)" }
        var lines = [title]
        for step in story.steps {
            lines.append("\(mark(step.result)) \(EventText.pad(step.name, StoryText.width)) \(step.text)")
            lines += step.details.map { String(repeating: " ", count: StoryText.width + 3) + $0 }
        }
        if let remedy = story.remedy { lines.append("What to do: \(remedy)") }
        let text = lines.joined(separator: "\n") + "\n"
        return isUnicode ? text : text.replacing("…", with: "...")
    }

    private func mark(_ result: Story.Result) -> String {
        switch (result, isUnicode) {
        case (.passed, true): "✓"
        case (.passed, false): "+"
        case (.failed, true): "✗"
        case (.failed, false): "x"
        case (.unknown, _): "?"
        case (.note, true): "·"
        case (.note, false): "-"
        }
    }
}
