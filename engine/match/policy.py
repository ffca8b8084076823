"""policy: what IPsec has done with a packet, or will do.

    -m policy --dir in|out  [--pol ipsec|none]  [--strict]
              [[!] --reqid N] [[!] --spi N] [[!] --proto ah|esp|ipcomp] [[!] --mode tunnel|transport]
              [[!] --tunnel-src ADDRESS[/MASK]] [[!] --tunnel-dst ADDRESS[/MASK]]  [--next ...]

This engine does no IPsec, so no packet it sees has been under any: `--pol none` matches every packet, `--pol ipsec`
(the default) none, whatever its elements say. --strict: the elements, separated by --next (at most 4), are the whole
policy. --dir in: not in OUTPUT and POSTROUTING; --dir out: not in PREROUTING and INPUT.

Kernel peer: xt_policy. Source: iptables-extensions(8) policy.
"""

from __future__ import annotations

from errno import EINVAL
from typing import Final

from engine.core.addresses import ADDRESS_BITS, address_text
from engine.core.context import Context
from engine.core.extension import (
    IN,
    OUT,
    POST,
    PRE,
    Extension,
    KernelRefusal,
    Match,
    Option,
    ParameterProblem,
    RuleHead,
    Spec,
)
from engine.core.packet import Packet
from engine.core.values import Given, Values
from engine.match.parts.text import bang

DEPTH: Final = 4
PROTOCOLS: Final[dict[int, str]] = {50: "esp", 51: "ah", 108: "ipcomp"}
MODES: Final = ("transport", "tunnel")
# In the order in which they are printed.
PARTS: Final = ("reqid", "spi", "proto", "mode", "tunnel-dst", "tunnel-src")


class Element:
    """One element of a policy: option -> (text of its value, number of its value, inverted)."""

    def __init__(self) -> None:
        self.parts: dict[str, tuple[str, str, bool]] = {}

    def save(self) -> str:
        return " ".join(
            [f"{bang(self.parts[name][2])}--{name} {self.parts[name][0]}" for name in PARTS if name in self.parts]
        )

    def listing(self, numeric: bool) -> str:
        texts = []
        for name in PARTS:
            if name in self.parts:
                word, number, inverted = self.parts[name]
                texts.append(f"{bang(inverted)}{name} {number if numeric else word}")
        return " ".join(texts)


class Policy(Match):
    def __init__(self, direction: str, none: bool, strict: bool, elements: list[Element]) -> None:
        self.direction = direction
        self.none = none
        self.strict = strict
        self.elements = elements

    def matches(self, packet: Packet, context: Context) -> bool:
        return self.none

    def check(self, head: RuleHead, table: str, hooks: int) -> None:
        if self.direction == "out" and hooks & (PRE | IN):
            raise KernelRefusal(EINVAL, "policy: output policy not valid in PREROUTING and INPUT")
        if self.direction == "in" and hooks & (POST | OUT):
            raise KernelRefusal(EINVAL, "policy: input policy not valid in POSTROUTING and OUTPUT")

    def _head(self, dashes: str) -> str:
        text = f"{dashes}dir {self.direction} {dashes}pol {'none' if self.none else 'ipsec'}"
        return text + (f" {dashes}strict" if self.strict else "")

    def save(self) -> str:
        texts = [element.save() for element in self.elements]
        return f"{self._head('--')} {' --next '.join(texts)}".rstrip()

    def listing(self, numeric: bool) -> str:
        texts = [element.listing(numeric) for element in self.elements]
        if len(texts) > 1:
            texts = [f"[{number}] {text}" for number, text in enumerate(texts)]
        return f"policy match {self._head('')} {' '.join(texts)}".rstrip()


def read_part(given: Given, values: Values) -> tuple[str, str, bool]:
    """(text, number as text, inverted) of one option of an element."""
    name = given.option.name
    value = given.value
    if name == "mode":
        if given.text not in MODES:
            raise ParameterProblem(f'policy match: invalid mode "{given.text}"')
        return given.text, given.text, given.inverted
    if isinstance(value, tuple):
        bits = ADDRESS_BITS[values.family]
        length = value[1].bit_count()
        text = address_text(value[0], values.family) + ("" if length == bits else f"/{length}")
        return text, text, given.inverted
    assert isinstance(value, int)
    if name == "proto":
        if value not in PROTOCOLS:
            raise ParameterProblem("policy match: protocol must be ah/esp/ipcomp")
        return PROTOCOLS[value], str(value), given.inverted
    text = f"{value:#x}" if name == "spi" else str(value)
    return text, text, given.inverted


def read_elements(values: Values) -> list[Element]:
    elements = [Element()]
    for given in values.given:
        name = given.option.name
        if name == "next":
            if len(elements) == DEPTH:
                raise ParameterProblem("policy match: maximum policy depth reached")
            elements.append(Element())
        elif name in PARTS:
            if name in elements[-1].parts:
                raise ParameterProblem(f"policy match: double --{name} option")
            elements[-1].parts[name] = read_part(given, values)
    return elements


def look(values: Values) -> None:
    """Of `--mode`, `--reqid` and so on, and `--next`: as many and as often as may be?"""
    read_elements(values)


def look_at_direction(values: Values) -> None:
    direction = values.given[-1].text
    if direction not in ("in", "out"):
        raise ParameterProblem(f'policy_match: invalid dir "{direction}"')


def look_at_policy(values: Values) -> None:
    policy = values.given[-1].text
    if policy not in ("ipsec", "none"):
        raise ParameterProblem(f'policy match: invalid policy "{policy}"')


def build(values: Values) -> Extension:
    none = values.text("pol", "ipsec") == "none"
    elements = [] if none else [element for element in read_elements(values) if element.parts]
    return Policy(values.text("dir"), none, values.has("strict"), elements)


def final(values: Values) -> None:
    if not values.has("dir"):
        raise ParameterProblem("policy match: neither --dir in nor --dir out specified")
    strict = values.has("strict")
    if values.text("pol", "ipsec") == "none":
        if strict:
            raise ParameterProblem("policy match: policy none but --strict given")
        return
    for number, element in enumerate(read_elements(values)):
        if strict and not element.parts:
            raise ParameterProblem(
                f"policy match: empty policy element {number}. --strict is in effect, but at least one of reqid, spi, "
                "tunnel-src, tunnel-dst, proto or mode is required."
            )
        mode = element.parts.get("mode")
        if ("tunnel-src" in element.parts or "tunnel-dst" in element.parts) and (
            mode is None or (mode[0] == "tunnel") == mode[2]
        ):
            raise ParameterProblem("policy match: --tunnel-src/--tunnel-dst is only valid in tunnel mode")


EXTENSIONS: Final = (
    Spec(
        "policy",
        build,
        (
            Option("dir", "text", at_once=look_at_direction),
            Option("pol", "text", at_once=look_at_policy),
            Option("strict"),
            Option("reqid", "u32", invert=True, once=False, at_once=look),
            Option("spi", "u32", invert=True, once=False, at_once=look),
            Option("tunnel-src", "host/mask", invert=True, once=False, at_once=look),
            Option("tunnel-dst", "host/mask", invert=True, once=False, at_once=look),
            Option("proto", "protocol", invert=True, once=False, at_once=look),
            Option("mode", "text", invert=True, once=False, at_once=look),
            Option("next", once=False, also=("strict",), at_once=look),
        ),
        final=final,
    ),
)
