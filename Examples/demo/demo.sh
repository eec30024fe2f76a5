#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Seed Sentinel authors
#
# A seed node under a flood, first alone, then with the kernel's help. `sudo make demo` builds and calls it.
#
# Two network namespaces with a link between them: the node's, with sentineld, and the other side's, from which a
# flooder comes by several addresses, IPv4 and IPv6, and one honest client by another. Nothing leaves this machine,
# nothing is left behind.

set -euo pipefail
cd "$(dirname "$(realpath "$0")")/../.."
BUILT=$PWD/.build/${CONFIGURATION:-release}
SECONDS_EACH=${SECONDS_EACH:-12}
RATE=${RATE:-400}

if [[ ${SENTINEL_DEMO:-} != inside ]]; then
	[[ $EUID == 0 ]] || { echo "demo: needs root for network namespaces; run sudo make demo" >&2; exit 1; }
	for program in sentineld sentinel-config sentinelctl seed-node; do
		[[ -x $BUILT/$program ]] || { echo "demo: no $BUILT/$program; run sudo make demo" >&2; exit 1; }
	done
	# A pid namespace of its own: whatever happens, all that was started ends with it, and the networks with that.
	exec env SENTINEL_DEMO=inside unshare --net --pid --fork --kill-child --mount-proc "$0" "$@"
fi

work=$(mktemp -d)
chmod 755 "$work"
trap 'rm -rf "$work"' EXIT
port=8776
node4=10.77.0.1 node6=2001:db8:77::1
flooders4=(10.77.0.11 10.77.0.12 10.77.0.13)
flooders6=(2001:db8:77:a::1 2001:db8:77:b::1)
honest=10.77.0.99

if [[ -t 1 && -z ${NO_COLOR:-} ]]; then bold=$(tput bold) dim=$(tput dim) off=$(tput sgr0); else bold= dim= off=; fi
title() { printf '\n%s== %s%s\n' "$bold" "$*" "$off"; }

# This shell is in the node's namespace; the other side's lives in a process that sleeps.
unshare --net sleep infinity &
other=$!
until [[ $(readlink "/proc/$other/ns/net") != $(readlink /proc/self/ns/net) ]]; do sleep 0.05; done
there() { nsenter --net="/proc/$other/ns/net" "$@"; }
ip link set lo up
there ip link set lo up
ip link add veth0 type veth peer name veth0 netns "$other"
ip address add $node4/24 dev veth0
ip address add $node6/48 dev veth0 nodad
ip link set veth0 up
for address in "${flooders4[@]}" $honest; do there ip address add "$address/24" dev veth0; done
for address in "${flooders6[@]}"; do there ip address add "$address/48" dev veth0 nodad; done
there ip link set veth0 up
until ip -o link show veth0 | grep -q 'state UP'; do sleep 0.05; done

cat > "$work/sentinel.toml" <<TOML
[node]
ports = ["tcp/$port", "udp/$port"]
users = ["65534"]
[access]
submit = ["user:65534"]
[ledger]
directory = "$work"
[socket]
mode = "0666"
[log]
level = "warning"
TOML
chmod 644 "$work/sentinel.toml"
export SENTINEL_SOCKET=$work/sentinel.sock

# The sum of one counter over a column of JSON lines' last line.
last() { tail -n 1 "$1" 2>/dev/null | python3 -c "
import json, sys
line = sys.stdin.read().strip()
print((lambda d: $2)(json.loads(line)) if line else 0)"; }

dropped() {
	nft -j list table inet sentinel 2>/dev/null | python3 -c "
import json, sys
text = sys.stdin.read()
print(sum(e['elem'].get('counter', {}).get('packets', 0)
          for o in (json.loads(text)['nftables'] if text else []) for e in o.get('set', {}).get('elem', [])
          if isinstance(e, dict) and 'elem' in e))"
}

# phase NAME [the node's further options]
phase() {
	local name=$1
	shift
	# The node holds no privilege: it runs as nobody.
	setpriv --reuid 65534 --regid 65534 --clear-groups "$BUILT/seed-node" listen --port $port \
		--address $node4 --address $node6 --rate 5 --burst 20 "$@" > "$work/$name.node" 2> "$work/$name.errors" &
	local node=$!
	until grep -q listening "$work/$name.node"; do
		kill -0 $node 2>/dev/null || { cat "$work/$name.errors" >&2; exit 1; }
		sleep 0.05
	done
	there "$BUILT/seed-node" dial "tcp:$node4:$port" --source $honest --count $((SECONDS_EACH * 2)) --interval 0.5 \
		> "$work/$name.honest" 2>&1 &
	local client=$!
	there "$BUILT/seed-node" flood "tcp:$node4:$port" --rate "$RATE" --duration "$SECONDS_EACH" \
		--sources "$(IFS=,; echo "${flooders4[*]}")" > "$work/$name.flood4" 2>&1 &
	local flood4=$!
	there "$BUILT/seed-node" flood "tcp:[$node6]:$port" --rate "$RATE" --duration "$SECONDS_EACH" \
		--sources "$(IFS=,; echo "${flooders6[*]}")" > "$work/$name.flood6" 2>&1 &
	local flood6=$!
	printf '%s%6s %18s %10s %10s %10s %14s%s\n' "$dim" second 'reached the node' denied dropped 'node CPU' \
		'honest latency' "$off"
	local second cpu before=0
	for ((second = 1; second <= SECONDS_EACH; second++)); do
		sleep 1
		cpu=$(last "$work/$name.node" "d.get('processor_seconds', 0)")
		printf '%6d %18s %10s %10s %9s%% %11s ms\n' "$second" \
			"$(last "$work/$name.node" "d.get('attempts', 0)")" \
			"$(last "$work/$name.node" "sum(d.get('denials', {}).values())")" "$(dropped)" \
			"$(awk "BEGIN { printf \"%.0f\", ($cpu - $before) * 100 }")" \
			"$(grep -a '"event":"echo"' "$work/$name.honest" | last /dev/stdin "round((d.get('echo_microseconds') or 0) / 1000, 1)")"
		before=$cpu
	done
	wait $flood4 $flood6 $client || true
	kill -TERM $node
	wait $node || true
}

title "1. The node alone: it denies by rate, and pays for every attempt ($((2 * RATE)) connections a second)"
phase alone

title "2. With the kernel plane: what the node denies, the kernel refuses from then on"
"$BUILT/sentineld" --config "$work/sentinel.toml" --socket "$SENTINEL_SOCKET" 2> "$work/sentineld.log" &
helper=$!
until [[ -S $SENTINEL_SOCKET ]]; do
	kill -0 $helper 2>/dev/null || { cat "$work/sentineld.log" >&2; exit 1; }
	sleep 0.05
done
phase kernel --helper "$SENTINEL_SOCKET"

title "What is in the kernel now, as nft shows it"
nft list set inet sentinel accept4
nft list set inet sentinel accept6
title "and as sentinelctl sets shows it"
"$BUILT/sentinelctl" sets accept4
"$BUILT/sentinelctl" sets accept6

title "In all"
for name in alone kernel; do
	printf '%-7s reached the node %6s, denied by it %6s, handshakes %5s, CPU %5s s, honest client served %s of %s\n' \
		"$name" "$(last "$work/$name.node" "d['attempts']")" \
		"$(last "$work/$name.node" "sum(d['denials'].values())")" "$(last "$work/$name.node" "d['handshakes']")" \
		"$(last "$work/$name.node" "d['processor_seconds']")" \
		"$(grep -ac '"event":"echo"' "$work/$name.honest" || true)" "$((SECONDS_EACH * 2))"
done
kill -TERM $helper
wait $helper || true
