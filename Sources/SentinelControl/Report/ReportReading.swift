// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import SentinelProtocol
internal import Varlink

/// Reads what a report shows from the helper, in pages: what is kept of a page is counts, and a few rows.
struct ReportReading {
    let console: Console
    let client: VarlinkClient
    /// Where the history begins, and its steps.
    let grid: TimeGrid

    /// The most blocks of addresses of either kind.
    private static var mostPrefixes: Int { 12 }

    func figures() async throws -> ReportFigures {
        let now = console.now()
        let status = try await client.call(HelperInterface.status, timeout: HelperAddress.patience)
        let counters = try await client.call(HelperInterface.counters, timeout: HelperAddress.patience)
        let packets = try await packets(status)
        let bans = try await bans(now, packets.wanted)
        var figures = ReportFigures(
            host: console.host, taken: now, since: grid.start, status: status,
            sets: counters.sets.map {
                .init(
                    name: $0.name, count: $0.count, capacity: $0.capacity, packets: $0.packets,
                    bytes: $0.bytes)
            },
            prefixes: .init(
                bans: bans.prefixes.top(Self.mostPrefixes), packets: packets.prefixes.top(Self.mostPrefixes),
                allPackets: packets.hasAll),
            durations: bans.durations, strikes: bans.strikeRanges,
            offenders: packets.offenders(with: bans.found),
            repeaters: bans.repeaters.map { .init(key: $0.key, set: $0.set, ban: $0) })
        do {
            figures.history = try await history()
        } catch let error as VarlinkError {
            guard let reply = error.reply(as: HelperInterface.HistoryUnavailable.self) else { throw error }
            figures.historyProblem = reply.message
        }
        return figures
    }

    /// Nothing where there is no table.
    private func packets(_ status: Status) async throws -> PacketTally {
        var tally = PacketTally()
        guard status.mode != .released else { return tally }
        console.showProgress?("Reading what was refused…")
        let parameters = HelperInterface.Sets.Parameters(elements: true, top: PacketTally.mostOfSet)
        do {
            for try await reply in client.stream(HelperInterface.sets, parameters) {
                for set in reply.sets { tally.add(set) }
            }
        } catch {
            guard error.reply(as: HelperInterface.Released.self) != nil else { throw error }
        }
        return tally
    }

    private func bans(_ now: Timestamp, _ wanted: Set<Int64>) async throws -> BanTally {
        var tally = BanTally(now: now, wanted: wanted)
        var count = 0
        for try await page in client.stream(HelperInterface.list, .init()) {
            for ban in page.bans { tally.add(ban) }
            count += page.bans.count
            console.showProgress?("Read \(Quantity.count(count, "ban"))…")
        }
        return tally
    }

    private func history() async throws -> ReportFigures.History {
        var tally = EventTally(grid)
        var count = 0
        let parameters = HelperInterface.History.Parameters(since: grid.start)
        for try await page in client.stream(HelperInterface.history, parameters) {
            for event in page.events { tally.add(event) }
            count += page.events.count
            console.showProgress?("Read \(Quantity.count(count, "event")) of the past…")
        }
        return tally.history
    }
}
