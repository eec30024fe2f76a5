// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// How a report looks. It has nothing that HTML or XML would read otherwise than CSS does: no "<" and no "&".
enum ReportStyle {
    /// SHA-256 of ``text`` in base64: the page allows no other style. Whoever changes the text is told by the browser's
    /// test what it is then.
    static let hash: StaticString = "2c8nxeIrvuLwkqviozQvp2WagfYe+RiLKR6Ua3lsyWw="

    static let text: StaticString = """
        :root { color-scheme: light dark; --page: #f4f5f7; --card: #fff; --ink: #16191d; --soft: #59616c; --rule: #e3e6ea;
        --base: #b4bac3; --good: #14733f; --good-card: #e2f4e9; --warn: #8a5300; --warn-card: #fdf0da; --bad: #b3261e;
        --bad-card: #fbe6e4; --s0: #2f6fdb; --s1: #e0752d; --s2: #189a78; --s3: #c43d7c; --s4: #7d5ac9; --s5: #b58a12;
        --s6: #2c9fb5; --s7: #8b919b; }
        @media (prefers-color-scheme: dark) { :root { --page: #0f1216; --card: #181c22; --ink: #e8eaee; --soft: #a2a9b4;
        --rule: #2b313a; --base: #545c68; --good: #6fd79d; --good-card: #12301f; --warn: #f2bd66; --warn-card: #35270d;
        --bad: #ff9b93; --bad-card: #3a1a18; --s0: #6aa3ff; --s1: #ff9d5c; --s2: #45c9a1; --s3: #f078b0; --s4: #b094fb;
        --s5: #e0bd45; --s6: #5ccbdf; --s7: #969da8; } }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI",
        Roboto, "Noto Sans", "DejaVu Sans", sans-serif; }
        header, main, footer { max-width: 1240px; margin: 0 auto; padding: 0 20px; }
        header { padding-top: 28px; }
        h1 { font-size: 26px; line-height: 1.2; margin: 0 0 4px; letter-spacing: -.01em; overflow-wrap: anywhere; }
        h2 { font-size: 17px; line-height: 1.3; margin: 0 0 2px; }
        p { margin: 0 0 12px; overflow-wrap: anywhere; }
        .soft, figcaption p, footer p, caption { color: var(--soft); }
        .state { display: inline-block; margin: 10px 0 6px; padding: 3px 12px; border-radius: 999px; font-weight: 600;
        color: var(--good); background: var(--good-card); }
        .state.warn { color: var(--warn); background: var(--warn-card); }
        .state.bad { color: var(--bad); background: var(--bad-card); }
        .facts { display: flex; flex-wrap: wrap; gap: 2px 22px; margin: 8px 0 14px; padding: 0; font-size: 14px; }
        .facts div { min-width: 0; overflow-wrap: anywhere; }
        .facts dt { display: inline; color: var(--soft); }
        .facts dd { display: inline; margin: 0 0 0 6px; }
        .problems { margin: 0 0 14px; padding: 10px 14px 10px 30px; border-radius: 8px; color: var(--bad);
        background: var(--bad-card); overflow-wrap: anywhere; }
        .tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(142px, 1fr)); gap: 14px; margin: 0 0 14px; }
        .tiles div, figure { background: var(--card); border: 1px solid var(--rule); border-radius: 10px; }
        .tiles div { display: flex; flex-direction: column-reverse; justify-content: flex-end; padding: 12px 16px; }
        .tiles dt { color: var(--soft); font-size: 13px; line-height: 1.35; }
        .tiles dd { margin: 0; font-size: 25px; line-height: 1.3; font-weight: 600; letter-spacing: -.02em;
        font-variant-numeric: tabular-nums; }
        main section { columns: 2; column-gap: 14px; margin-bottom: 14px; } section figure:last-child { margin-bottom: 0; }
        figure { margin: 0 0 14px; padding: 16px 18px; break-inside: avoid; }
        figcaption p { font-size: 14px; }
        .legend { display: flex; flex-wrap: wrap; gap: 2px 16px; margin: 0 0 8px; padding: 0; list-style: none;
        font-size: 13px; }
        .legend li { overflow-wrap: anywhere; }
        .legend i { display: inline-block; width: 11px; height: 11px; margin-right: 6px; border-radius: 3px; }
        .legend b { font-weight: 600; font-variant-numeric: tabular-nums; }
        .plot { display: block; width: 100%; overflow: visible; }
        .plot.time { padding: 0 14px 0 46px; }
        .plot text { fill: var(--ink); font-size: 12.5px; font-variant-numeric: tabular-nums; }
        .plot .label { font-weight: 600; }
        .plot .mark, .plot .value { fill: var(--soft); }
        .plot .rule { stroke: var(--rule); }
        .plot .base { stroke: var(--base); }
        .plot .track { fill: var(--rule); }
        .plot .column:hover { opacity: .7; }
        .s0 { fill: var(--s0); background: var(--s0); } .s1 { fill: var(--s1); background: var(--s1); }
        .s2 { fill: var(--s2); background: var(--s2); } .s3 { fill: var(--s3); background: var(--s3); }
        .s4 { fill: var(--s4); background: var(--s4); } .s5 { fill: var(--s5); background: var(--s5); }
        .s6 { fill: var(--s6); background: var(--s6); } .s7 { fill: var(--s7); background: var(--s7); }
        .plot .warn { fill: var(--bad); }
        .empty { margin: 0; padding: 26px 12px; border: 1px dashed var(--base); border-radius: 8px; color: var(--soft);
        text-align: center; }
        details { margin-top: 12px; font-size: 14px; }
        summary { color: var(--soft); cursor: pointer; width: fit-content; }
        .scroll { overflow-x: auto; max-height: 460px; overflow-y: auto; }
        table { border-collapse: collapse; width: 100%; font-size: 13.5px; font-variant-numeric: tabular-nums; }
        caption { padding: 6px 0; text-align: left; font-size: 13px; }
        th, td { padding: 5px 14px 5px 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--rule); }
        th { font-weight: 600; white-space: nowrap; }
        thead th { color: var(--soft); }
        td { white-space: nowrap; }
        .number { text-align: right; }
        td.words { min-width: 130px; max-width: 340px; white-space: normal; overflow-wrap: anywhere; }
        tfoot th, tfoot td { border-bottom: 0; font-weight: 600; }
        footer { padding-top: 16px; padding-bottom: 32px; font-size: 13px; }
        @media (max-width: 860px) { main section { columns: 1; } }
        @media (max-width: 560px) { header, main, footer { padding-left: 12px; padding-right: 12px; }
        figure { padding: 14px 12px; } .spare { display: none; } .tiles { gap: 10px; }
        .tiles { grid-template-columns: repeat(2, minmax(0, 1fr)); } .tiles dd { font-size: 21px; } }
        @media print { :root { color-scheme: light; --page: #fff; --card: #fff; --ink: #000; --soft: #444; --rule: #ddd;
        --base: #888; --good: #14733f; --good-card: #fff; --warn: #8a5300; --warn-card: #fff; --bad: #b3261e;
        --bad-card: #fff; --s0: #2f6fdb; --s1: #e0752d; --s2: #189a78; --s3: #c43d7c; --s4: #7d5ac9; --s5: #b58a12;
        --s6: #2c9fb5; --s7: #8b919b; }
        * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
        figure.table { break-inside: auto; }
        .scroll { max-height: none; overflow: visible; }
        table { font-size: 11px; } td, td.words { min-width: 0; white-space: normal; overflow-wrap: anywhere; }
        th, td { padding-right: 8px; } details:not([open]) { display: none; } }
        """
}
