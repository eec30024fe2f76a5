// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors
//
// libmnl, libnftnl and the kernel's headers for netlink, with what Swift can't import of them.

#ifndef SENTINEL_CNETFILTER_H
#define SENTINEL_CNETFILTER_H

// linux/netfilter.h uses struct in_addr without including what declares it.
#include <netinet/in.h>

#include <linux/inet_diag.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/inet_diag.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>

#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/expr.h>
#include <libnftnl/gen.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <libnftnl/udata.h>

// Since kernel 6.9; Debian 12's headers are those of 6.1.
#ifndef NFT_TABLE_F_PERSIST
#define NFT_TABLE_F_PERSIST 0x4
#endif

// Members of enums since kernels 6.3 and 6.16: enum nf_tables_msg_types, enum nft_set_attributes.
static const unsigned int sentinel_NFT_MSG_DESTROYSETELEM = 30;
static const unsigned int sentinel_NFTA_SET_TYPE = 19;
static const unsigned int sentinel_NFTA_SET_COUNT = 20;

// An enum's member in some headers of 6.1, a macro in others.
static const unsigned int sentinel_NFT_BITWISE_BOOL = NFT_BITWISE_BOOL;

// Function-like and cast macros that Swift doesn't import.
static const unsigned int sentinel_NLMSGERR_HEADER = sizeof(struct nlmsgerr);
static const unsigned int sentinel_NFGENMSG_SIZE = sizeof(struct nfgenmsg);
static const unsigned int sentinel_MNL_ATTR_HDRLEN = MNL_ATTR_HDRLEN;
static const unsigned int sentinel_MNL_NLMSG_HDRLEN = MNL_NLMSG_HDRLEN;

#endif
