"""What happens to connections, told to whoever listens (conntrack -E).

An entry collects event bits while packets pass; they are told together when the packet that caused them has passed its
last hook. The end of an entry is told at once. With nf_conntrack_events=2 only entries made while somebody listens
have events at all, with 0 none has.

Source: kernel Documentation/networking/nf_conntrack-sysctl.rst (nf_conntrack_events); measured on Linux 6.18.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from engine.conntrack.expectations import Expectation
from engine.core.connection import Connection

NEW: Final = 1
UPDATE: Final = 2
DESTROY: Final = 4


class Event:
    """kind: NEW, UPDATE or DESTROY; exactly one of entry and expectation is there, as it is now.

    bits: the EVENT_* that led to it; portid: the program that asked for it, 0 = a packet or the clock did.
    """

    def __init__(
        self,
        kind: int,
        now: float,
        entry: Connection | None,
        expectation: Expectation | None = None,
        bits: int = 0,
        portid: int = 0,
    ) -> None:
        self.kind = kind
        self.now = now
        self.entry = entry
        self.expectation = expectation
        self.bits = bits
        self.portid = portid


Listener = Callable[[Event], None]


class Events:
    def __init__(self) -> None:
        self.listeners: list[Listener] = []
        self.portid = 0  # of the program whose command is being carried out

    def subscribe(self, listener: Listener) -> None:
        self.listeners.append(listener)

    def unsubscribe(self, listener: Listener) -> None:
        if listener in self.listeners:
            self.listeners.remove(listener)

    def tell(self, event: Event) -> None:
        for listener in list(self.listeners):
            listener(event)
