// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import BanLists
import Testing

@Suite struct RecognitionTests {
    static let lists: [(String, BanListKind)] = [
        ("{\"banned_nets\": []}", .bitcoin), ("[{\"address\":\"::/0\",\"banned_until\":1}]", .bitcoinRPC),
        ("{\"result\":[{\"address\":\"::/0\",\"banned_until\":1}]}", .bitcoinRPC),
        (ReadingTests.alerts, .crowdsec), ("[{\"value\":\"192.0.2.1\"}]", .crowdsec), ("null\n", .crowdsec),
        ("{\"value\":\"192.0.2.1\"}\n{\"value\":\"192.0.2.2\"}\n", .crowdsec),
        ("{\"new\":[],\"deleted\":null}", .crowdsecStream), ("[{'sshd': ['192.0.2.1']}]", .fail2ban),
        ("SQLite format 3\0…", .fail2banDatabase), ("[2001:db8::7]\n192.0.2.1\n", .monero),
        ("{\"result\":{\"bans\":[]}}", .moneroRPC), ("192.0.2.1 banned for 3 seconds\n", .moneroRPC),
        ("\u{FEFF}\n # a\n; b\n// c\n 192.0.2.0/24 ; SBL1\n", .plain), ("2001:db8::/32\n", .plain),
        ("192.0.2.1 - 192.0.2.9\n", .plain), ("1610000000|100|4|192.0.2.1\n", .sshguard),
        (ReadingTests.record, .sentinel),
    ]

    @Test(arguments: lists)
    func `The beginning tells what a list is`(text: String, kind: BanListKind) throws {
        #expect(try BanListKind(recognising: Array(text.utf8).span) == kind)
    }

    @Test(arguments: [
        "", "\n \n", "[]", "{}", "{\"a\":1}", "[1]", "[[1]]", "# only\n; comments\n", "hello\n192.0.2.1\n",
    ])
    func `What fits none or several is asked for`(text: String) {
        let error = #expect(throws: BanListError.self) {
            try BanListKind(recognising: Array(text.utf8).span)
        }
        #expect(error?.remedy.contains("--format") == true)
    }
}
