"""osf: passive fingerprinting of operating systems.

    -p tcp -m osf [!] --genre NAME  [--ttl 0|1|2]  [--log 0|1|2]

Not carried out: the engine has no table of fingerprints (nfnl_osf).

Kernel peer: xt_osf. Source: iptables-extensions(8) osf.
"""

from __future__ import annotations

from typing import Final

from engine.core.context import Context
from engine.core.extension import FWD, IN, PRE, Extension, Match, Option, Spec
from engine.core.hooks import IPV4
from engine.core.packet import Packet
from engine.core.protocols import TCP
from engine.core.values import Values
from engine.match.parts.text import bang


class Osf(Match):
    def __init__(self, genre: str, inverted: bool, ttl: int, log: int) -> None:
        self.genre = genre
        self.inverted = inverted
        self.ttl = ttl  # -1 = not given
        self.log = log

    def matches(self, packet: Packet, context: Context) -> bool:
        raise NotImplementedError

    def save(self) -> str:
        text = f"{bang(self.inverted)}--genre {self.genre}"
        if self.ttl >= 0:
            text += f" --ttl {self.ttl}"
        return text + (f" --log {self.log}" if self.log >= 0 else "")

    def listing(self, numeric: bool) -> str:
        return f"OS fingerprint match {bang(self.inverted)}{self.genre}"


def build(values: Values) -> Extension:
    return Osf(values.string("genre"), values.inverted("genre"), values.number("ttl", -1), values.number("log", -1))


EXTENSIONS: Final = (
    Spec(
        "osf",
        build,
        (
            Option("genre", "string:cut", invert=True, mandatory=True, high=31),
            Option("ttl", "u32", high=2),
            Option("log", "u32", high=2),
        ),
        families=(IPV4,),
        hooks=PRE | IN | FWD,
        protos=(TCP,),
        unsupported="the engine has no table of fingerprints (nfnl_osf)",
    ),
)
