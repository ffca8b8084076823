"""Which option may, must or must not stand with which command. Tables read as: row = option, column = command.

    .  refused          !  must be given
    o  may be given     2  one of a pair: the pair of the original or that of the reply direction must be whole

Commands: the letter of the table conntrack, and behind "e" that of the table expect. Measured with conntrack 1.4.7.
"""

from __future__ import annotations

from typing import Final

from engine.conntrack.tool.problems import wrong

TEXT: Final = """
               L  I  U  D  G  F  E  V  h  eL eI eD eG eF eE C  eC S  eS A
  src          o  2  o  o  2  .  o  .  .  .  !  !  !  .  .  .  .  .  .  2
  dst          o  2  o  o  2  .  o  .  .  .  !  !  !  .  .  .  .  .  .  2
  reply-src    o  2  o  o  2  .  o  .  .  .  o  o  o  .  .  .  .  .  .  2
  reply-dst    o  2  o  o  2  .  o  .  .  .  o  o  o  .  .  .  .  .  .  2
  protonum     o  !  o  o  !  .  o  .  o  .  !  !  !  .  .  .  .  .  .  !
  timeout      .  !  o  o  .  .  .  .  .  .  !  .  .  .  .  .  .  .  .  !
  status       o  o  o  o  .  .  .  .  .  .  o  .  .  .  .  .  .  .  .  o
  zero         o  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .
  event-mask   .  .  .  .  .  .  o  .  .  .  .  .  .  .  .  .  .  .  .  .
  tuple-src    .  .  .  .  .  .  .  .  .  .  !  .  .  .  .  .  .  .  .  .
  tuple-dst    .  .  .  .  .  .  .  .  .  .  !  .  .  .  .  .  .  .  .  .
  mask-src     o  .  o  o  .  .  o  .  .  .  !  .  .  .  .  .  .  .  .  .
  mask-dst     o  .  o  o  .  .  o  .  .  .  !  .  .  .  .  .  .  .  .  .
  nat-range    .  o  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  o
  mark         o  o  o  o  .  .  o  .  .  .  .  .  .  .  .  .  .  .  .  o
  id           .  .  o  o  o  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .
  family       o  .  o  o  .  o  o  .  .  o  .  .  .  .  .  .  .  .  .  .
  src-nat      o  o  o  o  .  .  o  .  .  .  .  .  .  .  .  .  .  .  .  o
  dst-nat      o  o  o  o  .  .  o  .  .  .  .  .  .  .  .  .  .  .  .  o
  output       o  .  o  o  o  .  o  .  .  o  .  .  .  .  o  .  .  .  .  .
  secmark      o  .  .  .  .  .  o  .  .  .  .  .  .  .  .  .  .  .  .  .
  buffer-size  .  .  .  .  .  .  o  .  .  .  .  .  .  .  .  .  .  .  .  .
  any-nat      o  .  .  .  .  .  o  .  .  .  .  .  .  .  .  .  .  .  .  .
  zone         o  o  .  o  .  .  o  .  .  .  .  .  .  .  .  .  .  .  .  o
  label        o  .  o  o  o  .  o  .  .  .  .  .  .  .  .  .  .  .  .  .
  label-add    .  o  o  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  o
  label-del    .  .  o  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .
  orig-zone    o  o  .  o  .  .  o  .  .  .  .  .  .  .  .  .  .  .  .  o
  reply-zone   o  o  .  o  .  .  o  .  .  .  .  .  .  .  .  .  .  .  .  o
"""

SYMBOLS: Final = frozenset(".o!2")


class Legality:
    """A table read from its text."""

    def __init__(self, text: str) -> None:
        lines = [line.split() for line in text.strip().splitlines()]
        self.commands = lines[0]
        self.options: list[str] = []
        self.cells: dict[tuple[str, str], str] = {}
        for row in lines[1:]:
            name, cells = row[0], row[1:]
            if len(cells) != len(self.commands) or not SYMBOLS.issuperset(cells):
                raise ValueError(f"row '{name}': {len(cells)} cells for {len(self.commands)} commands, or a wrong one")
            self.options.append(name)
            for command, cell in zip(self.commands, cells, strict=True):
                self.cells[command, name] = cell

    def check(self, command: str, given: set[str], pairs: tuple[tuple[str, str], ...]) -> int:
        """Raises Problem for a missing or refused option. -1: all is well, else the pair that is to be named."""
        paired = False
        for name in self.options:
            cell = self.cells[command, name]
            if cell == "!" and name not in given:
                raise wrong(f"You need to supply the `--{name}' option for this command")
            if cell == "." and name in given:
                raise wrong(f"Illegal option `--{name}' with this command")
            paired = paired or cell == "2"
        if not paired or not pairs:
            return -1
        if any(set(pair) <= given for pair in pairs):
            return -1
        for number, pair in enumerate(pairs):
            if given & set(pair):
                return number
        return 0


GENERAL: Final = Legality(TEXT)
ADDRESS_PAIRS: Final = (("src", "dst"), ("reply-src", "reply-dst"))
