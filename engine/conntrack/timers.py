"""When entries end: a calendar of seconds, looked through a little at a time.

An entry stands on the page of the second at which it was due when somebody last looked. A later deadline does not move
it: when its page comes up it is put on the page where it belongs by then. Only an earlier deadline puts it on another
page at once (the old place is then stale). So a packet costs an assignment, and each entry is looked at about once for
every timeout it lives through. `due` stops after `budget` looks, however many entries end in one second.
"""

from __future__ import annotations

from heapq import heappop, heappush
from typing import Final

from engine.core.connection import Connection

SHEET: Final = 2048  # entries; a page is many short lists, since a list of a million stops everything when it grows

Page = list[list[Connection]]


class Timers:
    def __init__(self) -> None:
        self.pages: dict[int, Page] = {}
        self.seconds: list[int] = []  # heap of the pages there are
        self.current: Page = []  # the page being looked through
        self.current_second = 0

    def put(self, entry: Connection) -> None:
        """The deadline of an entry is new or has come nearer."""
        deadline = entry.deadline
        second = int(deadline)
        if second < deadline:
            second += 1
        entry.slot = second
        page = self.pages.get(second)
        if page is None:
            self.pages[second] = [[entry]]
            heappush(self.seconds, second)
            return
        sheet = page[-1]
        if len(sheet) < SHEET:
            sheet.append(entry)
        else:
            page.append([entry])

    def due(self, now: float, budget: int, ended: list[Connection]) -> int:
        """Append entries whose deadline has passed to `ended`; how much of the budget is left.

        An entry that left the table otherwise has slot -1 and is passed over.
        """
        while budget > 0:
            if not self.current:
                if not self.seconds or self.seconds[0] > now:
                    return budget
                second = heappop(self.seconds)
                self.current_second = second
                self.current = self.pages.pop(second)
                continue
            sheet = self.current[-1]
            if not sheet:
                self.current.pop()
                continue
            budget -= 1
            entry = sheet.pop()
            if entry.slot != self.current_second:
                continue  # gone, or stands on a nearer page
            if entry.deadline <= now:
                ended.append(entry)
            else:
                self.put(entry)
        return 0

    def due_within_second(self, now: float, ended: list[Connection]) -> None:
        """Append what has ended of the page that is only due at the end of the running second."""
        second = int(now) + 1
        page = self.pages.get(second)
        if page is None:
            return
        rest: Page = [[]]
        for sheet in page:
            for entry in sheet:
                if entry.slot == second and entry.deadline <= now:
                    ended.append(entry)
                elif len(rest[-1]) < SHEET:
                    rest[-1].append(entry)
                else:
                    rest.append([entry])
        self.pages[second] = rest

    def clear(self) -> None:
        self.pages.clear()
        self.seconds.clear()
        self.current = []
