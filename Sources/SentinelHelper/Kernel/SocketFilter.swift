// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import CNetfilter
internal import Glibc
internal import Inet

/// What the kernel looks for among its sockets: inet_diag's bytecode (linux/inet_diag.h), so that only those that match
/// are copied out.
struct SocketFilter: Hashable, Sendable {
    /// What a socket may have.
    enum Condition: Hashable, Sendable {
        case localPorts(ClosedRange<UInt16>)
        /// An IPv4 block matches IPv4-mapped addresses of IPv6 sockets as well.
        case remote(IPNetwork, port: UInt16?)
    }

    /// The kernel tries one after another for each socket, so there are to be no more than this.
    static let mostConditions = 16

    /// One of these must hold; none given: all sockets match.
    var conditions: [Condition]

    /// The program. Each condition that holds ends it at its very end, which means yes; the last one that doesn't goes
    /// beyond.
    var bytecode: [UInt8] {
        let bodies = conditions.map(\.body)
        let jump = MemoryLayout<inet_diag_bc_op>.size
        let total = bodies.reduce(0) { $0 + $1.count } + max(0, bodies.count - 1) * jump
        var code: [UInt8] = []
        for (index, body) in bodies.enumerated() {
            code += body
            guard index < bodies.count - 1 else { break }
            code += Self.operation(INET_DIAG_BC_JMP, yes: jump, no: total - code.count)
        }
        return code
    }

    /// `struct inet_diag_bc_op`: how many bytes to go on by where it holds, and where it doesn't.
    fileprivate static func operation(_ code: Int, yes: Int, no: Int) -> [UInt8] {
        let operation = inet_diag_bc_op(code: UInt8(code), yes: UInt8(yes), no: UInt16(no))
        return withUnsafeBytes(of: operation) { Array($0) }
    }
}

extension SocketFilter.Condition {
    /// The condition alone: where it doesn't hold, the jump behind it is skipped.
    fileprivate var body: [UInt8] {
        let size = MemoryLayout<inet_diag_bc_op>.size
        switch self {
        case .localPorts(let ports):
            // Each comparison has its port in an operation of its own.
            return SocketFilter.operation(INET_DIAG_BC_S_GE, yes: 2 * size, no: 5 * size)
                + SocketFilter.operation(0, yes: 0, no: Int(ports.lowerBound))
                + SocketFilter.operation(INET_DIAG_BC_S_LE, yes: 2 * size, no: 3 * size)
                + SocketFilter.operation(0, yes: 0, no: Int(ports.upperBound))
        case .remote(let network, let port):
            let address = network.first.bytes
            let condition = withUnsafeTemporaryAllocation(
                byteCount: MemoryLayout<inet_diag_hostcond>.size, alignment: 4
            ) { buffer -> [UInt8] in
                buffer.initializeMemory(as: UInt8.self, repeating: 0)
                let raw = buffer.bindMemory(to: inet_diag_hostcond.self)
                raw[0].family = UInt8(network.family == .ipv4 ? AF_INET : AF_INET6)
                raw[0].prefix_len = UInt8(network.prefixLength)
                raw[0].port = port.map { Int32($0) } ?? -1
                return Array(UnsafeRawBufferPointer(raw))
            }
            let length = size + condition.count + address.count
            return SocketFilter.operation(INET_DIAG_BC_D_COND, yes: length, no: length + size) + condition
                + address
        }
    }
}
