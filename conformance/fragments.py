"""Fragments that were seen, put together again (RFC 791 3.2, RFC 8200 4.5)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from conformance import matching, reading
from conformance.failing import Failed
from conformance.packets import Packet
from conformance.reading import Seen

if TYPE_CHECKING:
    from conformance.scene import Scene


def whole(pieces: list[Seen]) -> Seen | None:
    """The packet that the fragments make up, or None if some are missing or overlap."""
    pieces = sorted(pieces, key=lambda each: each.offset)
    parts, at = [], 0
    for piece in pieces:
        data = _part(piece)
        if piece.offset != at:
            return None
        parts.append(data)
        at += len(data)
    if not pieces or pieces[-1].mf:
        return None
    first, body = pieces[0].packet, b"".join(parts)
    if pieces[0].family == 4:
        size = pieces[0].header_length * 4
        head = bytearray(first[:size])
        struct.pack_into("!H", head, 2, size + len(body))
        head[6] &= 0x40
        head[7] = 0
        head[10:12] = bytes(2)
        struct.pack_into("!H", head, 10, reading.checksum_of(bytes(head)))
        data = bytes(head) + body
    else:
        data = first[:4] + struct.pack("!HBB", len(body), first[40], first[7]) + first[8:40] + body
    return reading.read(pieces[0].frame[:14] + data)


def _part(piece: Seen) -> bytes:
    """What a fragment carries, behind the IP header."""
    return piece.packet[piece.header_length * 4 :] if piece.family == 4 else piece.packet[48:]


def expect_whole(scene: Scene, node: str, packet: Packet, sizes: list[int] | None) -> Seen:
    """The fragments at a node must make up this packet."""
    scene.collect()
    groups: dict[tuple[str, str, int], list[Seen]] = {}
    for seen in scene.seen[node]:
        if not seen.expected and (seen.get("mf") or seen.get("offset")):
            groups.setdefault((seen.src, seen.dst, seen.ip_id), []).append(seen)
    wanted = packet.shown(scene.names) + (f" in fragments of {sizes} bytes" if sizes else " in fragments")
    told = []
    for pieces in groups.values():
        pieces.sort(key=lambda each: int(each.offset))
        found = whole(pieces)
        got = [piece.size for piece in pieces]
        if found is None:
            told.append(
                "pieces that do not make up a packet: " + "; ".join(piece.shown(scene.names) for piece in pieces)
            )
        elif why := matching.differences(packet, found, scene.names):
            told.append(f"{found.shown(scene.names)} in fragments of {got} bytes: {'; '.join(map(str, why))}")
        elif sizes is not None and got != sizes:
            told.append(f"{found.shown(scene.names)} in fragments of {got} bytes")
        else:
            for piece in pieces:
                piece.expected = True
            scene.step(
                node, "should see", expected=wanted, seen=f"{found.shown(scene.names)} in fragments of {got} bytes"
            )
            return found
    told += [
        seen.shown(scene.names) for seen in scene.seen[node] if not seen.expected and not reading.is_chatter(seen)
    ][:4]
    scene.step(node, "should see", expected=wanted, seen="\n".join(told) or "nothing", ok=False)
    raise Failed((f"{node} should see", wanted), (f"{node} saw", "\n".join(told) or "nothing"))
