// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import PlainText

/// A line that is being typed.
struct LineEditor: Hashable, Sendable {
    private var characters: [Character]
    /// In front of which character the cursor is.
    private(set) var position: Int

    /// What is asked for here is never longer.
    private static var longest: Int { 512 }

    init(_ text: String = "") {
        characters = Array(text.sanitised.prefix(Self.longest))
        position = characters.count
    }

    var text: String { String(characters) }

    /// - Returns: whether the key means something here.
    mutating func take(_ key: Key) -> Bool {
        switch key {
        case .character(let character): insert(String(character))
        case .pasted(let text): insert(text.split(whereSeparator: \.isNewline).first.map(String.init) ?? "")
        case .backspace where position > 0:
            position -= 1
            characters.remove(at: position)
        case .delete where position < characters.count: characters.remove(at: position)
        case .left: position = max(0, position - 1)
        case .right: position = min(characters.count, position + 1)
        case .home, .control("a"): position = 0
        case .end, .control("e"): position = characters.count
        case .control("u"):
            characters.removeFirst(position)
            position = 0
        case .control("k"): characters.removeLast(characters.count - position)
        case .control("w"): deleteWord()
        case .backspace, .delete: break
        default: return false
        }
        return true
    }

    private mutating func insert(_ text: String) {
        let fit = text.filter { !$0.unicodeScalars.contains(where: \.isUnfitForTerminal) }
        let added = fit.prefix(Self.longest - characters.count)
        characters.insert(contentsOf: added, at: position)
        position += added.count
    }

    private mutating func deleteWord() {
        var start = position
        while start > 0, characters[start - 1] == " " { start -= 1 }
        while start > 0, characters[start - 1] != " " { start -= 1 }
        characters.removeSubrange(start..<position)
        position = start
    }

    /// The part around the cursor that fits so many columns, and the cursor's column in it.
    func window(_ width: Int) -> (text: String, cursor: Int) {
        guard width > 0 else { return ("", 0) }
        var start = position
        var used = 1
        while start > 0, used + String(characters[start - 1]).displayWidth <= width {
            start -= 1
            used += String(characters[start]).displayWidth
        }
        let before = String(characters[start..<position])
        var text = before
        for character in characters[position...] {
            guard (text + String(character)).displayWidth <= width else { break }
            text.append(character)
        }
        return (text, before.displayWidth)
    }
}
