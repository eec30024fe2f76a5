// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import SentinelProtocol

// The node's side has words of its own for these; in here they are always those of the wire.

typealias Check = SentinelProtocol.Check
typealias Denial = SentinelProtocol.Denial
typealias Event = SentinelProtocol.Event
