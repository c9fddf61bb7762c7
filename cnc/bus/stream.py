"""The one iterator over the arrivals of a bus."""

from __future__ import annotations

from collections.abc import AsyncIterator

from cnc.bus.inbox import Inbox
from cnc.bus.interface import Received


class MessageStream(AsyncIterator[Received]):
    """Hands out what is in the inbox; ends when the inbox is closed.

    Its life is its claim: once it is dropped (a finished or left `async for`) or `close` was
    called, the bus gives out another one.
    """

    def __init__(self, inbox: Inbox) -> None:
        self._inbox: Inbox | None = inbox

    @property
    def open(self) -> bool:
        """Whether it still claims the stream."""
        return self._inbox is not None

    async def __anext__(self) -> Received:
        if self._inbox is None:
            raise StopAsyncIteration
        received = await self._inbox.get()
        if received is None:
            self._inbox = None
            raise StopAsyncIteration
        return received

    def close(self) -> None:
        """Give up the claim; nothing in the inbox is lost."""
        self._inbox = None
