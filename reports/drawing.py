"""A topology as a drawing: inline SVG made of its links and nodes, without any layout program.

The firewall stands in the middle; what is behind its first link stands on its left, everything else on its right, each
node one column further for each hop. A link with more than two ends is drawn as a switch.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from typing import Final

from reports.records import Topology

COLUMN: Final = 264
BOX: Final = 140
LINE: Final = 15
GAP: Final = 34
MARGIN: Final = 12


@dataclass(slots=True)
class Box:
    """A node: its place (centre), the lines below its name, and whether it is a firewall or a host (`kind`)."""

    name: str
    column: int
    lines: list[str]
    kind: str
    x: float = 0.0
    y: float = 0.0

    @property
    def height(self) -> float:
        return 30.0 + LINE * len(self.lines)


def svg(topology: Topology) -> str:
    """The drawing as an <svg> element. Its colours come from classes: see page.html."""
    boxes = _boxes(topology)
    if not boxes:
        return ""
    width, height = _place(boxes)
    parts = [
        f'<svg class="net" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}" role="img" '
        f'aria-label="{escape(topology.name)}">'
    ]
    parts.append(f'<g class="drawn" id="{_id(topology)}">')
    parts += _wires(topology, boxes)
    parts += [_box(box) for box in boxes.values()]
    return "".join(parts) + "</g></svg>"


def again(topology: Topology) -> str:
    """The same drawing in another place of the page, without saying it all again."""
    found = re.match(r"<svg [^>]*>", svg(topology))
    return f'{found[0]}<use href="#{_id(topology)}"/></svg>' if found else ""


def _id(topology: Topology) -> str:
    return "net-" + re.sub(r"[^A-Za-z0-9_-]", "-", topology.name)


def _ends(topology: Topology) -> dict[str, list[str]]:
    """link -> the nodes on it."""
    ends: dict[str, list[str]] = {link: [] for link in topology.links}
    for name, node in topology.nodes.items():
        for link in node.get("interfaces", {}):
            ends.setdefault(link, []).append(name)
    return ends


def _boxes(topology: Topology) -> dict[str, Box]:
    columns = _columns(topology)
    return {name: Box(name, columns.get(name, 0), _lines(node), "firewall" if node.get("runs") else "host")
            for name, node in topology.nodes.items()}  # fmt: skip


def _lines(node: dict[str, object]) -> list[str]:
    """The addresses of a node, one line a link: IPv4 where there is one."""
    interfaces = node.get("interfaces")
    lines = []
    for link, addresses in interfaces.items() if isinstance(interfaces, dict) else ():
        four = [text for text in addresses if ":" not in text]
        shown = (four or addresses or ["no address"])[0].partition("/")[0]
        lines.append(f"{link} {shown}")
    bridges = node.get("bridges")
    lines += [f"{name}: {'+'.join(ports)}" for name, ports in bridges.items()] if isinstance(bridges, dict) else []
    return lines


def _columns(topology: Topology) -> dict[str, int]:
    """Node -> column, counted from the firewall: negative on the side of its first link."""
    ends = _ends(topology)
    start = next((name for name, node in topology.nodes.items() if node.get("runs")), next(iter(topology.nodes), ""))
    first = next((link for link in topology.links if start in ends[link]), "")
    columns = {start: 0}
    waiting = [start]
    while waiting:
        name = waiting.pop(0)
        for link in topology.nodes.get(name, {}).get("interfaces", {}):
            for other in ends.get(link, ()):
                if other not in columns:
                    side = (-1 if link == first else 1) if name == start else (-1 if columns[name] < 0 else 1)
                    columns[other] = columns[name] + side
                    waiting.append(other)
    return columns


def _place(boxes: dict[str, Box]) -> tuple[float, float]:
    """Give every box its place; returns the size of the whole."""
    lowest = min(box.column for box in boxes.values())
    stacks: dict[int, list[Box]] = {}
    for box in boxes.values():
        stacks.setdefault(box.column, []).append(box)
    tall = max(sum(box.height + GAP for box in stack) - GAP for stack in stacks.values())
    for column, stack in stacks.items():
        y = MARGIN + (tall - (sum(box.height + GAP for box in stack) - GAP)) / 2
        for box in stack:
            box.x = MARGIN + BOX / 2 + (column - lowest) * COLUMN
            box.y = y + box.height / 2
            y += box.height + GAP
    width = 2 * MARGIN + BOX + (max(stacks) - lowest) * COLUMN
    return width, tall + 2 * MARGIN


def _wires(topology: Topology, boxes: dict[str, Box]) -> list[str]:
    parts = []
    for link, names in _ends(topology).items():
        subnets = [text for text in topology.links.get(link, ()) if ":" not in text]
        label = subnets[0] if subnets else ""
        ends = [boxes[name] for name in names if name in boxes]
        if len(ends) == 2:
            parts.append(_wire(ends[0], ends[1], link, label))
        elif ends:
            parts += _switch(ends, link, label)
    return parts


def _wire(one: Box, other: Box, name: str, subnet: str) -> str:
    left, right = sorted((one, other), key=lambda box: box.x)
    if left.x == right.x:
        return _line(left.x, left.y, right.x, right.y) + _label(
            left.x + 8, (left.y + right.y) / 2, name, subnet, "start"
        )
    x1, x2 = left.x + BOX / 2, right.x - BOX / 2
    # A slanting wire has both its texts on the outer side, where no other wire of the same bundle can be.
    slant = right.y - left.y
    shift = 0.0 if abs(slant) < 8 else -20.0 if slant < 0 else 20.0
    return _line(x1, left.y, x2, right.y) + _label((x1 + x2) / 2, (left.y + right.y) / 2 + shift, name, subnet)


def _switch(ends: list[Box], name: str, subnet: str) -> list[str]:
    """A link with more ends than two: a pill between the columns that it joins."""
    columns = sorted({box.x for box in ends})
    x = (columns[0] + columns[-1]) / 2 if len(columns) > 1 else columns[0] + COLUMN / 2
    y = sum(box.y for box in ends) / len(ends)
    parts = [_line(box.x + (BOX / 2 if box.x < x else -BOX / 2), box.y, x, y) for box in ends]
    parts.append(
        f'<rect class="switch" x="{x - 32:.0f}" y="{y - 11:.0f}" width="64" height="22" rx="11"/>'
        f'<text class="link" x="{x:.0f}" y="{y + 4:.0f}" text-anchor="middle">{escape(name)}</text>'
    )
    if subnet:
        parts.append(f'<text class="subnet" x="{x:.0f}" y="{y + 25:.0f}" text-anchor="middle">{escape(subnet)}</text>')
    return parts


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1:.0f}" y1="{y1:.0f}" x2="{x2:.0f}" y2="{y2:.0f}"/>'


def _label(x: float, y: float, name: str, subnet: str, anchor: str = "middle") -> str:
    text = f'<text class="link" x="{x:.0f}" y="{y - 6:.0f}" text-anchor="{anchor}">{escape(name)}</text>'
    if subnet:
        text += f'<text class="subnet" x="{x:.0f}" y="{y + 14:.0f}" text-anchor="{anchor}">{escape(subnet)}</text>'
    return text


def _box(box: Box) -> str:
    left, top = box.x - BOX / 2, box.y - box.height / 2
    text = "".join(
        f'<text class="address" x="{box.x:.0f}" y="{top + 34 + LINE * number:.0f}" text-anchor="middle">{escape(line)}'
        "</text>"
        for number, line in enumerate(box.lines)
    )
    size = f'width="{BOX}" height="{box.height:.0f}"'
    name = f'<text class="name" x="{box.x:.0f}" y="{top + 18:.0f}" text-anchor="middle">{escape(box.name)}</text>'
    return f'<g class="{box.kind}"><rect x="{left:.0f}" y="{top:.0f}" {size} rx="6"/>{name}{text}</g>'
