"""What random rules draw from: small pools of addresses, ports, marks and names, so that rules and packets meet."""

from __future__ import annotations

import random
from dataclasses import dataclass

PORTS = (21, 53, 80, 443, 1000, 2000, 5000, 40000)
MARKS = ("0x1", "0x2", "0x10", "0xf0")
NAMES = ("one", "two", "three")


@dataclass(frozen=True)
class Host:
    """A node beside the firewall: its name, its link, its addresses, and the firewall's interface there.

    via: the link, or the bridge that the link is a port of.
    """

    name: str
    link: str
    ipv4: str
    ipv6: str
    via: str


@dataclass(frozen=True)
class World:
    """Who takes part: hosts, and the firewall's own addresses by interface."""

    hosts: tuple[Host, ...]
    firewall4: dict[str, str]
    firewall6: dict[str, str]

    def addresses(self, version: int) -> list[str]:
        return self.host_addresses(version) + list((self.firewall4 if version == 4 else self.firewall6).values())

    def host_addresses(self, version: int) -> list[str]:
        return [host.ipv4 if version == 4 else host.ipv6 for host in self.hosts]

    def links(self) -> list[str]:
        """What `-i` and `-o` may name."""
        return list(self.firewall4)


class Draw:
    """Random words of one IP version. proto, chain, table: of the rule that is being made."""

    def __init__(self, dice: random.Random, world: World, version: int) -> None:
        self.dice = dice
        self.world = world
        self.version = version
        self.proto = ""
        self.table = ""
        self.chain = ""
        self.in_user_chain = False

    def flip(self, chance: float = 0.5) -> bool:
        return self.dice.random() < chance

    def bang(self, chance: float = 0.15) -> str:
        return "! " if self.flip(chance) else ""

    def port(self) -> int:
        return self.dice.choice(PORTS)

    def ports(self) -> str:
        if self.flip(0.6):
            return str(self.port())
        low, high = sorted(self.dice.sample(PORTS, 2))
        return f"{low}:{high}"

    def network(self) -> str:
        address = self.dice.choice(self.world.addresses(self.version))
        if self.flip(0.6):
            return address
        return f"{address}/{self.dice.choice((8, 24, 28, 31) if self.version == 4 else (48, 64, 120))}"

    def mark(self) -> str:
        return self.dice.choice(MARKS) + self.dice.choice(("", "", "/0xf", "/0xff"))
