// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Foundation
internal import SentinelProtocol

/// What Seed Sentinel promises, tried out on the kernel that this runs on. Needs root, ip, nft, and sentineld with its
/// reader beside this program. Ends with status 1 where a promise isn't kept.
@main struct Scenario {
    @MainActor static func main() async {
        let report = Report()
        await report.part("enforcement") { try await Enforcement(report, Stage()).run() }
        await report.part("renewal") { try await Renewal(report, Stage()).run() }
        await report.part("ownership and restart, by itself") { try await Alone(report, Stage()).run() }
        await report.part("ownership and restart, with a descriptor store") {
            try await WithStore(report, Stage()).run()
        }
        await report.part("the change from one to the other") { try await Moving(report, Stage()).run() }
        exit(report.broken == 0 ? 0 : 1)
    }
}
