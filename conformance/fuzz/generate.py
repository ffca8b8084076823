"""Random cases: a ruleset that iptables accepts and traffic that meets its rules often.

Everything comes from one seed. Addresses, ports, marks and interfaces are drawn from small pools, so that rules and
packets hit each other. Left out is what the kernel itself decides by chance (random ports, random statistic) or by
wall clock; limits are slow enough that no token returns while a case runs.
"""

from __future__ import annotations

import random

from conformance.fuzz.case import Case, named_ports
from conformance.fuzz.draw import PORTS, World
from conformance.fuzz.rules import Rules
from conformance.fuzz.talks import OVER_IPV6, OVER_TCP, TALKS, conversation
from conformance.fuzz.traffic import Traffic
from lab.engines.base import CHAINS

EVERY = 4  # one case of so many is a conversation that a helper reads


def generate(seed: int, world: World, packets: int = 40) -> Case:
    """The case of a seed; the same seed always gives the same case."""
    if seed % EVERY == 0:
        return talking(seed, world, packets)
    dice = random.Random(seed)
    versions = dice.choice(((4,), (4,), (4, 6), (6,)))
    rules = {}
    if 4 in versions:
        rules["ipv4"] = Rules(dice, world, 4).text()
    if 6 in versions:
        rules["ipv6"] = Rules(dice, world, 6).text()
    texts = {family: text for family, text in rules.items() if text}
    return Case(seed, rules, Traffic(dice, world, versions, texts).steps(packets))


def talking(seed: int, world: World, packets: int = 40) -> Case:
    """A case around a helper: its protocol spoken by two hosts, with translation on the way more often than not."""
    dice = random.Random(seed)
    name = dice.choice((*TALKS, "sip", "ftp"))
    over = dice.choice(("tcp", "udp")) if name in OVER_TCP else TALKS[name].proto
    version = 6 if name in OVER_IPV6 and dice.random() < 0.3 else 4
    client, server = dice.sample(world.hosts, 2)
    own, peer = (host.ipv4 if version == 4 else host.ipv6 for host in (client, server))
    gates = world.firewall4 if version == 4 else world.firewall6
    dport = TALKS[name].port if dice.random() < 0.8 else dice.choice(PORTS)
    rules = Rules(dice, world, version)
    nat = []
    called = peer
    if dice.random() < 0.4:
        called = gates[client.via]
        port = dice.choice(("", f":{dport}", f":{dice.choice(PORTS)}"))
        target = f"[{peer}]" if ":" in peer and port else peer
        nat.append(f"-A PREROUTING -s {own} -d {called} -p {over} -j DNAT --to-destination {target}{port}")
    if dice.random() < 0.5:
        place = dice.choice((f"-s {own}", f"-d {peer}", f"-o {server.via}"))
        sources = ["MASQUERADE", f"SNAT --to-source {gates[server.via]}"]
        if name != "pptp":  # it makes call numbers of ports
            sources.append("MASQUERADE --to-ports 2100-2300")
        source = dice.choice(sources)
        nat.append(f"-A POSTROUTING {place} -p {over} -j {source}")
    helped = [f"-A {chain} -p {over} -j CT --helper {name}" for chain in ("PREROUTING", "OUTPUT")]
    watching = (f"-m helper --helper {name}", "-m conntrack --ctstate RELATED", "-m conntrack --ctstate INVALID",
                "-m conntrack --ctstatus EXPECTED", "-m conntrack --ctstate NEW")  # fmt: skip
    text = a_table("raw", helped) + a_table("nat", nat) + a_table("mangle", [f"-A FORWARD {each}" for each in watching])
    if dice.random() < 0.2:
        text += rules.a_table("filter")
    steps = conversation(dice, name, over, client, server, own, called, dport, packets // 5)
    if dice.random() < 0.5:
        for step in Traffic(dice, world, (version,), {}).steps(packets // 5):
            steps.insert(dice.randrange(min(4, len(steps)), len(steps) + 1), step)
    return Case(seed, {"ipv4" if version == 4 else "ipv6": text}, steps)


def a_table(name: str, rules: list[str]) -> str:
    return "\n".join([f"*{name}", *(f":{chain} ACCEPT [0:0]" for chain in CHAINS[name]), *rules, "COMMIT"]) + "\n"


def around(rules: dict[str, str], seed: int, world: World, packets: int = 40) -> Case:
    """Random traffic against rules that somebody has written (family name -> iptables-restore text).

    Packets carry the ports that the rules name, as often as the usual ones; the rules stay as they are.
    """
    dice = random.Random(seed)
    versions = tuple(4 if family == "ipv4" else 6 for family in rules)
    lines = [line for text in rules.values() for line in text.splitlines() if "-A" in line]
    named = sorted(named_ports("\n".join(lines)))
    ports = (*PORTS, *dice.choices(named, k=len(PORTS))) if named else PORTS
    return Case(seed, rules, Traffic(dice, world, versions, {}, ports).steps(packets))
