// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

extension Row {
    /// The row as a JSON object, in one line. Shares are fractions of 1.
    public var json: String {
        let fields: [(String, String)] = [
            ("name", "\"\(name)\""), ("contender", "\"\(contender)\""), ("seed", "\(seed)"),
            ("attempts", "\(attempts)"), ("refused_in_kernel", "\(refusedInKernel)"),
            ("refused_in_node", "\(refusedInNode)"), ("refused_at_accept", "\(refusedAtAccept)"),
            ("refused_after_handshake", "\(refusedAfterHandshake)"), ("let_through", "\(letThrough)"),
            ("share_refused_in_kernel", Self.text(share(.kernel))),
            ("share_refused_in_node", Self.text(share(.accept) + share(.afterHandshake))),
            ("share_let_through", Self.text(share(.through))),
            ("honest_attempts", "\(honest.attempts)"), ("honest_refused", "\(honest.refused)"),
            ("share_honest_refused", Self.text(honest.refusedShare)), ("honest_cut", "\(honest.cut)"),
            ("neighbours_attempts", "\(neighbours.attempts)"),
            ("neighbours_refused", "\(neighbours.refused)"),
            ("share_neighbours_refused", Self.text(neighbours.refusedShare)),
            ("honest_streams", "\(honestStreams)"), ("honest_streams_refused", "\(honestStreamsRefused)"),
            ("bans", "\(bans)"), ("node_cost", "\(nodeCost)"), ("node_cost_attack", "\(attackCost)"),
            ("node_cost_attack_undefended", "\(undefendedCost)"),
        ]
        return "{" + fields.map { "\"\($0)\": \($1)" }.joined(separator: ", ") + "}"
    }

    private static func text(_ share: Double) -> String { Numbers.fixed(share, digits: 6) }

    /// All rows as a JSON array, one in a line.
    public static func json(_ rows: [Row]) -> String {
        "[\n" + rows.map { " " + $0.json }.joined(separator: ",\n") + "\n]\n"
    }
}
