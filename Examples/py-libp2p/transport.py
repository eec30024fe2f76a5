# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Seed Sentinel authors

"""libp2p's TCP with the one repair that a gate needs, and an eye on what it accepts.

libp2p 0.8.1 takes a peer's address only where getpeername() gives two fields. On IPv6 it gives four, so the
remote address of an inbound IPv6 connection is None, and a connection without an address is never shown to the
gate.
"""

from collections.abc import Callable

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
    """TCP whose inbound connections can all be gated; each is told to `accepted` before anything else."""

    def __init__(self, accepted: Callable[[str], None]) -> None:
        super().__init__()
        self.accepted = accepted

    def create_listener(self, handler_function: THandler) -> TCPListener:
        async def handler(connection: ReadWriteCloser) -> None:
            stream = AddressedStream(connection.stream)
            source, _ = stream.get_remote_address() or ("unknown", 0)
            self.accepted(source)
            await handler_function(stream)

        return TCPListener(handler)
