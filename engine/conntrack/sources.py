"""Translated sources: which entries have a mapped source, by the source they had.

NAT gives a source that talks to a second host the mapping it already has. Only entries in the table whose source was
changed stand here, so a machine that does not translate pays nothing. Like the table, this is many small dictionaries.
"""

from __future__ import annotations

from typing import Final

from engine.core.connection import Connection, Tuple
from engine.core.hooks import IPV4

SHARDS: Final = 1024
SHARD_MASK: Final = SHARDS - 1

SourceKey = bytes


def source_key(key: Tuple, zone: int) -> SourceKey:
    """Protocol, zone, source address and what stands for the source port."""
    width = 4 if key.family == IPV4 else 16
    number = ((key.proto << 16 | zone) << width * 8 | key.src) << 16 | key.sport
    return number.to_bytes(5 + width, "big")


class Sources:
    def __init__(self) -> None:
        self.shards: list[dict[SourceKey, list[Connection]]] = [{} for _ in range(SHARDS)]

    def add(self, entry: Connection) -> None:
        key = source_key(entry.original, entry.zone_original)
        shard = self.shards[hash(key) & SHARD_MASK]
        found = shard.get(key)
        if found is None:
            shard[key] = [entry]
        else:
            found.append(entry)

    def remove(self, entry: Connection) -> None:
        key = source_key(entry.original, entry.zone_original)
        shard = self.shards[hash(key) & SHARD_MASK]
        found = shard.get(key)
        if found is None or entry not in found:
            return
        if len(found) == 1:
            del shard[key]
        else:
            found.remove(entry)

    def of(self, key: Tuple, zone: int) -> list[Connection]:
        """Entries whose first packet had the source of this tuple, oldest first; not to be changed."""
        packed = source_key(key, zone)
        return self.shards[hash(packed) & SHARD_MASK].get(packed, NOBODY)


NOBODY: Final[list[Connection]] = []
