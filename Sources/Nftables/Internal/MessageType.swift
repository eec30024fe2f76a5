// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import CNetfilter

/// An nf_tables message type (`enum nf_tables_msg_types` in linux/netfilter/nf_tables.h).
struct MessageType: Equatable {
    let rawValue: UInt16

    private init(_ type: nf_tables_msg_types) { rawValue = UInt16(type.rawValue) }

    private init(number: UInt32) { rawValue = UInt16(number) }

    /// The type of a received message; nil where it is none of nf_tables.
    init?(header: UnsafePointer<nlmsghdr>) {
        guard header.pointee.nlmsg_type >> 8 == UInt16(NFNL_SUBSYS_NFTABLES) else { return nil }
        rawValue = header.pointee.nlmsg_type & 0xFF
    }

    static let newTable = Self(NFT_MSG_NEWTABLE)
    static let getTable = Self(NFT_MSG_GETTABLE)
    static let deleteTable = Self(NFT_MSG_DELTABLE)
    static let newChain = Self(NFT_MSG_NEWCHAIN)
    static let getChain = Self(NFT_MSG_GETCHAIN)
    static let deleteChain = Self(NFT_MSG_DELCHAIN)
    static let newRule = Self(NFT_MSG_NEWRULE)
    static let getRule = Self(NFT_MSG_GETRULE)
    static let deleteRule = Self(NFT_MSG_DELRULE)
    static let newSet = Self(NFT_MSG_NEWSET)
    static let getSet = Self(NFT_MSG_GETSET)
    static let deleteSet = Self(NFT_MSG_DELSET)
    static let newElement = Self(NFT_MSG_NEWSETELEM)
    static let getElement = Self(NFT_MSG_GETSETELEM)
    static let deleteElement = Self(NFT_MSG_DELSETELEM)
    static let destroyElement = Self(number: sentinel_NFT_MSG_DESTROYSETELEM)
    static let newGeneration = Self(NFT_MSG_NEWGEN)
    static let getGeneration = Self(NFT_MSG_GETGEN)
}
