# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Seed Sentinel authors
"""Lists of bans from other programs into sentineld, and back.

    round-trips.py BUILT PROGRAMS SCRATCH

BUILT has sentineld and sentinelctl, PROGRAMS is where Debian's programs are unpacked, SCRATCH may be written to. To be
run as root in a network namespace of its own, for the programs listen at ports of theirs.
"""

import ast
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
import traceback
import urllib.request
from pathlib import Path

BUILT, PROGRAMS, SCRATCH = map(Path, sys.argv[1:])
ENVIRONMENT = {
    "PATH": f"{PROGRAMS}/usr/bin:{PROGRAMS}/usr/sbin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LD_LIBRARY_PATH": f"{PROGRAMS}/usr/lib/x86_64-linux-gnu",
    "PYTHONPATH": f"{PROGRAMS}/usr/lib/python3/dist-packages",
    "HOME": str(SCRATCH),
    "SENTINEL_SOCKET": f"{SCRATCH}/sentinel.sock",
    "TZ": "UTC",
}
if os.uname().machine != "x86_64":
    ENVIRONMENT["LD_LIBRARY_PATH"] = f"{PROGRAMS}/usr/lib/{os.uname().machine}-linux-gnu"
failures = 0


def promise(text, holds, shown=None):
    """Says whether a promise was kept; if it wasn't, with what was seen."""
    global failures
    print(f"{'ok' if holds else 'not ok'} - {text}", flush=True)
    if not holds:
        failures += 1
        print("\n".join(f"#   {line}" for line in str(shown).splitlines()), flush=True)


def run(*command, text=None, check=True):
    """Runs a program to its end, and returns what it printed."""
    done = subprocess.run(
        list(map(str, command)), input=text, capture_output=True, text=True, env=ENVIRONMENT, timeout=60)
    if check and done.returncode != 0:
        raise RuntimeError(f"{command} ended with {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout


def start(*command, log):
    """Starts a program beside this one."""
    with open(SCRATCH / log, "w") as output:
        return subprocess.Popen(
            list(map(str, command)), stdout=output, stderr=output, stdin=subprocess.DEVNULL, env=ENVIRONMENT)


def wait_for(what, process, condition):
    """Waits until a program that was started is so far."""
    for _ in range(600):
        if process.poll() is not None:
            raise RuntimeError(f"{what} ended with {process.returncode}")
        try:
            if condition():
                return
        except (OSError, RuntimeError):
            pass
        time.sleep(0.1)
    raise RuntimeError(f"{what} didn't get ready")


def is_listening(port):
    with socket.create_connection(("127.0.0.1", port), timeout=1):
        return True


def control(*arguments, text=None, check=True):
    return run(BUILT / "sentinelctl", *arguments, text=text, check=check)


def imported(*arguments, text=None):
    """Imports a list, and returns the summary and the bans in force."""
    summary = json.loads(control("import", "--json", *arguments, text=text, check=False))
    return summary, bans()


def bans():
    return {ban["key"]: ban for ban in map(json.loads, control("list", "--json").splitlines())}


def is_near(milliseconds, seconds, by=3):
    """Whether a ban's end is that of a list, as near as clocks and whole seconds allow."""
    return abs(milliseconds / 1000 - seconds) <= by


def litecoin():
    data = SCRATCH / "litecoin"
    data.mkdir()
    options = ["-regtest", f"-datadir={data}", "-rpcuser=a", "-rpcpassword=b"]
    # The scripts in /usr/bin run what would be installed in /usr/lib.
    daemon = PROGRAMS / "usr/lib/litecoin/litecoind"

    def client(*arguments):
        return run("litecoin-cli", *options, *arguments)

    def begin():
        process = start(daemon, *options, "-listen=0", "-server", log="litecoin.log")
        wait_for("litecoind", process, lambda: client("getblockcount"))
        return process

    process = begin()
    try:
        until = int(time.time()) + 86_400
        client("setban", "203.0.113.7", "add", "3600")
        client("setban", "198.51.100.0/24", "add", str(until), "true")
        client("setban", "2001:db8::/32", "add", "1900000000", "true")
        listed = {ban["address"]: ban["banned_until"] for ban in json.loads(client("listbanned"))}
        summary, found = imported("-", text=client("listbanned"))
        promise("litecoind's listbanned is recognised and taken whole",
                summary["format"] == "bitcoin-rpc" and summary["taken"] == 3 and not summary["refused"], summary)
        promise("the bans end when litecoind says",
                is_near(found["203.0.113.7"]["expires"], listed["203.0.113.7/32"])
                and is_near(found["198.51.100.0/24"]["expires"], until)
                and is_near(found["2001:db8::/32"]["expires"], 1900000000), found)
        client("clearbanned")
        core = json.loads(control("export", "--format", "bitcoin"))["banned_nets"]
        for ban in json.loads(control("export", "--format", "bitcoin-rpc")):
            client("setban", ban["address"], "add", str(ban["banned_until"]), "true")
        client("stop")
        process.wait(60)
        process = begin()
        back = {ban["address"]: ban["banned_until"] for ban in json.loads(client("listbanned"))}
        promise("what is exported gives another litecoind the same bans, over a restart of it",
                back.keys() == listed.keys() and all(abs(back[key] - listed[key]) <= 3 for key in back), back)
        promise("banlist.json says the same as listbanned",
                {ban["address"] for ban in core} == listed.keys()
                and all(abs(ban["banned_until"] - listed[ban["address"]]) <= 3 for ban in core), core)
        client("stop")
        process.wait(60)
    finally:
        process.kill()


def fail2ban():
    home = SCRATCH / "fail2ban"
    for name in ["action.d", "filter.d", "jail.d"]:
        (home / name).mkdir(parents=True)
    (home / "fail2ban.conf").write_text(f"""
[Definition]
loglevel = INFO
logtarget = {home}/log
syslogsocket = auto
socket = {home}/sock
pidfile = {home}/pid
dbfile = {home}/db.sqlite3
dbpurgeage = 1d
dbmaxmatches = 10
[Thread]
stacksize = 0
""")
    jails = "".join(f"""
[{name}]
enabled = true
filter = dummy
bantime = {length}
logpath = {home}/auth.log
action = dummy
""" for name, length in [("sshd", 600), ("web", -1), ("back", 900)])
    (home / "jail.conf").write_text(f"[DEFAULT]\nbackend = polling\nusedns = no\n{jails}")
    (home / "filter.d/dummy.conf").write_text("[Definition]\nfailregex = ^fail from <HOST>$\ndatepattern = {NONE}\n")
    (home / "action.d/dummy.conf").write_text("[Definition]\nactionban = true\nactionunban = true\n")
    (home / "auth.log").touch()

    def client(*arguments):
        return run("fail2ban-client", "-c", home, "-s", f"{home}/sock", "-p", f"{home}/pid", *arguments)

    process = start("fail2ban-server", "-c", home, "-f", "start", log="fail2ban.log")
    try:
        wait_for("fail2ban", process, lambda: "pong" in client("ping"))
        client("set", "sshd", "banip", "203.0.113.7", "2001:db8::7", "198.51.100.0/24")
        client("set", "web", "banip", "192.0.2.9")
        expected = {"203.0.113.7", "2001:db8::/64", "198.51.100.0/24", "192.0.2.9"}
        wait_for("fail2ban's bans", process, lambda: all(
            text in client("banned") for text in ["203.0.113.7", "2001:db8::7", "198.51.100.0/24", "192.0.2.9"]))
        summary, found = imported("-", text=client("banned"))
        promise("what fail2ban-client banned prints is recognised and taken whole",
                summary["format"] == "fail2ban" and found.keys() == expected and not summary["refused"], summary)
        promise("its jails are the reasons", found["192.0.2.9"]["reason"] == "web", found)
        exported = ast.literal_eval(control("export", "--format", "fail2ban"))
        for jail in exported:
            for addresses in jail.values():
                client("set", "back", "banip", *addresses)
        promise("what is exported gives a jail the same bans", sorted(
            address for jail in ast.literal_eval(client("banned")) for address in jail.get("back", [])
        ) == sorted(["203.0.113.7", "2001:db8::7", "198.51.100.0/24", "192.0.2.9"]), client("banned"))
        control("lift", "--all")
        client("set", "back", "unbanip", "203.0.113.7", "2001:db8::7", "198.51.100.0/24", "192.0.2.9")
        summary, found = imported(home / "db.sqlite3")
        with sqlite3.connect(f"file:{home}/db.sqlite3?mode=ro", uri=True) as database:
            (end,) = database.execute("SELECT timeofban + bantime FROM bips WHERE ip = '203.0.113.7'").fetchone()
        promise("its database is read while it writes, with the times",
                summary["format"] == "fail2ban-db" and found.keys() == expected and not summary["refused"]
                and is_near(found["203.0.113.7"]["expires"], end) and "expires" not in found["192.0.2.9"],
                (summary, found))
        client("stop")
        process.wait(60)
    finally:
        process.kill()


def sshguard():
    blocker = PROGRAMS / "usr/libexec/sshguard/sshg-blocker"
    blacklist = SCRATCH / "blacklist.db"
    attacks = "".join(f"100 {address} {family} 40\n" * 3 for address, family in [("203.0.113.7", 4), ("2001:db8::7", 6)])
    run(blocker, "-a", "30", "-b", f"30:{blacklist}", "-p", "60", "-s", "600", text=attacks)
    summary, found = imported(blacklist)
    promise("sshguard's blacklist is recognised and taken whole, for good",
            summary["format"] == "sshguard" and found.keys() == {"203.0.113.7", "2001:db8::/64"}
            and all("expires" not in ban for ban in found.values()), (summary, found, blacklist.read_text()))
    exported = SCRATCH / "exported.db"
    control("export", "--format", "sshguard", "--output", exported)
    blocked = run(blocker, "-a", "30", "-b", f"30:{exported}", "-p", "60", "-s", "600", text="", check=False)
    promise("sshguard blocks what is exported",
            {"block 203.0.113.7 4 32", "block 2001:db8::7 6 128"} <= set(blocked.splitlines()),
            (blocked, exported.read_text()))


def crowdsec():
    home = SCRATCH / "crowdsec"
    for name in ["data", "hub", "notifications", "plugins", "log"]:
        (home / name).mkdir(parents=True)
    for name in ["simulation.yaml", "profiles.yaml"]:
        shutil.copy(PROGRAMS / "etc/crowdsec" / name, home / name)
    for name, text in [("hub/.index.json", "{}"), ("acquis.yaml", ""), ("local.yaml", ""), ("console.yaml", "")]:
        (home / name).write_text(text)
    (home / "config.yaml").write_text(f"""
common: {{daemonize: false, log_media: stdout, log_level: warning, log_dir: {home}/log, working_dir: .}}
config_paths:
  config_dir: {home}
  data_dir: {home}/data
  simulation_path: {home}/simulation.yaml
  hub_dir: {home}/hub
  index_path: {home}/hub/.index.json
  notification_dir: {home}/notifications
  plugin_dir: {home}/plugins
crowdsec_service: {{acquisition_path: {home}/acquis.yaml, parser_routines: 1}}
cscli: {{output: human}}
db_config: {{type: sqlite, db_path: {home}/data/crowdsec.db, log_level: warning, flush: {{max_items: 5000, max_age: 7d}}}}
api:
  client: {{credentials_path: {home}/local.yaml}}
  server: {{log_level: warning, listen_uri: 127.0.0.1:8080, profiles_path: {home}/profiles.yaml,
    console_path: {home}/console.yaml}}
prometheus: {{enabled: false}}
""")

    def client(*arguments):
        return run("cscli", "-c", home / "config.yaml", *arguments)

    client("machines", "add", "test", "--password", "secret", "-f", home / "local.yaml")
    process = start("crowdsec", "-c", home / "config.yaml", "-no-cs", log="crowdsec.log")
    try:
        wait_for("crowdsec", process, lambda: is_listening(8080))
        client("decisions", "add", "--ip", "203.0.113.7", "--duration", "4h", "--reason", "crowdsecurity/ssh-bf")
        client("decisions", "add", "--range", "198.51.100.0/24", "--duration", "90m")
        client("decisions", "add", "--ip", "2001:db8::7", "--duration", "2h")
        client("decisions", "add", "--ip", "192.0.2.8", "--type", "captcha")
        client("decisions", "add", "--scope", "username", "--value", "mallory")
        asked = time.time()
        summary, found = imported("-", text=client("decisions", "list", "-o", "json"))
        ends = {"203.0.113.7": 14_400, "198.51.100.0/24": 5400, "2001:db8::/64": 7200}
        promise("cscli's decisions are recognised, and taken for the time that is left",
                summary["format"] == "crowdsec" and found.keys() == ends.keys()
                and all(is_near(found[key]["expires"], asked + ends[key], by=10) for key in ends), (summary, found))
        promise("what is no ban of an address is refused, each with its reason",
                sorted(one["problem"] for one in summary["refused"]) == ["scope username", "type captcha"], summary)
        key = client("bouncers", "add", "b", "-o", "raw").strip()
        request = urllib.request.Request(
            "http://127.0.0.1:8080/v1/decisions/stream?startup=true", headers={"X-Api-Key": key})
        with urllib.request.urlopen(request, timeout=10) as reply:
            summary, _ = imported("-", text=reply.read().decode())
        promise("a bouncer's stream is recognised, and changes nothing",
                summary["format"] == "crowdsec-stream" and summary["already_banned"] == 3 and summary["taken"] == 0,
                summary)
        client("decisions", "delete", "--all")
        exported = SCRATCH / "decisions.json"
        control("export", "--format", "crowdsec", "--output", exported)
        client("decisions", "import", "-i", exported)
        control("lift", "--all")
        # What was imported it lists among all only.
        back, again = imported("-", text=client("decisions", "list", "--all", "-o", "json"))
        promise("what is exported and imported by cscli comes back as the same bans",
                again.keys() == found.keys() and not back["refused"]
                and all(is_near(again[key]["expires"], found[key]["expires"] / 1000, by=10) for key in found),
                (back, again))
    finally:
        process.kill()


def monero():
    data = SCRATCH / "monero"
    exported = SCRATCH / "ban-list.txt"
    control("ban", "203.0.113.7", "198.51.100.0/24", "2001:db8::7", "--for", "1h")
    control("export", "--format", "monero", "--output", exported)
    process = start(
        "monerod", "--regtest", "--offline", "--fixed-difficulty", "1", "--data-dir", data, "--non-interactive",
        "--ban-list", exported, log="monero.log")

    def call(request):
        request = urllib.request.Request("http://127.0.0.1:18081/json_rpc", data=request.encode())
        with urllib.request.urlopen(request, timeout=30) as reply:
            return reply.read().decode()

    def held():
        return {ban["host"]: ban["seconds"] for ban in json.loads(call(get_bans))["result"].get("bans", [])}

    get_bans = json.dumps({"jsonrpc": "2.0", "id": "0", "method": "get_bans"})
    try:
        wait_for("monerod", process, lambda: is_listening(18081))
        hosts = {"203.0.113.7", "198.51.100.0/24", "2001:db8::7"}
        promise("monerod's --ban-list takes what is exported", held().keys() == hosts, held())
        control("lift", "--all")
        summary, found = imported("-", text=call(get_bans))
        promise("get_bans is recognised and taken, a ban list's for good",
                summary["format"] == "monero-rpc" and len(found) == 3 and not summary["refused"]
                and all("expires" not in ban for ban in found.values()), (summary, found))
        control("lift", "--all")
        control("ban", "192.0.2.7", "192.0.2.128/25", "2001:db8::9", "--for", "1h")
        reply = json.loads(call(control("export", "--format", "monero-rpc")))
        now = held()
        promise("set_bans takes what is exported, for the time that is left",
                reply["result"]["status"] == "OK"
                and all(3500 <= now.get(host, 0) <= 3601 for host in ["192.0.2.7", "192.0.2.200", "2001:db8::9"]),
                (reply, now))
        banned = [json.loads(call(json.dumps({
            "jsonrpc": "2.0", "id": "0", "method": "banned", "params": {"address": address}})))["result"]["banned"]
            for address in ["192.0.2.129", "192.0.2.254", "192.0.2.2", "192.0.2.126"]]
        promise("a block of monerod's is that block, whatever its prefix", banned == [True, True, False, False], banned)
    finally:
        process.kill()


def sentineld():
    """Starts the helper, and waits until it says that it is ready (sd_notify(3))."""
    (SCRATCH / "sentinel.toml").write_text(f"""
[ledger]
directory = "{SCRATCH}/ledger"
[node]
ports = ["tcp/8776"]
users = ["nobody"]
[access]
submit = ["user:root"]
operate = ["user:root"]
""")
    (SCRATCH / "ledger").mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ready:
        ready.bind(f"{SCRATCH}/notify")
        ready.settimeout(30)
        environment = ENVIRONMENT | {"NOTIFY_SOCKET": f"{SCRATCH}/notify"}
        with open(SCRATCH / "sentineld.log", "w") as log:
            process = subprocess.Popen(
                [str(BUILT / "sentineld"), "--config", f"{SCRATCH}/sentinel.toml", "--socket",
                 f"{SCRATCH}/sentinel.sock"], stdout=log, stderr=log, env=environment)
        while b"READY=1" not in ready.recv(4096).split(b"\n"):
            pass
    return process


SCRATCH.chmod(0o755)
helper = sentineld()
try:
    for program in [litecoin, fail2ban, sshguard, crowdsec, monero]:
        try:
            program()
        except Exception:  # Whatever went wrong, the others are tried.
            promise(f"{program.__name__} does its part", False, traceback.format_exc())
            for log in SCRATCH.glob(f"{program.__name__}*.log"):
                print("\n".join(f"#   {line}" for line in log.read_text().splitlines()[-20:]))
        control("lift", "--all", check=False)
finally:
    helper.terminate()
    helper.wait(30)
sys.exit(failures != 0)
