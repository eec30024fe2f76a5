// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Glibc

/// How many descriptors this process may have (RLIMIT_NOFILE in getrlimit(2)).
enum DescriptorLimit {
    /// Raises the limit as far as it has to be and may be, so that so many can be had.
    ///
    /// - Returns: how many can be had.
    static func raise(to wanted: Int) -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return wanted }
        if limit.rlim_cur < rlim_t(wanted), limit.rlim_cur < limit.rlim_max {
            var raised = limit
            raised.rlim_cur = min(rlim_t(wanted), limit.rlim_max)
            if setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &raised) == 0 { limit = raised }
        }
        return Int(clamping: limit.rlim_cur)
    }

    /// What isn't a caller's: the loop's, the kernel's, the ledger's, and what reading the configuration takes.
    static var own: Int { 48 }
}
