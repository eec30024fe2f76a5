// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import SentinelProtocol
import Testing

@testable import SentinelControl

/// What keys and the helper's answers make of the screen, and what it asks for.
@Suite struct ScreenStateTests {
    private typealias Samples = ScreenSamples

    private static func state(_ packets: Int64?...) -> ScreenState {
        var state = Samples.state()
        _ = state.take(.glance(Samples.glance(bans: packets.count)), at: Samples.instant(0))
        let reading: ScreenData.Reading
        switch packets.count {
        case 1: reading = Samples.reading(packets[0])
        case 2: reading = Samples.reading(packets[0], packets[1])
        default: reading = Samples.reading(packets[0], packets[1], packets[2])
        }
        _ = state.take(.reading(reading, took: .zero), at: Samples.instant(0))
        return state
    }

    @Test func `The row at the top is explained unless another is selected, and that wherever it goes`() {
        var state = Self.state(30, 20, 10)
        #expect(state.type("e") == [.explain("203.0.113.1")])
        state.type("j")
        #expect(state.selected?.key == "203.0.113.2")
        _ = state.take(.reading(Samples.reading(30, 20, 100), took: .zero), at: Samples.instant(2))
        #expect(state.rows.map(\.key) == ["203.0.113.3", "203.0.113.1", "203.0.113.2"])
        #expect(state.type("", .enter) == [.explain("203.0.113.2")])
    }

    @Test func `A range that is no block is explained by its ban's number`() {
        var state = Samples.state()
        let element = SetElement(key: "10.0.0.0-10.0.0.5", packets: 3, ban: 17)
        let set = Samples.set("net4", count: 1, packets: nil, [element])
        _ = state.take(
            .reading(.init(sets: [set], bans: [], limit: 200), took: .zero), at: Samples.instant(0))
        #expect(state.type("e") == [.explain("17")])
    }

    @Test func `A lift wants a yes, and names the ban that was seen`() {
        var state = Self.state(30, 20)
        #expect(state.type("l").isEmpty)
        #expect(state.shown.contains("Lift the ban of 203.0.113.1? (y/n) "))
        // The order changes in between.
        _ = state.take(.reading(Samples.reading(30, 200), took: .zero), at: Samples.instant(2))
        #expect(state.type("", .pasted("y")).isEmpty)
        let effects = state.type("y")
        guard case .run(let action)? = effects.first else {
            Issue.record("\(effects)")
            return
        }
        #expect(action.arguments == ["lift", "--id", "1"])
        #expect(state.doing == "lifting the ban of 203.0.113.1")
        for key in [Key.character("n"), .escape, .enter, .character("q")] {
            state = Self.state(30)
            state.type("l")
            #expect(state.type("", key).isEmpty)
            #expect(state.type("j").isEmpty && state.doing == nil)
        }
    }

    @Test func `What belongs to no ban can't be lifted, and it says why`() {
        var state = Samples.state()
        let set = Samples.set("accept4", count: 1, packets: nil, [SetElement(key: "192.0.2.1", packets: 1)])
        _ = state.take(
            .reading(.init(sets: [set], bans: [], limit: 200), took: .zero), at: Samples.instant(0))
        #expect(state.type("l").isEmpty)
        #expect(state.message?.text.contains("belongs to no ban") == true)
    }

    @Test(arguments: [
        ("1h", ["ban", "--for=1h", "--", "203.0.113.1"]), ("", ["ban", "--", "203.0.113.1"]),
        (" good ", ["ban", "--for-good", "--", "203.0.113.1"]),
        ("--all", ["ban", "--for=--all", "--", "203.0.113.1"]),
    ])
    func `A ban asks whom and for how long, beginning with the selected one`(
        length: String, arguments: [String]
    ) {
        var state = Self.state(30)
        state.type("b")
        #expect(state.shown.contains("Ban (address, block or endpoint): 203.0.113.1"))
        #expect(state.type("", .enter).isEmpty)
        let effects = state.type(length, .enter)
        guard case .run(let action)? = effects.first else {
            Issue.record("\(effects)")
            return
        }
        #expect(action.arguments == arguments)
    }

    @Test func `What is no subject is said at once, and stays to be mended`() {
        var state = Self.state(30)
        state.type("b", .control("u"))
        #expect(state.type("203.0.113.7/24", .enter).isEmpty)
        #expect(state.shown.contains { $0.hasPrefix("\"203.0.113.7/24\" has bits behind its prefix") })
        #expect(state.shown.contains { $0.hasSuffix(": 203.0.113.7/24") })
        state.type("", .backspace, .backspace, .backspace, .enter)
        #expect(state.shown.contains { $0.hasPrefix("Ban 203.0.113.7 for how long") })
    }

    @Test func `A ban that is refused says why until the next thing is done, and can be tried again`() {
        var state = Self.state(30)
        state.type("b", .control("u"))
        state.type("127.0.0.1", .enter)
        guard case .run(let action)? = state.type("5h", .enter).first else {
            Issue.record("nothing was run")
            return
        }
        let why = "127.0.0.1 is not banned, guarded: it is a loopback address"
        let outcome = VerbOutcome(status: .refused, output: [], errors: [why])
        #expect(state.take(.done(action, outcome), at: Samples.instant(2)) == [.refresh])
        _ = state.take(.tick, at: Samples.instant(500))
        #expect(state.shown.contains(why))
        state.type("b")
        #expect(state.shown.contains { $0.hasSuffix("endpoint): 127.0.0.1") })
        state.type("", .enter)
        #expect(state.shown.contains { $0 == "Ban 127.0.0.1 for how long: 5h" })
    }

    @Test func `What went well is said for a while`() {
        var state = Self.state(30)
        let action = ScreenAction(kind: .lift(key: "k"), arguments: [], doing: "")
        let outcome = VerbOutcome(
            status: .done,
            output: ["KEY", "k", "1 ban lifted.", "Not durable: a restart may bring them back."],
            errors: [])
        _ = state.take(.done(action, outcome), at: Samples.instant(1))
        #expect(state.message?.text == "k: 1 ban lifted. Not durable: a restart may bring them back.")
        _ = state.take(.tick, at: Samples.instant(10))
        #expect(state.message != nil)
        _ = state.take(.tick, at: Samples.instant(20))
        #expect(state.message == nil)
    }

    @Test func `An exemption begins with the address, of an endpoint as well`() {
        var state = Samples.state()
        let set = Samples.set(
            "dial4", count: 1, packets: nil, [SetElement(key: "tcp:203.0.113.7:8776", packets: 1, ban: 4)])
        _ = state.take(
            .reading(.init(sets: [set], bans: [], limit: 200), took: .zero), at: Samples.instant(0))
        state.type("x")
        guard case .run(let action)? = state.type("", .enter).first else {
            Issue.record("nothing was run")
            return
        }
        #expect(action.arguments == ["exempt", "add", "--config=/c.toml", "--", "203.0.113.7"])
    }

    @Test func `A filter holds while it is typed, and Escape brings back what was there`() {
        var state = Self.state(30, 20, 10)
        state.type("/3.2")
        #expect(state.rows.map(\.key) == ["203.0.113.2"])
        state.type("", .enter)
        state.type("/", .control("u"))
        state.type("nobody")
        #expect(state.rows.isEmpty && state.shown.contains("  No row has \"3.2nobody\".") == false)
        #expect(state.shown.contains("  No row has \"nobody\"."))
        state.type("", .escape)
        #expect(state.filter == "3.2" && state.rows.count == 1)
        state.type("", .escape)
        #expect(state.rows.count == 3)
    }

    @Test func `While it is held still nothing changes, and then it goes on`() {
        var state = Self.state(30)
        state.type("p")
        _ = state.take(.glance(Samples.glance(packets: 99, bans: 50)), at: Samples.instant(2))
        _ = state.take(.reading(Samples.reading(7, 8), took: .zero), at: Samples.instant(2))
        #expect(state.rows.count == 1 && state.data.glance?.status.bans == 1)
        #expect(state.shown[0].contains("PAUSED"))
        #expect(state.type(" ") == [.refresh])
        _ = state.take(.reading(Samples.reading(7, 8), took: .zero), at: Samples.instant(3))
        #expect(state.rows.count == 2)
    }

    @Test func `A new ban has a rate at once, and one that was known before has none at first`() {
        var state = Samples.state()
        _ = state.take(.reading(Samples.reading(100), took: .zero), at: Samples.instant(0))
        #expect(state.data.rate(.ban(1)) == nil)
        let reading = Samples.reading(110, 50) { ban in
            if ban.id == 2 { ban.created = Samples.instant(1).time }
        }
        _ = state.take(.reading(reading, took: .zero), at: Samples.instant(2))
        #expect(state.data.rate(.ban(1)) == 5)
        #expect(state.data.rate(.ban(2)) == 25)
    }

    @Test func `A helper that is away is told with its remedy, and what was known stays`() {
        var state = Self.state(30)
        let error = ControlError(.unreachable, "the helper is not running, /s; start it")
        _ = state.take(.failed(error), at: Samples.instant(1))
        _ = state.take(.failed(error), at: Samples.instant(4))
        #expect(state.shown[1].hasPrefix(" NO ANSWER for 3 s   the helper is not running, /s; start it"))
        #expect(state.rows.count == 1)
        _ = state.take(.glance(Samples.glance()), at: Samples.instant(5))
        #expect(!state.shown.contains { $0.contains("NO ANSWER") })
        _ = state.take(.tick, at: Samples.instant(30))
        #expect(state.shown[1].hasPrefix(" NO ANSWER for 25 s"))
    }

    @Test func `What needs the operator's eye stands at the top`() {
        var state = Samples.state()
        _ = state.take(
            .glance(Samples.glance(mode: .released, problems: ["the disk is full; make room", "another"])),
            at: Samples.instant(0))
        #expect(state.shown[0].contains("released") && state.shown[0].contains("2 problems"))
        #expect(state.shown[1].hasPrefix(" NOTHING IS ENFORCED"))
        #expect(state.shown[2] == " PROBLEM 1 of 2   the disk is full; make room")
    }

    @Test func `What was asked for to be explained is read above the table, and left by a key`() {
        var state = Self.state(30)
        let explanation = Explanation(
            subject: "203.0.113.1", inbound: false, outbound: true, set: "accept4", bans: [sampleBan()],
            elements: [], strikes: 2)
        _ = state.take(.explained(subject: "203.0.113.1", .success(explanation)), at: Samples.instant(1))
        #expect(state.shown.contains { $0.contains("dropped on its way to the node's ports") })
        _ = state.take(.resized(TerminalSize(columns: 40, rows: 6)), at: Samples.instant(1))
        state.type("G")
        let end = state.shown
        #expect(end[4].contains("durable"), "\(end)")
        state.type("jjj")
        #expect(state.shown == end)
        state.type("g")
        #expect(state.shown[1] == "203.0.113.1")
        #expect(state.type("q").isEmpty)
        guard case .table = state.focus else {
            Issue.record("it is still shown")
            return
        }
        let error = ControlError(.denied, "it needs the right to operate")
        _ = state.take(.explained(subject: "k", .failure(error)), at: Samples.instant(1))
        #expect(state.shown.contains("it needs the right to operate"))
    }

    @Test func `Who may not see the sets sees the bans, and why there is no more`() {
        var state = Samples.state()
        let reading = ScreenData.Reading(
            sets: [], bans: [sampleBan()], limit: 200, refusal: "it needs operate")
        _ = state.take(.reading(reading, took: .zero), at: Samples.instant(0))
        #expect(state.rows.map(\.packets) == [nil])
        #expect(state.shown.contains { $0.contains("it needs operate") })
    }

    @Test func `Keys that end it, and those that don't`() {
        var state = Self.state(30)
        #expect(state.type("q") == [.quit])
        #expect(state.type("", .control("c")) == [.quit])
        #expect(state.type("", .control("z")) == [.suspend])
        #expect(state.type("", .control("l")) == [.repaint])
        state.type("/")
        #expect(state.type("q").isEmpty && state.filter == "q")
    }
}
