"""YAML as text with places: every scalar stays the string that was written.

YAML 1.1 reads the MAC 52:54:00:12:34:56 as a number in base 60, `no` as False and `1.10` as 1.1, and keeps the last of
two equal keys without a word. Here nothing is guessed: a scalar is its text, two equal keys are a fault, and everything
knows its line and column.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import yaml

from lab.faults import Faults, Place

# The C loader reads 200 nodes in 3 ms, the Python one in 40; both give the same nodes.
LOADER: Final[Any] = getattr(yaml, "CBaseLoader", yaml.BaseLoader)

# Aliases may share a subtree. This bound keeps ten lines of nested aliases from becoming a billion nodes.
MOST_NODES: Final = 200_000

# No topology needs more than six. The C loader nests its calls as deep as the text nests and has no bound of its own.
MOST_DEPTH: Final = 50


@dataclass(frozen=True, slots=True)
class Text:
    value: str
    place: Place


@dataclass(frozen=True, slots=True)
class Sequence:
    items: tuple[Value, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Mapping:
    entries: tuple[tuple[Text, Value], ...]
    place: Place

    def __iter__(self) -> Iterator[tuple[Text, Value]]:
        return iter(self.entries)

    def get(self, key: str) -> Value | None:
        return next((value for name, value in self.entries if name.value == key), None)


Value = Text | Sequence | Mapping


def what(value: Value) -> str:
    """What was found, in words for a message."""
    if isinstance(value, Text):
        return f"'{value.value}'" if value.value else "nothing"
    return "a list" if isinstance(value, Sequence) else "a mapping"


def read(text: str | bytes, file: str, faults: Faults) -> Value | None:
    """The one document of `text`, or None with the reason in `faults`."""
    try:
        deep = _too_deep(text)
        if deep is not None:
            faults.add(_place(file, deep), "", f"nested more than {MOST_DEPTH} levels deep")
            return None
        node = yaml.compose(text, Loader=LOADER)
    except yaml.MarkedYAMLError as error:
        faults.add(_place(file, error.problem_mark or error.context_mark), "", _reason(error), "is this YAML?")
        return None
    except (yaml.YAMLError, UnicodeError) as error:
        reason = " ".join(str(error).split())
        faults.add(Place(file), "", f"not readable as text: {reason}", "topologies are UTF-8 text")
        return None
    if node is None:
        faults.add(Place(file), "", "the file is empty", "a topology has 'links:' and 'nodes:'")
        return None
    return _Converter(file, faults).convert(node, "", ())


def _too_deep(text: str | bytes) -> Any:
    """The mark where more levels begin than any topology has, or None. Reads event by event, without nested calls."""
    depth = 0
    for event in yaml.parse(text, Loader=LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MOST_DEPTH:
                return event.start_mark
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    return None


def _reason(error: yaml.MarkedYAMLError) -> str:
    parts = [part for part in (error.context, error.problem) if part]
    return "not YAML: " + ", ".join(parts)


def _place(file: str, mark: Any) -> Place:
    return Place(file) if mark is None else Place(file, mark.line + 1, mark.column + 1)


class _Converter:
    def __init__(self, file: str, faults: Faults) -> None:
        self.file = file
        self.faults = faults
        self.count = 0

    def convert(self, node: Any, path: str, above: tuple[int, ...]) -> Value:
        place = _place(self.file, node.start_mark)
        self.count += 1
        if id(node) in above or self.count > MOST_NODES:
            if self.count <= MOST_NODES:
                self.faults.add(place, path, "an alias contains itself")
            elif self.count == MOST_NODES + 1:
                self.faults.add(place, path, f"aliases unfold to more than {MOST_NODES} values")
            return Text("", place)
        if isinstance(node, yaml.ScalarNode):
            return Text(node.value, place)
        inside = (*above, id(node))
        if isinstance(node, yaml.SequenceNode):
            return Sequence(tuple(self.convert(item, path, inside) for item in node.value), place)
        return self.mapping(node, path, place, inside)

    def mapping(self, node: Any, path: str, place: Place, inside: tuple[int, ...]) -> Mapping:
        seen: dict[str, Place] = {}
        entries: list[tuple[Text, Value]] = []
        for key_node, value_node in node.value:
            key_place = _place(self.file, key_node.start_mark)
            if not isinstance(key_node, yaml.ScalarNode):
                self.faults.add(key_place, path, "a key must be a word, not a list or a mapping")
                continue
            name = key_node.value
            below = f"{path}.{name}" if path else name
            value = self.convert(value_node, below, inside)
            if name in seen:
                hint = f"the first is in line {seen[name].line}"
                self.faults.add(key_place, below, f"'{name}' is written twice", hint)
                continue
            seen[name] = key_place
            entries.append((Text(name, key_place), value))
        return Mapping(tuple(entries), place)
