# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Seed Sentinel authors

"""A gate in the place of libp2p's own: it denies by a list and by rate, and says so to a reporter."""

from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
import time

from libp2p.network.connection_gate import ConnectionGate
from multiaddr import Multiaddr

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


def source_of(remote: Multiaddr) -> Address | None:
    """The address that `remote` starts with; a mapped one (::ffff:192.0.2.1) is the IPv4 address it is."""
    protocol = remote.protocols()[0].name
    if protocol not in ("ip4", "ip6"):
        return None
    address = ip_address(remote.value_for_protocol(protocol))
    return getattr(address, "ipv4_mapped", None) or address


class RateLimit:
    """A token bucket for each source, an IPv6 source being its /64. It forgets the source unseen longest."""

    def __init__(self, rate: float, burst: float, sources: int = 10_000) -> None:
        self.rate, self.burst, self.sources = rate, burst, sources
        self._buckets: OrderedDict[Network, tuple[float, float]] = OrderedDict()

    def take(self, address: Address, now: float | None = None) -> bool:
        """Takes a token, if one is left; `now` is in monotonic seconds."""
        now = time.monotonic() if now is None else now
        source = ip_network((address, 32 if address.version == 4 else 64), strict=False)
        tokens, since = self._buckets.pop(source, (self.burst, now))
        tokens = min(self.burst, tokens + (now - since) * self.rate)
        self._buckets[source] = (max(0.0, tokens - 1), now)
        if len(self._buckets) > self.sources:
            self._buckets.popitem(last=False)
        return tokens >= 1


class ReportingGate(ConnectionGate):
    """Assign one to `swarm.connection_gate`.

    libp2p asks it for each inbound connection, accepted but not yet upgraded, and for each address it is about
    to dial, by the same method and without saying which. So this gate belongs to a host that doesn't dial.
    """

    def __init__(
        self, denied: list[Network], limit: RateLimit, report: Callable[[Address, str], None]
    ) -> None:
        super().__init__()
        self.denied, self.limit, self.report = denied, limit, report

    async def is_allowed(self, remote_addr: Multiaddr) -> bool:
        source = source_of(remote_addr)
        if source is None:
            return True
        if any(source in network for network in self.denied):
            reason = "deny-listed"
        elif not self.limit.take(source):
            reason = "rate-limit"
        else:
            return True
        self.report(source, reason)
        return False
