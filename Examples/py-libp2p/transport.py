# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Seed Sentinel authors

"""libp2p's TCP with the one repair that a gate needs.

libp2p 0.8.1 takes a peer's address only where getpeername() gives two fields. On IPv6 it gives four, so the
remote address of an inbound IPv6 connection is None, and a connection without an address is never shown to the
gate.
"""

from libp2p.custom_types import THandler
from libp2p.io.abc import ReadWriteCloser
from libp2p.io.trio import TrioTCPStream
from libp2p.transport.tcp.tcp import TCP, TCPListener


class AddressedStream(TrioTCPStream):
    """A TCP stream that knows its peer's address on IPv6 too."""

    def get_remote_address(self) -> tuple[str, int] | None:
        if self._cached_remote_address is None:
            try:
                host, port, *_ = self.stream.socket.getpeername()
            except OSError:
                return None
            self._cached_remote_address = (host, port)
        return self._cached_remote_address


class GateableTCP(TCP):
    """TCP whose inbound connections can all be gated."""

    def create_listener(self, handler_function: THandler) -> TCPListener:
        async def handler(accepted: ReadWriteCloser) -> None:
            await handler_function(AddressedStream(accepted.stream))

        return TCPListener(handler)
