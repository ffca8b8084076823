"""Lets the machine's own tables say what rules say of packets, inside a network namespace of their own.

The caller's side (`ask`) starts this file as a program in a new namespace. There a pair of Ethernet interfaces is made;
packets are written to one end, and counted by raw PREROUTING at the other.
"""

import json
import re
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from real_iptables import probe

SETUP = """\
ip link set lo up
ip link add name out0 address 02:00:00:00:00:0a type veth peer name in0 address 02:00:00:00:00:0b
sysctl -qw net.ipv6.conf.out0.disable_ipv6=1
sysctl -qw net.ipv6.conf.in0.accept_dad=0 net.ipv6.conf.in0.autoconf=0 net.ipv6.conf.in0.router_solicitations=0
ip link set dev out0 up
ip link set dev in0 up
ip addr add 10.0.0.1/24 dev in0
ip -6 addr add 2001:db8::1/64 dev in0 nodad
for tool in iptables-legacy ip6tables-legacy; do
    for chain in INPUT OUTPUT FORWARD; do $tool -P $chain DROP; done
done
"""

ARRIVAL_SECONDS = 5.0


def ask(questions: list[tuple[bool, str, list[bytes]]]) -> list[list[str]]:
    """For each (is_ipv6, rule, packets) a list of "+", "-" or "!", as in `match_tables.py`; "?" never arrived."""
    enter, reason = probe("legacy")
    assert enter, reason
    with tempfile.TemporaryDirectory() as folder:
        question, answer = Path(folder) / "question", Path(folder) / "answer"
        question.write_text(
            json.dumps([(six, rule, [one.hex() for one in packets]) for six, rule, packets in questions])
        )
        subprocess.run([*enter, sys.executable, __file__, str(question), str(answer)], check=True, timeout=600)
        found: list[list[str]] = json.loads(answer.read_text())
        return found


# -- inside the namespace


class Wire:
    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self.socket.bind(("out0", 0))

    def send(self, is_ipv6: bool, packet: bytes) -> None:
        kind = b"\x86\xdd" if is_ipv6 else b"\x08\x00"
        self.socket.send(b"\x02\0\0\0\0\x0b\x02\0\0\0\0\x0a" + kind + packet)


def load(tool: str, rule: str) -> None:
    """The rule between two that take everything: what the first counts came, what the last counts went on."""
    text = f"*raw\n-A PREROUTING\n-A PREROUTING {rule}\n-A PREROUTING\nCOMMIT\n"
    subprocess.run([f"{tool}-restore"], input=text, text=True, check=True)


def counts(tool: str) -> list[int]:
    saved = subprocess.run([f"{tool}-save", "-c", "-t", "raw"], capture_output=True, text=True, check=True).stdout
    return [int(number) for number in re.findall(r"^\[(\d+):\d+\] -A", saved, re.MULTILINE)]


def says(wire: Wire, tool: str, packet: bytes) -> str:
    came, matched, went_on = counts(tool)
    wire.send(tool.startswith("ip6"), packet)
    deadline = time.monotonic() + ARRIVAL_SECONDS
    while True:
        now = counts(tool)
        if now[0] > came:
            break
        if time.monotonic() > deadline:
            return "?"
    if now[2] == went_on:
        return "!"
    return "+" if now[1] > matched else "-"


def main(question: str, answer: str) -> None:
    subprocess.run(["sh", "-e", "-c", SETUP], check=True)
    wire = Wire()
    found = []
    for is_ipv6, rule, packets in json.loads(Path(question).read_text()):
        tool = "ip6tables-legacy" if is_ipv6 else "iptables-legacy"
        load(tool, rule)
        found.append([says(wire, tool, bytes.fromhex(packet)) for packet in packets])
    Path(answer).write_text(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
