"""The servers of a lab: FTP, HTTP, echo over TCP and UDP, TFTP, and a small IRC relay.

    python -m lab.services --record=FILE ftp:21/4=3 ftp:21/6=4 http:80/4=5

One process serves all services of a node. Their sockets were opened by the lab's holder (lab/holder.py) and are handed
over by number, so packets that come before this process is ready wait for it. Every finished transfer becomes one JSON
line of the record, which Node.transfers() reads.

Each service is a module with `serve(sockets, record)`, which returns only at the end of the process.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Service:
    """`port`: where it listens unless the topology says another. `transport`: tcp or udp."""

    module: str
    port: int
    transport: str = "tcp"


# The whole list.
SERVICES: Final = {
    "ftp": Service("lab.services.ftp", 21),
    "http": Service("lab.services.http", 80),
    "tcp-echo": Service("lab.services.tcp_echo", 7),
    "udp-echo": Service("lab.services.udp_echo", 7, "udp"),
    "tftp": Service("lab.services.tftp", 69, "udp"),
    "irc": Service("lab.services.irc", 6667),
}


def each_in_a_thread(work: Callable[[T], object], things: Iterable[T]) -> None:
    """Work at every socket, or every service, beside the others. Returns when nobody works any more."""
    threads = [threading.Thread(target=work, args=(each,), daemon=True) for each in things]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
