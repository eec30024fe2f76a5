// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import ArgumentParser

/// The command with its verbs.
struct Sentinelctl: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sentinelctl",
        abstract: "Shows and changes whom the kernel refuses on behalf of a P2P node.",
        discussion: """
            sentineld keeps bans as elements of nftables sets; sentinelctl asks it, through a Unix socket. What a \
            user may do is said in sentineld's configuration: "submit" allows status, list, history, durations, feeds, metrics, watch \
            and lifting one's own bans, "operate" everything.

            A subject is one of
              203.0.113.7, 2001:db8::7    an address: packets from it are dropped
              203.0.113.0/24              a block: nothing passes from or to it
              tcp:203.0.113.7:8776        an endpoint: dials to it are rejected
              /ip4/203.0.113.7/tcp/8776   a multiaddr: its address or its endpoint

            EXAMPLES:
              sentinelctl status
              sentinelctl top
              sentinelctl ban 203.0.113.7 --for 1h30m
              sentinelctl explain 203.0.113.7
              sentinelctl list --json | jq -r .subject
              sentinelctl import list.netset --for 1d
              sentinelctl report --html report.html
              sudo sentinelctl check

            Output is fitted to the terminal; columns that find no place there are shown on a wider one, and where \
            the output goes to a file or a pipe. COLUMNS sets the width, NO_COLOR turns colours off.

            EXIT STATUS:
              0  done, also where there was nothing to show
              1  the helper or the kernel refused it, or a part of it; check found something
              2  the command line is wrong
              3  the helper is not reachable
              4  this user may not do it
            """,
        version: "0.1.0",
        subcommands: [
            StatusVerb.self, TopVerb.self, BanVerb.self, LiftVerb.self, ListVerb.self, SetsVerb.self,
            ExplainVerb.self,
            HistoryVerb.self, WatchVerb.self, DurationsVerb.self, ExemptVerb.self, ImportVerb.self,
            ExportVerb.self, FeedsVerb.self, MetricsVerb.self, ReportVerb.self, CheckVerb.self,
            ShadowVerb.self, ReloadVerb.self,
            ReleaseVerb.self,
        ])
}
