"""Which state did conntrack give the packet that just passed? Asked of counters, so it works on every engine."""

from __future__ import annotations

from typing import Any

STATES = ("INVALID", "NEW", "ESTABLISHED", "RELATED", "UNTRACKED")


class States:
    """Loads rules that count states in a chain; `after()` says which state was counted since the last question.

    extra: more rules, as {"raw": "-A PREROUTING ..."}.
    """

    def __init__(
        self, firewall: Any, chain: str = "FORWARD", match: str = "", extra: dict[str, str] | None = None
    ) -> None:
        self.firewall = firewall
        rules = [
            f"-A {chain} {match} -m conntrack --ctstate {state} -m comment --comment {state}".replace("  ", " ")
            for state in STATES
        ]
        tables = {"filter": "\n".join(rules)}
        for table, text in (extra or {}).items():
            tables[table] = text + "\n" + tables.get(table, "")
        firewall.loads("\n".join(f"*{table}\n{text}\nCOMMIT" for table, text in tables.items()))
        self.seen = dict.fromkeys(STATES, 0)

    def after(self) -> str:
        """The one state that was counted since the last call; several are joined by blanks, "" is none."""
        counted = self.firewall.counters()
        now = {state: count.packets if (count := counted.at(state)) else 0 for state in STATES}
        rose = [state for state in STATES for _ in range(now[state] - self.seen[state])]
        self.seen = now
        return " ".join(rose)
