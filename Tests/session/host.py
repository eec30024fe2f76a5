# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Seed Sentinel authors
"""A host with sentineld and a node, in this network namespace, and another one from which it is called and flooded."""

import json
import os
import pathlib
import subprocess
import time

PORT = 8776
# The honest client is in another block: nothing that the node itself holds against the attackers' falls back on it.
NODE, HONEST = "10.77.0.1", "10.78.0.99"
ATTACKERS = ("10.77.0.11", "10.77.0.12")
DEADLINE = 60.0


def run(*command, **more):
    return subprocess.run([str(word) for word in command], check=True, text=True, capture_output=True, **more).stdout


def comes_about(holds):
    """Waits until something holds; whether it came to that."""
    end = time.monotonic() + DEADLINE
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def wait_for(what, holds):
    if not comes_about(holds):
        raise RuntimeError(f"{what}: it didn't come about in {DEADLINE:.0f} s")


class Host:
    def __init__(self, programs, folder):
        self.programs, self.folder = programs, folder
        self.configuration = f"{folder}/sentinel.toml"
        self.socket = f"{folder}/sentinel.sock"
        self.processes = []
        os.chmod(folder, 0o755)
        pathlib.Path(folder, "ledger").mkdir(mode=0o700)
        pathlib.Path(self.configuration).write_text(
            f"""# The session's.
[socket]
path = "{self.socket}"
mode = "0666"

[node]
ports = ["tcp/{PORT}"]
users = ["65534"]

[access]
submit = ["user:65534"]

[ledger]
directory = "{folder}/ledger"
""", encoding="utf-8")
        os.chmod(self.configuration, 0o644)
        self.environment = {
            **os.environ, "SENTINEL_SOCKET": self.socket, "PATH": f"{programs}:{os.environ['PATH']}", "TZ": "UTC",
            "LC_ALL": "C.UTF-8", "SWIFT_BACKTRACE": "enable=no"}
        self.environment.pop("COLUMNS", None)
        self.helper = None
        self.others = subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
        self.processes.append(self.others)
        self.inside = ("nsenter", f"--net=/proc/{self.others.pid}/ns/net")
        self.connect()

    def connect(self):
        here = os.readlink("/proc/self/ns/net")
        wait_for("the other namespace", lambda: os.readlink(f"/proc/{self.others.pid}/ns/net") != here)
        run("ip", "link", "add", "node", "type", "veth", "peer", "name", "peers", "netns", self.others.pid)
        run("ip", "address", "add", f"{NODE}/24", "dev", "node")
        run("ip", "link", "set", "node", "up")
        run("ip", "route", "add", "10.78.0.0/24", "dev", "node")
        run(*self.inside, "ip", "link", "set", "lo", "up")
        for address in (*ATTACKERS, HONEST):
            run(*self.inside, "ip", "address", "add", f"{address}/24", "dev", "peers")
        run(*self.inside, "ip", "link", "set", "peers", "up")
        wait_for("the link", lambda: "state UP" in run("ip", "-o", "link", "show", "node"))

    def start(self, *command, **more):
        process = subprocess.Popen([str(word) for word in command], env=self.environment, text=True, **more)
        self.processes.append(process)
        return process

    def start_helper(self):
        log = open(f"{self.folder}/sentineld.log", "a", encoding="utf-8")
        self.helper = self.start(self.programs / "sentineld", "--config", self.configuration, stderr=log)
        wait_for("sentineld", lambda: self.helper.poll() is None and self.answers())

    def answers(self):
        asked = subprocess.run(
            [self.programs / "sentinelctl", "status"], env=self.environment, capture_output=True, timeout=60, check=False)
        return asked.returncode == 0

    def start_node(self):
        """It denies who connects more often than five times a second, and hands that over."""
        output = open(f"{self.folder}/node.log", "w", encoding="utf-8")
        self.start(
            "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", self.programs / "seed-node", "listen",
            "--port", PORT, "--address", NODE, "--rate", "5", "--burst", "20", "--helper", self.socket,
            stdout=output, stderr=subprocess.STDOUT)
        wait_for("the node", lambda: "listening" in pathlib.Path(self.folder, "node.log").read_text(encoding="utf-8"))

    def flood(self, source, rate=150, seconds=300):
        """Connections from one address, so many a second; it ends by itself."""
        return self.start(
            *self.inside, self.programs / "seed-node", "flood", f"tcp:{NODE}:{PORT}", "--rate", rate, "--duration",
            seconds, "--sources", source, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def is_served(self, source):
        """Whether a client with this address gets its echo from the node."""
        asked = subprocess.run(
            [*self.inside, self.programs / "seed-node", "dial", f"tcp:{NODE}:{PORT}", "--source", source, "--count", "1"],
            env=self.environment, capture_output=True, timeout=60, check=False)
        self.last_dial = asked.stdout
        return asked.returncode == 0

    def control(self, *arguments):
        return run(self.programs / "sentinelctl", *arguments, env=self.environment, timeout=60)

    def bans(self, subject):
        lines = self.control("list", "--subject", subject, "--json").splitlines()
        return [json.loads(line) for line in lines]

    def end(self):
        for process in reversed(self.processes):
            process.kill()
            process.wait()
