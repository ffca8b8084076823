"""Matches that look past the packet: at its way, its owner, the machine's addresses. Tables of rules against
situations; each situation is a packet at a hook of a machine that was told what is around it.

The kernel's answers were taken by hand on a bridge, on a router and on a sender; `test_match_place.py` holds on to
them.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field

import nat_packets as p
import pytest

from engine.core.connection import CT_ESTABLISHED_REPLY, SRC_NAT_DONE, Connection, Tuple
from engine.core.context import KERNEL_SOCKET, Context, Environment, Randomness, Shared, SocketInfo
from engine.core.extension import KernelRefusal, Match
from engine.core.hooks import FORWARD, HOOK_NUMBERS, IPV4, IPV6, OUTPUT, POSTROUTING, PREROUTING
from engine.core.packet import Packet
from engine.language.rule import parse_rule

CLIENT, SERVER = "10.0.1.2", "10.0.2.9"
OWN_MAC, CLIENT_MAC = bytes.fromhex("0200000000aa"), bytes.fromhex("020000000002")
UDP_PACKET = p.udp(CLIENT, SERVER, 1000, 53)
UDP6_PACKET = p.udp("fd00:1::2", "fd00:2::9", 1000, 53)


def number(address: str) -> int:
    return int.from_bytes(p.packed(address), "big")


def surroundings() -> Environment:
    environment = Environment()
    environment.addresses = {
        "lo": [(IPV4, number("127.0.0.1"), 8), (IPV6, 1, 128)],
        "lan": [(IPV4, number("10.0.1.1"), 24), (IPV6, number("fd00:1::1"), 64)],
        "wan": [(IPV4, number("10.0.2.1"), 24), (IPV6, number("fd00:2::1"), 64)],
    }
    environment.default_route_device = "wan"
    environment.groups = {"lan": 2, "wan": 0x103}
    environment.realms = {number(SERVER): 10, number("10.0.2.10"): 0x10005}
    environment.processor = 1
    return environment


@dataclass
class Situation:
    hook: int = FORWARD
    data: bytes = UDP_PACKET
    settings: dict[str, object] = field(default_factory=dict)

    def context(self) -> Context:
        hook = self.hook
        indev = "" if hook in (OUTPUT, POSTROUTING) else "lan"
        outdev = "wan" if hook in (FORWARD, OUTPUT, POSTROUTING) else ""
        context = Context(Shared(surroundings(), Randomness()), Packet(self.data).family, hook, 0.0, indev, outdev)
        context.local = hook == OUTPUT
        for name, value in self.settings.items():
            setattr(context, name, value)
        return context


def bridged(hook: int, port_in: str, port_out: str) -> Situation:
    return Situation(hook, settings={"physin": port_in, "physout": port_out, "indev": "br0"})


def to(dst: str, src: str = CLIENT, hook: int = PREROUTING) -> Situation:
    return Situation(hook, p.udp(src, dst, 1000, 53))


def framed(mac: str, dst: str = SERVER) -> Situation:
    header = bytes.fromhex(mac.replace(":", "")) + CLIENT_MAC + b"\x08\0"
    return Situation(PREROUTING, p.udp(CLIENT, dst, 1, 2), {"mac_header": header, "hwsrc": CLIENT_MAC})


def made_by(uid: int, gid: int, hook: int = OUTPUT) -> Situation:
    return Situation(hook, settings={"uid": uid, "gid": gid})


SITUATIONS = {
    # bridges
    "routed": Situation(),
    "bridged": bridged(FORWARD, "port1", "port2"),
    "bridged-in": bridged(PREROUTING, "port1", ""),
    "bridge-to-route": bridged(FORWARD, "port1", ""),
    "route-to-bridge": bridged(POSTROUTING, "", "port2"),
    # owners
    "root": made_by(0, 0),
    "user": made_by(1000, 100),
    "user-leaving": made_by(1000, 100, POSTROUTING),
    "kernel-socket": made_by(KERNEL_SOCKET, KERNEL_SOCKET),
    "no-socket": made_by(-1, -1),
    # the link layer
    "framed-to-us": framed("02:00:00:00:00:aa"),
    "framed-to-all": framed("ff:ff:ff:ff:ff:ff", "10.0.1.255"),
    "framed-to-group": framed("01:00:5e:00:00:01", "224.0.0.1"),
    "ip-to-all": to("10.0.1.255"),
    "ip-to-group": to("224.0.0.1"),
    "made-here": Situation(OUTPUT),
    # addresses
    "to-lan": to("10.0.1.1"),
    "to-wan": to("10.0.2.1"),
    "to-wan-late": to("10.0.2.1", hook=FORWARD),
    "to-loopback": to("127.0.0.1"),
    "to-far": to("198.51.100.7"),
    "to-everyone": to("255.255.255.255", "0.0.0.0"),
    "from-us": to(SERVER, "10.0.1.1"),
    "to-lan6": to("fd00:1::1", "fd00:1::2"),
    "to-far6": to("2001:db8::1", "fd00:1::2"),
    "to-group6": to("ff02::1", "fd00:1::2"),
    "from-nowhere6": to("ff02::1", "::"),
    # ways back
    "honest": to(SERVER, CLIENT),
    "from-other-side": to("10.0.1.1", "10.0.2.5"),
    "from-far": to("10.0.1.1", "198.51.100.7"),
    "looped": Situation(PREROUTING, p.udp(CLIENT, SERVER, 1, 2), {"indev": "lo"}),
    "dhcp": to("255.255.255.255", "0.0.0.0"),
    "honest6": to("fd00:2::9", "fd00:1::2"),
    "from-other-side6": to("fd00:1::1", "fd00:2::5"),
    # realms
    "to-realm-0": Situation(FORWARD, p.udp(CLIENT, "10.0.2.8", 1, 2)),
    "to-realm-10": Situation(FORWARD, UDP_PACKET),
    "to-realm-10005": Situation(FORWARD, p.udp(CLIENT, "10.0.2.10", 1, 2)),
    # marks
    "mark-0": Situation(),
    "mark-1ff": Situation(settings={"mark": 0x1FF}),
    "ipv6": Situation(data=UDP6_PACKET),
}

TABLE = """
# physdev: chain FORWARD where nothing else is asked; a packet past no bridge says no to everything
FORWARD     -m physdev --physdev-in port1                   | bridged+ routed- bridge-to-route+
FORWARD     -m physdev ! --physdev-in port1                 | bridged- routed+
FORWARD     -m physdev --physdev-in port+                   | bridged+ routed-
FORWARD     -m physdev --physdev-in port2                   | bridged-
FORWARD     -m physdev --physdev-out port2                  | bridged+ routed- bridge-to-route-
FORWARD     -m physdev ! --physdev-out port1                | bridged+ routed+ bridge-to-route-
FORWARD     -m physdev --physdev-is-bridged                 | bridged+ routed- bridge-to-route-
FORWARD     -m physdev ! --physdev-is-bridged               | bridged- routed+ bridge-to-route+
FORWARD     -m physdev --physdev-is-in                      | bridged+ routed-
FORWARD     -m physdev --physdev-is-out                     | bridged+ routed- bridge-to-route-
FORWARD     -m physdev ! --physdev-is-out                   | bridged- routed+ bridge-to-route+
FORWARD     -m physdev --physdev-in port1 --physdev-out port2 | bridged+ routed-
FORWARD     -m physdev --physdev-in port1 ! --physdev-out port2 | bridged- routed-
FORWARD     -m physdev ! --physdev-in port9 ! --physdev-out port9 | bridged+ routed+
PREROUTING  -m physdev --physdev-in port1                   | bridged-in+
PREROUTING  -m physdev --physdev-is-in                      | bridged-in+
PREROUTING  -m physdev --physdev-is-out                     | bridged-in-
POSTROUTING -m physdev --physdev-in port1                   | route-to-bridge+
POSTROUTING -m physdev --physdev-is-in                      | route-to-bridge-
POSTROUTING -m physdev --physdev-out port2                  | route-to-bridge+
# owner
OUTPUT      -m owner --uid-owner 0                          | root+ user- kernel-socket- no-socket-
OUTPUT      -m owner ! --uid-owner 0                        | root- user+ kernel-socket+ no-socket+
OUTPUT      -m owner --uid-owner 1000-1005                  | root- user+
OUTPUT      -m owner --uid-owner 999-1000                   | user+
OUTPUT      -m owner --gid-owner 100                        | user+ root-
OUTPUT      -m owner ! --gid-owner 100                      | user- root+ no-socket+
OUTPUT      -m owner --uid-owner 1000 ! --gid-owner 100     | user- root-
OUTPUT      -m owner --uid-owner 1000 --gid-owner 100       | user+
OUTPUT      -m owner --socket-exists                        | root+ user+ kernel-socket+ no-socket-
OUTPUT      -m owner ! --socket-exists                      | root- user- kernel-socket- no-socket+
OUTPUT      -m owner ! --socket-exists ! --uid-owner 0      | no-socket+ user-
OUTPUT      -m owner --uid-owner 1000 --socket-exists       | user+ root- no-socket-
POSTROUTING -m owner --uid-owner 1000                       | user-leaving+
# pkttype
PREROUTING  -m pkttype --pkt-type unicast                   | framed-to-us+ framed-to-all- framed-to-group-
PREROUTING  -m pkttype --pkt-type broadcast                 | framed-to-us- framed-to-all+ ip-to-all+ ip-to-group-
PREROUTING  -m pkttype --pkt-type multicast                 | framed-to-group+ framed-to-all- ip-to-group+
PREROUTING  -m pkttype ! --pkt-type multicast               | framed-to-us+ framed-to-group-
PREROUTING  -m pkttype --pkt-type otherhost                 | framed-to-us-
OUTPUT      -m pkttype --pkt-type unicast                   | made-here+
# mac
PREROUTING  -m mac --mac-source 02:00:00:00:00:02           | framed-to-us+ to-lan-
PREROUTING  -m mac ! --mac-source 02:00:00:00:00:02         | framed-to-us- to-lan-
PREROUTING  -m mac ! --mac-source 02:00:00:00:00:03         | framed-to-us+
# addrtype
PREROUTING  -m addrtype --dst-type LOCAL                    | to-lan+ to-wan+ to-loopback+ to-far- ip-to-all-
PREROUTING  -m addrtype ! --dst-type LOCAL                  | to-lan- to-far+
PREROUTING  -m addrtype --dst-type UNICAST                  | to-far+ to-lan- ip-to-all- ip-to-group-
PREROUTING  -m addrtype --dst-type BROADCAST                | ip-to-all+ to-everyone+ to-lan-
PREROUTING  -m addrtype --dst-type MULTICAST                | ip-to-group+ to-lan-
PREROUTING  -m addrtype --dst-type LOCAL,BROADCAST          | to-lan+ ip-to-all+ to-far-
PREROUTING  -m addrtype --dst-type LOCAL --limit-iface-in   | to-lan+ to-wan- to-loopback-
PREROUTING  -m addrtype --dst-type UNICAST --limit-iface-in | to-wan+ to-lan-
FORWARD     -m addrtype --dst-type LOCAL --limit-iface-out  | to-wan-late+
PREROUTING  -m addrtype --src-type LOCAL                    | from-us+ to-lan-
PREROUTING  -m addrtype --src-type UNICAST --dst-type LOCAL | to-lan+ to-far- from-us-
PREROUTING  -m addrtype --dst-type LOCAL                    | to-lan6+ to-far6-
PREROUTING  -m addrtype --dst-type MULTICAST                | to-group6+ to-lan6-
PREROUTING  -m addrtype --dst-type UNICAST                  | to-far6+ to-lan6+ to-group6-
PREROUTING  -m addrtype --src-type UNSPEC                   | from-nowhere6+ to-lan6-
# rpfilter
PREROUTING  -m rpfilter                                     | honest+ from-other-side- from-far- looped+ dhcp+ from-us-
PREROUTING  -m rpfilter --loose                             | honest+ from-other-side+ from-far+ from-us-
PREROUTING  -m rpfilter --invert                            | honest- from-other-side+ looped-
PREROUTING  -m rpfilter --accept-local                      | from-us+ honest+ from-other-side-
PREROUTING  -m rpfilter --invert                            | honest6- from-other-side6+ from-nowhere6-
PREROUTING  -m rpfilter --loose                             | honest6+ from-other-side6+
# realm, devgroup, cpu, mark, policy
FORWARD     -m realm --realm 10                             | to-realm-10+ to-realm-0-
FORWARD     -m realm ! --realm 10                           | to-realm-10- to-realm-0+
FORWARD     -m realm --realm 5/0xffff                       | to-realm-10005+ to-realm-10-
FORWARD     -m realm --realm 0x10000/0xffff0000             | to-realm-10005+ to-realm-10-
FORWARD     -m devgroup --src-group 2                       | routed+
FORWARD     -m devgroup --src-group 3                       | routed-
FORWARD     -m devgroup ! --src-group 3                     | routed+
FORWARD     -m devgroup --src-group 2 --dst-group 3/0xff    | routed+
FORWARD     -m devgroup --dst-group 3                       | routed-
FORWARD     -m cpu --cpu 1                                  | routed+
FORWARD     -m cpu --cpu 0                                  | routed-
FORWARD     -m cpu ! --cpu 0                                | routed+
FORWARD     -m mark --mark 0                                | mark-0+ mark-1ff-
FORWARD     -m mark --mark 0x1ff                            | mark-1ff+
FORWARD     -m mark --mark 0xf/0xf                          | mark-1ff+ mark-0-
FORWARD     -m mark ! --mark 0x100/0x100                    | mark-1ff- mark-0+
FORWARD     -m mark --mark 0x200/0x100                      | mark-1ff- mark-0-
FORWARD     -m policy --dir in --pol none                   | routed+
FORWARD     -m policy --dir in --pol ipsec                  | routed-
FORWARD     -m policy --dir out --pol ipsec --proto esp     | routed-
"""
ROWS = [line for line in TABLE.strip().split("\n") if not line.startswith("#")]


def matches_of(rule: str, family: int, table: str, chain: str) -> list[Match]:
    return [named.match for named in parse_rule(shlex.split(rule), family, table, chain).matches]


def says(rule: str, chain: str, situation: Situation) -> str:
    context = situation.context()
    table = "raw" if chain == "PREROUTING" else "mangle"
    matches = matches_of(rule, context.family, table, chain)
    return "+" if all(match.matches(Packet(situation.data), context) for match in matches) else "-"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: " ".join(row.split("|")[0].split()))
def test_the_rule_says_what_the_table_says(row: str) -> None:
    rule, situations = row.split(" | ")
    chain, _blank, rule = rule.partition(" ")
    wrong = []
    for word in situations.split():
        situation = SITUATIONS[word[:-1]]
        assert HOOK_NUMBERS[chain] == situation.hook or chain == "FORWARD", word
        if (got := says(rule.strip(), chain, situation)) != word[-1]:
            wrong.append(f"{word}: {got}")
    assert not wrong


# -- local sockets

LISTENER = Tuple(IPV4, 6, number(CLIENT), number("10.0.1.1"), 1000, 22)
TO_LISTENER = p.tcp(CLIENT, "10.0.1.1", 1000, 22)
TO_NOBODY = p.tcp(CLIENT, "10.0.1.1", 1000, 23)


@pytest.mark.parametrize(
    ("options", "found", "expected"),
    [
        ("", SocketInfo(), True),
        ("", SocketInfo(wildcard=True), False),
        ("--nowildcard", SocketInfo(wildcard=True), True),
        ("--transparent", SocketInfo(), False),
        ("--transparent", SocketInfo(transparent=True), True),
        ("--transparent --nowildcard", SocketInfo(transparent=True, wildcard=True), True),
        ("--restore-skmark", SocketInfo(mark=7), True),
    ],
)
def test_sockets(options: str, found: SocketInfo, expected: bool) -> None:
    context = Situation(PREROUTING, TO_LISTENER).context()
    context.shared.environment.sockets = {LISTENER.key(): found}
    (match,) = matches_of(f"-m socket {options}", IPV4, "mangle", "PREROUTING")
    assert match.matches(Packet(TO_LISTENER), context) == expected
    assert context.mark == found.mark if options == "--restore-skmark" else context.mark == 0
    assert not match.matches(Packet(TO_NOBODY), context)


def test_errors_belong_to_the_socket_they_are_about() -> None:
    sent = p.tcp("10.0.1.1", CLIENT, 22, 1000)
    context = Situation(PREROUTING).context()
    context.shared.environment.sockets = {LISTENER.key(): SocketInfo()}
    (match,) = matches_of("-m socket", IPV4, "mangle", "PREROUTING")
    assert match.matches(Packet(p.error("10.0.1.2", sent)), context)
    assert not match.matches(Packet(p.echo("10.0.1.2", "10.0.1.1")), context)


def test_answers_to_masqueraded_packets_are_looked_up_as_the_socket_sent_them() -> None:
    answer = p.udp(SERVER, "10.0.2.1", 53, 4000)
    sent = Tuple(IPV4, 17, number("10.0.1.1"), number(SERVER), 1000, 53)
    context = Situation(PREROUTING).context()
    context.entry = Connection(sent, Tuple(IPV4, 17, number(SERVER), number("10.0.2.1"), 53, 4000))
    context.entry.status |= SRC_NAT_DONE
    context.ctinfo = CT_ESTABLISHED_REPLY
    own = Tuple(IPV4, 17, number(SERVER), number("10.0.1.1"), 53, 1000)
    context.shared.environment.sockets = {own.key(): SocketInfo()}
    (match,) = matches_of("-m socket", IPV4, "mangle", "PREROUTING")
    assert match.matches(Packet(answer), context)


# -- where the kernel refuses them


@pytest.mark.parametrize(
    ("rule", "table", "chain", "errno"),
    [
        ("-m owner --uid-owner 0", "filter", "INPUT", 22),
        ("-m owner --uid-owner 0", "filter", "FORWARD", 22),
        ("-m rpfilter", "filter", "INPUT", 22),
        ("-m rpfilter", "mangle", "FORWARD", 22),
        ("-m socket", "filter", "OUTPUT", 22),
        ("-m realm --realm 1", "raw", "PREROUTING", 22),
        ("-m devgroup --dst-group 1", "filter", "INPUT", 22),
        ("-m devgroup --src-group 1", "filter", "OUTPUT", 22),
        ("-m physdev --physdev-out port1", "filter", "OUTPUT", 22),
        ("-m addrtype --dst-type LOCAL --limit-iface-in", "filter", "OUTPUT", 22),
        ("-m addrtype --dst-type LOCAL --limit-iface-out", "filter", "INPUT", 22),
        ("-m mac --mac-source 02:00:00:00:00:01", "filter", "OUTPUT", 22),
        ("-m mac --mac-source 02:00:00:00:00:01", "mangle", "POSTROUTING", 22),
        ("-m policy --dir in --pol none", "filter", "OUTPUT", 22),
        ("-m policy --dir out --pol none", "filter", "INPUT", 22),
    ],
)
def test_refused_places(rule: str, table: str, chain: str, errno: int) -> None:
    from engine.core import Engine

    engine = Engine()
    with pytest.raises(Exception) as caught:
        engine.load(f"*{table}\n-A {chain} {rule}\nCOMMIT\n")
    cause: BaseException | None = caught.value
    while cause is not None and not isinstance(cause, KernelRefusal):
        cause = cause.__cause__ or cause.__context__
    assert cause is not None and cause.errno == errno, caught.value
