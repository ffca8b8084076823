"""Random rulesets that iptables accepts."""

from __future__ import annotations

from conformance.fuzz.draw import NAMES, Draw
from conformance.fuzz.matches import MATCHES
from conformance.fuzz.rows import pick
from conformance.fuzz.targets import PLAIN, TARGETS, TRANSLATIONS
from lab.engines.base import CHAINS, TABLES

COMMON = ("", "", "tcp", "tcp", "udp", "udp")
USUAL = ("filter", "nat", "mangle")
RARE = ("sctp", "dccp", "udplite", "esp", "ah", "gre")


class Rules(Draw):
    """A random ruleset of one IP version."""

    def head(self) -> str:
        dice, words = self.dice, []
        self.proto = dice.choice((*COMMON, "icmp" if self.version == 4 else "icmpv6"))
        if self.flip(0.08):
            self.proto = dice.choice(RARE[:4] if self.version == 6 else RARE)
        if self.flip(0.35):
            words.append(f"{self.bang()}-s {self.network()}")
        if self.flip(0.35):
            words.append(f"{self.bang()}-d {self.network()}")
        if self.chain in ("PREROUTING", "INPUT", "FORWARD") and self.flip(0.3):
            words.append(f"{self.bang()}-i {dice.choice([*self.world.links(), 'la+', 'w+'])}")
        if self.chain in ("POSTROUTING", "OUTPUT", "FORWARD") and self.flip(0.3):
            words.append(f"{self.bang()}-o {dice.choice([*self.world.links(), 'la+', 'w+'])}")
        if self.proto:
            words.append(f"-p {self.proto}")
        elif self.flip(0.1):
            words.append(f"{self.bang()}-p {dice.choice(('47', '50', '132', 'udp', 'tcp'))}")
        if self.version == 4 and self.flip(0.04):
            words.append(f"{self.bang()}-f")
        return " ".join(words)

    def target(self, users: list[str]) -> str:
        if users and self.flip(0.3):
            return f"{self.dice.choice(('-j', '-j', '-g'))} {self.dice.choice(users)}"
        if self.table == "nat" and not self.in_user_chain and self.flip(0.7):
            return pick(TRANSLATIONS, self)
        return pick(PLAIN if self.table == "nat" or self.flip(0.4) else [*TARGETS, *PLAIN[:2]], self)

    def rule(self, chain: str, users: list[str]) -> str:
        self.chain = chain
        words = ["-A", chain, self.head()]
        for _ in range(self.dice.choice((0, 0, 1, 1, 2))):
            words.append(pick(MATCHES, self))
        words.append(self.target(users))
        return " ".join(word for word in words if word)

    def text(self) -> str:
        return "".join(self.a_table(table) for table in TABLES if self.flip(0.75 if table in USUAL else 0.35))

    def a_table(self, table: str) -> str:
        self.table = table
        users = list(NAMES[: self.dice.randrange(len(NAMES) + 1)])
        lines = [f"*{table}"]
        for chain in CHAINS[table]:
            policy = "DROP" if table == "filter" and self.flip(0.2) else "ACCEPT"
            lines.append(f":{chain} {policy} [0:0]")
        lines += [f":{name} - [0:0]" for name in users]
        # a user chain may be reached from any hook, so its rules say nothing that only some hooks allow
        self.in_user_chain = True
        for number, name in enumerate(users):
            lines += [self.rule(name, users[number + 1 :]) for _ in range(self.dice.randrange(3))]
        self.in_user_chain = False
        for chain in CHAINS[table]:
            lines += [self.rule(chain, users) for _ in range(self.dice.choice((0, 0, 1, 2, 3)))]
        return "\n".join([*lines, "COMMIT"]) + "\n"

    def changed(self, text: str) -> str:
        """The same ruleset with a rule taken out, put elsewhere or a table made anew, or not changed at all."""
        lines = text.splitlines()
        rules = [number for number, line in enumerate(lines) if line.startswith("-A")]
        kind = self.dice.choice(("out", "again", "table", "same"))
        if kind == "table" or not rules:
            tables = text.split("COMMIT\n")[:-1]
            number = self.dice.randrange(len(tables))
            tables[number] = self.a_table(tables[number].split("\n")[0][1:]).removesuffix("COMMIT\n")
            return "".join(table + "COMMIT\n" for table in tables)
        if kind == "out":
            del lines[self.dice.choice(rules)]
        elif kind == "again":
            number = self.dice.choice(rules)
            lines.insert(number, lines[number])
        return "\n".join(lines) + "\n"
