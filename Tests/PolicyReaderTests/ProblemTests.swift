// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import PolicyReader
import SentinelConfiguration
import Testing

@Suite struct ProblemTests {
    @Test(arguments: [
        (
            "",
            "f: policy: is missing: without a policy everything would be allowed; write [[policy]], and below it kind = "
                + "\"rate\" and the like"
        ),
        (
            "\npolicy = []",
            "f:2: policy: is missing: without a policy everything would be allowed; write [[policy]], and below it kind = "
                + "\"rate\" and the like"
        ),
        (
            "[policy]\nkind = \"rate\"",
            "f:1: policy: is a section, but a list of sections is needed; write [[policy]] in a line of its own, with "
                + "two brackets"
        ),
        ("[[polcy]]\nkind = 1", "f:1: polcy: is no known array of sections; did you mean [[policy]]?"),
        (
            "[[policy]]\nname = \"x\"",
            "f:1: [[policy]] kind: is missing; write kind = and one of \"allow\", \"deny\", \"require\", \"rate\", "
                + "\"connections\", \"streams\", \"reputation\", \"widening\", \"shared-addresses\""
        ),
        ("[[policy]]\nkind = \"dney\"", "f:2: [[policy]] kind: \"dney\" is unknown; did you mean \"deny\"?"),
        (
            "[[policy]]\nkind = 7",
            "f:2: [[policy]] kind: is an integer, but a string is needed; write kind = \"rate\""
        ),
    ])
    func `What is no chain is refused`(text: String, message: String) throws {
        #expect(try messages(text) == [message])
    }

    @Test(arguments: [
        (
            "[[policy]]\nkind = \"widening\"\nlevels = [\n{ family = \"ipv4\", prefix = 24, sources = 8 },\n}",
            "f:5: has a list that ends with }; close it with ], as addresses = [\"192.0.2.1\"]"
        ),
        ("[[=policy]]", "f:1: has brackets without a name in them; write [section] in a line of its own"),
        (
            "[[policy]]\nkind = \"deny\"\nentries = [{ subject = \"192.0.2.1\", until = 2027-01-01Tnoon }]",
            "f:3: has a date without its time; write both, as 2027-01-01T00:00:00Z"
        ),
    ])
    func `What the parser can't take is refused before it`(text: String, message: String) throws {
        #expect(try messages(text) == [message])
    }

    @Test(arguments: [
        (
            "name = \"a b\"",
            "name: \"a b\" is no name of a policy; a name has 1 to 48 letters, digits, \"-\", \"_\" and \".\""
        ),
        ("shadow = 1", "shadow: is an integer, but true or false is needed; write shadow = true"),
        ("adresses = []", "adresses: is no known key; did you mean addresses?"),
        (
            "reason = \"No\"",
            "reason: \"No\" is no code of a reason; a code has 1 to 48 of the letters a to z, digits and \"-\""
        ),
        ("checks = []", "checks: is empty: the policy would never be asked; write checks = [\"peer-dial\"]"),
        ("checks = [\"acept\"]", "checks: \"acept\" is unknown; did you mean \"accept\"?"),
        (
            "addresses = [\"192.0.2.1/24\"]",
            "addresses: \"192.0.2.1/24\" names bits behind its prefix; write \"192.0.2.0/24\" for the block, or "
                + "\"192.0.2.1\" for the address alone"
        ),
        (
            "addresses = [\"192.0.2.1\", \"192.0.2.1/32\"]",
            "addresses: \"192.0.2.1\" is on the list twice; remove one of them"
        ),
        (
            "peers = [\"12D3KooW0\"]",
            "peers: \"12D3KooW0\" is no peer id: it is malformed at byte 8; 0 is not in this alphabet"
        ),
        (
            "endpoints = [\"192.0.2.1:8776\"]",
            "endpoints: \"192.0.2.1:8776\" is no endpoint; write protocol, address and port, as "
                + "\"tcp:192.0.2.7:8776\" or \"udp:[2001:db8::1]:8776\""
        ),
        (
            "file = \"gone.txt\"",
            "file: \"gone.txt\" can't be opened; check its path"
        ),
        ("file = \"\"", "file: is no path; write the path of a file, as \"enemies.txt\""),
    ])
    func `A bad value of a list is refused`(line: String, message: String) throws {
        let found = try messages("[[policy]]\nkind = \"deny\"\n\(line)")
        #expect(found.count == 1)
        // What an alphabet says of itself is the alphabet's business.
        let expected = "f:3: [[policy]] \(message)"
        #expect(found[0] == expected || found[0].hasPrefix(expected.prefix { $0 != ";" }))
    }

    @Test(arguments: [
        (
            "{ subjct = \"192.0.2.1\" }",
            [
                "subject: is missing; write subject = \"192.0.2.7\"",
                "subjct: is no known key; did you mean subject?",
            ]
        ),
        (
            "{ subject = \"somebody\" }",
            [
                "subject: \"somebody\" is neither a peer id nor an address; write a peer id, an address or block as "
                    + "\"192.0.2.0/24\", or \"tcp:192.0.2.7:8776\""
            ]
        ),
        (
            "{ subject = \"192.0.2.1\", until = \"2027\" }",
            ["until: is a string, but a date with its time is needed; write until = 2027-01-01T00:00:00Z"]
        ),
        (
            "{ subject = \"192.0.2.1\", until = 2027-01-01T00:00:00 }",
            ["until: has no date, no time, or no time zone; write all three, as 2027-01-01T00:00:00Z"]
        ),
        (
            "{ subject = \"192.0.2.1\" }, { subject = \"192.0.2.1\" }",
            ["subject: \"192.0.2.1\" is on the list twice; remove one of them"]
        ),
    ])
    func `A bad entry is refused`(entries: String, expected: [String]) throws {
        #expect(
            try messages("[[policy]]\nkind = \"deny\"\nentries = [\(entries)]")
                == expected.map { "f:3: [[policy.entries]] \($0)" })
    }

    @Test(arguments: [
        (
            "kind = \"rate\"",
            "f:1: policy: limits nothing; write preset = \"libp2p\", or tiers = [{ family = \"ipv4\", prefix = 32, rate = "
                + "\"5/s\", burst = 20 }]"
        ),
        (
            "kind = \"rate\"\npreset = \"lib2p2\"",
            "f:3: [[policy]] preset: \"lib2p2\" is unknown; did you mean \"libp2p\"?"
        ),
        (
            "kind = \"rate\"\ntiers = []",
            "f:3: [[policy]] tiers: is empty; remove it, or write tiers = [{ family = \"ipv4\", prefix = 32, rate = \"5/s\", "
                + "burst = 20 }]"
        ),
        (
            "kind = \"rate\"\ntiers = [{ family = \"ipv4\", prefix = 8, rate = \"5/s\" }]",
            "f:3: [[policy.tiers]] prefix: 8 is out of range; it is from 16 to 32"
        ),
        (
            "kind = \"rate\"\ntiers = [{ family = \"ipv4\", prefix = 32, rate = 5 }]",
            "f:3: [[policy.tiers]] rate: is an integer, but a string is needed; write rate = \"5/s\""
        ),
        (
            "kind = \"rate\"\ntiers = [{ family = \"ipv4\", prefix = 32, rate = \"5/s\", burst = 0 }]",
            "f:3: [[policy.tiers]] burst: 0 is out of range; it is from 1 to 1000000000"
        ),
        (
            "kind = \"rate\"\n[[policy.tiers]]\nfamily = \"ipv4\"\nprefix = 32\nrate = \"1/36500d\"\nburst = 9",
            "f:6: [[policy.tiers]] rate: is out of range; the burst must come back within a hundred years"
        ),
        (
            "kind = \"rate\"\n[[policy.tiers]]\nfamily = \"ipv4\"\nprefix = 32\nrate = \"1/s\"\n[[policy.tiers]]\n"
                + "family = \"ipv4\"\nprefix = 32\nrate = \"1/s\"",
            "f:9: [[policy.tiers]] prefix: 32 is in the list twice for this family; remove one of them"
        ),
        (
            "kind = \"rate\"\npreset = \"libp2p\"\ncapacity = 0",
            "f:4: [[policy]] capacity: 0 is out of range; it is from 1024 to 16777216"
        ),
        (
            "kind = \"rate\"\npreset = \"libp2p\"\nplane = \"userspace\"",
            "f:4: [[policy]] plane: \"userspace\" is unknown; did you mean \"user-space\"?"
        ),
        (
            "kind = \"rate\"\npreset = \"libp2p\"\n[policy.peer]\nburst = 3",
            "f:4: [policy.peer] rate: is missing; write rate = \"1/m\""
        ),
        (
            "kind = \"connections\"",
            "f:1: policy: limits nothing; write total = { inbound = 128 }, or tiers = [{ family = \"ipv4\", prefix = 32, "
                + "inbound = 8 }]"
        ),
        (
            "kind = \"connections\"\ntotal = { inbound = 0 }",
            "f:3: [policy.total] inbound: 0 is out of range; it is from 1 to 1000000000"
        ),
        (
            "kind = \"connections\"\npeer = {}",
            "f:3: [[policy]] peer: limits nothing; write inbound = 8, outbound = 8, or both"
        ),
        (
            "kind = \"streams\"",
            "f:1: policy: limits nothing; write preset = \"radicle\", or [policy.types.git]"
        ),
        (
            "kind = \"streams\"\n[policy.types.gossp]\nopen = 3",
            "f:3: [policy.types] gossp: is no type of streams; did you mean gossip?"
        ),
        (
            "kind = \"streams\"\n[policy.types.files]\nopen = 3",
            "f:3: [policy.types] files: is no type of streams; write git, membership, gossip, interrogation or a protocol "
                + "id in quotes, as \"/ipfs/id/1.0.0\""
        ),
        (
            "kind = \"streams\"\n[policy.types.git]\naction = \"refuse-stream\"",
            "f:3: [policy.types] git: limits nothing; write rate = \"1/m\", open = 8, or both"
        ),
        (
            "kind = \"streams\"\n[policy.types.git]\nopen = 1\nburst = 8",
            "f:5: [policy.types.git] burst: has no meaning without a rate; write rate = \"1/m\" as well"
        ),
        (
            "kind = \"reputation\"\navoid = 40",
            "f:3: [[policy]] avoid: 40.0 is more than the 32.0 of ban; lower it: who is banned isn't dialled either"
        ),
        (
            "kind = \"reputation\"\nban = nan",
            "f:3: [[policy]] ban: nan is out of range; it is more than 0, and at most 1000000"
        ),
        (
            "kind = \"reputation\"\nhalf_life = \"1ms\"",
            "f:3: [[policy]] half_life: \"1ms\" is out of range; it is from \"1s\" to \"365d\""
        ),
        (
            "kind = \"reputation\"\n[policy.severity]\ntimeuot = \"low\"",
            "f:4: [policy.severity] timeuot: is no known offence; did you mean timeout?"
        ),
        (
            "kind = \"reputation\"\n[policy.severity]\ntimeout = \"lwo\"",
            "f:4: [policy.severity] timeout: \"lwo\" is unknown; did you mean \"low\"?"
        ),
        (
            "kind = \"widening\"\nlevels = [{ family = \"ipv4\", prefix = 32, sources = 8 }]",
            "f:3: [[policy.levels]] prefix: 32 is out of range; it is from 16 to 31"
        ),
        (
            "kind = \"widening\"\nlevels = [{ family = \"ipv4\", prefix = 24, sources = 1 }]",
            "f:3: [[policy.levels]] sources: 1 is out of range; it is from 2 to 32"
        ),
        (
            "kind = \"shared-addresses\"\nbad_share = 0",
            "f:3: [[policy]] bad_share: 0.0 is out of range; it is more than 0, and at most 1"
        ),
        (
            "kind = \"require\"",
            "f:1: policy: has nobody on it, so that nobody could connect; name somebody by peers, addresses, endpoints, "
                + "entries or file"
        ),
    ])
    func `A bad value is refused with its line and the remedy`(lines: String, message: String) throws {
        #expect(try messages("[[policy]]\n\(lines)") == [message])
    }

    @Test func `Two policies of one name are refused, given or not`() throws {
        #expect(
            try messages(
                """
                [[policy]]
                kind = "deny"
                [[policy]]
                kind = "deny"
                [[policy]]
                kind = "allow"
                name = "deny"
                """) == [
                    "f:3: [[policy]] name: \"deny\" is the name of the policy in line 1 already; give each a name of its "
                        + "own, as name = \"deny-2\"",
                    "f:7: [[policy]] name: \"deny\" is the name of the policy in line 1 already; give each a name of its "
                        + "own, as name = \"deny-2\"",
                ])
    }

    @Test func `All problems come at once, in the order of the lines, those of lists last`() throws {
        let found = try messages(
            """
            [[policy]]
            kind = "deny"
            file = "list"
            burst = 5
            [[policy]]
            kind = "rate"
            tiers = [{ family = "ipv5", prefix = 32, rate = "5/s", burst = 3 }]
            [[policy]]
            kind = "x"
            """, lists: ["list": "192.0.2.1\nexample.org\n192.0.2.300\n"])
        #expect(
            found.map { String($0.prefix { $0 != ";" }) } == [
                "f:4: [[policy]] burst: is no known key", "f:7: [[policy.tiers]] family: \"ipv5\" is unknown",
                "f:9: [[policy]] kind: \"x\" is unknown", "list:2: \"example.org\" is no address",
                "list:3: \"192.0.2.300\" is no address",
            ])
    }

    @Test func `A list with many bad lines is told by the first`() throws {
        let lines = String(repeating: "nobody\n", count: 1000)
        let found = try messages("[[policy]]\nkind = \"deny\"\nfile = \"l\"", lists: ["l": lines])
        #expect(found.count == 21)
        #expect(found[19].hasPrefix("l:20: "))
        #expect(found[20] == "l:1001: 980 more lines are wrong; put these right, then check again")
    }

    @Test func `More tiers of a family than are counted are refused`() throws {
        let tiers = (16...24).map { "{ family = \"ipv4\", prefix = \($0), rate = \"1/s\" }" }
        let found = try messages("[[policy]]\nkind = \"rate\"\ntiers = [\(tiers.joined(separator: ", "))]")
        #expect(
            found.first
                == "f:3: [[policy.tiers]] prefix: is one prefix length too many for this family: at most 8 are counted; leave "
                + "out those that say the least")
    }

    @Test func `A file and a list that are too large are refused`() throws {
        let comment = String(repeating: "#", count: PolicyChain.maximumFileSize)
        #expect(
            try messages(comment + "\n") == [
                "f: is larger than 1048576 bytes; check that it is the right file"
            ])
        let list = String(repeating: "#", count: PolicyChain.maximumListSize + 1)
        #expect(
            try messages("[[policy]]\nkind = \"deny\"\nfile = \"l\"", lists: ["l": list]) == [
                "f:3: [[policy]] file: \"l\" is larger than 16777216 bytes; check that it is the right file, or split it "
                    + "over several policies"
            ])
    }

    @Test func `A chain that is too long is refused`() throws {
        let text = (0..<65).map { "[[policy]]\nkind = \"deny\"\nname = \"d\($0)\"\n" }.joined()
        #expect(try messages(text) == ["f:1: policy: is there 65 times; at most 64 can be in a chain"])
    }
}
