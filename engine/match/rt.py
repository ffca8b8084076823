"""rt: the routing header of IPv6.

    -m rt [!] --rt-type TYPE  [!] --rt-segsleft NUM[:NUM]  [!] --rt-len LENGTH
          [--rt-0-res]  [--rt-0-addrs ADDRESS[,ADDRESS]...  [--rt-0-not-strict]]

--rt-len: of the whole header, in bytes. With --rt-type 0 before them: --rt-0-res, the reserved field is 0;
--rt-0-addrs, exactly these addresses stand in the header (at most 16), with --rt-0-not-strict these in this order among
others. A packet that ends before its extension headers do is dropped.

Kernel peer: ip6t_rt. Source: ip6tables-extensions(8) rt; RFC 8200 section 4.4; RFC 5095.
"""

from __future__ import annotations

from ipaddress import IPv6Address
from typing import Final

from engine.core.addresses import address_text
from engine.core.context import Context
from engine.core.extension import Extension, Option, ParameterProblem, Spec
from engine.core.hooks import IPV6
from engine.core.packet import Packet
from engine.core.protocols import ROUTING
from engine.core.values import Values
from engine.match.parts.dropping import Dropping
from engine.match.parts.ids import IdRange, read_range
from engine.match.parts.text import bang, mark

ADDRESS_LIMIT: Final = 16


class Rt(Dropping):
    def __init__(self, segments: IdRange) -> None:
        super().__init__()
        self.segments = segments
        self.kind = -1
        self.kind_inverted = False
        self.length = -1
        self.length_inverted = False
        self.reserved = False
        self.addresses: list[int] = []
        self.strict = True

    def matches(self, packet: Packet, context: Context) -> bool:
        at, length = self.extension_header(packet, ROUTING, 4)
        if at < 0 or not self.segments.holds(packet.data[at + 3]):
            return False
        if self.length >= 0 and (self.length == length) == self.length_inverted:
            return False
        if self.kind >= 0 and (self.kind == packet.data[at + 2]) == self.kind_inverted:
            return False
        if self.reserved and packet.u32(at + 4):
            return False
        return not self.addresses or self._addresses_match(packet, at + 8, (length - 8) // 16)

    def _addresses_match(self, packet: Packet, at: int, count: int) -> bool:
        if len(self.addresses) > count:
            return False
        there = [int.from_bytes(packet.data[at + 16 * n : at + 16 * n + 16], "big") for n in range(count)]
        if self.strict:
            return there == self.addresses
        wanted = 0
        for address in there:
            if address == self.addresses[wanted]:
                wanted += 1
                if wanted == len(self.addresses):
                    return True
        return False

    def _addresses_text(self) -> str:
        return ",".join([address_text(address, IPV6) for address in self.addresses])

    def save(self) -> str:
        parts = []
        if self.kind >= 0:
            parts.append(f"{bang(self.kind_inverted)}--rt-type {self.kind}")
        parts.append(self.segments.option("rt-segsleft"))
        if self.length >= 0:
            parts.append(f"{bang(self.length_inverted)}--rt-len {self.length}")
        if self.reserved:
            parts.append("--rt-0-res")
        if self.addresses:
            parts.append(f"--rt-0-addrs {self._addresses_text()}")
        if not self.strict:
            parts.append("--rt-0-not-strict")
        return " ".join([part for part in parts if part])

    def listing(self, numeric: bool) -> str:
        text = "rt"
        if self.kind >= 0:
            kind = self.kind - (1 << 32) if self.kind >> 31 else self.kind
            text += f" type:{mark(self.kind_inverted)}{kind}"
        text += self.segments.listed("segsleft")
        if self.length >= 0:
            text += f" length:{mark(self.length_inverted)}{self.length}"
        if self.reserved:
            text += " reserved"
        if self.addresses:
            text += f" 0-addrs {self._addresses_text()}"
        if not self.strict:
            text += " 0-not-strict"
        return text


def read_addresses(text: str) -> list[int]:
    addresses: list[int] = []
    for part in text.split(","):
        if len(addresses) == ADDRESS_LIMIT:
            raise ParameterProblem("too many addresses specified")
        try:
            addresses.append(int(IPv6Address(part)))
        except ValueError:
            raise ParameterProblem(f"bad address: {part}") from None
    return addresses


def build(values: Values) -> Extension:
    match = Rt(read_range(values, "rt-segsleft"))
    for given in values.given:
        name = given.option.name
        if name == "rt-type":
            match.kind, match.kind_inverted = values.number(name), given.inverted
        elif name == "rt-len":
            match.length, match.length_inverted = values.number(name), given.inverted
        elif name in ("rt-0-res", "rt-0-addrs"):
            if match.kind != 0 or match.kind_inverted:
                raise ParameterProblem(f"`--rt-type 0' required before `--{name}'")
            if name == "rt-0-res":
                match.reserved = True
            else:
                match.addresses = read_addresses(given.text)
        elif name == "rt-0-not-strict":
            if not match.addresses:
                raise ParameterProblem("`--rt-0-addr ...' required before `--rt-0-not-strict'")
            match.strict = False
    return match


def look(values: Values) -> None:
    """Each option against those before it."""
    build(values)


EXTENSIONS: Final = (
    Spec(
        "rt",
        build,
        (
            Option("rt-type", "u32", invert=True),
            Option("rt-segsleft", "u32:range", invert=True),
            Option("rt-len", "u32", invert=True),
            Option("rt-0-res", at_once=look),
            Option("rt-0-addrs", "text", at_once=look),
            Option("rt-0-not-strict", at_once=look),
        ),
        families=(IPV6,),
    ),
)
