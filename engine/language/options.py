"""The options of one match or target in a rule: reading them, then what libxtables checks before the object is built.

Order of the checks and all sentences are those of libxtables 1.8.9: once, invertible, argument while reading; at the
end of the rule, row by row of the table: mandatory, needed together, excluded.
"""

from __future__ import annotations

from typing import Final

from engine.core.extension import Extension, Option, ParameterProblem, RuleHead, Spec
from engine.core.text import whole_word
from engine.core.values import Given, Values
from engine.language.getopt import NO_ARGUMENT, REQUIRED, LongOption, LongTable
from engine.language.kinds import KINDS, Question

# Extensions whose own parser says "--dport" where libxtables' says "tcp: option ..." declare `once_message`.
TWO: Final = "two"


class Loaded:
    """One `-m NAME` or `-j NAME` of a rule with the options it has been given so far.

    table: number of its rows in the getopt tables; two instances of one match share it. word: index of NAME in the
    command line (for error messages), -1 if it was loaded by `-p`.
    """

    def __init__(self, spec: Spec, name: str, table: int, word: int) -> None:
        self.spec = spec
        self.name = name
        self.table = table
        self.word = word
        self.given: list[Given] = []
        self.completed = False
        self.built: Extension | None = None
        self.warnings: list[str] = []
        self.in_full = True  # every option so far was written out, none shortened

    def take(self, option: Option, head: RuleHead, inverted: bool, text: str) -> None:
        """Read one occurrence of an option."""
        self.check_once(option, head)
        name = option.name  # messages name the first spelling, whichever was used
        if inverted and not option.invert:
            raise ParameterProblem(f'{self.spec.name}: option "--{name}" cannot be inverted.\n')
        # "not tcp" says as little about ports as a protocol without any
        proto = -1 if head.proto_inverted else head.proto
        question = Question(self.spec.name, name, head.family, option.low, option.high, proto)
        self.given.append(Given(option, inverted, text, KINDS[option.kind](question, text)))
        if option.at_once is not None:
            values = Values(head, self.given)
            try:
                option.at_once(values)
            finally:
                self.warnings += values.warnings

    def check_once(self, option: Option, head: RuleHead) -> None:
        """Was it given before, and may be given only once?"""
        twice = any(item.option is option or item.option.name in option.once_among for item in self.given)
        if not twice and option.implied is not None:
            twice = option.implied(Values(head, self.given))
        if option.once and twice:
            usual = f'{self.spec.name}: option "--{option.name}" can only be used once.\n'
            raise ParameterProblem(option.once_message or usual)

    def values(self, head: RuleHead, tool: str) -> Values:
        """All options, after the checks that concern several of them."""
        values = Values(head, self.given, tool)
        if self.spec.final is not None:
            try:
                self.spec.final(values)
            finally:
                self.warnings += values.warnings
                values.warnings = []
        present = {item.option.name for item in self.given}
        for row in self.spec.options:
            if row.name not in present:
                if row.mandatory:
                    raise ParameterProblem(f'{self.spec.name}: option "--{row.name}" must be specified\n')
                continue
            for other in row.also:
                if other not in present:
                    raise ParameterProblem(f'{self.spec.name}: option "--{row.name}" also requires "--{other}".\n')
            for other in row.excludes:
                if other in present:
                    raise ParameterProblem(
                        f'{self.spec.name}: option "--{row.name}" cannot be used together with "--{other}".\n'
                    )
        return values

    def build(self, head: RuleHead, tool: str) -> None:
        """Check all options and make the object."""
        values = self.values(head, tool)
        self.built = self.spec.build(values)
        self.warnings += values.warnings

    def source(self) -> str:
        """The options as given, each after a blank; "" where their words cannot be told apart any more."""
        text = ""
        for item in self.given:
            if item.option.kind == TWO:
                return ""
            text += f" {'! ' if item.inverted else ''}--{item.option.name}"
            if item.option.kind != "none":
                text += " " + whole_word(item.text)
        return text

    def take_built(self, head: RuleHead, tool: str) -> Extension:
        """The object for one rule; each rule has its own."""
        built = self.built
        self.built = None
        return built if built is not None else self.spec.build(Values(head, self.given, tool))


class OptionTable:
    """The options of one extension in the forms that reading needs; spellings of one option share a code."""

    def __init__(self, spec: Spec) -> None:
        rows = []
        self.by_name: dict[str, Option] = {}
        for option in spec.options:
            argument = NO_ARGUMENT if option.kind == "none" else REQUIRED
            for name in (option.name, *option.aliases):
                rows.append(LongOption(name, argument, option.name))
                self.by_name.setdefault(name, option)
        self.long = LongTable(rows)


_tables: Final[dict[int, tuple[Spec, OptionTable]]] = {}


def option_table(spec: Spec) -> OptionTable:
    known = _tables.get(id(spec))
    if known is None:
        known = (spec, OptionTable(spec))
        _tables[id(spec)] = known
    return known[1]
