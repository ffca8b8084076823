"""The rules that lead every packet of the node to the engine, and the tools that install them.

    raw     PREROUTING, OUTPUT              before the kernel routes
    mangle  INPUT, FORWARD, POSTROUTING     after it
    queue BASE       unicast to this host, and everything made here
    queue BASE + 1   link broadcast         the kernel does not tell a queue's reader what kind of link
    queue BASE + 2   link multicast         address a frame had, so the number of the queue does
    NFLOG group      frames of bridge ports, for their whole link header

raw and mangle never switch the kernel's own connection tracking or reassembly on, so fragments arrive as fragments.
OUTPUT needs one queue only: the kernel's filter OUTPUT shows the out-interface from before a rerouting (measured with
iptables-legacy and iptables-nft; see docs/decisions), and whoever reads the queue says which mark routing may see.

The rules are put in place whole, over whatever an engine that died has left in these two tables.
"""

from __future__ import annotations

import os
import subprocess
from typing import Final

from engine.driver.nfqueue import BASE, TO_BROADCAST, TO_HOST, TO_MULTICAST

NUMBERS: Final = (BASE + TO_HOST, BASE + TO_BROADCAST, BASE + TO_MULTICAST)
LINK_HEADER_GROUP: Final = 40
LINK_HEADER_COPY: Final = 96  # bytes of each bridged packet that come with its link header
COPY_LINK_HEADER: Final = (
    f"-m physdev --physdev-is-in -j NFLOG --nflog-group {LINK_HEADER_GROUP}"
    f" --nflog-size {LINK_HEADER_COPY} --nflog-threshold 1"
)

TOOL_FOLDERS: Final = ("/usr/sbin", "/sbin", "/usr/local/sbin", "/usr/bin", "/bin")
TIMEOUT: Final = 30.0  # seconds for one run of a tool

# Arrival hooks by table; True: the link's kind of destination is known there
CHAINS: Final = (
    ("raw", (("PREROUTING", True), ("OUTPUT", False))),
    ("mangle", (("INPUT", True), ("FORWARD", True), ("POSTROUTING", False))),
)
KINDS: Final = (("broadcast", TO_BROADCAST), ("multicast", TO_MULTICAST))

# What a kernel may lack, best first: (tell broadcast from unicast, copy link headers of bridged frames)
VARIANTS: Final = ((True, True), (True, False), (False, False))


class QueueRulesError(Exception):
    """No tool could put the queue rules in place; the text says which were tried and what each said."""


def restore_text(bypass: bool, kinds: bool, link_headers: bool) -> str:
    """The rules in iptables-restore form; they replace all of raw and mangle."""
    end = " --queue-bypass" if bypass else ""
    lines: list[str] = []
    for table, chains in CHAINS:
        lines.append(f"*{table}")
        for chain, received in chains:
            if link_headers and chain == "PREROUTING":
                lines.append(f"-A {chain} {COPY_LINK_HEADER}")
            if received and kinds:
                for kind, number in KINDS:
                    lines.append(f"-A {chain} -m pkttype --pkt-type {kind} -j NFQUEUE --queue-num {BASE + number}{end}")
            lines.append(f"-A {chain} -j NFQUEUE --queue-num {BASE}{end}")
        lines.append("COMMIT")
    return "\n".join(lines) + "\n"


def empty_text() -> str:
    return "".join(f"*{table}\nCOMMIT\n" for table, _chains in CHAINS)


NFT_TABLE: Final = "engine_queue"
NFT_CHAINS: Final = (
    ("prerouting", -300, True),
    ("output", -300, False),
    ("input", -150, True),
    ("forward", -150, True),
    ("postrouting", -150, False),
)


def nft_text(bypass: bool, kinds: bool, remove: bool = False) -> str:
    """The same rules for nft's own queue statement, which not every kernel has."""
    lines = [f"table inet {NFT_TABLE}", f"delete table inet {NFT_TABLE}"]
    if remove:
        return "\n".join(lines) + "\n"
    end = " bypass" if bypass else ""
    lines.append(f"table inet {NFT_TABLE} {{")
    for hook, priority, received in NFT_CHAINS:
        kind = "route" if hook == "output" else "filter"
        lines.append(f" chain {hook} {{ type {kind} hook {hook} priority {priority}; policy accept;")
        if received and kinds:
            lines += [f"  meta pkttype {name} queue num {BASE + number}{end}" for name, number in KINDS]
        lines.append(f"  queue num {BASE}{end}")
        lines.append(" }")
    lines.append("}")
    return "\n".join(lines) + "\n"


def find_tool(name: str) -> str:
    """Full path of a system tool, "" without it. The folders of the system first: PATH may hold the engine's own."""
    for folder in (*TOOL_FOLDERS, *os.environ.get("PATH", "").split(":")):
        path = os.path.join(folder, name)
        if folder and os.access(path, os.X_OK):
            return path
    return ""


class QueueRules:
    """The queue rules of this namespace.

    tool: what put them there, "" if none are. link_headers: are the link headers of bridged frames copied?
    """

    def __init__(self, bypass: bool, run_dir: str, ipv6: bool) -> None:
        self.bypass = bypass
        self.run_dir = run_dir
        self.families = ("", "6") if ipv6 else ("",)
        self.tool = ""
        self.kinds = True
        self.link_headers = True

    def install(self) -> None:
        """Raises QueueRulesError; then no rule of ours is left behind."""
        said: list[str] = []
        for tool in ("legacy", "nft", "native"):
            for kinds, link_headers in VARIANTS:
                problem = self._try(tool, kinds, link_headers)
                if not problem:
                    self.tool, self.kinds, self.link_headers = tool, kinds, link_headers and tool != "native"
                    return
                if problem not in said:
                    said.append(problem)
                if problem.endswith("is not installed"):
                    break
            self._clear(tool)
        raise QueueRulesError("cannot lead packets to the engine:\n  " + "\n  ".join(said))

    def remove(self) -> None:
        if self.tool:
            self._clear(self.tool)
            self.tool = ""

    def _try(self, tool: str, kinds: bool, link_headers: bool) -> str:
        """Install by one tool; "" or what went wrong."""
        if tool == "native":
            return self._run("nft", ["-f", "-"], nft_text(self.bypass, kinds))
        text = restore_text(self.bypass, kinds, link_headers)
        for family in self.families:
            problem = self._run(f"ip{family}tables-{tool}-restore", [], text)
            if problem:
                return problem
        return ""

    def _clear(self, tool: str) -> None:
        if tool == "native":
            self._run("nft", ["-f", "-"], nft_text(self.bypass, True, remove=True))
            return
        for family in self.families:
            self._run(f"ip{family}tables-{tool}-restore", [], empty_text())

    def _run(self, name: str, arguments: list[str], text: str) -> str:
        path = find_tool(name)
        if not path:
            return f"{name} is not installed"
        environment = dict(os.environ)
        lock = os.path.join(self.run_dir, "xtables.lock")
        environment["XTABLES_LOCKFILE"] = lock
        environment["LC_ALL"] = "C"
        try:
            done = subprocess.run(
                [path, *arguments], input=text, capture_output=True, text=True, env=environment, timeout=TIMEOUT
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"{name}: {error}"
        finally:
            if os.path.exists(lock):
                os.unlink(lock)
        return "" if done.returncode == 0 else f"{name}: {done.stderr.strip() or f'exit {done.returncode}'}"
