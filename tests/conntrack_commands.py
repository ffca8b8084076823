"""Command lines for the conntrack tool, and their recording with the real one.

    unshare -n -m python tests/conntrack_commands.py > FILE            (one JSON object a command)
    unshare -n -m python tests/conntrack_commands.py - < LINES         (other commands)

`commands()` is one session: what a command changes, later ones see. `sysctl NAME=VALUE` sets a sysctl. Behind ` <<< `
stands standard input.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import time
from pathlib import Path

SESSION = Path(__file__).parent / "data" / "conntrack_session.txt"

PORTS = ["--sport 1", "--dport 2", "--reply-port-src 2", "--reply-port-dst 1", "--mask-port-src 1", "--mask-port-dst 1"]
TUPLE_PORTS = ["--tuple-port-src 1", "--tuple-port-dst 1"]
PROTOCOLS = {
    "tcp": [*PORTS, "--state SYN_SENT", *TUPLE_PORTS],
    "udp": [*PORTS, *TUPLE_PORTS],
    "udplite": [*PORTS, *TUPLE_PORTS],
    "sctp": [*PORTS, "--state CLOSED", *TUPLE_PORTS, "--orig-vtag 1", "--reply-vtag 1"],
    "dccp": [*PORTS, "--state OPEN", *TUPLE_PORTS, "--role client"],
    "gre": [
        "--srckey 1",
        "--dstkey 2",
        "--reply-key-src 2",
        "--reply-key-dst 1",
        "--mask-key-src 1",
        "--mask-key-dst 1",
        "--tuple-key-src 1",
        "--tuple-key-dst 1",
    ],
    "icmp": ["--icmp-type 8", "--icmp-code 0", "--icmp-id 1"],
    "icmpv6": ["--icmpv6-type 128", "--icmpv6-code 0", "--icmpv6-id 1"],
    "89": [],
}
GENERAL = [
    *["-s 1.1.1.1", "-d 1.1.1.2", "-r 1.1.1.2", "-q 1.1.1.1", "-p udp", "-t 50", "-u ASSURED", "-z", "-e NEW"],
    *["--tuple-src 1.1.1.1", "--tuple-dst 1.1.1.1", "--mask-src 255.0.0.0", "--mask-dst 255.0.0.0", "-a 1", "-m 5"],
    *["-i 5", "-f ipv4", "-n 1.1.1.1", "-g 1.1.1.1", "-o xml", "-c 1", "-b 9", "-j 1.1.1.1", "-w 5", "-l foo"],
    *["--label-add foo", "--label-del foo", "--orig-zone 3", "--reply-zone 4"],
]
COMMANDS = ["-L", "-I", "-U", "-D", "-G", "-F", "-V", "-h", "-C", "-S", "-A"]
COMMANDS += [f"{command} expect" for command in ("-L", "-I", "-D", "-G", "-F", "-C", "-S")]
ENDS = "-s 1.1.1.1 -d 1.1.1.2"
MASKS = "--mask-src 255.255.255.255 --mask-dst 255.255.255.255"
WHOLE = {
    "-I": f"{ENDS} -t 50",
    "-A": f"{ENDS} -t 50",
    "-G": ENDS,
    "-I expect": f"{ENDS} -t 50 --tuple-src 1.1.1.1 --tuple-dst 1.1.1.2 {MASKS}",
    "-D expect": ENDS,
    "-G expect": ENDS,
    "-L": "",
    "-U": "-s 9.1.1.1",
    "-D": "-s 9.1.1.1",
    "-F": "",
    "-L expect": "",
    "-C": "",
    "-S": "",
}


def legality() -> list[str]:
    """Every option alone with every command; every protocol option alone, left out, and in usual company."""
    lines: list[str] = []
    for command in COMMANDS:
        lines.append(command)
        lines += [f"{command} {option}" for option in GENERAL]
    for command, base in WHOLE.items():
        for protocol, options in PROTOCOLS.items():
            whole = base
            if protocol == "icmpv6":
                whole = base.replace("1.1.1.1", "fd00::1").replace("1.1.1.2", "fd00::2")
                whole = whole.replace("255.255.255.255", "ffff::")
            start = f"{command} -p {protocol} {whole}"
            lines.append(start)
            lines += [f"{start} {option}" for option in options]
            lines += [f"{start} {' '.join(one for one in options if one != left)}" for left in options]
            lines += [f"{start} {' '.join(options[:2])} {option}" for option in options]
    return [" ".join(line.split()) for line in lines]


def commands() -> list[str]:
    text = SESSION.read_text(encoding="utf-8")
    session = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [*session, "-F", *legality()]


def split(line: str) -> tuple[list[str], str]:
    """argv without the program's name, and standard input."""
    words, _, stdin = line.partition(" <<< ")
    return shlex.split(words), stdin.encode().decode("unicode_escape")


def record(lines: list[str]) -> None:
    subprocess.run(
        "mount -t tmpfs tmpfs /run; ip link set lo up;"
        " iptables-legacy -t mangle -A FORWARD -m conntrack --ctstate INVALID -j DROP",
        shell=True,
        check=True,
    )
    began = time.monotonic()
    for line in lines:
        argv, stdin = split(line)
        at = round(time.monotonic() - began, 3)  # seconds since the first
        if argv[0] == "sysctl":
            name, _, value = argv[1].partition("=")
            Path("/proc/sys/net/netfilter", name).write_text(value, encoding="ascii")
            print(json.dumps({"line": line, "at": at, "exit": 0, "out": "", "err": ""}))
            continue
        run = subprocess.run(["conntrack", *argv], input=stdin, capture_output=True, text=True, check=False)
        print(json.dumps({"line": line, "at": at, "exit": run.returncode, "out": run.stdout, "err": run.stderr}))


if __name__ == "__main__":
    record(sys.stdin.read().splitlines() if sys.argv[1:] == ["-"] else commands())
