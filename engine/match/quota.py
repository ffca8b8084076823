"""quota: so many bytes, and no more.

    -m quota [!] --quota BYTES

Matches while the quota covers the whole packet, and takes its length off. The first packet that is too big ends it:
what is left is lost. Inverted: matches when the quota does not suffice. As in legacy tables, any change to a table
fills the quotas of all its rules.

Kernel peer: xt_quota. Source: iptables-extensions(8) quota.
"""

from __future__ import annotations

from typing import Final

from engine.core.context import Context, Shared
from engine.core.extension import Extension, Match, Option, Spec
from engine.core.packet import Packet
from engine.core.values import Values
from engine.match.parts.text import bang


class Quota(Match):
    def __init__(self, quota: int, inverted: bool) -> None:
        self.quota = quota
        self.inverted = inverted
        self.left = quota

    def matches(self, packet: Packet, context: Context) -> bool:
        size = len(packet.data)
        if self.left >= size:
            self.left -= size
            return not self.inverted
        self.left = 0
        return self.inverted

    def installed(self, shared: Shared) -> None:
        self.left = self.quota

    def save(self) -> str:
        return f"{bang(self.inverted)}--quota {self.quota}"

    def listing(self, numeric: bool) -> str:
        return f"quota: {self.quota} bytes"


def build(values: Values) -> Extension:
    return Quota(values.number("quota"), values.inverted("quota"))


EXTENSIONS: Final = (Spec("quota", build, (Option("quota", "u64", invert=True, mandatory=True),)),)
