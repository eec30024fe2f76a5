// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Nftables
internal import SentinelProtocol
internal import Varlink

extension VarlinkFailure {
    /// The call can't be carried out because the kernel refused.
    init(kernel error: NftablesError) {
        self.init(
            HelperInterface.KernelRefused(
                operation: error.operation, element: error.element?.description,
                code: error.errnoName.isEmpty ? "\(error.code)" : error.errnoName, message: "\(error)"))
    }

    /// The call as a whole makes no sense.
    init(_ field: String, _ message: String) {
        self.init(HelperInterface.InvalidRequest(field: field, message: message))
    }
}
