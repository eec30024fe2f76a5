// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import BanLists
import Inet
import Testing

/// Each format in the form in which its program writes it.
@Suite struct ReadingTests {
    @Test func `Bitcoin Core's banlist json gives blocks and their ends`() throws {
        let reading = try read(
            BitcoinList.self,
            """
            {
              "banned_nets": [
                { "version": 1, "ban_created": 1795836000, "banned_until": 1795839637, "address": "203.0.113.7/32" },
                { "version": 1, "ban_created": 1795836000, "banned_until": 1795836037, "address": "203.0.113.8/32" },
                { "version": 1, "ban_created": 0, "banned_until": 99999999999, "address": "2001:db8::/32" },
                { "version": 2, "ban_created": 0, "banned_until": 1795839637, "address": "203.0.113.9/32" },
                { "version": 1, "ban_created": 0, "banned_until": 1795839637,
                  "address": "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion" },
                { "version": 1, "ban_created": 0, "banned_until": 1795839637, "address": "203.0.113.1/24" }
              ]
            }
            """)
        #expect(subjects(reading) == ["203.0.113.7 for 3600000 ms", "2001:db8::/32 for good"])
        #expect(reading.entries.first?.created == ListTime(seconds: 1_795_836_000))
        #expect(reading.lines == [3, 5])
        #expect(reading.ended == 1)
        #expect(
            problems(reading) == [
                "6: version 2: 203.0.113.9/32",
                "7: no IP address: pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion",
                "9: bits behind the prefix: 203.0.113.1/24",
            ])
        #expect(
            reading.refusals.last?.remedy
                == "write 203.0.113.0/24 for the block, or 203.0.113.1 for the one address")
    }

    @Test func `What listbanned answers is read alone and within an RPC reply`() throws {
        let bans = """
            [
              { "address": "198.51.100.0/24", "banned_until": 1795922437, "ban_created": 1795836034 },
              { "address": "203.0.113.7/32", "ban_created": 1795836034, "banned_until": 1795839634,
                "ban_duration": 3600, "time_remaining": 3597 }
            ]
            """
        let expected = ["198.51.100.0/24 for 86400000 ms", "203.0.113.7 for 3597000 ms"]
        #expect(try subjects(read(BitcoinListBanned.self, bans)) == expected)
        let reply = "{\"result\": \(bans), \"error\": null, \"id\": \"1\"}"
        #expect(try subjects(read(BitcoinListBanned.self, reply)) == expected)
    }

    static let alerts = """
        [
         {
          "created_at": "2026-11-28T03:20:35Z",
          "decisions": [
           { "duration": "3h59m59.123456s", "id": 2, "origin": "crowdsec", "scenario": "crowdsecurity/ssh-bf",
             "scope": "Ip", "simulated": false, "type": "ban", "value": "192.0.2.8" },
           { "duration": "-1m0s", "id": 3, "scope": "Ip", "type": "ban", "value": "192.0.2.9" },
           { "duration": "4h", "id": 4, "scope": "Country", "type": "ban", "value": "XX" },
           { "duration": "4h", "id": 5, "scope": "Ip", "type": "captcha", "value": "192.0.2.10" },
           { "duration": "4h", "id": 6, "scope": "Ip", "simulated": true, "type": "ban", "value": "192.0.2.11" },
           { "duration": "forever", "id": 7, "scope": "Ip", "type": "ban", "value": "192.0.2.12" }
          ]
         }
        ]
        """

    @Test func `CrowdSec's alerts give their decisions, and each that is refused says why`() throws {
        let reading = try read(CrowdSecDecisions.self, Self.alerts)
        #expect(subjects(reading) == ["192.0.2.8 for 14399123 ms"])
        #expect(reading.entries.first?.reason == "crowdsecurity/ssh-bf")
        #expect(reading.entries.first?.origin == "crowdsec")
        #expect(reading.entries.first?.created == now.advanced(by: -2000))
        #expect(reading.ended == 1)
        #expect(
            problems(reading) == [
                "8: scope Country: Country XX", "9: type captcha: 192.0.2.10",
                "10: a simulated decision: 192.0.2.11", "11: no duration: 192.0.2.12 for forever",
            ])
    }

    @Test func `CrowdSec's stream, arrays and lines are read`() throws {
        let stream = """
            {"deleted":[{"duration":"-1s","scope":"Ip","type":"ban","value":"192.0.2.1"}],
             "new":[{"duration":"1h30m12.5s","scope":"Range","type":"ban","value":"198.51.100.0/24"}]}
            """
        let reading = try read(CrowdSecStream.self, stream)
        #expect(subjects(reading) == ["198.51.100.0/24 for 5412500 ms"])
        #expect(reading.ended == 1)
        #expect(try read(CrowdSecStream.self, "{\"deleted\":null,\"new\":null}").entries.isEmpty)
        #expect(try read(CrowdSecDecisions.self, "null").entries.isEmpty)
        let array = "[{\"duration\":\"4h\",\"scope\":\"ip\",\"type\":\"ban\",\"value\":\"192.0.2.1\"}]"
        #expect(try subjects(read(CrowdSecDecisions.self, array)) == ["192.0.2.1 for 14400000 ms"])
        let lines = """
            {"value":"192.0.2.1","duration":"1h"}
            {"value":"192.0.2.2"}
            {"value":
            """
        let byLine = try read(CrowdSecDecisions.self, lines)
        #expect(subjects(byLine) == ["192.0.2.1 for 3600000 ms", "192.0.2.2"])
        #expect(problems(byLine) == ["3: the JSON ends in the middle: {\"value\":"])
    }

    @Test func `Fail2ban's banned is read as Python and as JSON write it`() throws {
        let python =
            "[{'sshd': ['203.0.113.7', '2001:db8::7']}, {'it\\'s': ['198.51.100.0/24', 'host.example']}]"
        let reading = try read(Fail2banBanned.self, python)
        #expect(subjects(reading) == ["203.0.113.7", "2001:db8::7", "198.51.100.0/24"])
        #expect(reading.entries.map(\.reason) == ["sshd", "sshd", "it's"])
        #expect(problems(reading) == ["1: no address: it's: host.example"])
        #expect(try subjects(read(Fail2banBanned.self, "[{\"sshd\": [\"203.0.113.7\"]}]")) == ["203.0.113.7"])
        // What it answers where an address is given: the jails that have it.
        #expect(throws: BanListError.self) { try read(Fail2banBanned.self, "[['sshd']]") }
    }

    @Test func `sshguard's blacklist is for good`() throws {
        let reading = try read(
            SSHGuardBlacklist.self,
            "1610000000|100|4|203.0.113.7\r\n1610000001|110|6|2001:db8::7\n1610000001|100|6|203.0.113.8\nbad\n"
        )
        #expect(subjects(reading) == ["203.0.113.7 for good", "2001:db8::7 for good"])
        #expect(reading.entries.last?.origin == "110")
        #expect(
            problems(reading) == [
                "3: another address family: 1610000001|100|6|203.0.113.8", "4: not four fields: bad",
            ])
    }

    @Test func `Plain lists lose their comments, and blocks that overlap or touch become one`() throws {
        let reading = try read(
            PlainList.self,
            """
            \u{FEFF}; Spamhaus DROP List
            # FireHOL
            // others
            203.0.113.0/25 ; SBL123456
            203.0.113.128/25 # next to it
            203.0.113.7
            198.51.100.7
            198.51.100.6
            198.51.100.7
            10.0.0.0/8
            10.1.0.0/16
            192.0.2.0-192.0.2.2
            2001:db8::/33
            2001:db8:8000::/33
            ::ffff:198.51.100.9/128
            300.1.1.1
            203.0.113.1/24
            192.0.2.9/33
            """)
        #expect(
            subjects(reading) == [
                "10.0.0.0/8", "192.0.2.0/31", "203.0.113.0/24", "192.0.2.2", "198.51.100.6", "198.51.100.7",
                "198.51.100.9", "2001:db8::/32",
            ])
        #expect(reading.comments == 3)
        #expect(reading.merged == 5)
        #expect(
            problems(reading) == [
                "16: no address: 300.1.1.1", "17: bits behind the prefix: 203.0.113.1/24",
                "18: no prefix length: 192.0.2.9/33",
            ])
    }

    @Test func `The whole of a family is one block`() throws {
        #expect(
            try subjects(read(PlainList.self, "0.0.0.0-255.255.255.255\n::/0\n255.255.255.255")) == [
                "0.0.0.0/0", "::/0",
            ])
    }

    @Test func `monerod's ban list is for good, and has IPv6 in brackets`() throws {
        let reading = try read(
            MoneroList.self, "# mine\n203.0.113.7\n198.51.100.0/24\n[2001:db8::7]\n2001:db8::8\nx.org\n")
        #expect(
            subjects(reading) == [
                "203.0.113.7 for good", "198.51.100.0/24 for good", "2001:db8::7 for good",
                "2001:db8::8 for good",
            ])
        #expect(problems(reading) == ["6: no address: x.org"])
    }

    @Test func `monerod's get_bans and its command bans tell what is left`() throws {
        let reading = try read(
            MoneroBans.self,
            """
            { "id": "0", "jsonrpc": "2.0", "result": { "bans": [
              { "host": "203.0.113.7", "ip": 124846283, "seconds": 2499131258 },
              { "host": "198.51.100.0\\/24", "ip": 0, "seconds": 3600 },
              { "ip": 141623499, "seconds": 60 },
              { "host": "::ffff:203.0.113.10", "ip": 0, "seconds": 60 },
              { "host": "x.org", "seconds": 60 } ], "status": "OK" } }
            """)
        #expect(
            subjects(reading) == [
                "203.0.113.7 for good", "198.51.100.0/24 for 3600000 ms", "203.0.113.8 for 60000 ms",
                "203.0.113.10 for 60000 ms",
            ])
        #expect(problems(reading) == ["6: no address: x.org"])
        let printed = try read(
            MoneroBans.self,
            "\u{1B}[0;36m2026-11-28 03:19:27.513\tI \u{1B}[0;36mMonero 'Fluorine Fermi'\n"
                + "\u{1B}[0m203.0.113.7 banned for 2499131258 seconds\n203.0.112.0/24 banned for 7198 seconds\n"
        )
        #expect(subjects(printed) == ["203.0.113.7 for good", "203.0.112.0/24 for 7198000 ms"])
        #expect(printed.comments == 1)
        #expect(printed.refusals.isEmpty)
    }

    static let record = """
        {"caller":"user:seed","check":"accept","created":1795836000123,"detail":"a \\"b\\"\\u009b","durable":true,\
        "expires":1795839637456,"granted":3600000,"id":17,"key":"203.0.113.7","operator":false,"peer":"12D3KooWA",\
        "reason":"rate-limit","set":"accept4","strikes":2,"subject":"/ip4/203.0.113.7/tcp/8776"}

        """

    @Test func `Our own lines lose nothing, and a multiaddr means what the check says`() throws {
        let reading = try read(SentinelLines.self, Self.record)
        #expect(subjects(reading) == ["203.0.113.7 for 3600456 ms"])
        #expect(text(SentinelLines.write(reading.entries, now: now)) == Self.record)
        let dial = Self.record.replacing("\"check\":\"accept\"", with: "\"check\":\"dial\"")
        #expect(try subjects(read(SentinelLines.self, dial)) == ["tcp:203.0.113.7:8776 for 3600456 ms"])
        let faults = try read(
            SentinelLines.self,
            """
            {"subject":"203.0.113.7","expires":"soon"}
            {"subject":"example.org"}
            {"check":"accept"}
            {"subject":
            """)
        #expect(faults.entries.isEmpty)
        #expect(faults.refusals.map(\.line) == [1, 2, 3, 4])
    }

    @Test(arguments: [
        "{\"banned_nets\": [{\"version\": 1,", "{\"banned_nets\": [1 2]}", "nonsense", "{\"a\": 1}", "",
    ])
    func `A document that is cut off or no such one is not taken at all`(text: String) {
        #expect(throws: BanListError.self) { try read(BitcoinList.self, text) }
    }

    @Test func `An error names the line, what is wrong and the remedy`() throws {
        let error = #expect(throws: BanListError.self) {
            try read(BitcoinList.self, "{\n \"banned_nets\": [\n  {\"address\": x}\n]}")
        }
        #expect(error?.line == 3)
        #expect(error?.problem == "no JSON, at \"x}\"")
        #expect(error?.remedy.isEmpty == false)
        #expect(throws: BanListError.self) {
            try read(BitcoinList.self, String(repeating: "[", count: 100_000))
        }
    }
}
