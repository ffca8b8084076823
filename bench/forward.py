"""How fast each engine forwards, in one run on one machine: `python bench/forward.py [--seconds S] [--engines A,B]`.

Small packets of one UDP flow through the firewall of `two-lans`, with one state rule and with 100 rules before it; and
a TCP download through SNAT and DNAT, where segments of up to 64 KiB pass whole. Every figure stands beside the
kernel's of the same run: absolute figures vary by a third from run to run, ratios do not.
"""

from __future__ import annotations

import argparse
import struct
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from lab import Lab

STATE_RULE = "-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n"
OPEN = "-A FORWARD -p udp --dport 9000 -j ACCEPT\n"
OTHERS = "".join(f"-A FORWARD -s 192.0.2.{number} -p tcp --dport {number} -j DROP\n" for number in range(1, 101))
RULESETS = {
    "no rules": "*filter\nCOMMIT\n",
    "stateless rule": f"*filter\n:FORWARD DROP\n{OPEN}COMMIT\n",
    "state rule": f"*filter\n:FORWARD DROP\n{STATE_RULE}{OPEN}COMMIT\n",
    "100 rules before it": f"*filter\n:FORWARD DROP\n{OTHERS}{STATE_RULE}{OPEN}COMMIT\n",
    "state rule, SNAT": f"*filter\n:FORWARD DROP\n{STATE_RULE}{OPEN}COMMIT\n"
    "*nat\n-A POSTROUTING -o lan2 -j SNAT --to-source 10.0.2.1\nCOMMIT\n",
}
NAT = """*filter
:FORWARD DROP
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED,DNAT -j ACCEPT
COMMIT
*nat
-A PREROUTING -d 10.0.1.1 -p tcp --dport 8080 -j DNAT --to-destination 10.0.2.10:80
-A POSTROUTING -o lan2 -j SNAT --to-source 10.0.2.1
COMMIT
"""
DOWNLOAD = """
import socket, sys, time
begun = time.perf_counter()
sock = socket.create_connection(("10.0.1.1", 8080))
sock.sendall(b"GET /bytes/%d HTTP/1.0\\r\\nHost: x\\r\\n\\r\\n" % int(sys.argv[1]))
size = 0
while part := sock.recv(1 << 18):
    size += len(part)
print(size, time.perf_counter() - begun)
"""
BURST = 512
BYTES = 20 << 20


def mac(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))


def udp_frame(to: str, by: str) -> bytes:
    """A UDP packet of 50 bytes from client to server."""
    payload = bytes(22)
    addresses = bytes((10, 0, 1, 10, 10, 0, 2, 10))
    header = struct.pack("!BBHHHBBH", 0x45, 0, 28 + len(payload), 1, 0, 64, 17, 0) + addresses
    total = sum(struct.unpack("!10H", header))
    total = (total & 0xFFFF) + (total >> 16)
    header = header[:10] + struct.pack("!H", ~total & 0xFFFF) + header[12:]
    return mac(to) + mac(by) + b"\x08\x00" + header + struct.pack("!HHHH", 1000, 9000, 8 + len(payload), 0) + payload


def packets_per_second(lab: Lab, rules: str, seconds: float) -> float:
    firewall, client, server = lab["firewall"], lab["client"], lab["server"]
    firewall.flush()
    firewall.load(rules)
    if hasattr(firewall, "adapter") and firewall.adapter.name == "userspace":
        firewall.set_tracing("off")
    port, there = client.port(), server.port()
    frame = udp_frame(firewall.mac("lan1"), client.mac())
    there.received()
    sent = 0
    took = 0.0
    while took < seconds:
        begun = time.perf_counter()
        for _ in range(BURST):
            port.send(frame)
        lab.settle()
        took += time.perf_counter() - begun
        sent += BURST
        arrived = len(there.received())
        if arrived < BURST:
            raise SystemExit(f"only {arrived} of {BURST} packets arrived")
    return sent / took


def megabytes_per_second(lab: Lab) -> float:
    firewall, client = lab["firewall"], lab["client"]
    firewall.flush()
    firewall.load(NAT)
    done = client.run([sys.executable, "-c", DOWNLOAD, str(BYTES)])
    size, took = done.stdout.split()
    if int(size) < BYTES:
        raise SystemExit(f"the download stopped after {size} bytes: {done.stderr}")
    return int(size) / float(took) / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=2.0, help="for each figure")
    parser.add_argument("--engines", default="kernel-legacy,userspace")
    options = parser.parse_args()
    names = options.engines.split(",")
    figures: dict[str, dict[str, float]] = {}
    for name in names:
        with Lab.open("topologies/two-lans.yaml", engine=name) as lab:
            for what, rules in RULESETS.items():
                figures.setdefault(f"{what}, packets/s", {})[name] = packets_per_second(lab, rules, options.seconds)
            figures.setdefault("download with NAT, MB/s", {})[name] = megabytes_per_second(lab)
    width = max(map(len, figures))
    print(" " * width, *(f"{name:>14}" for name in names), f"{'ratio':>8}")
    for what, row in figures.items():
        ratio = row[names[-1]] / row[names[0]]
        print(f"{what:<{width}}", *(f"{row[name]:>14,.0f}" for name in names), f"{ratio:>8.3f}")


if __name__ == "__main__":
    main()
