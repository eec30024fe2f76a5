# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Seed Sentinel authors
"""Has each verb print JSON, and holds it to the published schema. One line for each promise."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

import jsonschema

PROGRAMS = pathlib.Path(sys.argv[1])
ROOT = pathlib.Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "Docs/sentinelctl.schema.json").read_text(encoding="utf-8"))
failures = 0


def promise(text, wrong):
    global failures
    print(f"{'not ok' if wrong else 'ok'} - {text}", flush=True)
    for line in str(wrong or "").splitlines()[:20]:
        print(f"#   {line}", flush=True)
    failures += bool(wrong)


def validator(name):
    return jsonschema.Draft202012Validator({**SCHEMA["verbs"][name]["schema"], "$defs": SCHEMA["$defs"]})


class Host:
    def __init__(self, folder):
        self.folder = folder
        self.configuration = f"{folder}/sentinel.toml"
        self.environment = {**os.environ, "SENTINEL_SOCKET": f"{folder}/s.sock", "SWIFT_BACKTRACE": "enable=no"}
        ledger = pathlib.Path(folder, "ledger")
        ledger.mkdir(mode=0o700)
        pathlib.Path(self.configuration).write_text(
            f'[socket]\npath = "{folder}/s.sock"\n[ledger]\ndirectory = "{ledger}"\n[node]\nusers = ["65534"]\n'
            f'[exempt]\naddresses = []\n[[feed]]\nname = "drop"\npath = "{folder}/drop"\nmax_age = "3d"\n',
            encoding="utf-8")
        pathlib.Path(folder, "drop").write_text("198.51.100.7\nno address\n", encoding="utf-8")
        os.chmod(self.configuration, 0o644)
        self.helper = subprocess.Popen(
            [PROGRAMS / "sentineld", "--config", self.configuration], env=self.environment,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        deadline = time.monotonic() + 30
        while not os.path.exists(f"{folder}/s.sock"):
            if self.helper.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"not ok - sentineld starts: {self.helper.stderr.read().decode()}")
            time.sleep(0.05)

    def control(self, *arguments, **more):
        return subprocess.run(
            [PROGRAMS / "sentinelctl", *arguments], env=self.environment, text=True, capture_output=True, timeout=60,
            **more)

    def holds(self, name, *arguments, status=0, stream="stdout", **more):
        """A verb's output is JSON and what the schema says, and there is some."""
        done = self.control(*arguments, "--json", **more)
        wrong = "" if done.returncode == status else f"exit status {done.returncode}: {done.stderr}"
        text = getattr(done, stream)
        texts = [text] if SCHEMA["verbs"][name]["prints"] == "document" else text.splitlines()
        shown = 0
        for text in texts:
            try:
                found = json.loads(text)
            except ValueError as problem:
                wrong += f"{problem}: {text[:200]}\n"
                continue
            shown += 1
            for problem in validator(name).iter_errors(found):
                wrong += f"{problem.json_path}: {problem.message[:300]}\n"
        promise(f"{name}: sentinelctl {' '.join(arguments)}", wrong or ("" if shown else "it printed nothing"))


def watch(host):
    """What watch prints while a ban is made and lifted."""
    watching = subprocess.Popen(
        [PROGRAMS / "sentinelctl", "watch", "--json"], env=host.environment, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True)
    watching.stderr.readline()
    host.control("ban", "192.0.2.99", "--for", "1h")
    host.control("lift", "192.0.2.99")
    lines = [watching.stdout.readline() for _ in range(2)]
    watching.send_signal(signal.SIGTERM)
    watching.communicate()
    wrong = "".join(
        f"{problem.json_path}: {problem.message}\n" for line in lines
        for problem in validator("watch").iter_errors(json.loads(line)))
    promise("watch: a ban, and its end", wrong)


def in_shadow(host):
    """What verbs print whose bans refuse nobody, and a report that has something to tell."""
    configuration = pathlib.Path(host.configuration)
    before = configuration.read_text(encoding="utf-8")
    configuration.write_text(before + '[shadow]\nchecks = ["accept", "dial"]\n', encoding="utf-8")
    host.holds("reload", "reload", "--dry-run")
    host.holds("reload", "reload")
    host.holds("ban", "ban", "192.0.2.44", "--for", "1h")
    host.holds("list", "list", "--subject", "192.0.2.44")
    host.holds("explain", "explain", "192.0.2.44")
    host.holds("status", "status")
    host.holds("sets", "sets")
    # There is no device but the loopback.
    subprocess.run(["ip", "route", "add", "192.0.2.0/24", "dev", "lo"], check=True)
    connection = subprocess.Popen(
        [sys.executable, "-c", "import os, socket, sys, time\nos.setuid(65534)\n"
         "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\ns.connect(('192.0.2.45', 4001))\n"
         "s.send(b'x')\nprint('sent', flush=True)\nsys.stdin.read()"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    host.control("ban", "udp:192.0.2.45:4001", "--for", "1h")
    said = connection.stdout.readline()
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        report = json.loads(host.control("shadow", "report", "--json").stdout)
        if report["contacts"]:
            break
        time.sleep(0.2)
    host.holds("shadow report", "shadow", "report", "--check", "dial")
    promise("shadow report: it has a connection", "" if report["contacts"] else f"none, {said}: {report}")
    connection.communicate("")
    configuration.write_text(before, encoding="utf-8")
    host.holds("reload", "reload")


def verbs_with_json():
    """All verbs that take --json, as the program itself says."""
    dump = json.loads(subprocess.run(
        [PROGRAMS / "sentinelctl", "--experimental-dump-help"], text=True, capture_output=True, check=True).stdout)

    def walk(command, path):
        verbs = [verb for verb in command.get("subcommands", []) if verb["commandName"] != "help"]
        if not verbs and any(
                name["name"] == "json" for argument in command.get("arguments", [])
                for name in argument.get("names") or []):
            yield " ".join(path)
        for verb in verbs:
            yield from walk(verb, [*path, verb["commandName"]])

    return set(walk(dump["command"], []))


def main():
    for name in SCHEMA["verbs"]:
        jsonschema.Draft202012Validator.check_schema(SCHEMA["verbs"][name]["schema"])
    published = {name.removesuffix(" NAME") for name in SCHEMA["verbs"]}
    missing = verbs_with_json() ^ published
    promise("each verb that takes --json is in the schema", ", ".join(sorted(missing)))
    wrong = [problem for problem in validator("list").iter_errors({"id": "one"})]
    promise("what isn't a ban is refused", "" if wrong else "it is taken")

    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        host = Host(folder)
        config = ("--config", host.configuration)
        host.holds("ban", "ban", "192.0.2.1", "198.51.100.0/24", "tcp:192.0.2.2:4001", "--for", "1h", "--peer", "PeerA",
                   "--detail", "a word")
        host.holds("ban", "ban", "127.0.0.1", status=1)
        host.holds("status", "status")
        host.holds("top", "top", "--once", "--interval", "200ms")
        host.holds("list", "list")
        host.holds("sets", "sets")
        host.holds("sets NAME", "sets", "accept4")
        host.holds("sets NAME", "sets", "exempt4")
        host.holds("explain", "explain", "192.0.2.1")
        host.holds("explain", "explain", "127.0.0.1")
        host.holds("feeds", "feeds")
        host.holds("durations show", "durations")
        host.holds("durations try", "durations", "try", "--check", "accept")
        host.holds("durations set", "durations", "set", "--reason", "spam", "--first", "2h", *config)
        host.holds("durations unset", "durations", "unset", "--reason", "spam", *config)
        host.holds("durations undo", "durations", "undo", *config)
        host.holds("durations set", "durations", "set", "--first", "20m", "--dry-run", *config)
        host.holds("exempt add", "exempt", "add", "203.0.113.7", *config)
        host.holds("exempt list", "exempt", "list")
        host.holds("exempt remove", "exempt", "remove", "203.0.113.7", *config)
        host.holds("import", "import", "-", input="# a list\n192.0.2.7\nno address\n", status=1)
        host.holds("export", "export", "--format", "bitcoin", stream="stderr")
        host.holds("export", "export", "--format", "sentinel", "--output", f"{folder}/bans.jsonl")
        host.holds("shadow report", "shadow", "report")
        in_shadow(host)
        host.holds("metrics", "metrics")
        host.holds("report", "report", "--since", "2h")
        # Nothing listens here.
        host.holds("check", "check", *config, status=1)
        watch(host)
        host.holds("lift", "lift", "192.0.2.1")
        host.holds("history", "history")
        host.holds("reload", "reload")
        host.holds("release", "release", "--yes")
        host.helper.terminate()
        host.helper.communicate()
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
