"""Translating an IPv6 prefix without state (RFC 6296): what SNPT and DNPT have in common.

    --src-pfx PREFIX/LENGTH --dst-pfx PREFIX/LENGTH      lengths up to 64, no bits behind the prefix

The longer one of the two lengths is replaced. So that no transport checksum changes, the difference between the
prefixes is taken out again from one 16-bit word of the address: the fourth of a short prefix (up to /48), else the
first word of the interface identifier that is not 0xffff. An address without such a word cannot be translated: the
packet is dropped and answered with a parameter problem. In answers that quote a packet (ICMPv6 errors) the quoted
address is translated back as well.
"""

from __future__ import annotations

from errno import EINVAL
from typing import Final

from engine.core.addresses import address_text
from engine.core.context import Context
from engine.core.extension import KernelRefusal, Option, RuleHead, Target
from engine.core.hooks import IPV6
from engine.core.packet import Packet
from engine.core.protocols import ICMPV6
from engine.core.values import Values
from engine.core.verdict import CONTINUE, DROP
from engine.target.parts.answers import parameter_problem

LONGEST: Final = 64
SHORT: Final = 48
ALL_BITS: Final = (1 << 128) - 1
LAST_ERROR: Final = 4  # ICMPv6 parameter problem


def words(address: int) -> list[int]:
    return [address >> shift & 0xFFFF for shift in range(112, -16, -16)]


def ones_sum(address: int) -> int:
    """One's complement sum of the eight words of an address."""
    return sum(words(address)) % 0xFFFF


class Prefixes(Target):
    """Replaces the prefix `old` by `new`. source: of the source address, else of the destination."""

    def __init__(self, name: str, source: bool, old: tuple[int, int], new: tuple[int, int]) -> None:
        self.name = name
        self.source = source
        self.old, self.old_length = old
        self.new, self.new_length = new
        self.length = max(self.old_length, self.new_length)
        self.difference = (ones_sum(self.old) - ones_sum(self.new)) % 0xFFFF

    def check(self, head: RuleHead, table: str, hooks: int) -> None:
        for prefix, length in ((self.old, self.old_length), (self.new, self.new_length)):
            if length > LONGEST or prefix & (ALL_BITS >> length):
                text = f"{address_text(prefix, IPV6)}/{length}"
                raise KernelRefusal(EINVAL, f"{self.name}: {text} is not a prefix of at most {LONGEST} bits")

    def save(self) -> str:
        return f"--src-pfx {self._text(self.old, self.old_length)} --dst-pfx {self._text(self.new, self.new_length)}"

    def listing(self, numeric: bool) -> str:
        return f"{self.name} {self.save().replace('--', '')}"

    def _text(self, prefix: int, length: int) -> str:
        return f"{address_text(prefix, IPV6)}/{length}"

    def translate(self, address: int) -> int | None:
        """The new address, None if it has no word to take the difference."""
        new = self.new | address & (ALL_BITS >> self.length)
        if self.length <= SHORT:
            at = 3
        else:
            interface = words(new)[4:]
            at = next((4 + index for index, word in enumerate(interface) if word != 0xFFFF), 8)
            if at == 8:
                return None
        shift = 112 - 16 * at
        word = new >> shift & 0xFFFF
        total = (word + self.difference) % 0xFFFF
        return new & ~(0xFFFF << shift) | total << shift

    def apply(self, packet: Packet, context: Context) -> int:
        old = packet.src if self.source else packet.dst
        new = self.translate(old)
        if new is None:
            # the prefix is replaced by then, and so the error goes to (or quotes) an address that nobody had
            self.write(packet, 8 if self.source else 24, self.new | old & (ALL_BITS >> self.length))
            packet.parse()
            answer = parameter_problem(packet, context, 8 if self.source else 24)
            if answer is not None:
                context.emit.append(answer)
            return DROP
        self.write(packet, 8 if self.source else 24, new)
        self.bounced(packet)
        packet.parse()
        return CONTINUE

    def write(self, packet: Packet, at: int, address: int) -> None:
        """Checksums stay right by construction."""
        packet.data[at : at + 16] = address.to_bytes(16, "big")
        packet.changed = True

    def bounced(self, packet: Packet) -> None:
        """An error that comes back from behind the translation quotes the translated address: translate it too."""
        at = packet.l4 + 8
        if packet.proto != ICMPV6 or packet.extensions or at + 40 > len(packet.data):
            return
        if not 1 <= packet.data[packet.l4] <= LAST_ERROR:
            return
        at += 24 if self.source else 8
        quoted = int.from_bytes(packet.data[at : at + 16], "big")
        if (quoted ^ self.old) >> (128 - self.old_length):
            return
        new = self.translate(quoted)
        if new is not None:
            self.write(packet, at, new)


def read_prefix(values: Values, name: str) -> tuple[int, int]:
    address, mask = values.pair(name)
    return address, mask.bit_count()


OPTIONS: Final = (Option("src-pfx", "host/mask", mandatory=True), Option("dst-pfx", "host/mask", mandatory=True))
