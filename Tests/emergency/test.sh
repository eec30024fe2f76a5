#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The Seed Sentinel authors
#
# The exits of Docs/emergency.md let a blocked client in again: the helper's Release, nft, and the document's
# script as it stands there, which also says what to do where it can't. SENTINELD is the program to test; what
# is built, by default.

set -euo pipefail

here=$(dirname "$(realpath "$0")")
root=$(realpath "$here/../..")

# In a network and among processes of its own, which all end with this script however it ends.
[[ ${1:-} == --inside ]] ||
	exec timeout --kill-after=10 120 unshare --net --mount-proc --pid --fork --kill-child "$here/test.sh" --inside

for sentineld in "${SENTINELD:-$root/.build/debug/sentineld}" "$root/.build/release/sentineld"; do
	[[ ! -x $sentineld ]] || break
done
failures=0
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 143' TERM INT

check() {
	if "${@:2}" >"$scratch/check" 2>&1; then
		echo "ok - $1"
	else
		echo "not ok - $1"
		cat "$scratch"/{check,said,sentineld.log} 2>/dev/null | sed 's/^/#   /'
		failures=1
	fi
}

# One call: what the script says, and how it ends.
remove() {
	status=0
	"$@" /usr/bin/python3 -I - <"$scratch/remove-table.py" >"$scratch/said" 2>&1 || status=$?
}
says() { [[ $status == "$1" ]] && grep -qF -- "$2" "$scratch/said"; }
table() { nft list table inet sentinel; }
refused() { ! "$@"; }
no_table() { ! table; }
ended() { ! kill -0 "$helper"; }

start() {
	"$sentineld" --config "$scratch/sentinel.toml" >"$scratch/sentineld.log" 2>&1 &
	helper=$!
	# The socket is there once the table is.
	timeout 30 bash -c 'until [[ -S $0 ]]; do kill -0 $1 || exit 1; sleep 0.02; done' \
		"$scratch/sentinel.sock" "$helper" || return
}
end() {
	kill -s "$1" "$helper"
	wait "$helper" 2>/dev/null || true
	rm -f "$scratch/sentinel.sock"
}

sed -n '/^```python$/,/^```$/ { /^```/! p }' "$root/Docs/emergency.md" >"$scratch/remove-table.py"
cat >"$scratch/sentinel.toml" <<-TOML
	[node]
	ports = ["tcp/4001"]
	users = ["65534"]
	[access]
	operate = ["user:root"]
	submit = ["user:root"]
	[socket]
	path = "$scratch/sentinel.sock"

	[ledger]
	directory = "$scratch"
TOML

# A listener here, and a client in a network of its own that sentineld is told to block.
unshare --net sleep infinity &
client=$!
until [[ $(readlink "/proc/$client/ns/net") != "$(readlink /proc/self/ns/net)" ]]; do sleep 0.01; done
in_client() { nsenter --net="/proc/$client/ns/net" "$@"; }
ip link set lo up
ip link add client type veth peer name server netns "$client"
ip address add 192.0.2.1/24 dev client
ip link set client up
in_client ip address add 192.0.2.7/24 dev server
in_client ip link set server up
/usr/bin/python3 -m http.server --bind 192.0.2.1 --directory "$scratch" 4001 >/dev/null 2>&1 &
served() { in_client timeout 10 bash -c 'until : </dev/tcp/192.0.2.1/4001; do sleep 0.02; done'; }
# No answer at all; a port without a listener would answer.
blocked() {
	local status=0
	in_client timeout 1 bash -c ': </dev/tcp/192.0.2.1/4001' || status=$?
	[[ $status == 124 ]]
}
# One call to sentineld: a message of JSON, ended by a NUL, each way. What it answers must have such a text.
call() {
	/usr/bin/python3 -I - "$scratch/sentinel.sock" "$@" <<-'PYTHON'
		import json, socket, sys
		path, method, parameters, expected = sys.argv[1:]
		helper = socket.socket(socket.AF_UNIX)
		helper.settimeout(10)
		helper.connect(path)
		call = {"method": f"org.seedsentinel.Helper.{method}", "parameters": json.loads(parameters)}
		helper.sendall(json.dumps(call).encode() + b"\0")
		reply = b""
		while not reply.endswith(b"\0"):
		    reply += helper.recv(65536) or sys.exit("sentineld hung up")
		reply = json.loads(reply[:-1])
		print(reply)
		sys.exit("error" in reply or expected not in json.dumps(reply))
	PYTHON
}
ban() { call Ban '{"bans": [{"check": "accept", "subject": "192.0.2.7"}]}' '"enforced": true'; }

check "the document has the script" test -s "$scratch/remove-table.py"
remove env
check "without a table it says that there is none" says 1 "There is no table inet sentinel"

check "sentineld starts" start
[[ $failures == 0 ]] || exit 1
check "a client is served" served
check "sentineld is told to block it" ban
check "the client is blocked" blocked
if unshare --net nft add table inet owned '{ flags owner; }' 2>/dev/null; then
	remove env
	check "while sentineld runs the script says that the table is owned, and what to do" \
		says 1 "systemctl stop sentineld.service sentineld.socket"
	sed 's/^/# /' "$scratch/said"
	check "while sentineld runs nft can't delete the table" refused nft delete table inet sentinel
	check "the client is still blocked" blocked
else
	echo "# this kernel, before 5.12, knows no owned tables"
fi
remove setpriv --reuid 65534 --regid 65534 --clear-groups
check "another user is told that it takes root" says 1 "run this as root"

end KILL
check "sentineld has been killed" ended
if ! table >/dev/null 2>&1; then
	echo "# before kernel 6.9 an owned table goes with its socket: one like it is made by hand"
	nft -f "$root/rules/shared.nft"
	nft add element inet sentinel node_ports '{ tcp . 4001 }'
	nft add element inet sentinel accept4 '{ 192.0.2.7 timeout 1h }'
fi
check "the client is blocked without it" blocked
began=$EPOCHREALTIME
remove env
took=$(((${EPOCHREALTIME/[.,]/} - ${began/[.,]/}) / 1000))
check "now the script removes the table" says 0 "The table inet sentinel is removed"
echo "# it took $took ms"
check "the client is served again" served
check "nothing is left in the ruleset" test -z "$(nft list ruleset)"

check "sentineld starts again" start
check "sentineld is told to block the client again" ban
check "the client is blocked again" blocked
check "sentineld is told to release" call Release '{}' '{'
check "the client is served by that" served
check "there is no table, though sentineld runs" no_table
check "sentineld does run" kill -0 "$helper"
end TERM

check "sentineld starts a third time" start
check "sentineld is told to block the client a third time" ban
end TERM
check "sentineld has ended" ended
if table >/dev/null 2>&1; then
	check "the client is blocked though sentineld has ended" blocked
	check "once sentineld has ended nft deletes the table" nft delete table inet sentinel
fi
check "the client is served in the end" served
check "there is no table in the end" no_table

exit "$failures"
