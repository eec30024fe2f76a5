// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import FoundationEssentials
internal import FuzzDriver
internal import NIOCore
internal import SentinelProtocol

@testable internal import Varlink

// What a service answers: a client reads each of the helper's replies and errors, or says what it can't read. The first
// byte says which reply is expected.

func read<Parameters, Reply: Hashable>(_ method: VarlinkMethod<Parameters, Reply>, _ frame: Data) {
    do throws(VarlinkError) {
        let (reply, _) = try VarlinkClient.decode(Reply.self, frame, of: method.name)
        do {
            let again = try Wire.frame(Wire.Reply(parameters: reply))
            let (same, _) = try VarlinkClient.decode(
                Reply.self, Data(again.readableBytesView.dropLast()), of: "again")
            require(same == reply, "a reply reads back as it was: \(reply)")
        } catch {
            require(false, "a reply that was read can be written: \(error)")
        }
    } catch {
        require(!error.description.isEmpty, "an error has words")
        _ = error.reply(as: HelperInterface.PermissionDenied.self)
        _ = error.reply(as: HelperInterface.InvalidRequest.self)
        _ = error.reply(as: HelperInterface.Released.self)
    }
}

fuzz { input in
    guard let first = input.first else { return }
    let frame = Data(input.dropFirst())
    switch first % 16 {
    case 0: read(HelperInterface.submit, frame)
    case 1: read(HelperInterface.guardAddresses, frame)
    case 2: read(HelperInterface.lift, frame)
    case 3: read(HelperInterface.list, frame)
    case 4: read(HelperInterface.sets, frame)
    case 5: read(HelperInterface.explain, frame)
    case 6: read(HelperInterface.status, frame)
    case 7: read(HelperInterface.watch, frame)
    case 9: read(HelperInterface.history, frame)
    case 10: read(HelperInterface.durations, frame)
    case 11: read(HelperInterface.counters, frame)
    case 12: read(HelperInterface.guarded, frame)
    case 13: read(HelperInterface.shadow, frame)
    case 14: read(HelperInterface.importBans, frame)
    case 15: read(HelperInterface.feeds, frame)
    default: read(HelperInterface.release, frame)
    }
}
