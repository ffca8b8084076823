"""Rules that show which chains a packet meets, and in what order, without asking the engine to explain itself.

    firewall.loads(path_rules(["raw PREROUTING", "mangle PREROUTING", "nat PREROUTING", ...]))
    client.sends(udp("client:1 > server:2"))
    visits(firewall)     ->  ["raw PREROUTING", ...]    if the packet met exactly these, in this order

Each chain counts packets in a rule of its own. The mark of the packet tells the order: the n-th chain of the path
raises it from n-1 to n, so a chain that comes too early or too late raises nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lab.engines.base import CHAINS

if TYPE_CHECKING:
    from conformance.actors import Firewall


def every_chain() -> list[str]:
    """ "TABLE CHAIN" of every built-in chain."""
    return [f"{table} {chain}" for table, chains in CHAINS.items() for chain in chains]


def path_rules(path: Sequence[str], match: str = "", extra: dict[str, str] | None = None) -> str:
    """iptables-restore text that probes every built-in chain for the path that is expected.

    path    "TABLE CHAIN" in the expected order
    match   only packets that match this are probed, such as "-p udp --dport 53"
    extra   more rules: "TABLE" -> lines, placed behind the probes
    """
    unknown = [place for place in path if place not in every_chain()]
    if unknown:
        raise ValueError(f"'{unknown[0]}' is not a built-in chain")
    text = []
    for table, chains in CHAINS.items():
        text.append(f"*{table}")
        for chain in chains:
            place = f"{table} {chain}"
            comment = place.replace(" ", ":")
            text.append(" ".join(f"-A {chain} {match} -m comment --comment visit:{comment}".split()))
            for number, expected in enumerate(path, start=1):
                if expected == place:
                    text.append(" ".join(f"-A {chain} {match} -m mark --mark {number - 1} -m comment --comment "
                                         f"step:{number} -j MARK --set-mark {number}".split()))  # fmt: skip
        text += [line.strip() for line in (extra or {}).get(table, "").splitlines() if line.strip()]
        text.append("COMMIT")
    return "\n".join(text) + "\n"


def visits(firewall: Firewall, family: int = 4) -> list[str]:
    """The chains that a packet met: in the order of path_rules() as far as the packet kept to it, then "(out of order)
    CHAIN" for every other chain that counted it."""
    counters = firewall.counters(family)
    steps = sorted((int(comment.partition(":")[2]), counts) for comment, counts in counters.comments.items()
                   if comment.startswith("step:"))  # fmt: skip
    places = {}
    for place in counters.places:
        words = counters.texts.get(place, "")
        if "--comment step:" in words or '--comment "step:' in words:
            number = int(words.split("step:")[1].split()[0].strip('"'))
            places[number] = " ".join(place.split()[:2])
    kept = [places[number] for number, counts in steps if any(count.packets for count in counts)]
    visited = [comment.partition(":")[2].replace(":", " ") for comment, counts in counters.comments.items()
               if comment.startswith("visit:") and any(count.packets for count in counts)]  # fmt: skip
    met = kept + [f"(out of order) {place}" for place in visited if place not in kept]
    firewall.scene.step(firewall.name, "was passed through", seen="\n".join(met) or "no chain")
    return met
