"""TPROXY: give the packet to a transparent proxy on this machine without changing it.

    -p tcp|udp -j TPROXY --on-port PORT [--on-ip IP] [--tproxy-mark VALUE[/MASK]]

Only in mangle PREROUTING, and only with -p tcp or -p udp. The kernel binds the packet to the proxy's socket inside
itself; an engine that sees packets as bytes cannot, and so a rule with it is refused here.

Kernel peer: xt_TPROXY revision 1. Source: iptables-extensions(8), TPROXY; kernel Documentation/networking/tproxy.rst.
"""

from __future__ import annotations

from typing import Final

from engine.core.addresses import address_text
from engine.core.extension import PRE, KernelRefusal, Option, RuleHead, Spec, Target
from engine.core.values import Values

EINVAL: Final = 22
TCP: Final = 6
UDP: Final = 17


class TProxy(Target):
    def __init__(self, family: int, port: int, address: int, mark: int, mask: int) -> None:
        self.family = family
        self.port = port
        self.address = address
        self.mark = mark
        self.mask = mask

    def check(self, head: RuleHead, table: str, hooks: int) -> None:
        if head.proto not in (TCP, UDP) or head.proto_inverted:
            raise KernelRefusal(EINVAL, "TPROXY: can be used only with -p tcp or -p udp")

    def save(self) -> str:
        address = address_text(self.address, self.family)
        return f"--on-port {self.port} --on-ip {address} --tproxy-mark 0x{self.mark:x}/0x{self.mask:x}"

    def listing(self, numeric: bool) -> str:
        address = address_text(self.address, self.family)
        return f"TPROXY redirect {address}:{self.port} mark 0x{self.mark:x}/0x{self.mask:x}"


def build(values: Values) -> Target:
    mark, mask = values.pair("tproxy-mark")
    return TProxy(values.family, values.number("on-port"), values.number("on-ip"), mark, mask)


OPTIONS: Final = (
    Option("on-port", "port", mandatory=True),
    Option("on-ip", "host"),
    Option("tproxy-mark", "mark/mask"),
)

EXTENSIONS: Final = (
    Spec(
        "TPROXY",
        build,
        OPTIONS,
        tables=("mangle",),
        hooks=PRE,
        revision=1,
        unsupported="a packet queue cannot give a packet to a socket",
    ),
)
