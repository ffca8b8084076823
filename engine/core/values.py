"""The options a rule gave to one extension, read and checked: what `Spec.build` turns into an object."""

from __future__ import annotations

from typing import Final

from engine.core.extension import Option, RuleHead

# What a kind of argument is read into.
Value = int | str | bytes | tuple[int, int] | tuple[int, int, int] | float | None


# What stands between the two words of an option that takes two (kind "two") in `Given.text`: no word has it.
BETWEEN_TWO: Final = "\0"


class Given:
    """One option as it stood in the rule."""

    def __init__(self, option: Option, inverted: bool, text: str, value: Value) -> None:
        self.option = option
        self.inverted = inverted
        self.text = text
        self.value = value


class Values:
    """Options by name, in the order given. `head` is the basic part of the rule as far as it was read."""

    def __init__(self, head: RuleHead, given: list[Given], tool: str = "iptables") -> None:
        self.head = head
        self.given = given
        self.family = head.family
        self.tool = tool
        self.warnings: list[str] = []  # lines for standard error; the rule is accepted all the same

    def find(self, name: str) -> Given | None:
        """The last occurrence of an option, or None."""
        for item in reversed(self.given):
            if item.option.name == name:
                return item
        return None

    def every(self, name: str) -> list[Given]:
        return [item for item in self.given if item.option.name == name]

    def has(self, name: str) -> bool:
        return self.find(name) is not None

    def inverted(self, name: str) -> bool:
        item = self.find(name)
        return item is not None and item.inverted

    def text(self, name: str, default: str = "") -> str:
        item = self.find(name)
        return default if item is None else item.text

    def string(self, name: str, default: str = "") -> str:
        """The value of a kind that makes strings: unlike `text`, as it was read, not as it was written."""
        item = self.find(name)
        if item is None:
            return default
        value = item.value
        assert isinstance(value, str), name
        return value

    def octets(self, name: str, default: bytes = b"") -> bytes:
        """A link-layer address."""
        item = self.find(name)
        if item is None:
            return default
        value = item.value
        assert isinstance(value, bytes), name
        return value

    def number(self, name: str, default: int = 0) -> int:
        item = self.find(name)
        if item is None:
            return default
        value = item.value
        assert isinstance(value, int), name
        return value

    def pair(self, name: str, default: tuple[int, int] = (0, 0)) -> tuple[int, int]:
        """A range (low, high) or a value and its mask."""
        item = self.find(name)
        if item is None:
            return default
        value = item.value
        assert isinstance(value, tuple) and len(value) == 2, name
        return (value[0], value[1])

    def real(self, name: str, default: float = 0.0) -> float:
        item = self.find(name)
        if item is None:
            return default
        value = item.value
        assert isinstance(value, float), name
        return value
