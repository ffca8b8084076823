"""state: what conntrack says of a packet.

    -m state [!] --state STATE[,STATE]...

INVALID: belongs to no connection. NEW: begins one, or goes on with one that has not been answered. ESTABLISHED: the
connection has seen packets both ways. RELATED: begins a connection that another one announced, or is an ICMP error
about one. UNTRACKED: left out by CT --notrack. Names may be shortened (`E`), in any case.

The match is conntrack's --ctstate without SNAT and DNAT. Kernel peer: xt_conntrack. Source: iptables-extensions(8).
"""

from __future__ import annotations

from typing import Final

from engine.core.context import Context
from engine.core.extension import Extension, Match, Option, ParameterProblem, Spec
from engine.core.packet import Packet
from engine.core.values import Values
from engine.match.parts.states import STATE_NAMES, bits_text, read_bit, state_bits
from engine.match.parts.text import bang

NAMES: Final = STATE_NAMES[:5]


class State(Match):
    def __init__(self, states: int, inverted: bool) -> None:
        self.states = states
        self.inverted = inverted

    def matches(self, packet: Packet, context: Context) -> bool:
        return (state_bits(context) & self.states != 0) != self.inverted

    def save(self) -> str:
        return f"{bang(self.inverted)}--state {bits_text(self.states, NAMES)}"

    def listing(self, numeric: bool) -> str:
        return f"{bang(self.inverted)}state {bits_text(self.states, NAMES)}"


def read_states(text: str) -> int:
    states = 0
    rest = text
    while "," in rest:
        word, _comma, after = rest.partition(",")
        bit = read_bit(word, NAMES)
        if bit == 0:
            raise ParameterProblem(f'Bad state "{rest}"')
        states |= bit
        rest = after
    if not rest:
        raise ParameterProblem('"--state" requires a list of states with no spaces, e.g. ESTABLISHED,RELATED')
    bit = read_bit(rest, NAMES)
    if bit == 0:
        raise ParameterProblem(f'Bad state "{rest}"')
    return states | bit


def look(values: Values) -> None:
    read_states(values.given[-1].text)


def build(values: Values) -> Extension:
    return State(read_states(values.text("state")), values.inverted("state"))


EXTENSIONS: Final = (
    Spec(
        "state",
        build,
        (Option("state", "text", invert=True, mandatory=True, at_once=look),),
        needs_conntrack=True,
        revision=3,
        real_name="conntrack",
    ),
)
