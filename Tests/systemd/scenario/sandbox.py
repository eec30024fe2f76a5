# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The Seed Sentinel authors
"""The service's sandbox as a program within it meets it, rather than as it is written down."""

import os
import pwd
import re
import subprocess

from harness import DEADLINE, SERVICE, check, run

# In a directory that the unit lets programs be run from.
PROBE = "/usr/libexec/seed-sentinel/probe"
ALLOWED = {"map-writable", "unix-socket", "netlink-socket", "write-state"}
# What each answer says: the filter of system calls, the mounts, or the kernel's own rules.
REFUSED = {
    "map-writable-executable": {"EPERM"},
    "make-executable": {"EPERM"},
    "ipv4-socket": {"EAFNOSUPPORT"},
    "ipv6-socket": {"EAFNOSUPPORT"},
    "packet-socket": {"EAFNOSUPPORT"},
    "write-etc": {"EROFS", "EACCES"},
    "write-usr": {"EROFS", "EACCES"},
    "write-run": {"EROFS", "EACCES"},
    "write-shared-memory": {"EROFS", "EACCES"},
    "write-home": {"EROFS", "EACCES"},
    "run-shell": {"EACCES"},
    "run-what-it-wrote": {"EACCES"},
    "mount": {"EPERM"},
    "new-namespace": {"EPERM"},
    "change-owner": {"EPERM"},
    "change-personality": {"EPERM"},
    "trace": {"EPERM"},
    "become-root": {"EPERM"},
}


def answers(text):
    return dict(re.findall(r"^([a-z0-9-]+) (\w+)$", text, re.MULTILINE))


def outside():
    """What root is told outside the sandbox: the probe can do all that it tries."""
    command = ["unshare", "--mount", PROBE, "/tmp"]
    return answers(subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE).stdout)


def inside():
    """What a service is told that is sentineld's in all but the program, and that it is run once."""
    text = run("systemctl", "cat", SERVICE).stdout
    text = re.sub(r"^ExecStart=.*$", f"ExecStart={PROBE} /var/lib/sentinel", text, flags=re.MULTILINE)
    text = re.sub(r"^Type=.*$", "Type=oneshot", text, flags=re.MULTILINE)
    text = re.sub(r"^(Restart|WatchdogSec)=.*$", "", text, flags=re.MULTILINE)
    text = re.sub(r"^Also=.*$", "", text, flags=re.MULTILINE)
    with open("/run/systemd/system/sentinel-probe.service", "w") as file:
        file.write(text)
    run("systemctl", "daemon-reload")
    run("systemctl", "start", "sentinel-probe.service", fail=False)
    return answers(run("journalctl", "--boot", "--unit=sentinel-probe.service", "--output=cat").stdout)


def refuses():
    every = ALLOWED | REFUSED.keys()
    free = outside()
    check("outside its sandbox a program may do all of it", free == {name: "done" for name in every}, free)
    told = inside()
    check("within it, the same program comes to its end", told.keys() == every, told)
    done = {name for name, answer in told.items() if answer == "done"}
    check("within it, what the helper needs is allowed", ALLOWED <= done, told)
    for name, answers_ in REFUSED.items():
        check(f"within it, {name} is refused", told.get(name) in answers_, told.get(name))
    owner = pwd.getpwuid(os.stat("/var/lib/sentinel").st_uid).pw_name
    check("the state directory stays the helper's", owner == "sentinel", owner)
