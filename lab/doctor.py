"""What this machine can run. Everything is tried, in a scratch namespace where it needs one; nothing is taken from
names.

One table of checks. A check answers "" (it works), or the reason why not; `advice` is what to do then. `level` says
what it is for: `lab` (without it there is no lab), `engine`, `scenario` (some are UNSUPPORTED without it), `tool`.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from lab import compiled, engines, programs
from lab.engines.base import TABLES
from lab.errors import LabError
from lab.paths import CHOICE, PACKAGE_ROOT, python_variables, variables
from lab.scratch import Run, in_scratch

SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class Check:
    """One question about the machine."""

    level: str
    name: str
    ask: Callable[[], str]
    advice: str


@dataclass(frozen=True, slots=True)
class Finding:
    level: str
    name: str
    reason: str
    advice: str

    @property
    def good(self) -> bool:
        return not self.reason


def installed(command: str) -> str:
    return "" if programs.find(command) else f"{command} is not installed"


def module(name: str) -> str:
    return "" if importlib.util.find_spec(name) else f"the Python package {name} is not installed"


def works(argv: list[str], text: str = "") -> Callable[[Run], str]:
    """A trial: the command must succeed in a namespace."""

    def trial(run: Run) -> str:
        finished = run([programs.find(argv[0]) or argv[0], *argv[1:]], input=text, timeout=SECONDS)
        said = " ".join((finished.stderr or finished.stdout).split())
        return "" if finished.returncode == 0 else f"{argv[0]}: {said[:200] or f'exit {finished.returncode}'}"

    return trial


def has_file(path: str, what: str) -> Callable[[Run], str]:
    def trial(run: Run) -> str:
        return "" if run(["test", "-e", path]).returncode == 0 else f"this kernel has no {what} ({path})"

    return trial


def rule(table: str, text: str, variant: str = "legacy", command: str = "iptables") -> Callable[[Run], str]:
    """A trial: the rule can be loaded."""
    return works([f"{command}-{variant}-restore"], f"*{table}\n{text}\nCOMMIT\n")


def any_variant(*trials: Callable[[Run], str]) -> Callable[[Run], str]:
    """A trial that succeeds if one of several does."""

    def trial(run: Run) -> str:
        reasons = [reason for each in trials if (reason := each(run))]
        return "" if len(reasons) < len(trials) else reasons[0]

    return trial


def either(table: str, text: str, command: str = "iptables") -> Callable[[Run], str]:
    return any_variant(rule(table, text, "legacy", command), rule(table, text, "nft", command))


def tables(command: str, variant: str) -> Callable[[Run], str]:
    """A trial: every table can be used."""

    def trial(run: Run) -> str:
        missing = [table for table in TABLES if rule(table, "", variant, command)(run)]
        return f"tables that cannot be used: {', '.join(missing)}" if missing else ""

    return trial


def scratch(name: str, trial: Callable[[Run], str]) -> Callable[[], str]:
    return lambda: in_scratch(f"doctor: {name}", trial)


def probe(engine: str) -> Callable[[], str]:
    return lambda: engines.find(engine).probe()


LEGACY: Final = "as root: modprobe -a ip_tables iptable_raw iptable_mangle iptable_nat iptable_filter iptable_security"
LEGACY6: Final = "as root: modprobe -a ip6_tables ip6table_raw ip6table_mangle ip6table_nat ip6table_filter " \
                 "ip6table_security"  # fmt: skip
NFT: Final = "as root: modprobe -a nf_tables nft_compat nft_chain_nat"
NAMESPACES: Final = ("be root, or allow unprivileged user namespaces: sysctl kernel.unprivileged_userns_clone=1, "
                     "user.max_user_namespaces=15000, kernel.apparmor_restrict_unprivileged_userns=0")  # fmt: skip

CHECKS: Final = (
    Check("lab", "namespaces", scratch("namespaces", works(["true"])), NAMESPACES),
    Check("lab", "ip", lambda: installed("ip"), "apt install iproute2"),
    Check("lab", "bridges", scratch("bridges", works(["ip", "link", "add", "b0", "type", "bridge"])),
          "as root: modprobe bridge"),
    Check("lab", "veth", scratch("veth", works(["ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1"])),
          "as root: modprobe veth"),
    Check("engine", "userspace", probe("userspace"), "as root: modprobe -a nfnetlink_queue xt_NFQUEUE"),
    Check("engine", "kernel-legacy", probe("kernel-legacy"), LEGACY),
    Check("engine", "kernel-nft", probe("kernel-nft"), NFT),
    Check("scenario", "tables (legacy, IPv4)", scratch("l4", tables("iptables", "legacy")), LEGACY),
    Check("scenario", "tables (legacy, IPv6)", scratch("l6", tables("ip6tables", "legacy")), LEGACY6),
    Check("scenario", "tables (nft, IPv4)", scratch("n4", tables("iptables", "nft")), NFT),
    Check("scenario", "tables (nft, IPv6)", scratch("n6", tables("ip6tables", "nft")), NFT),
    Check("scenario", "IPv6", scratch("ipv6", has_file("/proc/sys/net/ipv6", "IPv6")), "boot without ipv6.disable=1"),
    Check("scenario", "silent hosts", scratch("socket", either("mangle", "-A INPUT -p tcp -m socket --nowildcard")),
          "as root: modprobe xt_socket; without it hosts answer for closed ports"),
    Check("scenario", "conntrack", scratch("ct", either("filter", "-A INPUT -m conntrack --ctstate NEW")),
          "as root: modprobe -a nf_conntrack xt_conntrack"),
    Check("scenario", "conntrack listing", scratch("proc", has_file("/proc/self/net/nf_conntrack", "connection list")),
          "a kernel with CONFIG_NF_CONNTRACK_PROCFS, and modprobe nf_conntrack"),
    Check("scenario", "helpers", scratch("ftp", either("raw", "-A PREROUTING -p tcp --dport 21 -j CT --helper ftp")),
          "as root: modprobe -a nf_conntrack_ftp nf_nat_ftp nf_conntrack_tftp nf_conntrack_irc nf_conntrack_sip"),
    Check("scenario", "bridge firewalling", scratch("br", has_file("/proc/sys/net/bridge/bridge-nf-call-iptables",
                                                                  "br_netfilter")), "as root: modprobe br_netfilter"),
    Check("scenario", "FTP server", lambda: module("pyftpdlib"), "pip install pyftpdlib"),
    Check("scenario", "scapy", lambda: module("scapy"), "pip install scapy"),
    Check("scenario", "pytest", lambda: module("pytest"), "pip install pytest pytest-xdist"),
    Check("tool", "nft", lambda: installed("nft"), "apt install nftables"),
    Check("tool", "conntrack", lambda: installed("conntrack"), "apt install conntrack"),
    Check("tool", "tcpdump", lambda: installed("tcpdump"), "apt install tcpdump"),
)  # fmt: skip


def examine() -> list[Finding]:
    """Ask everything. Without namespaces, what needs them is not asked."""
    findings: list[Finding] = []
    for check in CHECKS:
        if findings and not findings[0].good and check.level != "tool":
            findings.append(Finding(check.level, check.name, "not tried: there are no namespaces", ""))
            continue
        reason = check.ask()
        findings.append(Finding(check.level, check.name, reason, check.advice if reason else ""))
    return findings


def can_run_labs(findings: list[Finding]) -> bool:
    """Everything that labs are made of works, and at least one engine does."""
    return all(finding.good for finding in findings if finding.level == "lab") and any(
        finding.good for finding in findings if finding.level == "engine")  # fmt: skip


def engine_build() -> str:
    """Whether the engine runs compiled or interpreted. It is asked as a process: nothing of it is imported here."""
    try:
        environment = python_variables(variables())
    except LabError as error:
        return "; ".join(line.strip() for line in str(error).splitlines())
    code = "import engine.core.walk as walk; print('interpreted' if walk.__file__.endswith('.py') else 'compiled')"
    finished = subprocess.run(
        [sys.executable, "-P", "-c", code],
        capture_output=True,
        text=True,
        check=False,
        cwd=PACKAGE_ROOT,
        env=environment,
    )
    old = os.environ.get(CHOICE) == "compiled" and not compiled.is_current()
    found = finished.stdout.strip() + (", from older source: run `make compiled`" if old else "")
    return found if finished.stdout else f"cannot be imported: {finished.stderr.strip().splitlines()[-1:]}"


def facts() -> list[tuple[str, str]]:
    """What the findings were made on."""
    who = "root" if os.geteuid() == 0 else f"uid {os.geteuid()}, in a user namespace"
    version = sys.version.split()[0]
    found = [("system", f"Linux {os.uname().release} {os.uname().machine}, Python {version}, {who}"),
             ("engine", f"userspace engine: {engine_build()}")]  # fmt: skip
    for command in ("iptables-legacy", "iptables-nft", "nft", "conntrack"):
        path = programs.find(command)
        if path:
            said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
            found.append((command, said.stdout.splitlines()[0] if said.stdout else "?"))
    return found
