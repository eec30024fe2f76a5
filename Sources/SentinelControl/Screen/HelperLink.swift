// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import SentinelProtocol
internal import Varlink

/// Asks the helper for what the screen shows, by connections that are kept: one for what is told at once, another for
/// the sets, which may take the helper seconds.
actor HelperLink {
    private let helper: HelperAddress
    /// How many elements of each set are asked for.
    private let limit: Int
    private var quick: VarlinkClient?
    private var slow: VarlinkClient?

    /// All bans are asked for where there are no more than these.
    private static var mostListed: Int { 1000 }

    init(_ helper: HelperAddress, limit: Int) {
        self.helper = helper
        self.limit = limit
    }

    /// - Throws: `VarlinkError`
    func glance() async throws -> ScreenData.Glance {
        let client = try await connected(quick)
        quick = client
        do {
            let status = try await client.call(HelperInterface.status, timeout: HelperAddress.patience)
            let counters = try await client.call(HelperInterface.counters, timeout: HelperAddress.patience)
            return ScreenData.Glance(status: status, counters: counters)
        } catch {
            if !client.isConnected { quick = nil }
            throw error
        }
    }

    /// The elements that have refused most, and, where there aren't too many, all bans.
    ///
    /// - Throws: `VarlinkError`
    func reading(_ glance: ScreenData.Glance) async throws -> ScreenData.Reading {
        let client = try await connected(slow)
        slow = client
        do {
            var reading = ScreenData.Reading(sets: [], bans: [], limit: limit)
            if glance.status.bans <= Self.mostListed {
                for try await reply in client.stream(HelperInterface.list, .init()) {
                    reading.bans += reply.bans
                }
            }
            let sets = glance.counters.sets.filter { $0.blocks && max($0.count, $0.kernelCount ?? 0) > 0 }
            do {
                for set in sets { reading.sets += try await top(of: set.name, client) }
            } catch let error as VarlinkError where error.code == .errorReply {
                // What isn't allowed or can't be had leaves the bans as they are.
                reading.sets = []
                let isReleased = error.reply(as: HelperInterface.Released.self) != nil
                reading.refusal = isReleased ? nil : ControlError(error, socket: helper.socket).message
            }
            return reading
        } catch {
            if !client.isConnected { slow = nil }
            throw error
        }
    }

    private func top(of name: String, _ client: VarlinkClient) async throws -> [SetInfo] {
        var sets: [SetInfo] = []
        let parameters = HelperInterface.Sets.Parameters(name: name, elements: true, top: limit)
        for try await reply in client.stream(HelperInterface.sets, parameters) { sets += reply.sets }
        return sets
    }

    private func connected(_ client: VarlinkClient?) async throws -> VarlinkClient {
        if let client, client.isConnected { return client }
        return try await helper.connect()
    }
}
