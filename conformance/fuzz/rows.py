"""Tables of random text: a row is a template and where it may stand.

In a template `{a|b|c}` is one of these, `{!}` sometimes an exclamation mark, and a name of `WORDS` (`{net}`, `{ports}`)
something from the pools.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from conformance.fuzz.draw import NAMES, Draw

PLACE = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True)
class Row:
    """hooks: the built-in chains where it may stand (empty: any, user chains too). version: 4, 6 or 0 for both.
    weight: how often beside the others."""

    text: str
    hooks: tuple[str, ...] = ()
    protos: tuple[str, ...] = ()
    version: int = 0
    tables: tuple[str, ...] = ()
    weight: int = 1

    def fits(self, draw: Draw) -> bool:
        if self.hooks and (draw.in_user_chain or draw.chain not in self.hooks):
            return False
        return (
            (not self.version or self.version == draw.version)
            and (not self.protos or draw.proto in self.protos)
            and (not self.tables or draw.table in self.tables)
        )


def _own(draw: Draw) -> str:
    own = draw.world.firewall4 if draw.version == 4 else draw.world.firewall6
    return draw.dice.choice(list(own.values()))


def _host(draw: Draw) -> str:
    return draw.dice.choice(draw.world.addresses(draw.version))


def _in_brackets(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _span(draw: Draw) -> str:
    """A few addresses side by side, for a range: some hosts', some nobody's."""
    address = _host(draw)
    stem, separator, last = address.rpartition("." if draw.version == 4 else ":")
    first = int(last or "0", 10 if draw.version == 4 else 16)
    end = first + draw.dice.choice((0, 1, 2))
    return f"{address}-{stem}{separator}{end if draw.version == 4 else format(end, 'x')}"


# Of hosts, and nobody's: what NPTv6 makes of an address is not that of a host, and the firewall would look for it on a
# link of its own, and complain three seconds later.
NETWORKS = ("2001:db8:1::", "2001:db8:2::", "2001:db8:ff::")
ELSEWHERE = ("2001:db8:7700::", "2001:db8:ffff:ffff::", "2a00:1:2:3::")


def _renumbering(draw: Draw, side: str) -> str:
    """NPTv6 of addresses that have the prefix; of others it would spoil the checksum."""
    lengths = [draw.dice.choice((16, 44, 48, 56, 60, 64)) for _ in range(2)]
    before, after = (ipaddress.IPv6Network(f"{draw.dice.choice(nets)}/{length}", strict=False)
                     for nets, length in zip((NETWORKS, ELSEWHERE), lengths, strict=True))  # fmt: skip
    meant = ipaddress.IPv6Network(f"{before[0]}/{max(lengths)}")
    target = f"{side[0].upper()}NPT --src-pfx {before} --dst-pfx {after}"
    return f"-m iprange --{side}-range {meant[0]}-{meant[-1]} -j {target}"


WORDS: dict[str, Callable[[Draw], str]] = {
    "!": Draw.bang,
    "net": Draw.network,
    "mark": Draw.mark,
    "port": lambda draw: str(draw.port()),
    "ports": Draw.ports,
    "proto": lambda draw: draw.proto,
    "link": lambda draw: draw.dice.choice(draw.world.links()),
    "name": lambda draw: draw.dice.choice(NAMES),
    "number": lambda draw: str(draw.dice.randrange(1000)),
    "own": _own,
    "host": _host,
    "own_": lambda draw: _in_brackets(_own(draw)),
    "host_": lambda draw: _in_brackets(_host(draw)),
    "span": _span,
    "snpt": lambda draw: _renumbering(draw, "src"),
    "dnpt": lambda draw: _renumbering(draw, "dst"),
}


def fill(text: str, draw: Draw) -> str:
    def word(found: re.Match[str]) -> str:
        inside = found[1]
        return WORDS[inside](draw) if inside in WORDS else draw.dice.choice(inside.split("|"))

    return PLACE.sub(word, text)


def pick(rows: Sequence[Row], draw: Draw) -> str:
    """The text of a random row that may stand where the rule is being made."""
    fitting = [row for row in rows if row.fits(draw)]
    return fill(draw.dice.choices(fitting, [row.weight for row in fitting])[0].text, draw)
