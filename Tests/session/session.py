# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Seed Sentinel authors
"""The session (see run): what an operator types and sees while a node is under attack. One line for each promise."""

import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile

from host import ATTACKERS, HONEST, Host, comes_about, wait_for
from terminal import Recording, Terminal

PROGRAMS, KEPT = pathlib.Path(sys.argv[1]), sys.argv[2]
FIRST, SECOND = ATTACKERS
PROMPT = "operator$ "
failures = 0


def promise(text, holds, shown=""):
    global failures
    print(f"{'ok' if holds else 'not ok'} - {text}", flush=True)
    if not holds:
        failures += 1
        for line in str(shown).splitlines():
            print(f"#   {line}", flush=True)


def number(text):
    return int(text.replace(",", ""))


def packets(terminal, address):
    """What the row of an address says that was refused because of it; 0 where there is no row."""
    row = terminal.row(f"{address} ")
    found = row and re.search(r"\s([\d,]+)\s+[\d.<k]+\s", row)
    return number(found[1]) if found else 0


class Session:
    def __init__(self, host):
        self.host = host
        self.environment = {**host.environment, "TERM": "xterm-256color", "PS1": PROMPT, "HISTFILE": ""}
        self.top = ["sentinelctl", "top", "--config", host.configuration]

    def sees(self, text, shown, title=None):
        """Waits until the operator sees it, and keeps the screen under a title."""
        holds = self.terminal.until(shown)
        promise(text, holds, self.terminal.text)
        self.terminal.snapshot(title or text)
        return holds

    def command(self, line, said):
        """A command at the prompt, and what it is to say; waits for the next prompt."""
        self.terminal.type(f"clear; {line}\n")
        done = self.terminal.until(
            lambda t: t.text.count(PROMPT.strip()) == 1 and t.lines[t.screen.cursor.y].startswith(PROMPT.strip())
            and all(word in t.text for word in said))
        promise(line.replace(self.host.configuration, "FILE"), done, self.terminal.text)
        self.terminal.snapshot(line.replace(self.host.configuration, "FILE"))

    def run(self):
        recording = Recording(KEPT, 80, 24)
        self.terminal = Terminal(["bash", "--norc", "--noprofile", "-i"], self.environment, recording=recording)
        try:
            self.watch_the_attack()
            self.act()
            self.lose_the_helper()
            self.stop_and_go_on()
            self.settle()
        finally:
            self.terminal.close()

    # The story

    def watch_the_attack(self):
        terminal, host = self.terminal, self.host
        terminal.until(lambda t: PROMPT.strip() in t.text)
        terminal.type(f"clear; echo before; {' '.join(self.top)}\n")
        self.sees("top shows that all is well and nobody is banned",
                  lambda t: "healthy" in t.text and "No bans in force." in t.text)
        promise("it is on the alternate screen", terminal.screen.is_alternate)
        host.flood(FIRST)
        self.sees("the attack begins: the attacker has a row, with his reason",
                  lambda t: "rate-limit" in (t.row(f"{FIRST} ") or ""))
        before = packets(terminal, FIRST)
        self.sees("the packets that are refused rise before the operator's eyes",
                  lambda t: packets(t, FIRST) > before + 200 and re.search(r"packets/s\s+\d\d", t.text))
        promise("the graph of the last minutes is drawn", re.search(r"packets/s .*[▂▃▄▅▆▇█]", terminal.text), terminal.text)
        refused = json.loads(host.control("sets", "accept4", "--json").splitlines()[0])["packets"]
        promise("what top shows is what the kernel counts", 0 < packets(terminal, FIRST) <= refused, f"{refused}")
        terminal.type("\r")
        self.sees("Enter explains why: the ban, its reason, who asked for it",
                  lambda t: all(w in t.text for w in (
                      "dropped on its way to the node's ports", "rate-limit", "accept4 decides", "user:nobody")))
        terminal.type("q")
        self.sees("and back to the table", lambda t: t.row(f"{FIRST} "), "back")
        terminal.resize(120, 40)
        self.sees("on a larger terminal there are more columns, and the keys at the bottom",
                  lambda t: "BYTES" in t.text and "user:nobody" in t.text and "quit" in t.lines[39])
        terminal.resize(80, 24)
        self.sees("and on 80 by 24 again, all that matters",
                  lambda t: "BYTES" not in t.text and t.row(f"{FIRST} ") and "quit" in t.lines[23])
        terminal.type("?")
        self.sees("? tells the keys", lambda t: "sort by packets" in t.text and "Ctrl-Z" in t.text)
        terminal.type("q")

    def act(self):
        terminal, host = self.terminal, self.host
        terminal.type("b")
        self.sees("b asks whom, beginning with the selected one", lambda t: f"endpoint): {FIRST}" in t.text)
        terminal.type("\x15127.0.0.1\r")
        terminal.until(lambda t: "for how long" in t.text)
        terminal.type("1h\r")
        self.sees("what a guard forbids is refused, and it says why", lambda t: "guarded" in t.text and "loopback" in t.text)
        terminal.type("b\x15192.0.2.9\r")
        terminal.until(lambda t: "Ban 192.0.2.9 for how long" in t.text)
        terminal.type("30m\r")
        self.sees("a ban is carried out and has its row",
                  lambda t: "banned 192.0.2.9" in t.text and "operator" in (t.row("192.0.2.9 ") or ""))
        promise("and sentineld has it", len(host.bans("192.0.2.9")) == 1)
        terminal.type("/192.0.2.9\r")
        self.sees("/ shows one row alone", lambda t: t.row("192.0.2.9 ") and not t.row(f"{FIRST} "))
        terminal.type("l")
        terminal.until(lambda t: "(y/n)" in t.text)
        terminal.type("n")
        self.sees("l asks, and a no leaves the ban", lambda t: "stays" in t.text and t.row("192.0.2.9 "))
        terminal.type("l")
        terminal.until(lambda t: "(y/n)" in t.text)
        terminal.type("y")
        self.sees("a yes lifts it", lambda t: "1 ban lifted" in t.text and not t.row("192.0.2.9 "))
        promise("and sentineld has it no more", not host.bans("192.0.2.9"))
        # The first takes back what was said, the second the filter.
        terminal.type("\x1b")
        terminal.until(lambda t: "1 ban lifted" not in t.text)
        terminal.type("\x1b")
        self.sees("Escape shows all rows again", lambda t: t.row(f"{FIRST} "), "all rows")

    def lose_the_helper(self):
        terminal, host = self.terminal, self.host
        host.helper.kill()
        host.helper.wait()
        self.sees("sentineld is killed: top says so, loudly, and what it knew stays",
                  lambda t: "NO ANSWER" in t.text and "start it" in t.text and t.row(f"{FIRST} "))
        host.start_helper()
        before = packets(terminal, FIRST)
        self.sees("sentineld is back: so is top, and the kernel went on counting",
                  lambda t: "healthy" in t.text and "NO ANSWER" not in t.text and packets(t, FIRST) > before)

    def stop_and_go_on(self):
        terminal = self.terminal
        terminal.type("\x1a")
        self.sees("Ctrl-Z gives the shell back, as it was before",
                  lambda t: "Stopped" in t.text and t.text.startswith("before") and not t.screen.is_alternate)
        terminal.type("fg\n")
        self.sees("fg goes on", lambda t: t.screen.is_alternate and t.row(f"{FIRST} ") and "healthy" in t.text)
        terminal.type("q")
        self.sees("q gives the shell back", lambda t: not t.screen.is_alternate and t.text.startswith("before")
                  and t.lines[t.screen.cursor.y].startswith(PROMPT.strip()))

    def settle(self):
        host = self.host
        config = f"--config {host.configuration}"
        self.command(f"sentinelctl durations set --reason rate-limit --first 2h {config}", ["rate-limit", "2 h", "in force"])
        host.flood(SECOND, seconds=60)
        wait_for("the second attacker's ban", lambda: host.bans(SECOND))
        granted = host.bans(SECOND)[0]["granted"] / 3_600_000
        promise("who is banned from then on is banned for longer", 1 < granted <= 2, f"{granted} h")
        self.command("sentinelctl ban 10.78.0.96/28 --for 1h --detail flood", ["banned", "10.78.0.96/28"])
        promise("an honest client in that block isn't served", not host.is_served(HONEST))
        self.command(f"sentinelctl exempt add {HONEST} --note monitoring {config}", ["is exempt", "in force"])
        # A node closes what it has secured within ten seconds after the ban.
        promise("exempt, it is served", comes_about(lambda: host.is_served(HONEST)), host.last_dial)
        text = pathlib.Path(host.configuration).read_text(encoding="utf-8")
        promise("both stand in the configuration's file, beside what was there",
                all(w in text for w in ('first = "2h"', f'"{HONEST}"', "monitoring", "# The session's.")), text)
        self.report()

    def report(self):
        host = self.host
        page = f"{host.folder}/report.html"
        self.command(f"sentinelctl report --html {page}", [])

        def names_attackers():
            text = pathlib.Path(page).read_text(encoding="utf-8") if os.path.exists(page) else ""
            return FIRST in text and SECOND in text

        promise("the report is written, and names the attackers", comes_about(names_attackers), page)

    # How it ends

    def ends(self, title, end, status, command=None, **environment):
        """Runs top alone at a terminal and has it end; the terminal has to be as it was."""
        terminal = Terminal(
            command or [PROGRAMS / "sentinelctl", *self.top[1:]], {**self.environment, **environment})
        try:
            shown = terminal.until(lambda t: t.screen.is_alternate and "quit" in t.lines[23])
            end(terminal)
            found = terminal.end()
            promise(f"{title}: the terminal is as it was", shown and found == status and not terminal.damage(),
                    f"status {found}, wanted {status}\n{terminal.damage()}\n{terminal.text}")
            return terminal
        finally:
            terminal.close()

    def endings(self):
        def kill(number):
            return lambda t: os.kill(t.pid, number)

        self.ends("q", lambda t: t.type("q"), 0)
        self.ends("Ctrl-C", lambda t: t.type("\x03"), 0)
        self.ends("Ctrl-C at a question", lambda t: t.type("b\x03"), 0)
        self.ends("SIGTERM", kill(signal.SIGTERM), -signal.SIGTERM)
        self.ends("SIGHUP", kill(signal.SIGHUP), -signal.SIGHUP)
        self.ends("Ctrl-\\", lambda t: t.type("\x1c"), -signal.SIGQUIT)
        plain = self.ends("q without colours", lambda t: t.type("q"), 0, NO_COLOR="1")
        colours = re.findall(rb"\x1b\[[\d;]*m", plain.raw)
        promise("NO_COLOR: there are none", set(colours) <= {b"\x1b[0m"}, colours)
        colourful = self.ends("q with colours", lambda t: t.type("q"), 0)
        promise("without it there are", b"\x1b[1m" in colourful.raw)
        simple = self.ends("q where the locale isn't UTF-8", lambda t: t.type("q"), 0, LC_ALL="C")
        promise("and there graphs are drawn without block elements",
                not re.search("[▁-▏░▸▾]", simple.raw.decode()) and b"." in simple.raw, simple.text)

    def refusals(self):
        terminal = Terminal([PROGRAMS / "sentinelctl", "top"], {**self.environment, "TERM": "dumb"})
        status = terminal.end()
        promise("on a dumb terminal it says what to write instead",
                status == 2 and "top --once" in terminal.text.replace("\n", " ") and not terminal.damage(), terminal.text)
        terminal.close()
        nowhere = {**self.environment, "SENTINEL_SOCKET": f"{self.host.folder}/nowhere.sock"}
        terminal = Terminal([PROGRAMS / "sentinelctl", "top"], nowhere)
        status = terminal.end()
        promise("without sentineld it says how to start it, and shows no screen",
                status == 3 and "systemctl start" in terminal.text.replace("\n", "") and b"1049h" not in terminal.raw, terminal.text)
        terminal.close()
        piped = subprocess.run([PROGRAMS / "sentinelctl", "top"], env=self.environment, capture_output=True, text=True,
                               check=False, stdin=subprocess.DEVNULL)
        promise("to a pipe it says what to write instead",
                piped.returncode == 2 and "top --once" in piped.stderr and not piped.stdout, piped.stderr)
        once = self.host.control("top", "--once")
        promise("once, it prints what the screen shows", f" {FIRST} " in once and "\x1b" not in once, once)


def main():
    with tempfile.TemporaryDirectory() as folder:
        host = Host(PROGRAMS, folder)
        try:
            host.start_helper()
            host.start_node()
            session = Session(host)
            session.run()
            session.endings()
            session.refusals()
        except (RuntimeError, OSError, subprocess.SubprocessError) as error:
            promise("the session comes to its end", False, f"{error}\n{getattr(error, 'stderr', '')}")
        finally:
            host.end()
    print(f"# what the terminal showed is in {os.path.relpath(KEPT)}: session.cast, screens.txt", flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
