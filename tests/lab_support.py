"""What tests that need a lab have in common: whether this machine can, and what a lab has left behind."""

from __future__ import annotations

import os
import socket
import struct
import time
from pathlib import Path

import pytest

from lab import Lab
from lab.scratch import in_scratch

# Processes of a lab inherit the variables of whoever opened it, so a mark among them finds every last one.
MARK = "NFLAB_TEST_MARK"
GONE_SECONDS = 20.0


def why_no_lab() -> str:
    """ "" if network namespaces can be made here, else the reason."""
    return in_scratch("namespaces", lambda run: "" if run(["true"]).returncode == 0 else "nothing runs in a namespace")


def needs_engine(name: str) -> None:
    """Skip the test, with the probed reason, if the engine cannot run here."""
    from lab import engines

    reason = engines.find(name).probe()
    if reason:
        pytest.skip(f"{name}: {reason}")


def marked(mark: str) -> list[int]:
    """The processes that carry a mark. Zombies have no variables any more."""
    wanted = f"{MARK}={mark}".encode()
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            try:
                variables = (folder / "environ").read_bytes()
            except OSError:
                continue
            if wanted in variables.split(b"\0"):
                found.append(int(folder.name))
    return found


def all_gone(mark: str) -> bool:
    """Wait until no process carries the mark."""
    deadline = time.monotonic() + GONE_SECONDS
    while marked(mark):
        if time.monotonic() > deadline:
            return False
        os.sched_yield()
    return True


# --- packets, byte by byte -----------------------------------------------------------------------------------------


def checksum(data: bytes) -> int:
    data += b"\0" * (len(data) & 1)
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ethernet(lab: Lab, sender: str, device: str, packet: bytes, kind: int = 0x0800) -> bytes:
    """A frame from a node to the firewall."""
    firewall = lab["firewall"]
    macs = firewall.mac(device if device in firewall.devices else None) + ":" + lab[sender].mac(device)
    return bytes.fromhex(macs.replace(":", "")) + kind.to_bytes(2, "big") + packet


def ipv4(source: str, destination: str, protocol: int, payload: bytes) -> bytes:
    header = struct.pack(
        "!BBHHHBBH4s4s",
        0x45,
        0,
        20 + len(payload),
        1,
        0,
        64,
        protocol,
        0,
        socket.inet_aton(source),
        socket.inet_aton(destination),
    )
    return header[:10] + checksum(header).to_bytes(2, "big") + header[12:] + payload


def transport(source: str, destination: str, protocol: int, segment: bytes, place: int) -> bytes:
    pseudo = socket.inet_aton(source) + socket.inet_aton(destination) + struct.pack("!BBH", 0, protocol, len(segment))
    total = checksum(pseudo + segment)
    return ipv4(source, destination, protocol, segment[:place] + total.to_bytes(2, "big") + segment[place + 2 :])


def udp(source: str, sport: int, destination: str, dport: int, data: bytes = b"x") -> bytes:
    return transport(source, destination, 17, struct.pack("!HHHH", sport, dport, 8 + len(data), 0) + data, 6)


def tcp(source: str, sport: int, destination: str, dport: int, flags: int, data: bytes = b"") -> bytes:
    segment = struct.pack("!HHIIBBHHH", sport, dport, 1, 0, 0x50, flags, 8192, 0, 0) + data
    return transport(source, destination, 6, segment, 16)


def seen(lab: Lab, node: str, device: str) -> list[bytes]:
    lab.settle()
    return [frame[14:] for frame in lab[node].port(device).received()]
