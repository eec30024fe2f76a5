// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet

extension ScreenState {
    /// What a key does depends on what is in front.
    mutating func take(_ key: Key) -> [ScreenEffect] {
        switch key {
        case .control("l"): return [.repaint]
        case .control("z"): return [.suspend]
        case .control("c"): return [.quit]
        default: break
        }
        switch focus {
        case .table: return takeInTable(key)
        case .prompt(let prompt): return take(key, in: prompt)
        case .overlay(let overlay):
            take(key, in: overlay)
            return []
        }
    }

    private mutating func takeInTable(_ key: Key) -> [ScreenEffect] {
        if let steps = steps(of: key) {
            select(steps)
            return []
        }
        switch key {
        case .character("q"): return [.quit]
        case .home, .character("g"): selection.reset()
        case .end, .character("G"): select(.max)
        case .character("p"), .character(" "):
            isPaused.toggle()
            return isPaused ? [] : [.refresh]
        case .character("?"), .character("h"): focus = .overlay(Overlay(content: .help))
        case .character("/"):
            focus = .prompt(Prompt(purpose: .filter(before: filter), line: LineEditor(filter)))
        case .escape:
            // First what was said, then the filter.
            if message != nil { message = nil } else { filter = "" }
        case .character("e"), .enter: return explainSelected()
        case .character("b"): askForBan()
        case .character("l"): askForLift()
        case .character("x"): askForExemption()
        case .character(let character): takeOrder(character)
        default: break
        }
        return []
    }

    /// How far a key moves the selection or the text.
    private func steps(of key: Key) -> Int? {
        switch key {
        case .up, .character("k"), .control("p"): -1
        case .down, .character("j"), .control("n"): 1
        case .pageUp, .control("b"): -max(1, view.tableHeight(self) - 1)
        case .pageDown, .control("f"): max(1, view.tableHeight(self) - 1)
        default: nil
        }
    }

    private mutating func takeOrder(_ character: Character) {
        switch character {
        case "s": order = order.next
        case "r": isReversed.toggle()
        default:
            guard let chosen = OffenderOrder.allCases.first(where: { $0.key == character }) else { return }
            order = chosen
            isReversed = false
        }
    }

    // MARK: Actions

    private mutating func explainSelected() -> [ScreenEffect] {
        guard let subject = selected?.subject, let key = selected?.key else {
            say("There is nobody to explain.")
            return []
        }
        doing = "explaining \(key)"
        return [.explain(subject)]
    }

    private mutating func askForBan() {
        focus = .prompt(
            Prompt(purpose: .banSubject, line: LineEditor(draft?.subject ?? selected?.key ?? "")))
    }

    private mutating func askForLift() {
        guard let selected else { return say("There is no ban to lift.") }
        guard let ban = selected.ban else {
            return say(
                "\(selected.key) belongs to no ban: somebody else has put it into \(selected.set).", .bad)
        }
        focus = .prompt(Prompt(purpose: .lift(ban: ban, key: selected.key)))
    }

    private mutating func askForExemption() {
        // Of an endpoint it is the address that can be exempt.
        let key = selected.map { Endpoint($0.key)?.address.description ?? $0.key }
        focus = .prompt(Prompt(purpose: .exempt, line: LineEditor(key ?? "")))
    }

    // MARK: Overlays

    private mutating func take(_ key: Key, in overlay: Overlay) {
        var overlay = overlay
        switch key {
        case .character("q"), .character("e"), .character("?"), .escape, .enter:
            focus = .table
            return
        case .home, .character("g"): overlay.top = 0
        case .end, .character("G"): overlay.top = .max
        case .character(" "): overlay.top += max(1, size.rows - 3)
        default: overlay.top += steps(of: key) ?? 0
        }
        overlay.top = min(max(0, overlay.top), view.lastTop(of: overlay, self))
        focus = .overlay(overlay)
    }
}
