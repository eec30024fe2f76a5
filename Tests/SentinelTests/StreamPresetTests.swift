// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import Sentinel
import Testing

@Suite struct StreamPresetTests {
    /// How many streams of a type pass in the first moment, and what becomes of the next.
    private func passing(_ type: StreamType) throws -> (count: Int, StreamAction?) {
        var limits = try StreamLimits(name: "streams", limits: StreamLimits.radicle)
        let peer = try PeerID(parsing: "12D3KooWPjceQrSwdWXPyLLeABRXmuqt69Rg3sBYbU1Nft9HyQ6X")
        let remote = RemotePeer(id: peer, direction: .inbound, source: .handshake)
        for count in 0..<1000 {
            let question = Question(.stream, about: remote, stream: type)
            let verdict = limits.decide(question, now: MonotonicInstant(nanoseconds: 0))
            if case .deny(let denial) = verdict { return (count, denial.streamAction) }
        }
        return (1000, nil)
    }

    @Test func `radicle's peers may open what its sources say`() throws {
        #expect(try passing(.membership) == (10, .endConnection))
        #expect(try passing(.git) == (5, .refuseStream))
        #expect(try passing(.gossip) == (30, .refuseStream))
        #expect(try passing(.interrogation) == (30, .refuseStream))
        #expect(try passing(.custom(try ProtocolID(parsing: "/x"))) == (1000, nil))
    }
}
