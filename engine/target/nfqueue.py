"""NFQUEUE: hand the packet to a program in userspace, which decides.

    -j NFQUEUE [--queue-num N] [--queue-bypass]
    -j NFQUEUE --queue-balance LOW:HIGH [--queue-bypass] [--queue-cpu-fanout]

Packets are spread over LOW to HIGH so that both directions of a connection reach the same queue; with
--queue-cpu-fanout by the CPU that handles them. Without a program at the queue the packet is dropped; with
--queue-bypass it is accepted, past the rest of this table.

Kernel peer: xt_NFQUEUE revision 3. Source: iptables-extensions(8), NFQUEUE.
"""

from __future__ import annotations

from errno import EINVAL
from typing import Final

from engine.core import verdict
from engine.core.addresses import folded
from engine.core.context import Context
from engine.core.extension import KernelRefusal, Option, ParameterProblem, RuleHead, Spec, Target
from engine.core.hooks import IPV4
from engine.core.jhash import jhash_3words, scale
from engine.core.packet import Packet
from engine.core.values import Values


class NfQueue(Target):
    def __init__(self, first: int, count: int, bypass: bool, fanout: bool) -> None:
        self.first = first
        self.count = count  # in 16 bits: all 65536 queues are none
        self.bypass = bypass
        self.fanout = fanout

    def check(self, head: RuleHead, table: str, hooks: int) -> None:
        if self.count == 0:
            raise KernelRefusal(EINVAL, "NFQUEUE: number of total queues is 0")

    def save(self) -> str:
        queues = (
            f"--queue-balance {self.first}:{self.first + self.count - 1}"
            if self.count > 1
            else f"--queue-num {self.first}"
        )
        return queues + (" --queue-bypass" if self.bypass else "") + (" --queue-cpu-fanout" if self.fanout else "")

    def listing(self, numeric: bool) -> str:
        return "NFQUEUE " + self.save().replace("--queue-", "")

    def apply(self, packet: Packet, context: Context) -> int:
        queue = self.first
        if self.count > 1:
            if self.fanout:
                queue += context.shared.environment.cpu() % self.count
            else:
                queue += scale(flow_hash(packet), self.count)
        context.queue = queue
        context.queue_bypass = self.bypass
        return verdict.QUEUE


def flow_hash(packet: Packet) -> int:
    """A hash that does not depend on the direction."""
    source, destination = packet.src, packet.dst
    if packet.family != IPV4:
        source = folded(source)
        destination = folded(destination)
    return jhash_3words(min(source, destination), max(source, destination), packet.proto, 0)


def look_at_balance(values: Values) -> None:
    text = values.given[-1].text
    if ":" not in text:
        raise ParameterProblem(f'Bad range "{text}"')
    low, high = values.pair("queue-balance")
    if low >= high:
        raise ParameterProblem(f"{low} should be less than {high}")


def build(values: Values) -> Target:
    bypass = values.has("queue-bypass")
    if not values.has("queue-balance"):
        return NfQueue(values.number("queue-num"), 1, bypass, False)
    low, high = values.pair("queue-balance")
    return NfQueue(low, high - low + 1 & 0xFFFF, bypass, values.has("queue-cpu-fanout"))


OPTIONS: Final = (
    Option("queue-num", "u16", excludes=("queue-balance",)),
    Option("queue-balance", "u16:range", excludes=("queue-num",), at_once=look_at_balance),
    Option("queue-bypass"),
    Option("queue-cpu-fanout", also=("queue-balance",)),
)

EXTENSIONS: Final = (Spec("NFQUEUE", build, OPTIONS, revision=3),)
