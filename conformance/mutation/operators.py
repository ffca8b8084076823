"""Faults that can be planted in a Python file: each changes one place of its syntax tree, and only there its text.

Only code inside functions counts, and no text, docstring, assertion or error message: a fault is something that a
packet could feel.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

# operator -> (its sign, the sign put in its place)
COMPARISONS: Final[dict[type[ast.cmpop], tuple[str, str]]] = {
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.In: ("in", "not in"),
    ast.NotIn: ("not in", "in"),
    ast.Is: ("is", "is not"),
    ast.IsNot: ("is not", "is"),
}
ARITHMETIC: Final[dict[type[ast.operator], tuple[str, str]]] = {
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.BitAnd: ("&", "|"),
    ast.BitOr: ("|", "&"),
    ast.LShift: ("<<", ">>"),
    ast.RShift: (">>", "<<"),
}
UNFELT: Final = (ast.Raise, ast.Assert, ast.JoinedStr, ast.Import, ast.ImportFrom)
UNFELT_FUNCTIONS: Final = ("__init__",)  # and what returns text: listings and the like, which tests/ measure


@dataclass(frozen=True)
class Mutant:
    """One fault. `file`: relative to the folder of the package. `at`: (first, one past the last) byte of the text that
    `instead` takes the place of."""

    file: str
    line: int
    at: tuple[int, int]
    was: str
    instead: str

    def applied(self, source: str) -> str:
        """The text of the file with the fault in it."""
        octets = source.encode()
        first, end = self.at
        return (octets[:first] + self.instead.encode() + octets[end:]).decode()

    @property
    def id(self) -> str:
        return f"{self.file}:{self.line}:{self.at[0]}"

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.was} -> {self.instead}"


def mutants_of(root: Path, path: Path) -> list[Mutant]:
    """Every fault that can be planted in one file, in the order of its text."""
    source = path.read_text()
    reader = _Reader(str(path.relative_to(root)), source)
    reader.visit(ast.parse(source))
    return sorted(reader.found, key=lambda each: (each.at, each.instead))


class _Reader(ast.NodeVisitor):
    def __init__(self, file: str, source: str) -> None:
        self.file = file
        self.octets = source.encode()
        self.starts = [0]
        for line in self.octets.split(b"\n"):
            self.starts.append(self.starts[-1] + len(line) + 1)
        self.found: list[Mutant] = []
        self.functions = 0

    # -- what is not looked at

    def visit(self, node: ast.AST) -> None:
        if isinstance(node, UNFELT):
            return
        super().visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        if node.name in UNFELT_FUNCTIONS or (isinstance(node.returns, ast.Name) and node.returns.id == "str"):
            return
        self.functions += 1
        for statement in node.body:
            self.visit(statement)
        self.functions -= 1

    # -- faults

    def visit_Compare(self, node: ast.Compare) -> None:
        left: ast.expr = node.left
        for operator, right in zip(node.ops, node.comparators, strict=True):
            self._sign(left, right, *COMPARISONS[type(operator)])
            left = right
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        signs = ARITHMETIC.get(type(node.op))
        if signs is not None:
            self._sign(node.left, node.right, *signs)
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        was, instead = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        # all of its signs: with one alone, `a and b or c` is something else than what was read
        parts = []
        for left, right in zip(node.values, node.values[1:], strict=False):
            parts.append(self._between(left, right, was))
        if all(parts):
            first, end = self._start(node), self._end(node)
            text = self.octets[first:end]
            for at in reversed(parts):
                assert at is not None
                text = text[: at[0] - first] + instead.encode() + text[at[1] - first :]
            self._add(node, first, end, f"({text.decode()})")
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if isinstance(node.op, ast.Not):
            first, end = self._start(node), self._end(node)
            self._add(node, first, end, f"({self._text(self._start(node.operand), self._end(node.operand))})")
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, bool):
            self._add(node, self._start(node), self._end(node), str(not node.value))
        elif isinstance(node.value, int):
            self._add(node, self._start(node), self._end(node), str(node.value + 1))

    def visit_If(self, node: ast.If) -> None:
        first, end = self._start(node.test), self._end(node.test)
        for always in ("True", "False"):
            self._add(node.test, first, end, always)
        self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Call):
            self._add(node, self._start(node), self._end(node), "pass")
            self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        """An attribute that is not set; a name that is not would be missed at once."""
        if all(isinstance(target, ast.Attribute | ast.Subscript) for target in node.targets):
            self._add(node, self._start(node), self._end(node), "pass")
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self._add(node, self._start(node), self._end(node), "pass")
        self.generic_visit(node)

    # -- places

    def _start(self, node: ast.stmt | ast.expr) -> int:
        return self.starts[node.lineno - 1] + node.col_offset

    def _end(self, node: ast.stmt | ast.expr) -> int:
        assert node.end_lineno is not None and node.end_col_offset is not None
        return self.starts[node.end_lineno - 1] + node.end_col_offset

    def _text(self, first: int, end: int) -> str:
        return self.octets[first:end].decode()

    def _between(self, left: ast.expr, right: ast.expr, sign: str) -> tuple[int, int] | None:
        """Where the sign between two operands stands; None if something else (a comment) stands there too."""
        first, end = self._end(left), self._start(right)
        words = r"\s+".join(re.escape(word) for word in sign.split())
        found = re.fullmatch(rf"[\s()\\]*({words})[\s()\\]*", self._text(first, end))
        return (first + found.start(1), first + found.end(1)) if found else None

    def _sign(self, left: ast.expr, right: ast.expr, was: str, instead: str) -> None:
        at = self._between(left, right, was)
        if at is not None and self.functions:
            self._add(left, at[0], at[1], instead)

    def _add(self, node: ast.stmt | ast.expr, first: int, end: int, instead: str) -> None:
        if self.functions:
            was = " ".join(self._text(first, end).split())
            if was != instead:
                self.found.append(Mutant(self.file, node.lineno, (first, end), was, instead))


def all_mutants(root: Path, under: list[str]) -> Iterator[Mutant]:
    """Faults in all Python files of some files or folders below `root`."""
    for name in under:
        place = root / name
        for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            yield from mutants_of(root, path)
