#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Seed Sentinel authors
"""Records the netlink messages that the nft command sends, as golden files for NftablesTests.

Needs root, nft and strace: python3 Tests/NftablesTests/record-golden.py
Each file in Golden/ holds the command that was run and its batch, a message a paragraph, four bytes a group.
"""
import pathlib, re, subprocess, tempfile

TABLE = "add table inet t"
SETUP = {
    "table": [],
    "table-comment": [],
    "chain": [TABLE],
    "base-chain": [TABLE],
    "set-address-timeout-counter": [TABLE],
    "set-endpoint": [TABLE],
    "set-interval": [TABLE],
    "set-uid": [TABLE],
    "elements": [TABLE, "add set inet t s { type ipv4_addr; flags timeout; }"],
    "elements-endpoint": [TABLE, "add set inet t s { type ipv6_addr . inet_proto . inet_service; flags timeout; }"],
    "elements-interval": [TABLE, "add set inet t s { type ipv4_addr; flags interval; }"],
    "elements-uid": [TABLE, "add set inet t s { typeof meta skuid; }"],
    "delete-elements": [TABLE, "add set inet t s { type ipv4_addr; flags timeout; }",
                        "add element inet t s { 192.0.2.1, 192.0.2.2 }"],
    "flush-set": [TABLE, "add set inet t s { type ipv4_addr; flags timeout; }"],
    "delete-set": [TABLE, "add set inet t s { type ipv4_addr; flags timeout; }"],
    "delete-table": [TABLE],
    "rule-lookup-drop": [TABLE, "add chain inet t c", "add set inet t s { type ipv4_addr; }"],
    "rule-masked": [TABLE, "add chain inet t c", "add set inet t s { type ipv6_addr; }"],
    "rule-ports-goto": [TABLE, "add chain inet t c", "add chain inet t d", "add set inet t s { type inet_proto . inet_service; }"],
    "rule-users-return": [TABLE, "add chain inet t c", "add set inet t s { typeof meta skuid; }"],
    "rule-endpoint-reject": [TABLE, "add chain inet t c", "add set inet t s { type ipv6_addr . inet_proto . inet_service; }"],
    "rule-comment-counter": [TABLE, "add chain inet t c"],
    "flush-chain": [TABLE, "add chain inet t c", "add rule inet t c drop"],
}
COMMANDS = {
    "table": "add table inet t",
    "table-comment": 'add table inet t { comment "hello" ; }',
    "chain": "add chain inet t c",
    "base-chain": "add chain inet t c { type filter hook prerouting priority raw; policy accept; }",
    "set-address-timeout-counter": "add set inet t s { type ipv4_addr; flags timeout; size 65536; counter; }",
    "set-endpoint": "add set inet t s { type ipv6_addr . inet_proto . inet_service; flags timeout; timeout 1h; }",
    "set-interval": "add set inet t s { type ipv4_addr; flags interval,timeout; }",
    "set-uid": "add set inet t s { type uid; }",
    "elements": 'add element inet t s { 192.0.2.1 timeout 1h comment "accept: rate", 192.0.2.2 timeout 90s expires 30s }',
    "elements-endpoint": "add element inet t s { 2001:db8::7 . udp . 4001 timeout 10s }",
    "elements-interval": "add element inet t s { 10.0.0.0/8 }",
    "elements-uid": "add element inet t s { 1000 }",
    "delete-elements": "delete element inet t s { 192.0.2.1, 192.0.2.2 }",
    "flush-set": "flush set inet t s",
    "delete-set": "delete set inet t s",
    "delete-table": "delete table inet t",
    "rule-lookup-drop": "add rule inet t c ip saddr @s drop",
    "rule-masked": "add rule inet t c ip6 saddr & ffff:ffff:ffff:ffff:: @s drop",
    "rule-ports-goto": "add rule inet t c meta l4proto . th dport @s goto d",
    "rule-users-return": "add rule inet t c meta skuid @s return",
    "rule-endpoint-reject": "add rule inet t c ip6 daddr . meta l4proto . th dport @s reject with icmpx admin-prohibited",
    "rule-comment-counter": 'add rule inet t c counter comment "hello"',
    "flush-chain": "flush chain inet t c",
}


def batch(trace: str) -> bytes:
    """The bytes of the one sendmsg that begins with NFNL_MSG_BATCH_BEGIN."""
    for call in re.split(r"(?m)^\d*\s*sendmsg\(", trace)[1:]:
        dump = "".join(re.findall(r"(?m)^ \| [0-9a-f]+  ((?:[0-9a-f]{2} {1,2}){1,16})", call))
        data = bytes.fromhex(dump.replace(" ", ""))
        if data[4:6] == (0x10).to_bytes(2, "little"):
            return data
    raise SystemExit("nft sent no batch:\n" + trace)


def messages(data: bytes):
    while data:
        length = int.from_bytes(data[:4], "little")
        yield data[:length]
        data = data[(length + 3) & ~3:]


golden = pathlib.Path(__file__).parent / "Golden"
golden.mkdir(exist_ok=True)
for name, command in COMMANDS.items():
    with tempfile.NamedTemporaryFile("r", suffix=".strace") as trace:
        script = "".join(f"nft '{line}' && " for line in SETUP[name])
        script += f"strace -o {trace.name} -e trace=sendmsg -e write=all nft '{command}'"
        subprocess.run(["unshare", "-n", "sh", "-c", script], check=True)
        lines = [f"# nft {command}"]
        for message in messages(batch(trace.read())):
            lines.append("")
            groups = [message[i:i + 4].hex() for i in range(0, len(message), 4)]
            lines += [" ".join(groups[i:i + 8]) for i in range(0, len(groups), 8)]
        (golden / f"{name}.txt").write_text("\n".join(lines) + "\n")
print(f"{len(COMMANDS)} files in {golden}")
