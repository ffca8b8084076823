"""Connections and expectations as plain values (JSON), so that another engine can go on with them.

Times are stored relative to the moment of the snapshot: the next engine's clock may begin anywhere. What is told apart
by identity (an entry and its master) is stored by id.

    snapshot(conntrack, now) -> {"version": 1, "sysctls": {...}, "entries": [...], "expectations": [...], "gre": [...]}
    restore(conntrack, value, now)   raises ValueError saying what is wrong and where; then nothing was restored
"""

from __future__ import annotations

from typing import Any, Final

from engine.conntrack.expectations import Expectation, Policy
from engine.conntrack.gre import Gre
from engine.conntrack.settings import PREFIX, ROWS
from engine.conntrack.tracking import Conntrack
from engine.core.connection import DYING, EXPECTED, NEVER, Connection, Proxied, SequenceAdjustment, Tuple
from engine.core.hooks import IPV4, IPV6
from engine.core.protocols import GRE

VERSION: Final = 1

# Attributes of an entry that are stored as they are
PLAIN: Final = (
    "mark",
    "labels",
    "has_labels",
    "secmark",
    "helper",
    "masquerade_device",
    "events",
    "expect_events",
)


def snapshot(conntrack: Conntrack, now: float) -> dict[str, Any]:
    table = conntrack.table
    entries = table.entries(now)
    kept = {entry.id for entry in entries}
    gre = conntrack.trackers[GRE]
    assert isinstance(gre, Gre)
    return {
        "version": VERSION,
        "sysctls": {row.name: conntrack.settings.groups[row.group][row.index] for row in ROWS},
        "next_id": table.next_id,
        "entries": [_entry(conntrack, entry, now) for entry in entries],
        "expectations": [_expectation(one, now) for one in conntrack.expectations() if one.master.id in kept],
        "gre": [[owner.id, _tuple(key)] for owner, key in gre.keymap.tuples if owner.id in kept],
    }


def _tuple(key: Tuple) -> list[int]:
    return [key.family, key.proto, key.src, key.dst, key.sport, key.dport]


def _entry(conntrack: Conntrack, entry: Connection, now: float) -> dict[str, Any]:
    value: dict[str, Any] = {
        "id": entry.id,
        "original": _tuple(entry.original),
        "reply": _tuple(entry.reply),
        "zones": [entry.zone_original, entry.zone_reply],
        "status": entry.status,
        "left": entry.deadline - now,
        "state": conntrack.tracker_of(entry).dump_state(entry, now),
    }
    for name in PLAIN:
        value[name] = getattr(entry, name)
    if entry.accounting:
        value["counts"] = [entry.packets, entry.bytes]
    if entry.started != NEVER:
        value["age"] = now - entry.started
    if entry.master is not None:
        value["master"] = entry.master.id
    if entry.helper_data:
        value["helper_data"] = dict(entry.helper_data)
    if entry.proxied is not None:
        value["proxied"] = [entry.proxied.isn, entry.proxied.timestamp, entry.proxied.difference]
    if entry.seqadj is not None:
        value["seqadj"] = [[one.correction_pos, one.offset_before, one.offset_after] for one in entry.seqadj]
    return value


def _expectation(one: Expectation, now: float) -> dict[str, Any]:
    return {
        "master": one.master.id,
        "tuple": _tuple(one.key),
        "masks": [one.src_mask, one.sport_mask],
        "class": one.class_number,
        "policy": [one.policy.name, one.policy.limit, one.policy.timeout],
        "flags": one.flags,
        "helper": one.helper,
        "function": one.function,
        "direction": one.direction,
        "saved": [one.saved_address, one.saved_port],
        "left": one.deadline - now,
    }


# -- and back


class _Reader:
    """Takes values out of a snapshot; every complaint says where."""

    def __init__(self, place: str, value: Any) -> None:
        if not isinstance(value, dict):
            raise ValueError(f"{place}: an object is needed, not {value!r:.40}")
        self.place = place
        self.value: dict[str, Any] = value

    def get(self, name: str, kind: type | tuple[type, ...], default: Any = None) -> Any:
        found = self.value.get(name, default)
        if not isinstance(found, kind) or (isinstance(found, bool) and kind is int):
            raise ValueError(f"{self.place}.{name}: unusable value {found!r:.40}")
        return found

    def numbers(self, name: str, count: int, value: Any = None) -> list[int]:
        found = self.get(name, list) if value is None else value
        if not isinstance(found, list) or len(found) != count or not all(isinstance(one, int) for one in found):
            raise ValueError(f"{self.place}.{name}: {count} numbers are needed, not {found!r:.60}")
        return found

    def key(self, name: str, value: Any = None) -> Tuple:
        family, proto, src, dst, sport, dport = self.numbers(name, 6, value)
        room = {IPV4: 1 << 32, IPV6: 1 << 128}.get(family, 0)
        fits = 0 <= proto < 256 and 0 <= src < room and 0 <= dst < room and 0 <= sport < 65536 and 0 <= dport < 65536
        if not fits:
            raise ValueError(f"{self.place}.{name}: not a tuple: {[family, proto, src, dst, sport, dport]}")
        return Tuple(family, proto, src, dst, sport, dport)


def restore(conntrack: Conntrack, value: Any, now: float) -> None:
    """Put back what a snapshot holds, in place of everything there is."""
    whole = _Reader("connections", value)
    if whole.get("version", int, -1) != VERSION:
        raise ValueError(f"connections.version: {whole.value.get('version')!r}; this engine reads version {VERSION}")
    entries: dict[int, Connection] = {}
    masters: dict[int, int] = {}
    for number, item in enumerate(whole.get("entries", list)):
        reader = _Reader(f"connections.entries[{number}]", item)
        entry = _read_entry(conntrack, reader, now)
        if entry.id in entries:
            raise ValueError(f"{reader.place}.id: {entry.id} stands there twice")
        entries[entry.id] = entry
        if "master" in reader.value:
            masters[entry.id] = reader.get("master", int)
    expectations = [
        _read_expectation(conntrack, _Reader(f"connections.expectations[{number}]", item), entries, now)
        for number, item in enumerate(whole.get("expectations", list, []))
    ]
    pairs: list[tuple[Connection, Tuple]] = []
    for number, item in enumerate(whole.get("gre", list, [])):
        owner, key = item
        if owner in entries:
            pairs.append((entries[owner], whole.key(f"gre[{number}]", key)))
    sysctls = whole.get("sysctls", dict, {})
    _install(conntrack, whole.get("next_id", int, 1), sysctls, entries, masters, expectations, pairs, now)


def _read_entry(conntrack: Conntrack, reader: _Reader, now: float) -> Connection:
    zones = reader.numbers("zones", 2)
    entry = Connection(reader.key("original"), reader.key("reply"), zones[0], zones[1])
    entry.id = reader.get("id", int)
    entry.status = reader.get("status", int) & ~DYING
    entry.deadline = float(reader.get("left", (int, float)))
    for name in PLAIN:
        setattr(entry, name, reader.get(name, type(getattr(entry, name))))
    tracker = conntrack.tracker_of(entry)
    try:
        entry.state = tracker.load_state(reader.get("state", list), now)
    except (ValueError, TypeError) as problem:
        raise ValueError(f"{reader.place}.state: {problem}") from None
    if "counts" in reader.value:
        packets, size = reader.get("counts", list)
        entry.accounting = True
        entry.packets = list(reader.numbers("counts", 2, packets))
        entry.bytes = list(reader.numbers("counts", 2, size))
    if "age" in reader.value:
        entry.started = now - float(reader.get("age", (int, float)))
    data = reader.get("helper_data", dict, {})
    if data:
        entry.helper_data.update(data)
    if "proxied" in reader.value:
        proxied = Proxied()
        proxied.isn, proxied.timestamp, proxied.difference = reader.numbers("proxied", 3)
        entry.proxied = proxied
    if "seqadj" in reader.value:
        entry.seqadj = [_read_adjustment(reader, one) for one in reader.get("seqadj", list)]
    return entry


def _read_adjustment(reader: _Reader, value: Any) -> SequenceAdjustment:
    one = SequenceAdjustment()
    one.correction_pos, one.offset_before, one.offset_after = reader.numbers("seqadj", 3, value)
    return one


def _read_expectation(conntrack: Conntrack, reader: _Reader, entries: dict[int, Connection], now: float) -> Expectation:
    master = entries.get(reader.get("master", int))
    if master is None:
        raise ValueError(f"{reader.place}.master: no entry has the id {reader.value['master']}")
    name, limit, timeout = reader.get("policy", list)
    src_mask, sport_mask = reader.numbers("masks", 2)
    function = reader.get("function", str)
    one = Expectation(
        master,
        reader.key("tuple"),
        src_mask,
        sport_mask,
        Policy(str(name), int(limit), int(timeout)),
        reader.get("class", int),
        reader.get("flags", int),
        reader.get("helper", str),
        conntrack.followers.get(function),
    )
    one.function = function
    one.direction = reader.get("direction", int)
    one.saved_address, one.saved_port = reader.numbers("saved", 2)
    one.deadline = now + float(reader.get("left", (int, float)))
    return one


def _install(
    conntrack: Conntrack,
    next_id: int,
    sysctls: dict[str, Any],
    entries: dict[int, Connection],
    masters: dict[int, int],
    expectations: list[Expectation],
    pairs: list[tuple[Connection, Tuple]],
    now: float,
) -> None:
    conntrack.now = now
    conntrack.flush()
    table = conntrack.table
    for _ in range(2):  # once more: a threshold may have to wait for the other
        for name, number in sysctls.items():
            conntrack.set_sysctl(PREFIX + name, str(number))
    for entry in entries.values():
        master = entries.get(masters.get(entry.id, -1))
        if master is not None:
            table.adopt(entry, master)
        elif entry.id in masters:
            entry.status &= ~EXPECTED
        started = entry.started
        table.insert(entry, entry.original.key(entry.zone_original), entry.reply.key(entry.zone_reply), now)
        entry.started = started
    table.next_id = max([next_id, *(number + 1 for number in entries)])
    for one in expectations:
        conntrack.expect(one)
    gre = conntrack.trackers[GRE]
    assert isinstance(gre, Gre)
    gre.keymap.tuples = pairs
