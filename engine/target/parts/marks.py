"""Setting a 32-bit mark: what MARK and CONNMARK have in common.

Options:
    --set-xmark VALUE[/MASK]   mark = (mark & ~MASK) ^ VALUE
    --set-mark VALUE[/MASK]    mark = (mark & ~MASK) | VALUE, done as --set-xmark VALUE/(MASK|VALUE)
    --and-mark BITS            --set-xmark 0/~BITS
    --or-mark BITS             --set-xmark BITS/BITS
    --xor-mark BITS            --set-xmark BITS/0
"""

from __future__ import annotations

from typing import Final

from engine.core.extension import Option
from engine.core.values import Given

U32: Final = 0xFFFFFFFF

SETTERS: Final = ("set-xmark", "set-mark", "and-mark", "or-mark", "xor-mark")


def setter_options(others: tuple[str, ...] = ()) -> tuple[Option, ...]:
    """The five options; each excludes `others` (which a complaint names first) and the other four."""
    kinds = ("mark/mask", "mark/mask", "u32", "u32", "u32")
    names = others + SETTERS
    return tuple(
        Option(name, kind, excludes=tuple(other for other in names if other != name))
        for name, kind in zip(SETTERS, kinds, strict=True)
    )


def read_setter(given: Given) -> tuple[int, int] | None:
    """(value, mask) of one of the five options, None if it is another one."""
    name = given.option.name
    value = given.value
    if name == "set-xmark" or name == "set-mark":
        assert isinstance(value, tuple) and len(value) == 2
        mark, mask = value
        return (mark, mask) if name == "set-xmark" else (mark, mark | mask)
    if name not in SETTERS:
        return None
    assert isinstance(value, int)
    if name == "and-mark":
        return 0, value ^ U32
    return (value, value) if name == "or-mark" else (value, 0)


def describe(mark: int, mask: int) -> str:
    """How a listing words it."""
    if mark == 0:
        return f"and 0x{mask ^ U32:x}"
    if mark == mask:
        return f"or 0x{mark:x}"
    if mask == 0:
        return f"xor 0x{mark:x}"
    if mask == U32:
        return f"set 0x{mark:x}"
    return f"xset 0x{mark:x}/0x{mask:x}"
