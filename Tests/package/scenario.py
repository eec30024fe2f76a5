#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The Seed Sentinel authors
"""What the Debian package promises: installed, upgraded, removed and purged in a booted systemd (see boot).

Prints a line for each promise and ends with status 1 if one isn't kept.
"""

import os
import subprocess
import sys

# Where run lays these files.
sys.path.insert(0, "/usr/lib/sentinel-scenario")

import harness
from harness import BANNED, NEIGHBOUR, SERVICE, Peers, Table, check, ctl, run, show, still_there, wait_for
from upgrade import Echo, Knocker

PACKAGE = "seed-sentinel"
FIRST, NEXT = "/var/cache/sentinel-package/first.deb", "/var/cache/sentinel-package/next.deb"
CONFIGURATION = "/etc/sentinel/sentinel.toml"
SOCKET = "sentineld.socket"
METRICS = "/var/lib/prometheus/node-exporter/sentinel.prom"
# Where a package leaves something, but for where others write meanwhile.
PLACES = ("/etc", "/usr", "/var")
ELSEWHERE = ("/var/tmp", "/var/log", "/var/cache", "/var/lib/dpkg")


def dpkg(*arguments):
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    result = subprocess.run(["dpkg", *arguments], capture_output=True, text=True, timeout=120, env=environment)
    command = " ".join(arguments).replace(os.path.dirname(FIRST) + "/", "")
    check(f"dpkg {command}", result.returncode == 0, result.stdout + result.stderr)
    return result


def state():
    """What dpkg knows of the package; nothing where it knows nothing."""
    return run("dpkg-query", "--show", "--showformat=${db:Status-Status} ${Version}", PACKAGE, fail=False).stdout


def files():
    """All files there are where a package may have left some."""
    found = set()
    for place in PLACES:
        for directory, directories, names in os.walk(place):
            directories[:] = [name for name in directories if os.path.join(directory, name) not in ELSEWHERE]
            found.update(os.path.join(directory, name) for name in (*directories, *names))
    return found


def is_active():
    return show("ActiveState") == "active" and show("SubState") == "running"


def installs(peers):
    dpkg("--install", FIRST)
    wait_for("the service to run", is_active)
    check("installed, the service and its socket run", show("ActiveState", SOCKET) == "active")
    enabled = run("systemctl", "is-enabled", SERVICE, SOCKET, fail=False).stdout.split()
    check("and both are enabled", enabled == ["enabled", "enabled"], enabled)
    user = run("getent", "passwd", "sentinel", fail=False).stdout
    check("the user is made, and can't log in", user.rstrip().endswith(":/var/lib/sentinel:/usr/sbin/nologin"), user)
    check("nft shows the table, and nobody is banned", Table.read() is not None and not Table.read().elements)
    check("a peer that nobody denied is served", peers.are_served(BANNED))
    run("sentinelctl", "ban", BANNED, "--for", "1h")
    table = Table.read()
    check("a ban is enforced", BANNED in table.elements and not peers.are_served(BANNED), table)
    return table


def upgrades(before, peers):
    """Under fire, with a configuration that was edited, and with another default in the new version."""
    with open(CONFIGURATION) as file:
        text = file.read()
    mine = text + '\n[exempt]\naddresses = ["192.0.2.99"]\n'
    with open(CONFIGURATION, "w") as file:
        file.write(mine)
    node, earlier = Echo(), show("MainPID")
    banned, neighbour = Knocker(peers, BANNED), Knocker(peers, NEIGHBOUR)
    listening = os.stat("/run/sentinel/sentinel.sock").st_ino
    dpkg("--install", "--force-confold", NEXT)
    wait_for("the other program to run", lambda: is_active() and show("MainPID") != earlier)
    check("upgraded, the other version is installed", state().endswith("+next"), state())
    with open(f"/proc/{show('MainPID')}/exe", "rb") as file:
        check("and its program runs", file.read().endswith(b"another build\n"))
    still_there("the table stays, with the ban's deadline as it was", before)
    check("the ledger knows the ban", BANNED in run("sentinelctl", "list").stdout)
    sent, answered = banned.stop()
    check("the banned peer got no packet through in all that time", sent > 100 and answered == 0, (sent, answered))
    sent, answered = neighbour.stop()
    check("its neighbour was served meanwhile", sent > 100 and answered > sent // 2, (sent, answered))
    node.socket.close()
    check("the socket has listened all the time", os.stat("/run/sentinel/sentinel.sock").st_ino == listening)
    with open(CONFIGURATION) as file:
        check("a configuration that was edited is kept", file.read() == mine)
    check("and the other version's lies beside it", os.path.exists(f"{CONFIGURATION}.dpkg-dist"))
    check("it is in force", "192.0.2.99" in run("nft", "list", "set", "inet", "sentinel", "exempt4").stdout)


def is_counted():
    """Metrics for node_exporter, which the package has and doesn't enable."""
    run("systemctl", "enable", "--now", "sentinel-metrics.timer")
    run("systemctl", "start", "sentinel-metrics.service")
    check("metrics are written where node_exporter reads them", os.path.exists(METRICS))


def is_removed(before, peers, persistent):
    said = dpkg("--remove", PACKAGE).stderr
    states = {show("ActiveState"), show("ActiveState", SOCKET)}
    check("removed, the service and its socket are stopped", states == {"inactive"}, states)
    timer = show("ActiveState", "sentinel-metrics.timer")
    gone = timer == "inactive" and not os.path.exists(METRICS)
    check("and so is the timer of the metrics, whose file is gone", gone, timer)
    check("nothing of it runs", run("pgrep", "-x", "sentineld", fail=False).stdout == "")
    check("its programs are gone", not any(map(os.path.exists, ("/usr/sbin/sentineld", "/usr/bin/sentinelctl"))))
    check("its configuration and the ledger stay", os.path.exists(CONFIGURATION) and os.listdir("/var/lib/sentinel"))
    if persistent:
        still_there("the table stays, and blocks", before)
        check("which it says, with the way out", "nft delete table inet sentinel" in said, said)
        check("the banned peer gets no packet through", not peers.are_served(BANNED))
    else:
        check("this kernel has released the table", Table.read() is None)


def comes_back():
    """What was removed and is installed again goes on where it was."""
    dpkg("--install", "--force-confold", NEXT)
    wait_for("the service to run", is_active)
    check("installed again, the ban is in force", BANNED in Table.read().elements, Table.read())
    with open(CONFIGURATION) as file:
        check("and the configuration is the edited one", "192.0.2.99" in file.read())


def is_purged(earlier, peers):
    dpkg("--purge", PACKAGE)
    check("purged, the table is gone", Table.read() is None)
    check("who was banned is served", peers.are_served(BANNED))
    left = sorted(files() - earlier)
    check("no file of it is left", not left, "\n".join(left))
    check("nor anything of it in /run", not os.path.exists("/run/sentinel"))
    check("dpkg knows nothing of it any more", state() == "", state())
    known = run("systemctl", "list-unit-files", "sentineld*", fail=False).stdout
    check("nor does systemd", "sentineld" not in known, known)


def leaves_another_s_table(peers):
    """A table of the operator's own, whose sets sentineld fills, isn't the package's to remove."""
    run("systemctl", "stop", SOCKET, SERVICE)
    run("nft", "destroy", "table", "inet", "sentinel", fail=False)
    run("nft", "delete", "table", "inet", "sentinel", fail=False)
    run("nft", "--file", "/usr/share/seed-sentinel/rules/shared.nft")
    with open(CONFIGURATION, "a") as file:
        file.write('\n[table]\nmode = "shared"\n')
    run("systemctl", "start", SERVICE)
    check("started alone, the service has its socket", show("ActiveState", SOCKET) == "active")
    check("in shared mode the sets of the operator's table are filled", BANNED in Table.read().elements, Table.read())
    said = dpkg("--purge", PACKAGE).stderr
    check("purged, the operator's table stays", Table.read() is not None)
    check("which it says", "nft flush set inet sentinel" in said, said)


def main():
    # As on a machine that isn't a container's image: services are started.
    if os.path.exists("/usr/sbin/policy-rc.d"):
        os.remove("/usr/sbin/policy-rc.d")
    check("the package isn't there at first", not state() and not os.path.exists("/usr/sbin/sentineld"), state())
    peers = Peers()
    os.makedirs(os.path.dirname(METRICS), exist_ok=True)
    earlier = files()
    before = installs(peers)
    persistent = ctl("status")["kernel"]["persistence"]
    upgrades(before, peers)
    is_counted()
    is_removed(before, peers, persistent)
    comes_back()
    is_purged(earlier, peers)
    installs(peers)
    leaves_another_s_table(peers)


try:
    main()
except Exception as error:  # whatever went wrong, the remaining promises were not checked
    check("the scenario comes to its end", False, error)
sys.exit(1 if harness.failures else 0)
