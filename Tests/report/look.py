# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Seed Sentinel authors
"""Has a report made by a real sentineld, and looks at it in a browser. One line for each promise."""

import json
import os
import pathlib
import socket
import stat
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree

from browser import Browser
from picture import Picture

PROGRAMS, SHOTS = map(pathlib.Path, sys.argv[1:3])
HOSTILE = '"><img src=x onerror=alert(1)><script>alert(2)</script>'
failures = 0


def promise(text, wrong=""):
    global failures
    print(f"{'not ok' if wrong else 'ok'} - {text}", flush=True)
    for line in str(wrong or "").splitlines()[:20]:
        print(f"#   {line}", flush=True)
    failures += bool(wrong)


def until(what, done):
    deadline = time.monotonic() + 60
    while not done():
        if time.monotonic() > deadline:
            raise SystemExit(f"not ok - {what}")
        time.sleep(0.02)


class Host:
    """sentineld in this namespace, and others in one of their own who are refused."""

    def __init__(self, folder):
        self.folder = folder
        self.environment = {**os.environ, "SENTINEL_SOCKET": f"{folder}/s.sock", "SWIFT_BACKTRACE": "enable=no",
                            "TZ": "Europe/Berlin"}
        pathlib.Path(folder, "ledger").mkdir(mode=0o700)
        configuration = pathlib.Path(folder, "sentinel.toml")
        configuration.write_text(
            f'[socket]\npath = "{folder}/s.sock"\n[ledger]\ndirectory = "{folder}/ledger"\n[node]\n'
            'ports = ["tcp/8776", "udp/8776"]\nusers = ["65534"]\n[capacity]\ndial = 40\n[access]\n'
            'submit = ["user:root"]\noperate = ["user:root"]\n', encoding="utf-8")
        configuration.chmod(0o644)
        self.helper = subprocess.Popen(
            [PROGRAMS / "sentineld", "--config", configuration], env=self.environment, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        until("sentineld starts", lambda: os.path.exists(f"{folder}/s.sock"))

    def control(self, *arguments, status=0):
        done = subprocess.run(
            [PROGRAMS / "sentinelctl", *arguments], env=self.environment, text=True, capture_output=True, timeout=120)
        if done.returncode != status:
            raise SystemExit(f"not ok - sentinelctl {' '.join(map(str, arguments))}\n#   {done.stderr}")
        return done.stdout

    def call(self, method, parameters):
        """One call as a node makes it."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(f"{self.folder}/s.sock")
            text = json.dumps({"method": f"org.seedsentinel.Helper.{method}", "parameters": parameters})
            connection.sendall(text.encode() + b"\0")
            reply = b""
            while not reply.endswith(b"\0"):
                reply += connection.recv(1 << 16)
        reply = json.loads(reply[:-1])
        if "error" in reply:
            raise SystemExit(f"not ok - {method}\n#   {reply}")
        return reply["parameters"]

    def fill(self):
        """Bans for many reasons, by a node and by an operator; some end, and some packets are refused."""
        reasons = ["rate-limit", "scanner", "bad-handshake", "spam", "stale-fork", "sybil", "flood", "reputation", "slow"]
        denials = [
            {"check": "accept", "subject": f"198.18.{i % 7}.{i + 1}", "reason": reasons[i * i % 9], "validated": True,
             "peer": f"12D3KooW{i:04}", "detail": f"{i} of 20 connections",
             "duration": [30_000, 600_000, 3_600_000, 86_400_000][i % 4]}
            for i in range(120)]
        denials += [
            {"check": "dial", "subject": f"tcp:203.0.113.{i + 1}:4001", "reason": reasons[i % 3], "validated": True}
            for i in range(38)]
        denials += [
            {"check": "accept", "subject": f"2001:db8:{i % 4}:{i}::1", "reason": "rate-limit", "validated": True}
            for i in range(20)]
        self.call("Submit", {"denials": denials})
        self.call("Submit", {"denials": denials[:30]})
        self.control("ban", "10.9.0.3", "--for", "1d", "--detail", f"</td></table>{HOSTILE}")
        self.control("ban", "192.0.2.0/24", "10.9.0.2", "--for", "30d")
        self.control("ban", "2001:db8:ffff::/48", "--for-good")
        for _ in range(3):
            self.control("lift", "198.18.1.2")
            self.control("ban", "198.18.1.2", "--for", "2h", "--detail", f"{HOSTILE} \u202e\u0007 & <b>")

    def others(self):
        """Those who are banned send to the node's port, until the kernel has counted what they sent."""
        away = subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
        own = os.readlink("/proc/self/ns/net")
        until("a second namespace", lambda: os.readlink(f"/proc/{away.pid}/ns/net") != own)
        inside = ["nsenter", f"--net=/proc/{away.pid}/ns/net"]
        for line in ("link add here type veth peer name there netns %d" % away.pid, "address add 10.9.0.1/24 dev here",
                     "link set here up"):
            subprocess.run(["ip", *line.split()], check=True)
        for line in ("link set lo up", "address add 10.9.0.2/24 dev there", "address add 10.9.0.3/24 dev there",
                     "link set there up"):
            subprocess.run([*inside, "ip", *line.split()], check=True)
        for source, count in (("10.9.0.2", 40), ("10.9.0.3", 15)):
            sender = ("import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); "
                      f"s.bind(('{source}', 0)); [s.sendto(b'x' * 100, ('10.9.0.1', 8776)) for _ in range({count})]")
            subprocess.run([*inside, "/usr/bin/python3", "-c", sender], check=True)

        def refused():
            sets = json.loads(self.control("sets", "--json"))["sets"]
            return sum(one.get("packets", 0) for one in sets if one["name"] == "accept4")

        until("packets are refused", lambda: refused() == 55)
        away.kill()
        away.wait()


# What each plot is to have: rectangles that are wide and high enough to be seen, within their figure.
GEOMETRY = """
(() => {
  const box = one => { const b = one.getBoundingClientRect(); return [b.left, b.top + scrollY, b.right, b.bottom + scrollY]; };
  return [...document.querySelectorAll('figure')].map(figure => ({
    id: figure.id, box: box(figure), plot: figure.querySelector('svg') ? box(figure.querySelector('svg')) : null,
    rows: figure.querySelectorAll('tbody tr').length, empty: !!figure.querySelector('.empty'),
    shapes: [...figure.querySelectorAll('svg rect:not(.track)')].map(one => [...box(one), getComputedStyle(one).fill]),
    texts: [...figure.querySelectorAll('svg text')].filter(one => one.getClientRects().length).map(
      one => [...box(one), one.textContent, one.getAttribute('class')])}));
})()
"""
PLOTS = ("bans", "changes", "refused", "fill", "prefixes-bans", "prefixes-packets", "durations", "strikes")
TABLES = ("offenders", "repeaters")


def misplaced(figures, width):
    """What of the plots is not where it should be."""
    wrong = []
    for figure in figures:
        left, top, right, bottom = figure["box"]
        name = figure["id"]
        if right - left < 200 or bottom - top < 60 or left < 0 or right > width + 0.5:
            wrong.append(f"{name} is at {figure['box']}")
        if name not in PLOTS:
            continue
        if figure["empty"] or not figure["shapes"] or not figure["rows"]:
            wrong.append(f"{name} shows nothing: {len(figure['shapes'])} shapes, {figure['rows']} rows")
        for shape in figure["shapes"] + figure["texts"]:
            if shape[0] < left or shape[2] > right or shape[1] < top or shape[3] > bottom:
                wrong.append(f"{name}: {shape} isn't within {figure['box']}")
        for shape in figure["shapes"]:
            if shape[2] - shape[0] < 0.4 or shape[3] - shape[1] < 0.9:
                wrong.append(f"{name}: {shape} can't be seen")
        # Texts that are in one line don't run into each other.
        texts = sorted(figure["texts"], key=lambda one: (round(one[1]), one[0]))
        for one, other in zip(texts, texts[1:]):
            if round(one[1]) == round(other[1]) and one[2] > other[0]:
                wrong.append(f"{name}: {one[4]!r} runs into {other[4]!r}")
    return wrong


def drawn(figures, picture):
    """What of the plots isn't in the picture in the colours that it should have."""
    wrong = []
    for figure in figures:
        for left, top, right, bottom, fill in figure["shapes"][:40]:
            if right - left < 3 or bottom - top < 3:
                continue
            colour = tuple(map(int, fill.removeprefix("rgb(").removesuffix(")").split(",")))
            if colour not in picture.colours(left + 1, top + 1, right - 1, bottom - 1):
                wrong.append(f"{figure['id']}: no {fill} at {[left, top, right, bottom]}")
    return wrong


def look(browser, page, width, scheme):
    name = f"{width} px, {scheme}"
    browser.look(width, 900, scheme)
    browser.open(f"file://{page}")
    picture = browser.shot(SHOTS / f"report-{width}-{scheme}.png")
    figures = browser.value(GEOMETRY)
    promise(f"all plots and tables are there ({name})",
            set(PLOTS + TABLES) ^ {figure["id"] for figure in figures})
    promise(f"the page isn't wider than the screen ({name})",
            "" if browser.value("document.documentElement.scrollWidth") <= width else "it is")
    promise(f"what is drawn is where it should be ({name})", "\n".join(misplaced(figures, width)))
    picture = Picture(picture)
    promise(f"what is drawn is in the picture, in its colours ({name})", "\n".join(drawn(figures, picture)))
    page_colour = picture.main_colour()
    promise(f"the page is {scheme} ({name})",
            "" if (sum(page_colour) > 600) == (scheme == "light") else f"most of it is {page_colour}")
    promise(f"the browser complains of nothing ({name})", "\n".join(browser.complaints))
    promise(f"nothing is asked from anywhere ({name})",
            "\n".join(one for one in browser.requests if one != f"file://{page}"))
    # With the tables unfolded as well.
    browser.value("document.querySelectorAll('details').forEach(one => one.open = true)")
    promise(f"unfolded tables scroll by themselves ({name})",
            "" if browser.value("document.documentElement.scrollWidth") <= width else "the page is wider than the screen")


def hostile(browser, page):
    browser.look(1280, 900)
    browser.open(f"file://{page}")
    found = browser.value("document.querySelectorAll('script, img, iframe, object, link, [onerror]').length")
    promise("what callers wrote is no element", f"{found} elements" if found else "")
    text = browser.value("document.body.textContent")
    promise("it is there as it was written", "" if text.count(HOSTILE) >= 2 else "it isn't")
    promise("what can't be seen is made visible", "" if "\\u{202E}\\u{7} & <b>" in text else "it isn't")
    # That the policy holds is shown by what it stops.
    stopped = browser.value(
        "(() => { const s = document.createElement('script'); s.textContent = 'window.ran = 1'; document.body.append(s);"
        " const i = document.createElement('div'); i.setAttribute('style', 'width: 7px'); document.body.append(i);"
        " return [window.ran === undefined, i.getBoundingClientRect().width !== 7]; })()")
    promise("a script in the page wouldn't run, and no other style hold", "" if stopped == [True, True] else stopped)


def printed(browser, page):
    browser.look(794, 1123, "dark", media="print")
    browser.open(f"file://{page}")
    paper = Picture(browser.shot(SHOTS / "report-print.png"))
    promise("on paper it is black on white", "" if paper.main_colour() == (255, 255, 255) else "it isn't")
    wrong = misplaced(browser.value(GEOMETRY), 794)
    if browser.value("document.documentElement.scrollWidth") > 794:
        wrong.append("the page is wider than the paper")
    promise("on paper the plots are where they should be", "\n".join(wrong))


def accessible(browser):
    wrong = browser.value(
        "[...document.querySelectorAll('svg')].filter(one => one.getAttribute('role') !== 'img' || !one.querySelector("
        "':scope > title')?.textContent || !one.querySelector(':scope > desc')?.textContent).length")
    promise("each plot has a name and a description", f"{wrong} have none" if wrong else "")
    tree = browser.call("Accessibility.getFullAXTree")["nodes"]
    names = {node["name"]["value"] for node in tree if node.get("role", {}).get("value") in ("image", "img")
             and node.get("name", {}).get("value")}
    promise("who has plots read to him hears their names",
            {"Bans over time", "Packets refused", "How full the sets are", "How long bans last"} - names)


def same(figures, page):
    """The figures of the page are those that --json prints."""
    text = "".join(xml.etree.ElementTree.fromstring(page.split("\n", 1)[1]).itertext())
    begun = sum(one["total"] for one in figures["history"]["bans"])
    in_force = figures["status"]["bans"]
    granted = sum(one["granted"] for one in figures["durations"])
    left = sum(one["left"] for one in figures["durations"])
    strikes = sum(one["bans"] for one in figures["strikes"])
    promise("each ban in force is in each of the sums", "" if in_force == granted == left == strikes else
            f"{in_force} in force, {granted} granted, {left} left, {strikes} by strikes")
    promise("counts over time are the totals", "" if all(
        sum(one["counts"]) == one["total"] for one in figures["history"]["bans"]) and begun > 150 else f"{begun} began")
    told = [f"{begun:,}", f"{in_force:,}", "10.9.0.2", "10.9.0.0/24", "198.18.1.2", "203.0.113.0/24"]
    promise("the page and --json say the same", "\n".join(one for one in told if one not in text))
    costs = {one["network"]: one["count"] for one in figures["prefixes"]["packets"]}
    promise("packets are counted by block", "" if costs == {"10.9.0.0/24": 55} else costs)
    promise("who cost most comes first, with his ban", "" if [
        (one["key"], one["packets"], one["ban"]["caller"]) for one in figures["offenders"]
    ] == [("10.9.0.2", 40, "user:root"), ("10.9.0.3", 15, "user:root")] else figures["offenders"])


def main():
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        host = Host(folder)
        page, early = f"{folder}/report.html", f"{folder}/early.html"
        host.control("report", "--html", early)
        host.fill()
        host.others()
        host.control("report", "--html", page, "--since", "1h")
        same(json.loads(host.control("report", "--json", "--since", "1h")), pathlib.Path(page).read_text(encoding="utf-8"))
        promise("a new page is for its owner alone", "" if stat.S_IMODE(os.stat(page).st_mode) == 0o600 else "it isn't")
        os.chmod(page, 0o640)
        host.control("report", "--html", page, "--since", "1h")
        promise("one that is there stays as readable as it was",
                "" if stat.S_IMODE(os.stat(page).st_mode) == 0o640 else "it doesn't")
        piped = host.control("report", "--html", "-", "--since", "1h")
        promise("the standard output gets the whole page", "" if piped.rstrip().endswith("</html>") else piped[-200:])
        browser = Browser()
        for width in (360, 1280):
            for scheme in ("light", "dark"):
                look(browser, page, width, scheme)
        hostile(browser, page)
        accessible(browser)
        printed(browser, page)
        for width in (360, 1280):
            browser.look(width, 900)
            browser.open(f"file://{early}")
            browser.shot(SHOTS / f"report-empty-{width}.png")
            empty = [figure["id"] for figure in browser.value(GEOMETRY) if figure["empty"]]
            promise(f"where there is nothing, the page says so instead of drawing it ({width} px)",
                    set(PLOTS + TABLES) - {"fill"} ^ set(empty))
            promise(f"and fits the screen ({width} px)",
                    "" if browser.value("document.documentElement.scrollWidth") <= width else "it doesn't")
        browser.close()
        host.helper.terminate()
        host.helper.wait()
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
