"""The router of nat_world.py made of the machine's own kernel, to record and check conversations.

    python tests/kernel_router.py NAME          plays tests/recorded/NAME on this kernel and prints it
    python tests/kernel_router.py NAME --write  ... and writes it back, with the kernel's release on top

It re-executes itself in network namespaces of its own (root, or an unprivileged user namespace); each leg is a veth
whose other end sits in a namespace that `cat` keeps open. Nothing outside them is touched.
"""

from __future__ import annotations

import ctypes
import os
import platform
import socket
import subprocess
import sys
from pathlib import Path

from recorded_talk import RECORDED, cases, play

LEGS = {"lan": ("10.0.1", "fd00:1::"), "wan": ("10.0.2", "fd00:2::")}
HOSTS = range(2, 48)
PACKET_IGNORE_OUTGOING = 23
SOL_PACKET = 263

SYSCTLS = (
    "net.ipv4.ip_forward=1",
    "net.ipv6.conf.all.forwarding=1",
    "net.ipv4.conf.all.rp_filter=0",
    "net.ipv4.conf.default.rp_filter=0",
    "net.ipv4.conf.all.send_redirects=0",
    "net.ipv4.conf.default.send_redirects=0",
)


def run(*words: str, check: bool = True) -> str:
    done = subprocess.run(words, capture_output=True, text=True)
    if check and done.returncode:
        raise SystemExit(f"{' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


def enter(namespace: int) -> None:
    if ctypes.CDLL(None, use_errno=True).setns(namespace, 0):
        raise OSError(ctypes.get_errno(), "setns")


class Leg:
    def __init__(self, name: str, four: str, six: str) -> None:
        self.keeper = subprocess.Popen(
            ["unshare", "-n", "sh", "-c", "echo; exec cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self.keeper.stdout is not None
        self.keeper.stdout.readline()  # now its namespace is there
        inside = ("nsenter", "-t", str(self.keeper.pid), "-n")
        run("ip", "link", "add", name, "type", "veth", "peer", "name", "p", "netns", str(self.keeper.pid))
        run("sysctl", "-qw", f"net.ipv6.conf.{name}.accept_dad=0")
        run(*inside, "sysctl", "-qw", "net.ipv6.conf.p.disable_ipv6=1")
        run("ip", "link", "set", name, "up")
        run(*inside, "ip", "link", "set", "p", "up")
        run("ip", "addr", "add", f"{four}.1/24", "dev", name)
        run("ip", "-6", "addr", "add", f"{six}1/64", "dev", name, "nodad")
        own, peer = (_mac(run(*where, "ip", "-o", "link", "show", dev)) for where, dev in (((), name), (inside, "p")))
        self.head = own + peer
        text = ":".join(f"{byte:02x}" for byte in peer)
        for host in HOSTS:
            for address in (f"{four}.{host}", f"{six}{host:x}"):
                run("ip", "neigh", "replace", address, "lladdr", text, "dev", name)
        home = os.open("/proc/self/ns/net", os.O_RDONLY)
        away = os.open(f"/proc/{self.keeper.pid}/ns/net", os.O_RDONLY)
        enter(away)
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self.socket.bind(("p", 0))
        self.socket.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
        self.socket.setblocking(False)
        enter(home)

    def take(self) -> list[bytes]:
        got = []
        while True:
            try:
                frame = self.socket.recv(70000)
            except BlockingIOError:
                return got
            packet = frame[14:]
            noise = frame[12:14] == b"\x86\xdd" and (packet[6] == 0 or (packet[6] == 58 and packet[40] > 129))
            if frame[12:14] in (b"\x08\0", b"\x86\xdd") and not noise:
                got.append(packet)


def _mac(line: str) -> bytes:
    return bytes.fromhex(line.split("link/ether ")[1].split()[0].replace(":", ""))


class Router:
    """As `nat_world.World`, on the kernel of this machine."""

    def __init__(self) -> None:
        run("ip", "link", "set", "lo", "up")
        run("mount", "-t", "tmpfs", "tmpfs", "/run")
        run("sysctl", "-qw", *SYSCTLS)
        self.legs = {name: Leg(name, four, six) for name, (four, six) in LEGS.items()}
        run("ip", "route", "add", "default", "via", "10.0.2.2")
        run("ip", "-6", "route", "add", "default", "via", "fd00:2::2")

    def clear(self) -> None:
        for tool in ("iptables-legacy", "ip6tables-legacy"):
            for table in ("raw", "nat", "filter"):
                run(tool, "-w", "-t", table, "-F", check=False)
        run("conntrack", "-F", check=False)
        run("conntrack", "-F", "expect", check=False)
        for leg in self.legs.values():
            leg.take()

    def ipt(self, *commands: str) -> None:
        for command in commands:
            run("iptables-legacy", "-w", *command.split())

    def ip6t(self, *commands: str) -> None:
        for command in commands:
            run("ip6tables-legacy", "-w", *command.split())

    def send(self, leg: str, data: bytes) -> None:
        there = self.legs[leg]
        there.socket.send(there.head + (b"\x08\0" if data[0] >> 4 == 4 else b"\x86\xdd") + data)

    def take(self, leg: str) -> list[bytes]:
        return self.legs[leg].take()

    def exp(self) -> list[str]:
        return Path("/proc/thread-self/net/nf_conntrack_expect").read_text().splitlines()


def own_namespaces() -> None:
    """Go on in fresh namespaces (a new process image)."""
    if os.environ.get("KERNEL_ROUTER") == "inside":
        return
    os.environ["KERNEL_ROUTER"] = "inside"
    unshare = ["unshare", "-n", "-m", "--propagation", "private"]
    if os.getuid():
        unshare += ["-U", "-r"]
    os.execvp("unshare", [*unshare, sys.executable, *sys.argv])


def main() -> None:
    own_namespaces()
    name = sys.argv[1]
    router = Router()
    comment = (RECORDED / name).read_text().split("\ncase ")[0].splitlines()
    kernel = f"{platform.release().partition('-')[0]} {platform.machine()}"
    out = [f"# Recorded on Linux {kernel} by tests/kernel_router.py", *comment[1:]]
    for case in cases(name):
        router.clear()
        out += ["", case.heading, *play(case, router)]
    text = "\n".join(out) + "\n"
    if "--write" in sys.argv:
        (RECORDED / name).write_text(text)
    else:
        print(text, end="")


if __name__ == "__main__":
    main()
