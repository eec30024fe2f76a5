#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The Seed Sentinel authors
"""Docs/under-attack.md is followed, command by command, in a booted systemd (see boot) whose node is flooded.

Each command has to succeed, and to say all the words of what is shown below it: numbers, times and marks may differ.
What is shown as TOML is added to the configuration. Prints a line for each promise.
"""

import os
import re
import subprocess
import sys

# Where run lays these files.
sys.path.insert(0, "/usr/lib/sentinel-scenario")

import harness
from harness import NODE, PORT, Peers, check, run, wait_for

GUIDE, PACKAGES = "/var/cache/sentinel-package/under-attack.md", "/var/cache/sentinel-package"
CONFIGURATION = "/etc/sentinel/sentinel.toml"
FLOODERS = [f"203.0.113.{last}" for last in (21, 22, 23)] + [f"192.0.2.{last}" for last in range(130, 142)]
HONEST = "192.0.2.140"


class Flood:
    """Peers who connect again and again, each a hundred times a second or as often as he gets in."""

    CONNECT = """
import socket, sys, threading, time
def connect(source):
    while True:
        try:
            with socket.create_connection((sys.argv[1], int(sys.argv[2])), 0.3, (source, 0)) as node:
                node.recv(1)
        except OSError:
            pass
        time.sleep(0.01)
for source in sys.argv[3:]:
    threading.Thread(target=connect, args=(source,)).start()
"""

    def __init__(self, peers):
        for block in ("203.0.113.0/24", "192.0.2.0/24"):
            run("ip", "route", "add", block, "dev", "peers")
        for address in FLOODERS:
            run(*peers.inside, "ip", "address", "add", f"{address}/32", "dev", "node")
        command = (*peers.inside, "/usr/bin/python3", "-c", self.CONNECT, NODE, str(PORT), *FLOODERS)
        self.process = subprocess.Popen(command)

    def end(self):
        self.process.kill()
        self.process.wait()


def steps(text):
    """What the guide has one do: ("toml", lines), or a command with what is shown below it."""
    for kind, block in re.findall(r"^```(console|toml)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
        if kind == "toml":
            yield kind, block
            continue
        for command in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            line, _, shown = command.partition("\n")
            yield line, shown


def words(text):
    """Those of four letters and more: what is shorter is mostly a unit, and what is cut off isn't one."""
    return set(re.findall(r"(?<![\w.])[A-Za-z-]{4,}(?![\w…])", text))


def carry_out(command, shown):
    # As a terminal of 80 columns; the package is the one that was made, and no other machine is asked.
    command = command.replace("apt install", "dpkg --install")
    environment = {**os.environ, "COLUMNS": "80", "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}
    result = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, timeout=120, cwd=PACKAGES, env=environment
    )
    lacking = words(shown) - words(result.stdout)
    said = f"lacks {sorted(lacking)}\nstatus {result.returncode}\n{result.stdout}{result.stderr}"
    check(command[:90], result.returncode == 0 and not lacking, said)


def main():
    if os.path.exists("/usr/sbin/policy-rc.d"):
        os.remove("/usr/sbin/policy-rc.d")
    with open(GUIDE) as file:
        guide = list(steps(file.read()))
    peers = Peers(keeps=False)
    flood = Flood(peers)
    wait_for("the flood", lambda: peers.seen >= set(FLOODERS))
    for what, shown in guide:
        if what == "toml":
            with open(CONFIGURATION, "a") as file:
                file.write(f"\n{shown}")
        else:
            carry_out(what, shown)
    flood.end()
    check("in the end the honest address is served", peers.are_served(HONEST))
    check("and the others of its block aren't", not peers.are_served(FLOODERS[-1]))


try:
    main()
except Exception as error:  # whatever went wrong, the remaining promises were not checked
    check("the guide comes to its end", False, error)
sys.exit(1 if harness.failures else 0)
