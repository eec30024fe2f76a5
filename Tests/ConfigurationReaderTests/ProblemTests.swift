// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import ConfigurationReader
import SentinelConfiguration
import Testing

/// The messages for a text that is called "f".
private func messages(_ text: String) throws -> [String] {
    try messages(Array(text.utf8))
}

private func messages(_ bytes: [UInt8]) throws -> [String] {
    let error = try #require(throws: ConfigurationError.self) { try Configuration(toml: bytes, file: "f") }
    return error.problems.map(\.description)
}

@Suite struct ProblemTests {
    @Test(arguments: [
        ("[tabel]", "f:1: tabel: is no known section; did you mean [table]?"),
        (
            "\ncolour = 1",
            "f:2: colour: is no known section; known are [access], [capacity], [durations], [exempt], [[feed]], [guards], "
                + "[ledger], [log], [node], [shadow], [socket], [table]"
        ),
        (
            "table = 1",
            "f:1: table: is an integer, but a section is needed; write [table] in a line of its own"
        ),
        ("[[node]]", "f:1: node: is a list, but a section is needed; write [node] in a line of its own"),
        (
            "[feed]\nname = \"a\"",
            "f:1: feed: is a section, but a list of sections is needed; write [[feed]] in a line of its own, with two brackets"
        ),
        (
            "[[feed]]\nname = \"a\"",
            "f:1: [[feed]] path: is missing; write path = \"/var/lib/sentinel-feeds/drop.txt\""
        ),
        ("[[feed]]\npath = \"/a\"", "f:1: [[feed]] name: is missing; write name = \"drop\""),
        (
            "[[feed]]\nname = \"a b\"\npath = \"/a\"",
            "f:2: [[feed]] name: \"a b\" is no name of a feed; a name has 1 to 48 letters, digits, \"-\", \"_\" and \".\""
        ),
        (
            "[[feed]]\nname = \"a\"\npath = \"a.txt\"",
            "f:3: [[feed]] path: \"a.txt\" is no absolute path of a file; write one from the root without \".\", \"..\" or "
                + "\"//\", as \"/var/lib/sentinel-feeds/drop.txt\""
        ),
        (
            "[[feed]]\nname = \"a\"\npath = \"/a\"\nformat = \"plian\"",
            "f:4: [[feed]] format: \"plian\" is unknown; did you mean \"plain\"?"
        ),
        (
            "[[feed]]\nname = \"a\"\npath = \"/a\"\nmax_age = \"5s\"",
            "f:4: [[feed]] max_age: \"5s\" is out of range; it is from \"1m\" to \"36500d\", or \"none\""
        ),
        (
            "[[feed]]\nname = \"a\"\npath = \"/a\"\nmax_age = 5",
            "f:4: [[feed]] max_age: 5 has no unit; say which, in quotes, as \"5s\""
        ),
        (
            "[[feed]]\nname = \"a\"\npath = \"/a\"\n[[feed]]\nname = \"a\"\npath = \"/b\"",
            "f:5: [[feed]] name: \"a\" is another feed's name as well; give each a name of its own"
        ),
        (
            "[[feed]]\nname = \"a\"\npath = \"/a\"\nurl = \"https://example.org\"",
            "f:4: [[feed]] url: is no known key; known are format, max_age, name, path"
        ),
        (
            "[capacity]\nfeed_network = 0",
            "f:2: [capacity] feed_network: 0 is out of range; it is from 1 to 8388608"
        ),
        ("[table]\nnmae = \"x\"", "f:2: [table] nmae: is no known key; did you mean name?"),
        (
            "[node]\ncolour = 1",
            "f:2: [node] colour: is no known key; known are ports, users, widest4, widest6"
        ),
        (
            "[node]\n\"a\\u001bb\" = 1",
            "f:2: [node] \"a\\u{1B}b\": is no known key; known are ports, users, widest4, widest6"
        ),
        (
            "[table]\nname = 1",
            "f:2: [table] name: is an integer, but a string is needed; write name = \"sentinel\""
        ),
        ("[table]\nhook = \"inptu\"", "f:2: [table] hook: \"inptu\" is unknown; did you mean \"input\"?"),
        (
            "[table]\nhook = \"postrouting-x\"",
            "f:2: [table] hook: \"postrouting-x\" is unknown; write one of \"prerouting\", \"input\", \"ingress\""
        ),
        (
            "[table]\ndevices = \"eth0\"",
            "f:2: [table] devices: is a string, but a list is needed; write devices = [\"eth0\"]"
        ),
        (
            "[table]\nhook = \"ingress\"\ndevices = [\"eth0\",\n1]",
            "f:4: [table] devices: is an integer, but a string is needed; write devices = [\"eth0\"]"
        ),
        (
            "[shadow]\nchecks = [\"accpet\"]",
            "f:2: [shadow] checks: \"accpet\" is unknown; did you mean \"accept\"?"
        ),
        (
            "[shadow]\nchecks = true",
            "f:2: [shadow] checks: is a boolean, but a list is needed; write checks = [\"accept\", \"network\"]"
        ),
        (
            "[shadow]\nall = true",
            "f:2: [shadow] all: is no known key; known are checks"
        ),
        (
            "[shadow]\nchecks = [\"all\"]\n[table]\nmode = \"shared\"",
            "f:2: [shadow] checks: has no meaning with the mode \"shared\"; remove it and have your ruleset's rules "
                + "count without a drop or reject, or set mode = \"own\""
        ),
        (
            "[table]\ndevices = [\"eth0\"]",
            "f:2: [table] devices: has no meaning with the hook \"prerouting\"; remove it, or set hook = \"ingress\""
        ),
        (
            "[table]\nhook = \"ingress\"",
            "f:2: [table] devices: is empty, but the hook is \"ingress\"; name the devices that packets come in by, as "
                + "devices = [\"eth0\"]"
        ),
        (
            "[table]\npriority = \"first\"",
            "f:2: [table] priority: \"first\" is unknown; write one of \"raw\", \"mangle\", \"dstnat\", \"filter\", "
                + "\"security\", or a number"
        ),
        (
            "[table]\npriority = 2147483648",
            "f:2: [table] priority: 2147483648 is out of range; it is from -2147483648 to 2147483647"
        ),
        (
            "[table]\npriority = 1.5",
            "f:2: [table] priority: is a float, but an integer or a string is needed; write priority = \"raw\""
        ),
        ("[table]\nipv6_prefix = 129", "f:2: [table] ipv6_prefix: 129 is out of range; it is from 32 to 128"),
        (
            "[table]\nipv6_prefix = true",
            "f:2: [table] ipv6_prefix: is a boolean, but an integer is needed; write ipv6_prefix = 64"
        ),
        (
            "[node]\nports = [\"tcp/8776-8780\"]",
            "f:2: [node] ports: \"tcp/8776-8780\" is a range, and ranges of ports are not supported; write each port, "
                + "as \"tcp/8776\", \"tcp/8780\""
        ),
        (
            "[node]\nports = [8776]",
            "f:2: [node] ports: is an integer, but a string is needed; write ports = [\"tcp/8776\", \"udp/8776\"]"
        ),
        (
            "[node]\nports = [\n\"tcp/1\",\n\"8776\"]",
            "f:4: [node] ports: \"8776\" is no port; write protocol and port, as \"tcp/8776\" or \"udp/8776\""
        ),
        (
            "[node]\nports = [\"sctp/1\"]",
            "f:2: [node] ports: \"sctp/1\" has an unknown protocol; write \"tcp/…\" or \"udp/…\""
        ),
        (
            "[node]\nports = [\"tcp/0\"]",
            "f:2: [node] ports: \"tcp/0\" is out of range; a port is from 1 to 65535"
        ),
        (
            "[node]\nusers = [\"se ed\"]",
            "f:2: [node] users: \"se ed\" is no name; a name has letters, digits, \"_\", \"-\" and \".\", and starts "
                + "with none of the last two"
        ),
        (
            "[node]\nusers = [-1]",
            "f:2: [node] users: \"-1\" is no name; a name has letters, digits, \"_\", \"-\" and \".\", and starts "
                + "with none of the last two"
        ),
        (
            "[node]\nusers = [4294967295]",
            "f:2: [node] users: \"4294967295\" is out of range; a number is from 0 to 4294967294"
        ),
        (
            "[node]\nusers = [1000,\n\"1000\"]",
            "f:3: [node] users: \"1000\" is in the list twice; remove one of them"
        ),
        (
            "[node]\nwidest4 = \"all\"",
            "f:2: [node] widest4: \"all\" is unknown; write a prefix length without quotes, or \"none\""
        ),
        (
            "[node]\nwidest6 = true",
            "f:2: [node] widest6: is a boolean, but an integer or \"none\" is needed; write widest6 = 48"
        ),
        ("[node]\nwidest6 = 15", "f:2: [node] widest6: 15 is out of range; it is from 16 to 128"),
        (
            "[capacity]\naccept = 1_000_000_000",
            "f:2: [capacity] accept: 1000000000 is out of range; it is from 1 to 8388608"
        ),
        (
            "[capacity]\nfeed = 1e6",
            "f:2: [capacity] feed: is a float, but an integer is needed; write feed = 4194304"
        ),
        (
            "[access]\nsubmit = [\"seed\"]",
            "f:2: [access] submit: \"seed\" doesn't say whether it is a user or a group; write \"user:\" or \"group:\" "
                + "and a name or a number, as \"user:seed\" or \"group:1000\""
        ),
        (
            "[access]\nsubmit = [\"role:seed\"]",
            "f:2: [access] submit: \"role:seed\" is neither a user nor a group; write \"user:\" or \"group:\" and a "
                + "name or a number, as \"user:seed\" or \"group:1000\""
        ),
        (
            "[access]\noperate = []",
            "f:2: [access] operate: is empty: nobody could lift a ban; name an operator at least, as operate = "
                + "[\"user:root\"]"
        ),
        (
            "[exempt]\naddresses = [\"192.0.2.7/24\"]",
            "f:2: [exempt] addresses: \"192.0.2.7/24\" names bits behind its prefix; write \"192.0.2.0/24\" for the "
                + "block, or \"192.0.2.7\" for the address alone"
        ),
        (
            "[exempt]\naddresses = [\"192.0.2.0/33\"]",
            "f:2: [exempt] addresses: \"192.0.2.0/33\" has a prefix that is too long; it is from 0 to 32 for this "
                + "address"
        ),
        (
            "[exempt]\naddresses = [\"::ffff:192.0.2.7\"]",
            "f:2: [exempt] addresses: \"::ffff:192.0.2.7\" is an IPv4-mapped address, which no packet carries; write "
                + "\"192.0.2.7/32\""
        ),
        (
            "[exempt]\naddresses = [\"localhost\"]",
            "f:2: [exempt] addresses: \"localhost\" is no address; write an address or a block, as \"192.0.2.7\", "
                + "\"192.0.2.0/24\" or \"2001:db8::/32\""
        ),
        (
            "[guards]\nssh_ports = [22, 65536]",
            "f:2: [guards] ssh_ports: 65536 is out of range; a port is from 1 to 65535"
        ),
        (
            "[guards]\nssh_ports = [\"22\"]",
            "f:2: [guards] ssh_ports: is a string, but an integer is needed; write ssh_ports = [22]"
        ),
        (
            "[guards]\nssh_login_grace = \"0s\"",
            "f:2: [guards] ssh_login_grace: \"0s\" is out of range; it is from \"1s\" to \"1d\""
        ),
        (
            "[socket]\nmode = 0o660",
            "f:2: [socket] mode: is an integer, but a string is needed; write mode = \"0660\""
        ),
        (
            "[socket]\nmode = \"0888\"",
            "f:2: [socket] mode: \"0888\" is no mode; write octal digits from \"0000\" to \"0777\", as \"0660\""
        ),
        (
            "[socket]\npath = 2026-01-01",
            "f:2: [socket] path: is a date or time, but a string is needed; write path = "
                + "\"/run/sentinel/sentinel.sock\""
        ),
        (
            "[socket]\nconnections = 10",
            "f:2: [socket] connections_per_user: 64 is more than all connections there may be, 10; lower it, or raise "
                + "connections"
        ),
        (
            "[log]\nlevel = \"verbose\"",
            "f:2: [log] level: \"verbose\" is unknown; write one of \"trace\", \"debug\", \"info\", \"notice\", "
                + "\"warning\", \"error\", \"critical\""
        ),
    ])
    func `A bad value is refused with its line and the remedy`(text: String, message: String) throws {
        #expect(try messages(text) == [message])
    }

    @Test(arguments: [
        (
            "[durations]\nnode_maximum = 600",
            "f:2: [durations] node_maximum: 600 has no unit; say which, in quotes, as \"600s\""
        ),
        (
            "[durations]\nfirst = \"1m\"",
            "f:2: [durations] first: is no known key; known are check, default, "
                + "node_maximum, reason"
        ),
        (
            "[durations.default]\nfirst = \"10\"",
            "f:2: [durations.default] first: \"10\" has no unit; say which, as \"10s\"; write whole numbers with units, "
                + "the longest first, as \"90s\", \"1h30m\" or \"7d\"; the units are ms, s, m, h, d and w"
        ),
        (
            "[durations.default]\nmaximum = 1.5",
            "f:2: [durations.default] maximum: is a float, but a string is needed; write maximum = \"7d\""
        ),
        (
            "durations.default.jitter = 1",
            "f:1: [durations.default] jitter: 1.0 is out of range; it is a share, from 0 to below 1"
        ),
        (
            "[durations]\ndefault = { factor = inf }",
            "f:2: [durations.default] factor: inf is out of range; it is 1 for bans of the same length, or 1.01 and "
                + "more for growing ones"
        ),
        (
            "[durations.default]\npermanent_after = \"5\"",
            "f:2: [durations.default] permanent_after: \"5\" is unknown; write a number of strikes without quotes, or "
                + "\"never\""
        ),
        (
            "[durations.default]\npermanent_after = 0",
            "f:2: [durations.default] permanent_after: 0 is out of range; strikes count from 1; for none write "
                + "\"never\""
        ),
        ("[durations.check.acept]", "f:1: [durations.check] acept: is no known check; did you mean accept?"),
        (
            "[durations.check]\naccept = \"1m\"",
            "f:2: [durations.check] accept: is a string, but a section is needed; write [durations.check.accept] in a "
                + "line of its own"
        ),
        (
            "[durations.reason]\nrate-limit = \"1m\"",
            "f:2: [durations.reason] rate-limit: is a string, but a section is needed; write "
                + "[durations.reason.rate-limit] in a line of its own"
        ),
        (
            "[durations.reason.\"Rate Limit\"]\nfirst = \"1m\"",
            "f:1: [durations.reason] \"Rate Limit\": \"Rate Limit\" is no code of a reason; a code has 1 to 48 of the "
                + "letters a to z, digits and \"-\""
        ),
        (
            "[durations.check.dial.reason.a]\nreason = 1",
            "f:2: [durations.check.dial.reason.a] reason: is no known key; known are factor, first, forget_after, "
                + "jitter, maximum, permanent_after"
        ),
        (
            "[durations.check.dial]\nfirst = \"8d\"",
            "f:2: [durations.check.dial] maximum: \"7d\" is less than the first ban's \"8d\" (maximum from "
                + "[durations.default]); raise it, or lower first"
        ),
        (
            "[durations.check.dial]\nfirst = \"2h\"\n[durations.reason.rate]\nmaximum = \"1h\"",
            "f:4: [durations.check.dial.reason.rate] maximum: \"1h\" is less than the first ban's \"2h\" (maximum from "
                + "[durations.reason.rate], first from [durations.check.dial]); raise it, or lower first"
        ),
    ])
    func `Bad terms are refused where they stand`(text: String, message: String) throws {
        #expect(try messages(text) == [message])
    }

    @Test(arguments: [
        (
            "x = ",
            "f:1: column 5: error while parsing key-value pair: encountered end-of-file; write it as "
                + "https://toml.io shows"
        ),
        (
            "[log]\nlevel = debug",
            "f:2: column 9: error while parsing value: could not determine value type; put a text in quotes, as "
                + "level = \"info\""
        ),
        (
            "[log]\nlevel = info",
            "f:2: column 12: error while parsing floating-point: expected value-terminator, saw 'o'; put a text "
                + "in quotes, as level = \"info\""
        ),
        (
            "[log]\n[log]",
            "f:2: column 1: error while parsing table header: cannot redefine existing table 'log'; a "
                + "section and a key may be there once; join the two"
        ),
        (
            "[log\n",
            "f:1: column 5: error while parsing table header: expected ']', saw '\\n'; write it as "
                + "https://toml.io shows"
        ),
        (
            "level: info",
            "f:1: column 6: error while parsing key-value pair: expected '=', saw ':'; write key = value, "
                + "or [section]"
        ),
        (
            "mode = 0660",
            "f:1: column 12: error while parsing decimal integer: leading zeroes are prohibited; write a "
                + "number without them, and a mode in quotes, as mode = \"0660\""
        ),
        (
            "first = 10m",
            "f:1: column 11: error while parsing decimal integer: expected digit, saw 'm'; put a duration "
                + "in quotes, as first = \"10m\""
        ),
        (
            "x = [1\ny = 2",
            "f:2: column 1: error while parsing array: expected comma or closing ']', saw 'y'; separate "
                + "the entries by commas, and close the list with ]"
        ),
    ])
    func `What is no TOML is refused with its line`(text: String, message: String) throws {
        #expect(try messages(text) == [message])
    }

    @Test func `What is no text is refused`() throws {
        #expect(try messages(Array("a\n\0".utf8)) == ["f:2: has a NUL byte; save it as plain text in UTF-8"])
        #expect(
            try messages(Array("# é\n#\n# ".utf8) + [0xE9] + Array("\n".utf8))
                == ["f:3: is not UTF-8; save it as plain text in UTF-8"])
        #expect(
            try messages("[log]\nlevel = \"info\\u0000\"") == [
                "f:2: has the character NUL in a string; remove it"
            ])
        let large = [UInt8](repeating: UInt8(ascii: "#"), count: Configuration.maximumFileSize)
        #expect(try Configuration(toml: large, file: "f") == Configuration())
        #expect(
            try messages(large + [UInt8(ascii: "#")])
                == ["f: is larger than 1048576 bytes; check that it is the right file"])
    }

    /// The parser frees what it has read recursively.
    @Test func `A key without end is refused before it is parsed`() throws {
        let endless = String(repeating: "a.", count: 500_000) + "a"
        for text in ["\n\(endless) = 1", "\n[\(endless)]", "\nx = { \(endless) = 1, }"] {
            #expect(
                try messages(text) == [
                    "f:2: has a key of 500001 parts; no key has more than a few; put what is meant as text in quotes"
                ])
        }
    }

    @Test func `Lists without end are refused`() throws {
        let found = try messages("x = " + String(repeating: "[", count: 500_000))
        #expect(found.count == 1)
        #expect(found[0].contains("exceeded maximum nested value depth"))
        let entries = String(repeating: "1,", count: 16_385)
        #expect(
            try messages("[exempt]\naddresses = [\(entries)]") == [
                "f:2: [exempt] addresses: has 16385 entries; no list has more than 16384"
            ])
    }

    @Test func `All problems are told, in the order of the lines`() throws {
        let text = """
            colour = "red"
            [table]
            nam = "x"
            hook = "inptu"
            devices = ["eth0", 3, "eth0"]
            [node]
            ports = [
              "tcp/8776",
              "x",
              "tcp/8776",
            ]
            [access]
            operate = ["x"]
            [durations.default]
            first = "10"
            factor = 1.001
            [durations.check.accept]
            factor = 2
            jitter = 2
            """
        let lines = try messages(text).map { $0.prefix { $0 != ";" } }
        #expect(
            lines == [
                "f:1: colour: is no known section", "f:3: [table] nam: is no known key",
                "f:4: [table] hook: \"inptu\" is unknown",
                "f:5: [table] devices: is an integer, but a string is needed",
                "f:5: [table] devices: \"eth0\" is in the list twice", "f:9: [node] ports: \"x\" is no port",
                "f:10: [node] ports: \"tcp/8776\" is in the list twice",
                "f:13: [access] operate: \"x\" doesn't say whether it is a user or a group",
                "f:15: [durations.default] first: \"10\" has no unit",
                "f:16: [durations.default] factor: 1.001 is out of range",
                "f:19: [durations.check.accept] jitter: 2.0 is out of range",
            ])
    }

    @Test func `What several sections inherit is told once`() throws {
        let text = """
            [durations.default]
            jitter = 2
            first = "30d"
            [durations.check.accept]
            factor = 2
            [durations.reason.rate]
            factor = 3
            """
        #expect(
            try messages(text) == [
                "f:2: [durations.default] jitter: 2.0 is out of range; it is a share, from 0 to below 1",
                "f:3: [durations.default] maximum: \"7d\" is less than the first ban's \"30d\"; raise it, or lower first",
            ])
    }

    @Test func `Of very many problems a hundred are told`() throws {
        let found = try messages((0..<150).map { "key\($0) = 1\n" }.joined())
        #expect(found.count == 101)
        #expect(found[99].hasPrefix("f:100: key99: "))
        #expect(found[100] == "f: has 50 more problems; put these right, then check again")
    }
}
