"""The rules that lead every packet of the node to the engine, and the tools that install them.

    raw     PREROUTING 40    OUTPUT 52                        the queue's number is 40 + 4 * hook
    mangle  INPUT 44         FORWARD 48        POSTROUTING 56
            + 1 for a link broadcast, + 2 for a link multicast: the kernel does not tell a queue's reader what kind of
            link address a frame had, so the number of the queue does
    NFLOG   group 40         frames of bridge ports, for their whole link header

raw and mangle never switch the kernel's own connection tracking or reassembly on, so fragments arrive as fragments.
OUTPUT needs one queue only: the kernel's filter OUTPUT shows the out-interface from before a rerouting (measured with
iptables-legacy and iptables-nft), and whoever reads the queue says which mark routing may see.

The rules are put in place whole, over whatever an engine that died has left in these two tables.
"""

from __future__ import annotations

import os
import subprocess
from typing import Final

from engine.core.hooks import FORWARD, HOOK_NAMES, INPUT, OUTPUT, POSTROUTING, PREROUTING
from engine.driver.nfqueue import TO_BROADCAST, TO_HOST, TO_MULTICAST

FIRST_QUEUE: Final = 40
QUEUES_PER_HOOK: Final = 4
ALL_KINDS: Final = (TO_HOST, TO_BROADCAST, TO_MULTICAST)
LINK_HEADER_GROUP: Final = 40
LINK_HEADER_COPY: Final = 96  # bytes of each bridged packet that come with its link header
COPY_LINK_HEADER: Final = (
    f"-m physdev --physdev-is-in -j NFLOG --nflog-group {LINK_HEADER_GROUP}"
    f" --nflog-size {LINK_HEADER_COPY} --nflog-threshold 1"
)

TOOL_FOLDERS: Final = ("/usr/sbin", "/sbin", "/usr/local/sbin", "/usr/bin", "/bin")
TIMEOUT: Final = 30.0  # seconds for one run of a tool

# Hooks by table; RECEIVED: those at which the kind of link address is known
TABLES: Final = (("raw", (PREROUTING, OUTPUT)), ("mangle", (INPUT, FORWARD, POSTROUTING)))
RECEIVED: Final = (PREROUTING, INPUT, FORWARD)
KINDS: Final = (("broadcast", TO_BROADCAST), ("multicast", TO_MULTICAST))

# What a kernel may lack, best first: (tell broadcast from unicast, copy link headers of bridged frames)
VARIANTS: Final = ((True, True), (True, False), (False, False))


class QueueRulesError(Exception):
    """No tool could put the queue rules in place; the text says which were tried and what each said."""


def queue(hook: int, kind: int = TO_HOST) -> int:
    """The number of the queue of a hook for packets with that kind of link address."""
    return FIRST_QUEUE + QUEUES_PER_HOOK * hook + kind


def restore_text(bypass: bool, kinds: bool, link_headers: bool) -> str:
    """The rules in iptables-restore form; they replace all of raw and mangle."""
    end = " --queue-bypass" if bypass else ""
    lines: list[str] = []
    for table, hooks in TABLES:
        lines.append(f"*{table}")
        for hook in hooks:
            chain = f"-A {HOOK_NAMES[hook]}"
            if link_headers and hook == PREROUTING:
                lines.append(f"{chain} {COPY_LINK_HEADER}")
            if kinds and hook in RECEIVED:
                for kind, more in KINDS:
                    lines.append(
                        f"{chain} -m pkttype --pkt-type {kind} -j NFQUEUE --queue-num {queue(hook, more)}{end}"
                    )
            lines.append(f"{chain} -j NFQUEUE --queue-num {queue(hook)}{end}")
        lines.append("COMMIT")
    return "\n".join(lines) + "\n"


def empty_text() -> str:
    return "".join(f"*{table}\nCOMMIT\n" for table, _hooks in TABLES)


NFT_TABLE: Final = "engine_queue"
NFT_PRIORITIES: Final = ((PREROUTING, -300), (OUTPUT, -300), (INPUT, -150), (FORWARD, -150), (POSTROUTING, -150))


def nft_text(bypass: bool, kinds: bool, remove: bool = False) -> str:
    """The same rules for nft's own queue statement, which not every kernel has."""
    lines = [f"table inet {NFT_TABLE}", f"delete table inet {NFT_TABLE}"]
    if remove:
        return "\n".join(lines) + "\n"
    end = " bypass" if bypass else ""
    lines.append(f"table inet {NFT_TABLE} {{")
    for hook, priority in NFT_PRIORITIES:
        name = HOOK_NAMES[hook].lower()
        kind = "route" if hook == OUTPUT else "filter"
        lines.append(f" chain {name} {{ type {kind} hook {name} priority {priority}; policy accept;")
        if kinds and hook in RECEIVED:
            lines += [f"  meta pkttype {word} queue num {queue(hook, more)}{end}" for word, more in KINDS]
        lines.append(f"  queue num {queue(hook)}{end}")
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
