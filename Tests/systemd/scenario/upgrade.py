# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The Seed Sentinel authors
"""Another build of sentineld takes the place of the one that runs, and nobody who is banned notices a gap."""

import os
import shutil
import socket
import subprocess
import threading

from harness import BANNED, DEADLINE, NEIGHBOUR, NODE, PORT, SERVICE, Table, check, run, show, still_there
from harness import wait_for

PROGRAM = "/usr/sbin/sentineld"


class Echo:
    """A node that sends each datagram back."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((NODE, PORT))
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                data, sender = self.socket.recvfrom(64)
                self.socket.sendto(data, sender)
            except OSError:
                return


class Knocker:
    """A peer that sends a datagram every two milliseconds until it is told to stop, and counts what comes back."""

    PROGRAM = """
import select, socket, sys
source, node, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
knock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
knock.bind((source, 0))
knock.connect((node, port))
sent = answered = 0
print(flush=True)
while not select.select([sys.stdin], [], [], 0.002)[0]:
    sent += 1
    knock.send(b"?")
    while select.select([knock], [], [], 0)[0]:
        answered += len(knock.recv(64))
print(sent, answered)
"""

    def __init__(self, peers, source):
        command = (*peers.inside, "/usr/bin/python3", "-c", self.PROGRAM, source, NODE, str(PORT))
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.process.stdout.readline()

    def stop(self):
        """How many datagrams it sent, and how many came back."""
        said, _ = self.process.communicate("stop\n", timeout=DEADLINE)
        sent, answered = map(int, said.split())
        return sent, answered


def another_build():
    """A program that does the same and is not the same: another file, with other bytes."""
    new = f"{PROGRAM}.new"
    shutil.copy2(PROGRAM, new)
    with open(new, "ab") as file:
        file.write(b"another build")
    os.replace(new, PROGRAM)
    return os.stat(PROGRAM).st_ino


def runs_from(inode):
    pid = show("MainPID")
    return pid != "0" and show("ActiveState") == "active" and os.stat(f"/proc/{pid}/exe").st_ino == inode


def in_place(before, peers):
    node = Echo()
    banned, neighbour = Knocker(peers, BANNED), Knocker(peers, NEIGHBOUR)
    earlier = show("MainPID")
    for _ in range(3):
        inode = another_build()
        run("systemctl", "restart", SERVICE)
        wait_for("the other build to run", lambda: runs_from(inode))
    check("an upgrade in place runs the other build", show("MainPID") != earlier)
    still_there("and leaves the table, with the ban's deadline as it was", before)
    listed = run("sentinelctl", "sets", "accept4").stdout
    check("the other build answers, and knows the ban", BANNED in listed, listed)
    sent, answered = banned.stop()
    check("the banned peer got no packet through in all that time", sent > 100 and answered == 0, (sent, answered))
    sent, answered = neighbour.stop()
    check("its neighbour was served meanwhile", sent > 100 and answered > sent // 2, (sent, answered))
    node.socket.close()
    elements = Table.read().elements
    check("no element was lost", before.elements.keys() <= elements.keys(), elements)
