# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Seed Sentinel authors

"""Hands denials to sentineld over varlink, in the background."""

from collections.abc import Callable
import socket
from typing import Any

import trio
import varlink

INTERFACE = "org.seedsentinel.Helper"

Denial = dict[str, Any]
Receipt = dict[str, Any]


class Reporter:
    """A bounded queue of denials, one for each subject, and the task that submits them.

    `report` never waits. While the helper is away denials wait, newest reason first in place of older ones for
    the same subject; above `capacity` subjects, further ones are dropped and counted.
    """

    TIMEOUT = 5.0
    BATCH = 256
    RETRY_FIRST, RETRY_MAXIMUM = 0.1, 5.0

    def __init__(self, path: str, emit: Callable[..., None], capacity: int = 4096) -> None:
        self.path, self.emit, self.capacity = path, emit, capacity
        self.dropped = 0
        self._pending: dict[str, Denial] = {}
        self._waiting = trio.Event()
        self._connection: varlink.SimpleClientInterfaceHandler | None = None

    def report(self, subject: str, reason: str, detail: str) -> None:
        """Queues an accept denial of an address that a TCP handshake has validated."""
        if subject not in self._pending:
            if len(self._pending) >= self.capacity:
                self.dropped += 1
                return
            self.emit("denied", subject=subject, reason=reason)
        self._pending[subject] = {
            "check": "accept",
            "subject": subject,
            "reason": reason,
            "detail": detail,
            "validated": True,
        }
        self._waiting.set()

    async def run(self) -> None:
        """Submits what is queued until cancelled."""
        delay = self.RETRY_FIRST
        try:
            while True:
                await self._waiting.wait()
                batch = list(self._pending.values())[: self.BATCH]
                try:
                    receipts = await trio.to_thread.run_sync(self._submit, batch, abandon_on_cancel=True)
                except (OSError, varlink.VarlinkError, ValueError) as error:
                    self._disconnect()
                    self.emit("helper", error=f"{type(error).__name__}: {error}", due=len(self._pending))
                    await trio.sleep(delay)
                    delay = min(self.RETRY_MAXIMUM, delay * 2)
                    continue
                delay = self.RETRY_FIRST
                for denial in batch:
                    if self._pending.get(denial["subject"]) is denial:
                        del self._pending[denial["subject"]]
                if not self._pending:
                    self._waiting = trio.Event()
                for receipt in receipts:
                    self.emit("receipt", **receipt)
        finally:
            self._disconnect()

    def _submit(self, batch: list[Denial]) -> list[Receipt]:
        """One call, in a thread, because varlink's client blocks; each of its reads has a deadline."""
        if self._connection is None:
            connection = socket.socket(socket.AF_UNIX)
            try:
                connection.settimeout(self.TIMEOUT)
                connection.connect(self.path)
                self._connection = varlink.Client().open(INTERFACE, connection=connection)
            except BaseException:
                connection.close()
                raise
        return self._connection.Submit(denials=batch)["receipts"]

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
