"""What a scenario may need of an engine or machine. This table is the whole list.

A scenario that needs what the engine's adapter `refuses` is UNSUPPORTED on that engine, with the adapter's reason. On
the kernel's engines a feature may be missing on this very machine; then a trial shows it, once, and the reason is the
machine's own message. Nothing is ever UNSUPPORTED because it failed.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from lab.engines import find

if TYPE_CHECKING:
    from lab import Firewall


@dataclass(frozen=True, slots=True)
class Need:
    """`rules`/`rules6`: iptables-restore text that the machine must take. `sysctl`: a name that must exist. `command`:
    a program that must be installed. `engine`: another one that must be able to run here. `carried`: an engine of one's
    own has the kernel carry it out; it says so where the kernel cannot."""

    meaning: str
    rules: str = ""
    rules6: str = ""
    sysctl: str = ""
    command: str = ""
    engine: str = ""
    carried: bool = False


# What an engine of one's own says of a rule that it knows and the machine's kernel does not carry out.
NOT_HERE: Final = "not possible on this machine"


def _rule(table: str, rule: str) -> str:
    return f"*{table}\n{rule}\nCOMMIT\n"


def _match(name: str, options: str, table: str = "filter", chain: str = "FORWARD", protocol: str = "") -> Need:
    start = f"-A {chain} " + (f"-p {protocol} " if protocol else "")
    return Need(f"the match {name}", _rule(table, f"{start}-m {name} {options}"))


def _target(name: str, options: str = "", table: str = "filter", chain: str = "FORWARD", protocol: str = "") -> Need:
    start = f"-A {chain} " + (f"-p {protocol} " if protocol else "")
    return Need(f"the target {name}", _rule(table, f"{start}-j {name} {options}"))


def _helper(name: str, protocol: str) -> Need:
    return Need(f"the {name} helper", _rule("raw", f"-A PREROUTING -p {protocol} -j CT --helper {name}"))


NEEDS: Final[dict[str, Need]] = {
    "virtual-clock": Need("time can be made to pass (firewall.time_passes of more than a few seconds)"),
    "send-errors": Need("a program learns from send() that its packet was dropped"),
    "both-iptables": Need("iptables-legacy and iptables-nft rule the same packets"),
    "own-listeners": Need("whether somebody listens to events is known for each node by itself"),
    "shared-limit": Need("nf_conntrack_max belongs to the machine, not to the node"),
    "trace": Need("the engine tells which rules a packet met"),
    "log": Need("what LOG and NFLOG write can be read"),
    "engine-process": Need("the engine is a process that can be killed"),
    "control": Need("the engine answers its control protocol"),
    "a-kernel-beside": Need("the same is done by the kernel, and compared", engine="kernel-legacy"),
    "save-state": Need("rules and connections can be saved and continued from"),
    "conntrack": Need("connection tracking", _rule("filter", "-A FORWARD -m conntrack --ctstate NEW")),
    "nat": Need("address translation", _rule("nat", "-A POSTROUTING -j MASQUERADE")),
    "nat6": Need("address translation of IPv6", rules6=_rule("nat", "-A POSTROUTING -j MASQUERADE")),
    "ipv6": Need("IPv6 rules", rules6=_rule("filter", "-A FORWARD -p tcp --dport 1")),
    "raw": Need("the raw table", _rule("raw", "-A PREROUTING -j NOTRACK")),
    "mangle": Need("the mangle table", _rule("mangle", "-A PREROUTING -j MARK --set-mark 1")),
    "security": Need("the security table", _rule("security", "-A FORWARD -j ACCEPT")),
    "bridge": Need("bridged packets pass the rules (br_netfilter)", sysctl="net.bridge.bridge-nf-call-iptables"),
    "accounting": Need("packets and bytes of connections are counted", sysctl="net.netfilter.nf_conntrack_acct"),
    "timestamps": Need("connections know their age", sysctl="net.netfilter.nf_conntrack_timestamp"),
    "zones": Need("conntrack zones", _rule("raw", "-A PREROUTING -j CT --zone 1")),
    "conntrack-tool": Need("the command conntrack", command="conntrack"),
    "ipset": Need("the command ipset", command="ipset"),
    "bulk-restore": Need("2,000 rules in one restore (iptables-nft needs a large socket buffer for them)",
                         _rule("filter", "\n".join(f"-A FORWARD -s 10.9.{at >> 8}.{at & 255}" for at in range(2001)))),
    "nft": Need("the command nft", command="nft"),
    "ping-command": Need("the command ping", command="ping"),
    "curl": Need("the command curl", command="curl"),
    "helper-ftp": _helper("ftp", "tcp"),
    "helper-tftp": _helper("tftp", "udp"),
    "helper-irc": _helper("irc", "tcp"),
    "helper-amanda": _helper("amanda", "udp"),
    "helper-sip": _helper("sip", "udp"),
    "helper-pptp": _helper("pptp", "tcp"),
    "helper-h323": _helper("H.245", "tcp"),
    "helper-sane": _helper("sane", "tcp"),
    "helper-snmp": _helper("snmp", "udp"),
    "helper-netbios-ns": _helper("netbios-ns", "udp"),
    "match-addrtype": _match("addrtype", "--dst-type LOCAL"),
    "match-ah": _match("ah", "--ahspi 1", protocol="ah"),
    "match-bpf": _match("bpf", "--bytecode 1,6 0 0 0"),
    "match-cgroup": _match("cgroup", "--cgroup 1", chain="OUTPUT"),
    "match-cluster": _match("cluster", "--cluster-total-nodes 2 --cluster-local-node 1 --cluster-hash-seed 1"),
    "match-connbytes": _match("connbytes", "--connbytes 1 --connbytes-dir both --connbytes-mode packets"),
    "match-connlabel": _match("connlabel", "--label 1"),
    "match-connlimit": _match("connlimit", "--connlimit-above 1"),
    "match-cpu": _match("cpu", "--cpu 0"),
    "match-dccp": _match("dccp", "--dport 1", protocol="dccp"),
    "match-devgroup": _match("devgroup", "--src-group 0"),
    "match-dscp": _match("dscp", "--dscp 1"),
    "match-ecn": _match("ecn", "--ecn-ip-ect 1"),
    "match-esp": _match("esp", "--espspi 1", protocol="esp"),
    "match-hashlimit": _match("hashlimit", "--hashlimit-upto 1/s --hashlimit-name trial"),
    "match-helper": _match("helper", "--helper ftp"),
    "match-iprange": _match("iprange", "--src-range 1.1.1.1-1.1.1.2"),
    "match-length": _match("length", "--length 1"),
    "match-limit": _match("limit", "--limit 1/s"),
    "match-mac": _match("mac", "--mac-source 02:00:00:00:00:01"),
    "match-multiport": _match("multiport", "--ports 1", protocol="tcp"),
    "match-owner": _match("owner", "--uid-owner 0", chain="OUTPUT"),
    "match-physdev": _match("physdev", "--physdev-is-bridged"),
    "match-pkttype": _match("pkttype", "--pkt-type unicast"),
    "match-quota": _match("quota", "--quota 1"),
    "match-realm": _match("realm", "--realm 1"),
    "match-recent": _match("recent", "--set"),
    "match-rpfilter": _match("rpfilter", "--invert", "raw", "PREROUTING"),
    "match-sctp": _match("sctp", "--dport 1", protocol="sctp"),
    "match-set": Need("the match set", command="ipset"),
    "match-socket": _match("socket", "", "mangle", "PREROUTING"),
    "match-statistic": _match("statistic", "--mode nth --every 2 --packet 0"),
    "match-string": _match("string", "--algo bm --string x"),
    "match-tcpmss": _match("tcpmss", "--mss 1", protocol="tcp"),
    "match-time": _match("time", "--timestart 00:00"),
    "match-tos": _match("tos", "--tos 0x10"),
    "match-ttl": _match("ttl", "--ttl-eq 1"),
    "match-u32": _match("u32", "--u32 0=0"),
    "target-AUDIT": _target("AUDIT", "--type accept"),
    "target-CHECKSUM": _target("CHECKSUM", "--checksum-fill", "mangle", "POSTROUTING"),
    "target-CLASSIFY": _target("CLASSIFY", "--set-class 1:1", "mangle", "POSTROUTING"),
    "target-CONNMARK": _target("CONNMARK", "--save-mark", "mangle"),
    "target-CONNSECMARK": _target("CONNSECMARK", "--save", "mangle"),
    "target-CT": _target("CT", "--notrack", "raw", "PREROUTING"),
    "target-DSCP": _target("DSCP", "--set-dscp 1", "mangle"),
    "target-ECN": _target("ECN", "--ecn-tcp-remove", "mangle", protocol="tcp"),
    "target-HMARK": _target("HMARK", "--hmark-tuple src --hmark-mod 2 --hmark-rnd 1", "mangle"),
    "target-LOG": _target("LOG"),
    "target-MARK": _target("MARK", "--set-mark 1", "mangle"),
    "target-NETMAP": _target("NETMAP", "--to 10.9.0.0/24", "nat", "PREROUTING"),
    "target-NFLOG": _target("NFLOG", "--nflog-group 1"),
    "target-NFQUEUE": _target("NFQUEUE", "--queue-num 9"),
    "target-REDIRECT": _target("REDIRECT", "", "nat", "PREROUTING"),
    "target-REJECT": _target("REJECT"),
    "target-SECMARK": _target("SECMARK", "--selctx system_u:object_r:x_t:s0", "mangle"),
    "target-SET": Need("the target SET", command="ipset"),
    "target-SNPT": Need(
        "the targets SNPT and DNPT",
        rules6=_rule("mangle", "-A POSTROUTING -j SNPT --src-pfx fd01::/64 --dst-pfx fd02::/64"),
    ),
    "target-SYNPROXY": _target("SYNPROXY", "--mss 1460", protocol="tcp"),
    "target-TCPMSS": _target("TCPMSS", "--set-mss 1400", "mangle", protocol="tcp --tcp-flags SYN,RST SYN"),
    "target-TCPOPTSTRIP": _target("TCPOPTSTRIP", "--strip-options mss", "mangle", protocol="tcp"),
    "target-TEE": _target("TEE", "--gateway 10.0.0.1", "mangle", "PREROUTING"),
    "target-TOS": _target("TOS", "--set-tos 0x10", "mangle"),
    "target-TPROXY": replace(_target("TPROXY", "--on-port 1", "mangle", "PREROUTING", "tcp"), carried=True),
    "target-TRACE": _target("TRACE", "", "raw", "PREROUTING"),
    "target-TTL": _target("TTL", "--ttl-set 1", "mangle"),
}


def check(needs: tuple[str, ...]) -> None:
    """Raises ValueError for a need that is not in the table."""
    for need in needs:
        if need not in NEEDS:
            near = difflib.get_close_matches(need, NEEDS, n=1)
            raise ValueError(f"'{need}' is not a need" + (f"; did you mean '{near[0]}'?" if near else "")
                             + " (the list is in conformance/needs.py)")  # fmt: skip


def refusal(needs: tuple[str, ...], adapter: Any) -> str:
    """Why an engine's adapter does not want a scenario with these needs; "" if it has no objection."""
    return next((f"{need}: {adapter.refuses[need]}" for need in needs if need in adapter.refuses), "")


def missing(need: str, firewall: Firewall) -> str:
    """What this machine lacks for a need, found out by trying; "" if nothing. An engine of one's own is asked what it
    refuses, and everything else it has to do, but for what it has the kernel carry out."""
    wanted = NEEDS[need]
    if wanted.engine and (reason := find(wanted.engine).probe()):
        return f"{need}: {wanted.engine}: {reason}"
    own = not firewall.adapter.is_the_kernel
    if own and not wanted.carried:
        return ""
    if wanted.command and not _installed(wanted.command, firewall):
        return f"{need}: the command {wanted.command} is not installed"
    if wanted.sysctl:
        try:
            firewall.sysctl(wanted.sysctl)
        except OSError:
            return f"{need}: this kernel has no {wanted.sysctl}"
    for family, text in (("ipv4", wanted.rules), ("ipv6", wanted.rules6)):
        if text:
            try:
                firewall.load(text, family, f"trial of {need}")
            except ValueError as refused:
                if own and NOT_HERE not in str(refused):
                    return ""
                return f"{need}: {' '.join(str(refused).split())}"
            finally:
                firewall.flush()
    return ""


def _installed(command: str, firewall: Firewall) -> bool:
    return firewall.run(["sh", "-c", f"command -v {command}"]).returncode == 0
