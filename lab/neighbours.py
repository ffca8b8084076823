"""Neighbour entries in bulk (rtnetlink(7), RTM_NEWNEIGH, RTM_DELNEIGH).

Everybody on a wire knows everybody else, which is a square: 50 hosts are 2,450 entries. One message an entry and one
system call a few hundred messages take 3 microseconds each; asked for one by one through a library they take 180.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import struct
from typing import Final

from lab.netlink import NLM_F_ACK, NLM_F_CREATE, NLM_F_DUMP, NLM_F_REPLACE, answers, attribute, attributes, message

NEWNEIGH: Final = 28
DELNEIGH: Final = 29
GETNEIGH: Final = 30
# struct ndmsg: family, interface, state, flags, type.
ENTRY: Final = struct.Struct("=BxxxiHBB")
PERMANENT: Final = 0x80  # NUD_PERMANENT: made by hand
NOARP: Final = 0x40  # NUD_NOARP: loopback, multicast
DESTINATION: Final = 1  # NDA_DST
HARDWARE: Final = 2  # NDA_LLADDR
AT_ONCE: Final = 256


def add(opened: socket.socket, entries: list[tuple[int, str, str]]) -> None:
    """Make permanent entries (interface number, address, MAC address) in the namespace in which the NETLINK_ROUTE
    socket was opened. Raises OSError with the kernel's reason for the first that it refuses."""
    for at in range(0, len(entries), AT_ONCE):
        *quietly, last = entries[at : at + AT_ONCE]
        opened.send(b"".join([_added(entry, 0) for entry in quietly]) + _added(last, NLM_F_ACK))
        list(answers(opened))  # those that were made without a word say nothing, a refused one says why


def _added(entry: tuple[int, str, str], flags: int) -> bytes:
    interface, text, mac = entry
    address = ipaddress.ip_address(text)
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    body = ENTRY.pack(family, interface, PERMANENT, 0, 0)
    body += attribute(DESTINATION, address.packed) + attribute(HARDWARE, bytes.fromhex(mac.replace(":", "")))
    return message(NEWNEIGH, flags | NLM_F_CREATE | NLM_F_REPLACE, body)


def forget(opened: socket.socket) -> None:
    """Drop what the kernel has learned by itself, or still asks for. Packets that wait for an answer fail now: the
    errors would come three seconds after the question, into whatever happens then."""
    opened.send(message(GETNEIGH, NLM_F_DUMP, ENTRY.pack(socket.AF_UNSPEC, 0, 0, 0, 0)))
    for _kind, body in list(answers(opened)):
        family, interface, state, _flags, _type = ENTRY.unpack_from(body)
        if state & (PERMANENT | NOARP):
            continue
        address = next(value for kind, value in attributes(body[ENTRY.size :]) if kind == DESTINATION)
        opened.send(
            message(DELNEIGH, NLM_F_ACK, ENTRY.pack(family, interface, 0, 0, 0) + attribute(DESTINATION, address))
        )
        with contextlib.suppress(OSError):  # gone meanwhile
            list(answers(opened))
