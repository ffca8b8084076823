"""What tcp, udp, sctp and dccp have in common: --sport and --dport."""

from __future__ import annotations

from typing import Final

from engine.core.extension import Option
from engine.core.values import Values
from engine.match.parts.dropping import Dropping
from engine.match.parts.text import bang, listed_ports, span

ALL_PORTS: Final = (0, 0xFFFF)
# As tcp and sctp have them, which complain of a repetition in words of their own.
PORT_OPTIONS_ONCE: Final = tuple(
    Option(name, "service:range", invert=True, aliases=(short,), once_message=f"Only one `--{name}' allowed")
    for name, short in (("source-port", "sport"), ("destination-port", "dport"))
)


class Ported(Dropping):
    """sport_given, dport_given: saved with the rule; all ports, where they are as good as none, are not."""

    def __init__(self) -> None:
        super().__init__()
        self.sport_low = 0
        self.sport_high = 0xFFFF
        self.sport_inverted = False
        self.sport_given = False
        self.dport_low = 0
        self.dport_high = 0xFFFF
        self.dport_inverted = False
        self.dport_given = False

    def read_ports(self, values: Values, all_are_none: bool) -> None:
        sport = values.pair("source-port", ALL_PORTS)
        dport = values.pair("destination-port", ALL_PORTS)
        self.sport_low, self.sport_high = sport
        self.dport_low, self.dport_high = dport
        self.sport_inverted = values.inverted("source-port")
        self.dport_inverted = values.inverted("destination-port")
        self.sport_given = values.has("source-port") and not (all_are_none and sport == ALL_PORTS)
        self.dport_given = values.has("destination-port") and not (all_are_none and dport == ALL_PORTS)

    def has_ports(self, data: bytes | bytearray, at: int) -> bool:
        """at: of the transport header."""
        if (self.sport_low <= data[at] << 8 | data[at + 1] <= self.sport_high) == self.sport_inverted:
            return False
        return (self.dport_low <= data[at + 2] << 8 | data[at + 3] <= self.dport_high) != self.dport_inverted

    def saved_ports(self) -> list[str]:
        parts = []
        if self.sport_given:
            parts.append(f"{bang(self.sport_inverted)}--sport {span(self.sport_low, self.sport_high)}")
        if self.dport_given:
            parts.append(f"{bang(self.dport_inverted)}--dport {span(self.dport_low, self.dport_high)}")
        return parts

    def ports_listing(self, proto: str, numeric: bool) -> str:
        text = proto
        if self.sport_given or self.sport_inverted:
            text += listed_ports("spt", self.sport_low, self.sport_high, self.sport_inverted, proto, numeric)
        if self.dport_given or self.dport_inverted:
            text += listed_ports("dpt", self.dport_low, self.dport_high, self.dport_inverted, proto, numeric)
        return text
