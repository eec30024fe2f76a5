#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Seed Sentinel authors

"""A libp2p host over TCP: a server whose gate reports its denials to sentineld, and a client that pings it.

Both print JSON lines. A server's first line is {"event": "listening", "addresses": […]}, with its peer id.
"""

import argparse
from ipaddress import ip_network
import errno
import json
import logging
import secrets
import signal
import sys
import time

from libp2p import new_host
from libp2p.abc import IHost, INetConn, INetStream, INetwork, INotifee
from libp2p.crypto.ed25519 import create_new_key_pair
from libp2p.exceptions import BaseLibp2pError
from libp2p.host.ping import ID as PING, handle_ping
from libp2p.io.utils import read_exactly
from libp2p.network.config import ConnectionConfig, RetryConfig
from libp2p.peer.peerinfo import PeerInfo, info_from_p2p_addr
from multiaddr import Multiaddr
import trio

from gate import Address, RateLimit, ReportingGate
from reporter import Reporter
from transport import GateableTCP

# Each connection that was served keeps its inbound slot until the host stops (libp2p 0.8.1), and a host without
# a free slot closes a connection before it asks the gate. So there have to be many.
SLOTS = 1_000_000


def emit(event: str, **fields: object) -> None:
    print(json.dumps({"event": event, "time": round(time.time(), 3), **fields}), flush=True)


def make_host() -> IHost:
    config = ConnectionConfig(
        max_connections=SLOTS,
        high_watermark=SLOTS,
        min_connections=0,
        low_watermark=0,
        max_connections_per_peer=1,
    )
    host = new_host(
        key_pair=create_new_key_pair(secrets.token_bytes(32)),
        transports=[GateableTCP()],
        connection_config=config,
    )
    host.get_network().retry_config = RetryConfig(max_retries=0)
    return host


class Visitors(INotifee):
    """Says who was served."""

    async def connected(self, network: INetwork, conn: INetConn) -> None:
        emit("connected", peer=str(conn.muxed_conn.peer_id))

    async def disconnected(self, network: INetwork, conn: INetConn) -> None:
        emit("disconnected", peer=str(conn.muxed_conn.peer_id))

    async def opened_stream(self, network: INetwork, stream: INetStream) -> None:
        pass

    async def closed_stream(self, network: INetwork, stream: INetStream) -> None:
        pass

    async def listen(self, network: INetwork, multiaddr: Multiaddr) -> None:
        pass

    async def listen_close(self, network: INetwork, multiaddr: Multiaddr) -> None:
        pass


async def until_signalled() -> None:
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for _ in signals:
            return


async def serve(options: argparse.Namespace) -> int:
    host = make_host()
    reporter = Reporter(options.helper, emit)

    def report(source: Address, reason: str) -> None:
        reporter.report(str(source), reason, f"py-libp2p gate, {reason}")

    network = host.get_network()
    network.connection_gate = ReportingGate(options.deny, RateLimit(options.rate, options.burst), report)
    network.register_notifee(Visitors())
    host.set_stream_handler(PING, handle_ping)

    async with host.run(listen_addrs=options.listen), trio.open_nursery() as nursery:
        # It would dial peers by itself, and the gate can't tell a dial from an accept.
        await network.auto_connector.stop()
        addresses = sorted(str(address) for address in host.get_addrs())
        if len(addresses) < len(options.listen):
            emit("failed", error="could not listen on every address", addresses=addresses)
            return 1
        nursery.start_soon(reporter.run)
        emit("listening", peer=str(host.get_id()), addresses=addresses)
        with trio.move_on_after(options.duration):
            await until_signalled()
        emit("stopping", dropped=reporter.dropped)
        nursery.cancel_scope.cancel()
    return 0


def causes(error: BaseException | None) -> list[BaseException]:
    """An error and what caused it, as far as libp2p tells."""
    found: list[BaseException] = []
    waiting = [error]
    while waiting and len(found) < 32:
        if (error := waiting.pop(0)) is not None and error not in found:
            found.append(error)
            waiting += [error.__cause__, error.__context__, *getattr(error, "errors", []), *getattr(error, "exceptions", [])]
    return found


def outcome_of(error: BaseException) -> dict[str, object]:
    """How an attempt failed: timeout (no answer), unreachable (the kernel said so), or refused."""
    chain = causes(error)
    numbers = {cause.errno for cause in chain if isinstance(cause, OSError)}
    if any(isinstance(cause, trio.TooSlowError) for cause in chain) or errno.ETIMEDOUT in numbers:
        result = "timeout"
    elif numbers & {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EACCES, errno.EPERM}:
        result = "unreachable"
    else:
        result = "refused"
    return {"result": result, "detail": f"{type(chain[-1]).__name__}: {chain[-1]}"}


async def visit(host: IHost, server: PeerInfo, timeout: float) -> dict[str, object]:
    """One attempt: a connection of its own, a ping, and away."""
    payload = secrets.token_bytes(32)
    started = time.monotonic()
    try:
        with trio.fail_after(timeout):
            # libp2p would not try a peer that failed again for a minute, and would dial the addresses that the
            # peer told it: a server that listens on all addresses tells 0.0.0.0.
            host.get_network().unblock_peer(server.peer_id)
            host.get_peerstore().clear_addrs(server.peer_id)
            await host.connect(server)
            connected = time.monotonic()
            stream = await host.new_stream(server.peer_id, [PING])
            await stream.write(payload)
            echo = await read_exactly(stream, len(payload))
            ended = time.monotonic()
    except (BaseLibp2pError, OSError, trio.TooSlowError) as error:
        return outcome_of(error)
    finally:
        with trio.move_on_after(1, shield=True):
            await host.disconnect(server.peer_id)
    if echo != payload:
        return {"result": "refused", "detail": "the ping came back changed"}
    return {
        "result": "ok",
        "connect_ms": round((connected - started) * 1e3, 3),
        "ping_ms": round((ended - connected) * 1e3, 3),
    }


async def dial(options: argparse.Namespace) -> int:
    logging.disable(logging.ERROR)  # each attempt's line says what went wrong
    host = make_host()
    server = info_from_p2p_addr(options.server)
    counts = {"ok": 0, "refused": 0, "unreachable": 0, "timeout": 0}
    async with host.run(listen_addrs=[]):
        for attempt in range(options.count):
            if attempt:
                await trio.sleep(options.interval)
            result = await visit(host, server, options.timeout)
            counts[str(result["result"])] += 1
            emit("attempt", attempt=attempt, **result)
        emit("done", **counts)
    return 0 if counts["ok"] == options.count else 1


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    commands = parser.add_subparsers(required=True)

    server = commands.add_parser("listen", help="serve pings, gate inbound connections", allow_abbrev=False)
    server.set_defaults(run=serve)
    server.add_argument("listen", type=Multiaddr, nargs="+", help="such as /ip4/0.0.0.0/tcp/4001")
    server.add_argument("--helper", default="/run/sentinel/sentinel.sock", help="the helper's Unix socket")
    server.add_argument("--deny", type=ip_network, action="append", default=[], metavar="NETWORK")
    server.add_argument("--rate", type=float, default=1.0, help="connections a second a source may open")
    server.add_argument("--burst", type=float, default=5.0, help="connections it may open at once")
    server.add_argument("--duration", type=float, default=float("inf"), help="seconds, then stop")

    client = commands.add_parser("dial", help="connect, ping, disconnect, again", allow_abbrev=False)
    client.set_defaults(run=dial)
    client.add_argument("server", type=Multiaddr, help="such as /ip4/192.0.2.1/tcp/4001/p2p/12D3Koo…")
    client.add_argument("--count", type=int, default=5)
    client.add_argument("--interval", type=float, default=0.2, help="seconds between attempts")
    client.add_argument("--timeout", type=float, default=2.0, help="seconds an attempt may take")
    return parser.parse_args(arguments)


def main() -> int:
    options = parse(sys.argv[1:])
    return trio.run(options.run, options)


if __name__ == "__main__":
    sys.exit(main())
