"""comment: a remark in a rule. Always matches.

    -m comment --comment TEXT

Up to 255 bytes are kept, what is longer is cut without a word.

Kernel peer: xt_comment. Source: iptables-extensions(8) comment (which says 256).
"""

from __future__ import annotations

from typing import Final

from engine.core.context import Context
from engine.core.extension import Extension, Match, Option, Spec
from engine.core.packet import Packet
from engine.core.text import quoted
from engine.core.values import Values

LIMIT: Final = 255


class Comment(Match):
    def __init__(self, text: str) -> None:
        self.text = text

    def matches(self, packet: Packet, context: Context) -> bool:
        return True

    def save(self) -> str:
        return f"--comment {quoted(self.text)}"

    def listing(self, numeric: bool) -> str:
        return f"/* {self.text} */"


def build(values: Values) -> Extension:
    return Comment(values.string("comment"))


EXTENSIONS: Final = (Spec("comment", build, (Option("comment", "string:cut", mandatory=True, high=LIMIT),)),)
