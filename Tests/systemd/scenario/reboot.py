# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The Seed Sentinel authors
"""A second boot with the same /var/lib: what a receipt called durable is there again, and nothing else."""

import json
import os
import pwd
import time

from harness import BANNED, Table, check, ctl, run, show, wait_for

NOTE = "/var/lib/sentinel-scenario.json"


def receipts(answer):
    """The receipts in what `sentinelctl ban --json` says."""
    return answer["receipts"] if isinstance(answer, dict) and "receipts" in answer else [answer]


def prepare():
    """The last thing before the shutdown: one more ban, whose receipt is remembered."""
    run("systemctl", "start", "sentineld.service")
    receipt = receipts(ctl("ban", BANNED, "--for", "1h"))[0]
    left = Table.read().elements[BANNED]["expires"]
    with open(NOTE, "w") as file:
        json.dump({"durable": receipt["durable"], "ends": time.time() + left}, file)
    check("a ban's receipt says whether it outlives a reboot", receipt["durable"] in (True, False), receipt)


def is_like_the_receipts_said(peers):
    with open(NOTE) as file:
        note = json.load(file)
    check("after a reboot nothing is in the kernel before the helper starts", Table.read() is None)
    run("systemctl", "start", "sentineld.socket", "sentineld.service")
    wait_for("the service to be active", lambda: show("ActiveState") == "active")
    state = os.stat("/var/lib/sentinel")
    owner = (pwd.getpwuid(state.st_uid).pw_name, oct(state.st_mode & 0o777))
    check("the state directory is the helper's as before", owner == ("sentinel", "0o700"), owner)
    element = Table.read().elements.get(BANNED)
    if not note["durable"]:
        check("a ban that wasn't durable is gone with the reboot", element is None, element)
        check("and its peer is served again", peers.are_served(BANNED))
        return
    kept = check("a durable ban is in the kernel again after a reboot", element is not None, element)
    if kept:
        ends = time.time() + element["expires"]
        check("and ends when it would have ended", abs(ends - note["ends"]) < 10, (ends, note["ends"]))
    check("its peer gets no packet through", not peers.are_served(BANNED))
