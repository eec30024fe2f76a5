# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The Seed Sentinel authors
"""What the scenarios in a booted systemd have in common: promises, the service, peers, and the kernel's table."""

import contextlib
import errno
import json
import os
import re
import socket
import subprocess
import threading
import time

SERVICE = "sentineld.service"
# The node, and behind a pair of virtual devices its peers. The neighbour is never banned.
NODE, PORT = "198.51.100.1", 8776
BANNED, NEIGHBOUR, LATER = "198.51.100.7", "198.51.100.8", "198.51.100.9"
DEADLINE = 20.0

failures = 0


def check(promise, kept, detail=""):
    """One promise, one line."""
    global failures
    print(f"{'ok' if kept else 'not ok'} - {promise}", flush=True)
    if not kept:
        failures += 1
        for line in str(detail).splitlines():
            print(f"#   {line}", flush=True)
    return kept


def run(*command, fail=True, deadline=DEADLINE):
    result = subprocess.run(command, capture_output=True, text=True, timeout=deadline)
    if fail and result.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: status {result.returncode}\n{result.stdout}{result.stderr}")
    return result


def wait_for(what, condition):
    """Asks until the condition holds; there is no event to wait for in `systemctl show`."""
    end = time.monotonic() + DEADLINE
    while not (value := condition()):
        if time.monotonic() > end:
            raise RuntimeError(f"waited {DEADLINE:.0f} s for {what}")
        time.sleep(0.01)
    return value


def show(name, unit=SERVICE):
    return run("systemctl", "show", "--property", name, "--value", unit).stdout.strip()


def drop_in(text):
    """Replaces what this scenario changes about the service as it is shipped."""
    directory = f"/run/systemd/system/{SERVICE}.d"
    os.makedirs(directory, exist_ok=True)
    with open(f"{directory}/scenario.conf", "w") as file:
        file.write(f"[Service]\n{text}\n")
    run("systemctl", "daemon-reload")


def ctl(*arguments):
    """What sentinelctl answers, as JSON."""
    return json.loads(run("sentinelctl", *arguments, "--json").stdout)


class Peers:
    """A network of their own for the peers, and a node that answers whoever reaches it.

    It keeps its connections, so that it shows which of them are cut; a node under a flood is told not to.
    """

    CONNECT = """
import socket, sys
try:
    with socket.create_connection((sys.argv[2], int(sys.argv[3])), 1, (sys.argv[1], 0)) as node:
        sys.exit(0 if node.recv(1) else 1)
except OSError:
    sys.exit(1)
"""

    def __init__(self, keeps=True):
        self.keeps = keeps
        self.holder = subprocess.Popen(
            ["unshare", "--net", "sh", "-c", "echo; exec sleep infinity"], stdout=subprocess.PIPE
        )
        self.holder.stdout.readline()
        run("ip", "link", "add", "peers", "type", "veth", "peer", "name", "node", "netns", str(self.holder.pid))
        run("ip", "address", "add", f"{NODE}/24", "dev", "peers")
        run("ip", "link", "set", "peers", "up")
        for address in (BANNED, NEIGHBOUR, LATER):
            run(*self.inside, "ip", "address", "add", f"{address}/24", "dev", "node")
        run(*self.inside, "ip", "link", "set", "node", "up")
        self.node = socket.create_server((NODE, PORT))
        self.seen, self.kept = set(), []
        threading.Thread(target=self.serve, daemon=True).start()

    @property
    def inside(self):
        return ("nsenter", "--net", "--target", str(self.holder.pid))

    def serve(self):
        while True:
            connection, (address, _) = self.node.accept()
            self.seen.add(address)
            with contextlib.suppress(ConnectionError):
                connection.send(b"!")
            if self.keeps:
                self.kept.append((address, connection))
            else:
                connection.close()

    def cut(self):
        """The peers whose connections the kernel has taken from the node."""
        errors = [(address, kept.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)) for address, kept in self.kept]
        return {address for address, error in errors if error == errno.ECONNABORTED}

    def are_served(self, address):
        command = (*self.inside, "/usr/bin/python3", "-c", self.CONNECT, address, NODE, str(PORT))
        return run(*command, fail=False).returncode == 0

    def check(self, when):
        check(f"{when}, the banned peer gets no packet through", not self.are_served(BANNED))
        check(f"{when}, its neighbour is served", self.are_served(NEIGHBOUR))


class Table:
    """The kernel's table, as nft tells it: nothing of Seed Sentinel's is asked."""

    def __init__(self, handle, elements):
        self.handle = handle
        self.elements = elements

    @classmethod
    def read(cls):
        """The table, or None. nft 1.0.6 can't say as JSON that a table has outlived its owner: it breaks off
        within the flags. So the table's own line is taken from its text, the elements from the set's JSON."""
        text = run("nft", "--handle", "list", "table", "inet", "sentinel", fail=False)
        if text.returncode != 0:
            return None
        handle = re.match(r"table inet sentinel \{.*# handle (\d+)", text.stdout)[1]
        elements = {}
        for entry in json.loads(run("nft", "-j", "list", "set", "inet", "sentinel", "accept4").stdout)["nftables"]:
            for element in entry.get("set", {}).get("elem", []):
                elements[element["elem"]["val"]] = element["elem"]
        return cls(handle, elements)

    def holds(self, earlier):
        """Whether this is the earlier table, with the earlier ban's deadline or a nearer one."""
        now, then = self.elements.get(BANNED), earlier.elements[BANNED]
        return (
            self.handle == earlier.handle
            and now is not None
            and now["timeout"] == then["timeout"]
            and now["expires"] <= then["expires"]
        )

    def __str__(self):
        return f"handle {self.handle}, elements {self.elements}"


def still_there(promise, before):
    now = Table.read()
    check(promise, now is not None and now.holds(before), f"before: {before}\nnow: {now}")


def fields(path):
    with open(path) as file:
        return dict(re.match(r"(\w+):\s*(.*)", line).groups() for line in file if ":" in line)
