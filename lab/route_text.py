"""Routes and policy rules, written as ip(8) writes them.

    routes:        [ "default via isp1 table 101", "blackhole 192.0.2.0/24" ]
    policy_rules:  [ "fwmark 1 table 101", "from 10.0.1.0/24 iif lan lookup 102" ]

Each is a line of words: a keyword and its value, in any order after the first. One table of keywords for each of the
two.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from lab.faults import did_you_mean
from lab.kinds import Kind, Network, Refused, parse_address, parse_subnet, text_kind

ROUTE_TYPES: Final = ("unicast", "blackhole", "unreachable", "prohibit")
RULE_ACTIONS: Final = ("blackhole", "unreachable", "prohibit")
TABLES: Final = {"main": 254, "default": 253, "local": 255}


@dataclass(frozen=True, slots=True)
class RouteText:
    """One route as written. `to` None is the default route; `via` is an address or the name of a node."""

    to: Network | None
    kind: str = "unicast"
    via: str | None = None
    dev: str | None = None
    table: int = 254
    metric: int | None = None
    mtu: int | None = None
    src: str | None = None


@dataclass(frozen=True, slots=True)
class RuleText:
    """One policy rule as written. Without an address it holds for IPv4 and IPv6."""

    source: Network | None = None
    destination: Network | None = None
    mark: int | None = None
    mask: int = 0xFFFFFFFF
    iif: str | None = None
    oif: str | None = None
    priority: int | None = None
    table: int | None = None
    action: str = "lookup"


def _network(text: str) -> Network:
    """An address alone is a subnet of one."""
    return parse_subnet(text if "/" in text else f"{parse_address(text)}/{parse_address(text).max_prefixlen}")


def _number(text: str, low: int = 0, high: int = 0xFFFFFFFF) -> int:
    try:
        number = int(text, 0)
    except ValueError:
        raise ValueError(f"'{text}' is not a number") from None
    if not low <= number <= high:
        raise ValueError(f"{text} is not between {low} and {high}")
    return number


def _table(text: str) -> int:
    return TABLES[text] if text in TABLES else _number(text, 1)


def _mark(text: str) -> tuple[int, int]:
    mark, slash, mask = text.partition("/")
    return _number(mark), _number(mask) if slash else 0xFFFFFFFF


ROUTE_WORDS: Final[dict[str, tuple[str, Callable[[str], Any]]]] = {
    "via": ("via", str),
    "dev": ("dev", str),
    "table": ("table", _table),
    "metric": ("metric", _number),
    "mtu": ("mtu", lambda text: _number(text, 68, 65535)),
    "src": ("src", lambda text: str(parse_address(text))),
}
RULE_WORDS: Final[dict[str, tuple[str, Callable[[str], Any]]]] = {
    "from": ("source", lambda text: None if text == "all" else _network(text)),
    "to": ("destination", lambda text: None if text == "all" else _network(text)),
    "fwmark": ("mark", _mark),
    "iif": ("iif", str),
    "oif": ("oif", str),
    "pref": ("priority", _number),
    "priority": ("priority", _number),
    "table": ("table", _table),
    "lookup": ("table", _table),
}


def _pairs(words: list[str], known: dict[str, tuple[str, Callable[[str], Any]]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for at in range(0, len(words), 2):
        word = words[at]
        if word not in known:
            raise Refused(f"'{word}' is not a keyword here", did_you_mean(word, known, "Keywords are"))
        if at + 1 == len(words):
            raise ValueError(f"'{word}' needs a value")
        field, parse = known[word]
        if field in found:
            raise ValueError(f"'{word}' is written twice")
        found[field] = parse(words[at + 1])
    return found


def parse_route(text: str) -> RouteText:
    words = text.split()
    kind = words.pop(0) if words and words[0] in ROUTE_TYPES else "unicast"
    if not words:
        raise ValueError(f"'{text}' has no destination")
    first = words.pop(0)
    found = _pairs(words, ROUTE_WORDS)
    route = RouteText(to=None if first == "default" else _network(first), kind=kind, **found)
    if kind != "unicast" and (route.via or route.dev):
        raise ValueError(f"a {kind} route leads nowhere: it has no 'via' and no 'dev'")
    if kind == "unicast" and not (route.via or route.dev):
        raise ValueError(f"'{text}' needs 'via' or 'dev'")
    if kind != "unicast" and route.to is None:
        raise ValueError("write 0.0.0.0/0 or ::/0 here: 'default' alone does not say which family")
    return route


def parse_rule(text: str) -> RuleText:
    words = text.split()
    action = words.pop() if words and words[-1] in RULE_ACTIONS else "lookup"
    found = _pairs(words, RULE_WORDS)
    if "mark" in found:
        found["mark"], found["mask"] = found["mark"]
    rule = RuleText(action=action, **found)
    if action == "lookup" and rule.table is None:
        raise ValueError(f"'{text}' needs 'table N' or one of {', '.join(RULE_ACTIONS)}")
    if rule.source and rule.destination and rule.source.version != rule.destination.version:
        raise ValueError("'from' and 'to' are of different families")
    return rule


_STRING: Final = {"type": "string"}
ROUTE: Final[Kind] = text_kind("a route", parse_route, _STRING, "as for ip route: 'default via firewall table 101'")
POLICY_RULE: Final[Kind] = text_kind("a policy rule", parse_rule, _STRING, "as for ip rule: 'fwmark 1 table 101'")
