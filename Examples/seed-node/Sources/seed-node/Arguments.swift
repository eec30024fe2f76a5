// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

public import ArgumentParser
public import Inet
public import Sentinel

extension IPAddress: ExpressibleByArgument {}
extension IPNetwork: ExpressibleByArgument {}
extension Endpoint: ExpressibleByArgument {}
extension PeerID: ExpressibleByArgument {}
extension StreamType: ExpressibleByArgument {}

/// A length of time in seconds, as a command line gives it: `0.5`.
struct Seconds: ExpressibleByArgument, CustomStringConvertible {
    let duration: Duration
    let description: String

    init?(argument: String) {
        guard let seconds = Double(argument), seconds > 0, seconds <= 86_400 else { return nil }
        duration = .seconds(seconds)
        description = argument
    }

    init(_ seconds: Int) {
        duration = .seconds(seconds)
        description = "\(seconds)"
    }
}
