// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import CNetfilter

// libnftnl's objects are all the same to Swift, an OpaquePointer each. One owning type per kind keeps a set
// from passing where a table belongs, and frees it.

struct TableHandle: ~Copyable {
    let pointer: OpaquePointer
    init() { pointer = allocated(nftnl_table_alloc()) }
    deinit { nftnl_table_free(pointer) }
}

struct ChainHandle: ~Copyable {
    let pointer: OpaquePointer
    init() { pointer = allocated(nftnl_chain_alloc()) }
    deinit { nftnl_chain_free(pointer) }
}

struct RuleHandle: ~Copyable {
    let pointer: OpaquePointer
    init() { pointer = allocated(nftnl_rule_alloc()) }
    deinit { nftnl_rule_free(pointer) }
}

struct SetHandle: ~Copyable {
    let pointer: OpaquePointer
    init() { pointer = allocated(nftnl_set_alloc()) }
    deinit { nftnl_set_free(pointer) }
}

struct ExpressionHandle: ~Copyable {
    let pointer: OpaquePointer
    init(_ name: String) { pointer = allocated(nftnl_expr_alloc(name)) }
    deinit { nftnl_expr_free(pointer) }

    /// Gives the object to a rule or a set, which frees it from then on.
    consuming func release() -> OpaquePointer {
        let pointer = pointer
        discard self
        return pointer
    }
}

/// libnftnl allocates a few hundred bytes at a time; where that fails nothing else would work either.
private func allocated(_ pointer: OpaquePointer?) -> OpaquePointer {
    guard let pointer else { fatalError("libnftnl is out of memory") }
    return pointer
}
