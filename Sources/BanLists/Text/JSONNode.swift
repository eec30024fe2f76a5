// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// A JSON value, and the line on which it begins.
struct JSONNode {
    enum Value {
        case null
        case bool(Bool)
        case integer(Int64)
        /// A number with a fraction or an exponent, or one that fits no 64 bits: nothing here wants one.
        case number
        case string(String)
        case array([JSONNode])
        case object([Member])
    }

    struct Member {
        var key: String
        var node: JSONNode
    }

    var value: Value
    /// Counted from 1.
    var line: Int

    /// What an object has under a key; nil where it is no object, or has nothing or null there.
    subscript(key: String) -> JSONNode? {
        guard case .object(let members) = value, let member = members.first(where: { $0.key == key }) else {
            return nil
        }
        if case .null = member.node.value { return nil }
        return member.node
    }

    // Not inlined: the optimiser of Swift 6.3.1 crashes where a borrowed node's case is looked at (CopyPropagation).
    @inline(never) var string: String? { if case .string(let text) = value { text } else { nil } }
    @inline(never) var integer: Int64? { if case .integer(let number) = value { number } else { nil } }
    @inline(never) var bool: Bool? { if case .bool(let flag) = value { flag } else { nil } }
    @inline(never) var array: [JSONNode]? { if case .array(let nodes) = value { nodes } else { nil } }
    @inline(never) var members: [Member]? { if case .object(let members) = value { members } else { nil } }
    @inline(never) var isNull: Bool { if case .null = value { true } else { false } }
}
