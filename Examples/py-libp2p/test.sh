#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Seed Sentinel authors
#
# Three libp2p hosts in networks of their own: a server that holds no privilege, one that asks too often, and an
# honest one. The server's gate denies the second and tells sentineld, and from then on the kernel refuses it.
#
# SENTINELD is the program to test, what is built by default. PYTHON is one that has requirements.txt installed:
# by default .build/venv, or else a virtual environment that is made for this run.

set -euo pipefail

here=$(dirname "$(realpath "$0")")
root=$(realpath "$here/../..")

# Among processes and mounts of its own, which all end with this script however it ends.
[[ ${1:-} == --inside ]] ||
	exec timeout --kill-after=10 900 unshare --mount-proc --pid --fork --kill-child "$here/test.sh" --inside

for sentineld in "${SENTINELD:-$root/.build/debug/sentineld}" "$root/.build/release/sentineld"; do
	[[ ! -x $sentineld ]] || break
done
port=4001
node=65534
# The server, who asks too often, and an honest neighbour: next to it on IPv4, in the next /64 on IPv6.
server4=192.0.2.1 denied4=192.0.2.7 honest4=192.0.2.8
server6=2001:db8::1 denied6=2001:db8:0:7::7 honest6=2001:db8:0:8::8
# What the rules look up, and the kernel shows: the address, or its first 64 bits.
key4=$denied4 key6=2001:db8:0:7::
# How often a source may connect. The honest one stays below it.
rate=0.5 burst=8
failures=0
scratch=$(mktemp -d)
chmod 755 "$scratch"
finish() {
	umount --quiet --lazy "$scratch/host" "$scratch/venv" 2>/dev/null || true
	rm -rf --one-file-system "$scratch"
}
trap finish EXIT
trap 'exit 143' TERM INT

check() {
	if "${@:2}" >"$scratch/check" 2>&1; then
		echo "ok - $1"
	else
		echo "not ok - $1"
		sed 's/^/#   /' "$scratch/check"
		failures=$((failures + 1))
	fi
}

# How many of a host's lines are such as a Python expression of `e` says.
count() {
	/usr/bin/python3 -I - "$1" "$2" <<-'PYTHON'
		import json, sys
		with open(sys.argv[1]) as lines:
		    events = [json.loads(line) for line in lines if line.startswith("{") and line.endswith("\n")]
		print(sum(bool(eval(sys.argv[2], {"e": e})) for e in events))
	PYTHON
}
attempts() { count "$1" "e['event'] == 'attempt' and e['result'] == '$2'"; }
accepted() { count "$scratch/server.log" "e['event'] == 'accepted' and e['source'] == '$1'"; }

# Waits until a file has a line that an expression matches.
await() { timeout 60 grep -q -m1 -E -- "$2" <(exec tail --lines=+1 --follow "$1" 2>/dev/null); }

# A network with nothing in it; its processes are those that are started in it.
network() {
	unshare --net sleep infinity &
	networks[$1]=$!
	until [[ $(readlink "/proc/${networks[$1]}/ns/net") != "$(readlink /proc/self/ns/net)" ]]; do sleep 0.01; done
	in_network "$1" ip link set lo up
}
in_network() { nsenter --net="/proc/${networks[$1]}/ns/net" "${@:2}"; }

# A cable from the server to a client, with the server's one address at this end of each.
connect() {
	local client=$1 address4=$2 address6=$3
	in_network server ip link add "$client" type veth peer name server netns "${networks[$client]}"
	in_network server ip link set "$client" up
	in_network "$client" ip link set server up
	in_network server ip address add "$server4" peer "$address4" dev "$client"
	in_network server ip address add "$server6" peer "$address6" dev "$client" nodad
	in_network "$client" ip address add "$address4" peer "$server4" dev server
	in_network "$client" ip address add "$address6" peer "$server6" dev server nodad
}

# Turns this process into a libp2p host, of a user without any privilege.
become_host() {
	exec nsenter --net="/proc/${networks[$1]}/ns/net" \
		setpriv --reuid "$node" --regid "$node" --clear-groups --no-new-privs --inh-caps=-all --bounding-set=-all \
		env PYTHONDONTWRITEBYTECODE=1 HOME=/nonexistent "$python" "$scratch/host/host.py" "${@:2}"
}
become_client() { become_host "$1" dial "/ip$2/$3/tcp/$port/p2p/$peer" "${@:4}"; }
dial() (become_client "$@")

find_python() {
	local venv=$root/.build/venv
	if [[ -n ${PYTHON:-} ]]; then
		venv=$("$PYTHON" -c 'import sys; print(sys.prefix)')
		python=$PYTHON
	elif [[ ! -x $venv/bin/python ]]; then
		venv=$scratch/made
		/usr/bin/python3 -m venv "$venv"
		"$venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$here/requirements.txt"
	fi
	# Other users can't look into root's home, where all of this may lie.
	mkdir "$scratch/host" "$scratch/venv"
	mount --bind "$here" "$scratch/host"
	if [[ -e $venv/pyvenv.cfg ]]; then
		mount --bind "$venv" "$scratch/venv"
		python=$scratch/venv/bin/python
	fi
}

start_sentineld() {
	cat >"$scratch/sentinel.toml" <<-TOML
		[node]
		ports = ["tcp/$port"]
		users = ["$node"]
		[access]
		submit = ["user:$node"]
		operate = ["user:root"]
		[socket]
		path = "$scratch/sentinel.sock"
		mode = "0666"

		[ledger]
		directory = "$scratch"
	TOML
	nsenter --net="/proc/${networks[server]}/ns/net" \
		"$sentineld" --config "$scratch/sentinel.toml" >"$scratch/sentineld.log" 2>&1 &
	sentineld_process=$!
	await "$scratch/sentineld.log" enforcing
}

start_server() {
	become_host server listen "/ip4/$server4/tcp/$port" "/ip6/$server6/tcp/$port" \
		--helper "$scratch/sentinel.sock" --rate "$rate" --burst "$burst" >"$scratch/server.log" 2>"$scratch/server-errors.log" &
	server_process=$!
	await "$scratch/server.log" '"event": "listening"' || return
	peer=$(sed -n 's/.*"listening".*"peer": "\([^"]*\)".*/\1/p' "$scratch/server.log")
}

unprivileged() {
	cat "/proc/$server_process/status"
	[[ $(grep -cE '^(Uid:(\s+65534){4}|Cap(Inh|Prm|Eff|Bnd|Amb):\s+0+)$' "/proc/$server_process/status") -eq 6 ]]
}

# An element of the set that the kernel looks denied sources up in: a JSON object, with packets and comment.
element() {
	in_network server nft -j list set inet sentinel "accept$1" | /usr/bin/python3 -I -c '
import json, sys
table = json.load(sys.stdin)["nftables"]
elements = [entry["elem"] for item in table for entry in item.get("set", {}).get("elem", [])]
print(json.dumps([element for element in elements if element["val"] == sys.argv[1]]))' "$2"
}
packets() {
	local found
	found=$(element "$1" "$2" | grep -oE '"packets": [0-9]+') || true
	echo "${found##* }"
}
enforced() {
	await "$scratch/server.log" "\"event\": \"receipt\".*\"$1\""
	grep -F '"receipt"' "$scratch/server.log"
	test "$(count "$scratch/server.log" \
		"e['event'] == 'receipt' and e['subject'] == '$1' and e['enforced'] and e.get('refusal') is None")" -ge 1
}
equal() {
	echo "$1, not $2"
	[[ $1 == "$2" ]]
}

# One address family from the first visits to the denial and after it.
scenario() {
	local family=$1 server=$2 denied=$3 key=$4 log=$scratch/ip$1 flood visits accepted_before packets_before
	check "IPv$family: who will ask too often is served at first" \
		dial denied "$family" "$server" --count 2 --interval 1 --timeout 10
	check "IPv$family: the honest host is served at first" \
		dial honest "$family" "$server" --count 2 --interval 1 --timeout 10

	become_client denied "$family" "$server" --count 1000 --interval 0 --timeout 10 >"$log.flood" &
	flood=$!
	check "IPv$family: the gate denies who asks too often, and sentineld enforces it" enforced "$denied"
	kill "$flood" 2>/dev/null || true
	wait "$flood" 2>/dev/null || true
	dial denied "$family" "$server" --count 1 --timeout 2 >"$log.first" || true
	check "IPv$family: its next attempt gets no answer" equal "$(attempts "$log.first" timeout)" 1

	accepted_before=$(accepted "$denied")
	packets_before=$(packets "$family" "$key")
	become_client honest "$family" "$server" --count 5 --interval 1 --timeout 10 >"$log.honest" &
	visits=$!
	dial denied "$family" "$server" --count 3 --interval 0 --timeout 2 >"$log.denied" || true
	wait "$visits" || true
	check "IPv$family: nor do the ones after that" equal "$(attempts "$log.denied" timeout)" 3
	check "IPv$family: the server's process sees none of them" equal "$(accepted "$denied")" "$accepted_before"
	check "IPv$family: the kernel has the address, and dropped each of them" \
		test "$(packets "$family" "$key")" -ge $((packets_before + 3))
	check "IPv$family: the honest host is served all the while" equal "$(attempts "$log.honest" ok)" 5
	echo "# IPv$family: $accepted_before connections accepted before, $(packets "$family" "$key") packets dropped"
	echo "# $(element "$family" "$key")"
}

# What came before is needed for what follows.
require() {
	check "$@"
	[[ $failures == 0 ]] || finish_tests
}
finish_tests() {
	[[ $failures != 0 ]] || exit 0
	tail --lines=40 "$scratch"/*.log "$scratch"/ip* | sed 's/^/# /'
	exit 1
}

declare -A networks
find_python
: >"$scratch/sentineld.log" >"$scratch/server.log"
for name in server denied honest; do network "$name"; done
connect denied "$denied4" "$denied6"
connect honest "$honest4" "$honest6"
require "sentineld starts" start_sentineld
require "the server listens" start_server
check "the server's process has no privilege" unprivileged
scenario 4 "$server4" "$denied4" "$key4"
scenario 6 "$server6" "$denied6" "$key6"
check "sentineld still runs" kill -0 "$sentineld_process"
finish_tests
