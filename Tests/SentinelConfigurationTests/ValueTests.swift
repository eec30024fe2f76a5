// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import SentinelConfiguration
import Testing

@Suite struct ValueTests {
    @Test(arguments: [
        ("seed", Account.name("seed")), ("_apt", .name("_apt")), ("a.b-c", .name("a.b-c")),
        ("host$", .name("host$")),
        ("0", .id(0)), ("4294967294", .id(4_294_967_294)), ("007", .id(7)), ("1a", .name("1a")),
    ])
    func `An account is a name or a number`(text: String, account: Account) {
        #expect(Account(text) == account)
    }

    @Test(arguments: [
        "", "-x", ".x", "a b", "a:b", "a/b", "é", "4294967295", "99999999999", "$x", "a$b", "x\n", "٣",
        String(repeating: "a", count: 33),
    ])
    func `What can't be an account is refused`(text: String) {
        #expect(Account(text) == nil)
    }

    @Test func `A principal is a user or a group`() {
        #expect(Principal("user:seed") == .user(.name("seed")))
        #expect(Principal("group:1000") == .group(.id(1000)))
        for text in ["", "seed", "users:seed", "user:", "user", ":seed", "user:a:b", "User:seed"] {
            #expect(Principal(text) == nil)
        }
    }

    @Test func `A port is one of a protocol`() {
        #expect(ListeningPort("tcp/1") == ListeningPort(.tcp, 1))
        #expect(ListeningPort("udp/65535") == ListeningPort(.udp, 65_535))
        for text in [
            "", "8776", "tcp", "tcp/", "tcp/0", "tcp/65536", "tcp/+1", "tcp/1/2", "sctp/1", "tcp/1-9",
        ] {
            #expect(ListeningPort(text) == nil)
        }
    }

    @Test func `A mode is of octal digits and written with four`() {
        #expect(FileMode("660") == FileMode(bits: 0o660))
        #expect(FileMode("0660")?.description == "0660")
        #expect(FileMode(bits: 0).description == "0000")
        for text in ["", "60", "0o660", "1777", "0888", "00660", "-660", "rw-rw----"] {
            #expect(FileMode(text) == nil)
        }
    }

    @Test func `A block is an address alone or with its prefix`() {
        #expect(NetworkText("192.0.2.7")?.description == "192.0.2.7")
        #expect(NetworkText("192.0.2.7/32")?.description == "192.0.2.7")
        #expect(NetworkText("2001:DB8::/32")?.description == "2001:db8::/32")
        for text in ["", "host", "192.0.2.7/24", "192.0.2.0/33", "::ffff:192.0.2.7", "fe80::1%eth0"] {
            #expect(NetworkText(text) == nil)
        }
    }

    @Test func `A key is written with its section, quoted where TOML needs it`() {
        #expect(ConfigurationKey().description == "")
        #expect(ConfigurationKey("table").description == "table")
        #expect(ConfigurationKey("table", "name").description == "[table] name")
        #expect(ConfigurationKey("node", "ports").appending(3).description == "[node] ports")
        let policy = ConfigurationKey("policy").appending(1)
        #expect(policy.description == "policy")
        #expect(policy.appending("kind").description == "[[policy]] kind")
        #expect(policy.appending("severity").appending("timeout").description == "[policy.severity] timeout")
        let tier = policy.appending("tiers").appending(0)
        #expect(tier.appending("rate").description == "[[policy.tiers]] rate")
        #expect(
            ConfigurationKey("durations", "reason", "a.b", "first").description
                == "[durations.reason.\"a.b\"] first")
    }

    @Test func `A text from a file is repeated short and harmless`() {
        #expect(ConfigurationKey.quoted("a\"b\\c") == "\"a\\\"b\\\\c\"")
        #expect(ConfigurationKey.quoted("\u{1B}[31m\n\u{202E}é") == "\"\\u{1B}[31m\\u{A}\\u{202E}é\"")
        #expect(ConfigurationKey.quoted(String(repeating: "x", count: 65)).unicodeScalars.count == 67)
    }
}
