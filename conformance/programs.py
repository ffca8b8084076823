"""Programs that scenarios run inside nodes: clients of real services, written with the standard library.

    python -m conformance.programs fetch URL            HTTP: prints length and SHA-256 of the body
    python -m conformance.programs fetch-in-parts URL   HTTP: reads up to each number that comes on standard input, and
                                                        says so; at the end of the input it reads the rest
    python -m conformance.programs ftp HOST MODE NAME   MODE: passive, active, epsv, eprt; prints length and SHA-256
    python -m conformance.programs put HOST MODE NAME SIZE
    python -m conformance.programs tftp HOST NAME       prints length and SHA-256
    python -m conformance.programs tftp-put HOST NAME SIZE
    python -m conformance.programs echo HOST PORT tcp|udp TEXT

One line of JSON on standard output. What the network or the server denies is one line on standard error and exit status
1; any other exit status is a fault of the program or of the call.
"""

from __future__ import annotations

import hashlib
import json
import socket
import struct
import sys
from collections.abc import Callable
from typing import Any

SECONDS = 5.0
DENIED, FAULT = 1, 3


def _digest(data: bytes) -> dict[str, Any]:
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def fetch(url: str) -> dict[str, Any]:
    import urllib.request

    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=SECONDS) as answer:
        return _digest(answer.read())


def fetch_in_parts(url: str) -> dict[str, Any]:
    import urllib.request

    data = bytearray()
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=SECONDS) as answer:
        for line in sys.stdin:
            while len(data) < int(line):
                data += answer.read(min(1 << 16, int(line) - len(data)))
            print(len(data), flush=True)
        return _digest(data + answer.read())


def _ftp(host: str, mode: str) -> Any:
    import ftplib

    client: Any = ftplib.FTP(timeout=SECONDS)
    name, colon, port = host.partition(":") if host.count(":") == 1 else (host, "", "")
    client.connect(name, int(port) if colon else 21)
    client.login("lab", "lab")
    client.set_pasv(mode in ("passive", "epsv"))
    if mode == "epsv":  # ftplib uses EPSV for IPv6 only
        client.makepasv = lambda: (
            client.sock.getpeername()[0],
            ftplib.parse229(client.sendcmd("EPSV"), client.sock.getpeername())[1],
        )
    if mode == "eprt":
        client.sendport = client.sendeprt
    return client


def ftp(host: str, mode: str, name: str) -> dict[str, Any]:
    parts: list[bytes] = []
    client = _ftp(host, mode)
    client.retrbinary(f"RETR {name}", parts.append)
    client.quit()
    return _digest(b"".join(parts))


def put(host: str, mode: str, name: str, size: str) -> dict[str, Any]:
    import io

    data = bytes(at * 31 & 255 for at in range(int(size)))
    client = _ftp(host, mode)
    client.storbinary(f"STOR {name}", io.BytesIO(data))
    client.quit()
    return _digest(data)


def tftp(host: str, name: str) -> dict[str, Any]:
    """RFC 1350, octet mode; the server answers from a port of its own."""
    with _udp(host) as client:
        client.sendto(struct.pack("!H", 1) + name.encode() + b"\0octet\0", (host, 69))
        parts: list[bytes] = []
        number = 0
        while not parts or len(parts[-1]) == 512:
            packet, peer = client.recvfrom(2048)
            kind, got = struct.unpack_from("!HH", packet)
            if kind == 5:
                raise OSError(packet[4:-1].decode())
            if kind == 3 and got == number + 1 & 0xFFFF:
                parts.append(packet[4:])
                number = got
                client.sendto(struct.pack("!HH", 4, got), peer)
        return _digest(b"".join(parts))


def tftp_put(host: str, name: str, size: str) -> dict[str, Any]:
    data = bytes(at * 31 & 255 for at in range(int(size)))
    with _udp(host) as client:
        client.sendto(struct.pack("!H", 2) + name.encode() + b"\0octet\0", (host, 69))
        for number in range(len(data) // 512 + 2):
            packet, peer = client.recvfrom(2048)
            if packet[:4] != struct.pack("!HH", 4, number):
                raise OSError(f"no acknowledgement of block {number}: {packet[:40]!r}")
            if number <= len(data) // 512:
                client.sendto(struct.pack("!HH", 3, number + 1) + data[number * 512 : number * 512 + 512], peer)
    return _digest(data)


def _udp(host: str) -> socket.socket:
    opened = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    opened.settimeout(SECONDS)
    return opened


def echo(host: str, port: str, protocol: str, text: str) -> dict[str, Any]:
    kind = socket.SOCK_DGRAM if protocol == "udp" else socket.SOCK_STREAM
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, kind) as client:
        client.settimeout(SECONDS)
        client.connect((host, int(port)))
        client.sendall(text.encode())
        answer = b""
        while len(answer) < len(text.encode()):
            part = client.recv(65536)
            if not part:
                break
            answer += part
        return {
            "text": answer.decode("utf-8", "replace"),
            "from": client.getpeername()[0],
            "as": client.getsockname()[0],
        }


PROGRAMS: dict[str, Callable[..., dict[str, Any]]] = {
    "fetch": fetch, "fetch-in-parts": fetch_in_parts,
    "ftp": ftp, "put": put, "tftp": tftp, "tftp-put": tftp_put, "echo": echo,
}  # fmt: skip


def main(arguments: list[str]) -> int:
    try:
        result = PROGRAMS[arguments[0]](*arguments[1:])
    except Exception as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return DENIED if is_denial(error) else FAULT
    print(json.dumps(result))
    return 0


def is_denial(error: Exception) -> bool:
    """Whether the network or the server did it, not this program."""
    import ftplib
    import http.client

    return isinstance(error, (*ftplib.all_errors, http.client.HTTPException))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
