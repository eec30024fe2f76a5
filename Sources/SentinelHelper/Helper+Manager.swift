// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Logging
internal import SentinelProtocol
internal import Varlink

extension Helper {
    /// Tells the service manager what is due. Only from the event loop: where that hangs, so does the helper.
    func reportToManager() {
        manager.sendUnsent()
        for notification in reports.due(at: clock.monotonic(), status: { statusLine }) {
            manager.notify(notification)
        }
    }

    /// Is called at this service from now on, and the service manager is told.
    func answer(at service: VarlinkService, _ limits: CallerLimits) {
        self.service = service
        limitProblem = limits.problem
        if let limitProblem { logger.warning("\(limitProblem)") }
        reportToManager()
        manager.notify(.ready)
    }

    /// The state in words, as `systemctl status` shows it.
    private var statusLine: String {
        guard enforcer.mode != .released else {
            return "released: nothing is enforced until sentineld is restarted"
        }
        guard missing == nil else {
            return "nothing is enforced: sets are missing in \(enforcer.layout.table); see sentinelctl status"
        }
        let bans = book.activeCount
        let problems = problems().count
        let shadow = shadowWarning.map { ", \($0)" } ?? ""
        let line = "\(enforcer.mode), \(bans) \(bans == 1 ? "ban" : "bans") in force\(shadow)"
        guard problems > 0 else { return line }
        return line + ", \(problems) \(problems == 1 ? "problem" : "problems"): see sentinelctl status"
    }
}
