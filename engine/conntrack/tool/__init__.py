"""conntrack(8) on the engine's own table: the same words, lines, messages and exit codes as conntrack 1.4.7.

    run(argv, stdin, conntrack, now)          every command but -E: (exit code, stdout, stderr)
    Stream(argv, conntrack, now, write)       conntrack -E: lines go to `write` as things happen, until `close`

argv[0] is the program's name. Where the tool says something wrong, so does this one; docs/conntrack-tool.md lists it.
"""

from __future__ import annotations

from collections.abc import Callable

from engine.conntrack.events import DESTROY, NEW, UPDATE, Event
from engine.conntrack.tool.carry_out import Carrier
from engine.conntrack.tool.filters import family_matches, matches
from engine.conntrack.tool.problems import NAME, Problem, wrong
from engine.conntrack.tool.render import Renderer, told
from engine.conntrack.tool.request import (
    EVENT_DESTROY,
    EVENT_NEW,
    EVENT_UPDATES,
    XML,
    Request,
    parse,
)
from engine.conntrack.tracking import Conntrack
from engine.core.names import Names

REFUSED_IN_FILE = {
    "": "unknown",
    "L": "-L",
    "G": "-G",
    "E": "-E",
    "V": "-V",
    "h": "-h",
    "eL": "-L expect",
    "eI": "-C expect",
    "eD": "-D expect",
    "eG": "-G expect",
    "eF": "-F expect",
    "eE": "-E expect",
    "C": "-C",
    "eC": "-C expect",
    "S": "-S",
    "eS": "-S expect",
}


def run(
    argv: list[str],
    stdin: str,
    conntrack: Conntrack,
    now: float,
    portid: int = 0,
    labels: dict[str, int] | None = None,
) -> tuple[int, str, str]:
    """One command. portid: shown to listeners as the program that made the change, 0 = they see no program.

    labels: names of connection labels and their bits (connlabel.conf), None without such a file.
    """
    names = Names()
    conntrack.expire_all(now)
    conntrack.table.events.portid = portid
    try:
        if len(argv) >= 3 and argv[1] in ("-R", "--load-file"):  # what follows the file is not looked at
            return _load(argv[2], stdin, conntrack, now, names, labels)
        request = parse(argv, names, labels)
        carrier = Carrier(request, conntrack, now, names, labels)
        return _carry(carrier, summary=True)
    except Problem as problem:
        return problem.code, "", problem.text()
    finally:
        conntrack.table.events.portid = 0


def _carry(carrier: Carrier, summary: bool) -> tuple[int, str, str]:
    warnings = "".join(carrier.request.warnings)
    try:
        code = carrier.run(summary)
    except Problem as problem:
        return problem.code, "".join(carrier.out), warnings + "".join(carrier.err) + problem.text()
    return code, "".join(carrier.out), warnings + "".join(carrier.err)


def _load(
    path: str, stdin: str, conntrack: Conntrack, now: float, names: Names, labels: dict[str, int] | None
) -> tuple[int, str, str]:
    """-R: a command a line, all read before the first is carried out; none says how many entries it was."""
    if path == "-":
        text = stdin
    else:
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                text = file.read()
        except OSError:
            raise wrong(f"Failed to open file {path} for reading") from None
    requests: list[Request] = []
    for line in text.splitlines():
        words = split_line(line)
        if not words or line.lstrip(" \t").startswith("#"):
            continue
        request = parse(["conntrack", *words], names, labels)
        if request.command in REFUSED_IN_FILE:
            raise wrong(f"Cannot use command `{REFUSED_IN_FILE[request.command]}' with --load-file")
        requests.append(request)
    out = ""
    err = ""
    for request in requests:
        code, more_out, more_err = _carry(Carrier(request, conntrack, now, names, labels), summary=False)
        out += more_out
        err += more_err
        if code:
            return code, out, err
    return 0, out, err


def split_line(line: str) -> list[str]:
    """Words of a line; double quotes keep blanks together, a backslash inside them takes the next letter as it is."""
    words: list[str] = []
    word = ""
    quoted = False
    escaped = False
    for letter in line + " ":
        if quoted:
            if escaped:
                word += letter
                escaped = False
            elif letter == "\\":
                escaped = True
            elif letter == '"':
                quoted = False
                words.append(word)
                word = ""
            else:
                word += letter
        elif letter == '"':
            quoted = True
        elif letter in " \t\n":
            if word:
                words.append(word)
            word = ""
        else:
            word += letter
    return words


def asks_for_events(argv: list[str], labels: dict[str, int] | None = None) -> bool:
    """Is it a command for `Stream`? Wrong command lines are `run`'s."""
    if argv[1:2] in (["-R"], ["--load-file"]):
        return False
    try:
        return parse(argv, Names(), labels).command in ("E", "eE")
    except Problem:
        return False


class Stream:
    """conntrack -E. After construction `exit_code` is -1 while it listens; else `error` says why it does not."""

    def __init__(
        self,
        argv: list[str],
        conntrack: Conntrack,
        now: float,
        write: Callable[[str], None],
        labels: dict[str, int] | None = None,
    ) -> None:
        self.conntrack = conntrack
        self.write = write
        self.labels = labels
        self.count = 0
        self.exit_code = -1
        self.error = ""
        self.header = False
        try:
            self.request = parse(argv, Names(), labels)
            if self.request.command not in ("E", "eE"):
                raise wrong("Invalid commands combination")
            self.request.check_masks()
        except Problem as problem:
            self.exit_code = problem.code
            self.error = problem.text()
            return
        self.expect = self.request.command == "eE"
        events = self.request.events or EVENT_NEW | EVENT_UPDATES | EVENT_DESTROY
        self.kinds = {
            kind for bit, kind in ((EVENT_NEW, NEW), (EVENT_UPDATES, UPDATE), (EVENT_DESTROY, DESTROY)) if events & bit
        }
        if "buffer-size" in self.request.given:
            size = self.request.buffer_size * 2
            self.error = f"NOTICE: Netlink socket buffer size has been set to {size} bytes.\n"
        conntrack.table.events.subscribe(self.hear)

    def hear(self, event: Event) -> None:
        """One event: print it if it was asked for."""
        if event.kind not in self.kinds:
            return
        text = self._expectation(event) if self.expect else self._entry(event)
        if not text:
            return
        if self.request.output & XML and not self.header:
            self.header = True
            self.write(f'<?xml version="1.0" encoding="utf-8"?>\n<{"expect" if self.expect else "conntrack"}>\n')
        self.write(text + "\n")
        self.count += 1

    def _renderer(self, event: Event) -> Renderer:
        environment = self.conntrack.shared.environment
        shown = self.labels if self.request.shows_labels else None
        return Renderer(self.request.output, event.now, environment.wall_clock(), environment.timezone_offset(), shown)

    def _entry(self, event: Event) -> str:
        entry = event.entry
        if entry is None or not family_matches(self.request, entry):
            return ""
        if not matches(self.request, entry, self.labels):
            return ""
        renderer = self._renderer(event)
        text = renderer.entry(told(entry, event.now, event.kind, event.bits))
        if renderer.stamped():
            text = renderer.stamp() + text
        if event.portid:
            text += f" [USERSPACE] portid={event.portid}"
        return text

    def _expectation(self, event: Event) -> str:
        one = event.expectation
        if one is None:
            return ""
        renderer = self._renderer(event)
        stamp = renderer.stamp() if renderer.stamped() else ""
        return stamp + renderer.expectation(one, event.kind)

    def close(self) -> str:
        """Stop listening (the tool got SIGINT): what it prints to stderr then."""
        if self.exit_code >= 0:
            return ""
        self.exit_code = 0
        self.conntrack.table.events.unsubscribe(self.hear)
        if self.header:
            self.write(f"</{'expect' if self.expect else 'conntrack'}>\n")
        what = "expectation" if self.expect else "flow"
        return f"{NAME}{self.count} {what} events have been shown.\n"
