#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The Seed Sentinel authors
"""What sentineld promises under systemd, checked inside a booted one (see boot).

Prints a line for each promise and ends with status 1 if one isn't kept.
"""

import errno
import grp
import json
import os
import pwd
import re
import shutil
import stat
import subprocess
import sys

# Where run lays these files.
sys.path.insert(0, "/usr/lib/sentinel-scenario")

import harness
import reboot
import sandbox
import upgrade
from harness import (
    BANNED,
    DEADLINE,
    LATER,
    NODE,
    NEIGHBOUR,
    SERVICE,
    Peers,
    Table,
    check,
    ctl,
    drop_in,
    fields,
    run,
    show,
    still_there,
    wait_for,
)

SOCKET = "sentineld.socket"
SOCKET_PATH = "/run/sentinel/sentinel.sock"
CLIENTS = "sentinel-clients"
CAP_NET_ADMIN = 1 << 12
RESOLVER = "192.0.2.53"


def listens_first():
    run("systemctl", "start", SOCKET)
    check("the socket unit listens while the helper is not running", show("ActiveState") == "inactive")
    mode = os.stat(SOCKET_PATH)
    check(
        "the socket belongs to root and the clients' group, and to nobody else",
        stat.S_IMODE(mode.st_mode) == 0o660 and (mode.st_uid, mode.st_gid) == (0, grp.getgrnam(CLIENTS).gr_gid),
        mode,
    )
    check("nothing is in the kernel yet", Table.read() is None)


def is_activated():
    status = ctl("status")
    check("the first connection starts the helper, which answers it", bool(status), status)
    wait_for("the service to be active", lambda: show("ActiveState") == "active")
    check("it says in words how it is", show("StatusText") != "")
    check("systemd holds a descriptor for it", show("NFileDescriptorStore") == "1")
    connect = ["/usr/bin/python3", "-c", f"import socket; socket.socket(socket.AF_UNIX).connect('{SOCKET_PATH}')"]
    check("a user in the clients' group may connect", by_nobody(connect, groups=[CLIENTS]))
    check("a user outside it may not", not by_nobody(connect, groups=[]))
    return status


def by_nobody(command, groups):
    """Whether the command succeeds for a user who has nothing but these groups."""
    result = subprocess.run(
        command,
        user="nobody",
        group="nogroup",
        extra_groups=groups,
        capture_output=True,
        timeout=DEADLINE,
    )
    return result.returncode == 0


def account():
    return pwd.getpwnam("sentinel")


def is_confined():
    main = show("MainPID")
    status = fields(f"/proc/{main}/status")
    user = account()
    check("it runs as the user sentinel", status["Uid"].split() == [str(user.pw_uid)] * 4, status["Uid"])
    check("it runs as the group sentinel", status["Gid"].split() == [str(user.pw_gid)] * 4, status["Gid"])
    check("it is in no other group", set(status["Groups"].split()) <= {str(user.pw_gid)}, status["Groups"])
    for name in ("CapEff", "CapPrm", "CapBnd"):
        check(f"CAP_NET_ADMIN is all of its {name}", int(status[name], 16) == CAP_NET_ADMIN, status[name])
    threads = [fields(f"/proc/{main}/task/{thread}/status") for thread in os.listdir(f"/proc/{main}/task")]
    check("each thread is under a system call filter", all(t["Seccomp"] == "2" for t in threads))
    check("no thread can gain privileges", all(t["NoNewPrivs"] == "1" for t in threads))

    others = [pid for pid in processes() if pid != main]
    idle = [pid for pid in others if int(fields(f"/proc/{pid}/status")["CapEff"], 16) != 0]
    check("no other process of the service has a capability", not idle, idle)
    check("of sockets it has netlink and Unix ones alone", not foreign_sockets(main), foreign_sockets(main))
    writable = writable_mounts(main, user)
    check(
        "it can write to its ledger's directory and a private /tmp, nowhere else",
        writable == {"/var/lib/sentinel", "/tmp", "/var/tmp"},
        writable,
    )
    check("what it writes can't be run", not any(map(lambda point: runs(main, point), writable)))
    check("it can run no shell", not starts(f"/proc/{main}/root/usr/bin/sh", "-c", "exit"))


def processes():
    """The processes of the service, by the control group that systemd keeps them in."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cgroup") as file:
                if f"/{SERVICE}" in file.read():
                    found.append(pid)
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended meanwhile
    return found


def foreign_sockets(pid):
    """Sockets of the process that are neither in the kernel's list of Unix nor of netlink ones."""
    known = set()
    for path, column in ((f"/proc/{pid}/net/unix", 6), (f"/proc/{pid}/net/netlink", 9)):
        with open(path) as file:
            known |= {line.split()[column] for line in file.readlines()[1:]}
    own = {os.readlink(f"/proc/{pid}/fd/{name}") for name in os.listdir(f"/proc/{pid}/fd")}
    return {name for name in own if (m := re.match(r"socket:\[(\d+)\]", name)) and m[1] not in known}


def writable_mounts(pid, user):
    """The mounts of the process's file system that this user may write to."""
    with open(f"/proc/{pid}/mountinfo") as file:
        points = {line.split()[4] for line in file}
    points = sorted(point for point in points if not re.match("/(proc|sys)(/|$)", point))
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.chroot(f"/proc/{pid}/root")
        os.chdir("/")
        os.setgroups([])
        os.setgid(user.pw_gid)
        os.setuid(user.pw_uid)
        os.write(writer, json.dumps([point for point in points if os.access(point, os.W_OK)]).encode())
        os._exit(0)
    os.close(writer)
    with open(reader) as file:
        result = file.read()
    os.waitpid(child, 0)
    return set(json.loads(result))


def starts(*command):
    """Whether a program can be started at all: what is mounted noexec can't, not even by root."""
    try:
        return subprocess.run(command, timeout=DEADLINE).returncode == 0
    except PermissionError:
        return False


def runs(pid, directory):
    probe = f"/proc/{pid}/root{directory}/probe"
    shutil.copy("/usr/bin/true", probe)
    try:
        return starts(probe)
    finally:
        os.remove(probe)


def bans(peers):
    check("a peer that nobody denied is served", peers.are_served(BANNED) and peers.are_served(NEIGHBOUR))
    for guard, address in (("resolver", RESOLVER), ("own-address", NODE)):
        refused = run("sentinelctl", "ban", address, fail=False)
        check(f"the guard {guard} refuses a ban", guard in refused.stderr, refused.stdout + refused.stderr)
    check(
        "who may connect may not ban for that alone",
        not by_nobody(["sentinelctl", "ban", NEIGHBOUR], groups=[CLIENTS]) and not Table.read().elements,
    )
    receipt = run("sentinelctl", "ban", BANNED, fail=False)
    check("a ban is accepted", receipt.returncode == 0, receipt.stdout + receipt.stderr)
    cut = wait_for("a connection to be cut", peers.cut)
    check("the banned peer's connection is cut, and no other", cut == {BANNED}, cut)
    table = Table.read()
    if not check("the kernel has it, with a deadline", table and "expires" in table.elements.get(BANNED, {}), table):
        raise RuntimeError("there is no ban to follow any further")
    listed = json.dumps(ctl("sets", "accept4"))
    check("sentinelctl tells what the kernel has", BANNED in listed and NEIGHBOUR not in listed, listed)
    peers.check("beside a helper")
    return table


def outlives_a_flush(before, when):
    """A flush takes all that it may: the decoy proves that there was one."""
    run("nft", "add", "table", "inet", "decoy")
    run("nft", "flush", "ruleset")
    gone = run("nft", "list", "table", "inet", "decoy", fail=False).returncode != 0
    check(f"{when}, a foreign flush takes another's table", gone)
    still_there(f"{when}, it leaves ours with its ban", before)


def outlives(signal, before):
    """Whichever way it crashes, it is started again and goes on."""
    first, restarts = show("MainPID"), int(show("NRestarts"))
    run("systemctl", "kill", f"--signal={signal}", "--kill-who=main", SERVICE)
    wait_for("another helper", lambda: show("ActiveState") == "active" and show("MainPID") not in ("0", first))
    check(f"after SIG{signal} it is started again", int(show("NRestarts")) == restarts + 1, show("NRestarts"))
    still_there("and has the same table with the same deadline", before)
    check("systemd holds the one descriptor again", show("NFileDescriptorStore") == "1")
    check("it answers", bool(ctl("status")))
    listed = json.dumps(ctl("sets", "accept4"))
    check("and tells of the ban that was there before it", BANNED in listed, listed)


def is_not_needed_to_enforce(before, peers):
    """As long as nobody restarts it, the descriptor store alone holds the table."""
    drop_in("RestartSec=1h")
    run("systemctl", "kill", "--signal=KILL", "--kill-who=main", SERVICE)
    wait_for("the service to wait for its restart", lambda: show("SubState") == "auto-restart")
    check("no helper is running", not processes(), processes())
    still_there("without a helper the table is there", before)
    outlives_a_flush(before, "without a helper")
    peers.check("without a helper")
    drop_in("")
    run("systemctl", "start", SERVICE)
    still_there("a new helper takes that very table over", before)
    again = run("sentinelctl", "ban", LATER, fail=False)
    table = Table.read()
    check("and writes to it", again.returncode == 0 and LATER in table.elements, again.stderr)


def is_watched(before):
    # The helper gives a sign of life each second.
    drop_in("WatchdogSec=3s\nLimitCORE=0")
    run("systemctl", "restart", SERVICE)
    still_there("a restart leaves the table", before)
    for _ in range(2):
        last = show("WatchdogTimestampMonotonic")
        wait_for("a sign of life", lambda: show("WatchdogTimestampMonotonic") not in ("0", last))
    check("it gives signs of life while it is well", show("NRestarts") == "0", show("NRestarts"))
    hung = show("MainPID")
    run("systemctl", "kill", "--signal=STOP", "--kill-who=main", SERVICE)
    wait_for("another helper", lambda: show("ActiveState") == "active" and show("MainPID") not in ("0", hung))
    check("one that hangs is replaced", show("NRestarts") == "1", show("NRestarts"))
    still_there("and the table stays", before)
    drop_in("")


def works_for_long():
    """What takes longer than signs of life may is announced: an import, and a start with all of its bans."""
    count, listed = 600_000, "/run/many.txt"
    with open(listed, "w") as file:
        file.writelines(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}\n" for number in range(count))
    drop_in("WatchdogSec=3s\nTimeoutStartSec=3s\nLimitCORE=0")
    run("systemctl", "restart", SERVICE)
    main = show("MainPID")
    imported = run("sentinelctl", "import", "--for", "1h", "--reason", "list", listed, fail=False, deadline=120)
    check("an import that takes longer than the watchdog waits ends well", imported.returncode == 0, imported)
    check("and nobody took it for a hang", (show("MainPID"), show("NRestarts")) == (main, "0"), show("NRestarts"))
    run("systemctl", "restart", SERVICE, deadline=120)
    check("so does a start that takes longer than it may otherwise", show("NRestarts") == "0", show("NRestarts"))
    bans = json.loads(run("sentinelctl", "status", "--json").stdout)["bans"]
    check("with all bans in force", bans >= count, bans)
    drop_in("")


CONFIGURATION = "/etc/sentinel/sentinel.toml"


def is_reloaded(before):
    with open(CONFIGURATION) as file:
        text = file.read()
    main, restarts = show("MainPID"), show("NRestarts")

    def reload(configuration):
        with open(CONFIGURATION, "w") as file:
            file.write(configuration)
        return run("systemctl", "reload", SERVICE, fail=False)

    def ports():
        listed = json.loads(run("nft", "-j", "list", "set", "inet", "sentinel", "node_ports").stdout)["nftables"]
        sets = [entry["set"] for entry in listed if "set" in entry]
        return sorted(str(element["concat"][1]) for element in sets[0].get("elem", []))

    taken = reload(text + '\n[node]\nports = ["tcp/8776", "tcp/4001"]\n')
    check("systemctl reload takes another configuration", taken.returncode == 0 and ports() == ["4001", "8776"], taken)
    still_there("and the table and its ban stay", before)
    check("it is the same process", show("MainPID") == main and show("ActiveState") == "active")

    refused = reload(text + '\n[node]\nports = ["tcp/0"]\nwidest4 = 99\n')
    check("systemctl reload fails with one that is wrong", refused.returncode != 0, refused)
    check("nothing has changed then", ports() == ["4001", "8776"] and show("ActiveState") == "active", ports())
    said = run("journalctl", "--boot", "--unit", SERVICE, "--output=cat").stdout
    check("the journal has all that is wrong", "[node] ports" in said and "[node] widest4" in said, said)

    with open(CONFIGURATION, "w") as file:
        file.write(text)
    run("systemctl", "kill", "--signal=HUP", "--kill-who=main", SERVICE)
    wait_for("the configuration that was there before", lambda: ports() == ["8776", "8776"])
    wait_for("the service to be ready again", lambda: (show("ActiveState"), show("SubState")) == ("active", "running"))
    check("SIGHUP does the same", (show("MainPID"), show("NRestarts")) == (main, restarts))
    wait_for("its state in words", lambda: "in force" in show("StatusText"))


def stops_with_the_kernel_enforcing(before, peers, persistent):
    run("systemctl", "stop", SOCKET, SERVICE)
    result = (show("ActiveState"), show("Result"), show("ExecMainStatus"))
    check("SIGTERM ends it in order", result == ("inactive", "success", "0"), result)
    if persistent:
        still_there("and leaves the table", before)
        peers.check("after the end")
        run("systemctl", "start", SOCKET, SERVICE)
        still_there("from where the next helper goes on", before)
    else:
        # Kernels before 6.9 release an owned table with its last descriptor.
        check("on this kernel a full stop releases the table", Table.read() is None)
        said = run("journalctl", "--boot", "--unit", SERVICE, "--output=cat").stdout
        check("and the helper says so", "release" in said, said)


def complains_of_nothing():
    said = run("journalctl", "--boot", "--priority=warning", "--output=cat", f"_SYSTEMD_UNIT={SERVICE}").stdout
    # What was wrong with a configuration was meant to be.
    said = [line for line in said.splitlines() if "reload" not in line]
    check("its log has no warning", not said, "\n".join(said))


def main():
    if os.environ["BOOT"] != "1":
        reboot.is_like_the_receipts_said(Peers())
        works_for_long()
        complains_of_nothing()
        return
    peers = Peers()
    os.makedirs("/run/systemd/resolve", mode=0o755, exist_ok=True)
    with open("/run/systemd/resolve/resolv.conf", "w") as file:
        file.write(f"nameserver {RESOLVER}\n")
    os.chmod("/run/systemd/resolve/resolv.conf", 0o644)
    if os.path.lexists("/etc/resolv.conf"):
        os.remove("/etc/resolv.conf")
    os.symlink("../run/systemd/resolve/resolv.conf", "/etc/resolv.conf")
    listens_first()
    status = is_activated()
    is_confined()
    sandbox.refuses()
    before = bans(peers)
    outlives_a_flush(before, "beside a helper")
    denied = run("nft", "delete", "table", "inet", "sentinel", fail=False)
    check("nobody else may delete the table", denied.returncode != 0 and Table.read() is not None)
    # A core would only be written to be thrown away.
    drop_in("LimitCORE=0")
    outlives("KILL", before)
    outlives("SEGV", before)
    drop_in("")
    is_not_needed_to_enforce(before, peers)
    is_reloaded(before)
    is_watched(before)
    upgrade.in_place(before, peers)
    stops_with_the_kernel_enforcing(before, peers, status["kernel"]["persistence"])
    reboot.prepare()
    complains_of_nothing()


try:
    main()
except Exception as error:  # whatever went wrong, the remaining promises were not checked
    check("the scenario comes to its end", False, error)
sys.exit(1 if harness.failures else 0)
