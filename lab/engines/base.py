"""What every engine's adapter offers, and what it may say that it cannot do.

    refuses   need -> reason. A scenario that `needs` one of these is UNSUPPORTED on the engine, with this reason. It is
              said beforehand, in the adapter's own file; nothing is decided by a failure.
    probe()   "" if the engine can run on this machine, else why not and what to do.

An adapter lives in the lab's owner and drives the engine of one node. All text is iptables' own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Any, ClassVar, Final

from lab.errors import Unsupported

if TYPE_CHECKING:
    from lab.node import Node

FILLERS: Final = IPv4Network("240.0.0.0/4")  # of what fills a table: addresses that nobody has
FAMILIES: Final = ("ipv4", "ipv6")
# The built-in chains of each table (iptables(8), TABLES).
CHAINS: Final = {
    "raw": ("PREROUTING", "OUTPUT"),
    "mangle": ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"),
    "nat": ("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"),
    "filter": ("INPUT", "FORWARD", "OUTPUT"),
    "security": ("INPUT", "FORWARD", "OUTPUT"),
}
TABLES: Final = tuple(CHAINS)


@dataclass(frozen=True, slots=True)
class Settings:
    """How an engine is started. `clock` is virtual (time passes by clock.advance) or monotonic."""

    clock: str = "virtual"
    rules: str = ""
    rules6: str = ""
    on_failure: str = "drop"
    timeouts: tuple[tuple[str, int], ...] = ()
    state: str = ""


@dataclass(frozen=True, slots=True)
class Tuple:
    """One direction of a connection: addresses, and ports, or type, code and id of an ICMP message; else None.

    `entry.original.src` and `entry.original["src"]` are the same.
    """

    src: str
    dst: str
    sport: int | None = None
    dport: int | None = None
    type: int | None = None
    code: int | None = None
    id: int | None = None

    def __getitem__(self, name: str) -> str | int | None:
        if name not in self.__slots__:
            raise KeyError(name)
        value: str | int | None = getattr(self, name)
        return value


@dataclass(frozen=True, slots=True)
class Entry:
    """One connection. `str()` is its line of /proc/net/nf_conntrack."""

    protocol: str
    timeout: int
    state: str
    original: Tuple
    reply: Tuple
    flags: tuple[str, ...] = ()
    mark: int = 0
    zone: int = 0
    text: str = field(default="", compare=False)

    def __str__(self) -> str:
        return self.text


class Adapter:
    """The engine of one firewall node. Subclasses say how; see the module for `refuses` and `probe`."""

    name: ClassVar[str] = ""
    refuses: ClassVar[Mapping[str, str]] = {}
    is_the_kernel: ClassVar[bool] = False  # its sysctls are those of the node, what it lacks the machine lacks

    @classmethod
    def probe(cls) -> str:
        raise NotImplementedError

    def __init__(self, node: Node) -> None:
        self.node = node

    def start(self, settings: Settings) -> None:
        """Begin to start the engine. Raises LabError, RulesetError."""
        raise NotImplementedError

    def wait_until_ready(self) -> None:
        """Return when packets are handled. Raises LabError, RulesetError if the engine did not come up."""

    def attach(self, settings: Settings, pid: int) -> None:
        """Drive an engine that another process has started, as its process `pid` of the lab (0: it is no process)."""
        raise NotImplementedError

    @property
    def pid(self) -> int:
        """The number of the engine's process in the lab, 0 if it is none."""
        return 0

    def close(self) -> None:
        """Close what is open here for it, also if it did not start; the engine itself ends with the lab."""

    def load(self, text: str, family: str = "ipv4", name: str = "rules") -> None:
        """Replace the whole ruleset of a family: tables that `text` does not name become empty. Raises RulesetError
        with the engine's message; the rules in force are unchanged then."""
        raise NotImplementedError

    def save(self, counters: bool = False, family: str = "ipv4", table: str = "") -> str:
        """The ruleset as iptables-save prints it, without the comment lines that carry the date."""
        raise NotImplementedError

    def conntrack(self) -> list[Entry]:
        raise NotImplementedError

    def expectations(self) -> list[str]:
        """The lines of /proc/net/nf_conntrack_expect."""
        raise NotImplementedError

    def flush(self) -> None:
        """No rules, policies ACCEPT, no counters, no connections, no expectations; trace and log empty."""
        raise NotImplementedError

    def flush_conntrack(self) -> None:
        """No connections and no expectations; rules stay."""
        raise NotImplementedError

    def add_connections(self, count: int, assured: bool, seconds: int) -> None:
        """Put so many UDP connections into the table, each of an address of FILLERS."""
        raise NotImplementedError

    def touch_connection(self, src: str, dst: str, port: int) -> None:
        """Put a UDP connection into the table, give it a mark and take it out again, as three conntrack commands."""
        raise NotImplementedError

    def zero(self, family: str = "ipv4") -> None:
        """Set every counter to zero."""
        raise NotImplementedError

    def advance(self, seconds: float) -> float:
        """Let time pass, at once. Returns the engine's time. Raises Unsupported where the clock is not ours."""
        raise Unsupported(f"{self.name}: this clock cannot be advanced")

    def now(self) -> float:
        raise Unsupported(f"{self.name}: this clock cannot be read")

    def sync(self) -> int:
        """Wait until every packet that has reached the engine has its verdict. Returns a number that grows when packets
        were handled."""
        return 0

    def sysctl(self, name: str, value: str | None = None) -> str:
        """Read, or set and read, a sysctl of the node as its engine sees it."""
        raise NotImplementedError

    def trace(self, since: int = 0) -> tuple[list[dict[str, Any]], int]:
        """What the last packets met, and the number to ask from next time. Raises Unsupported."""
        raise Unsupported(f"{self.name}: has no trace")

    def set_tracing(self, mode: str) -> None:
        """Which packets are traced: "on" (all), "sparing" (as many as cost little) or "off". Raises Unsupported."""
        raise Unsupported(f"{self.name}: has no trace")

    def log(self, since: int = 0) -> tuple[list[str], int]:
        """Lines of LOG and NFLOG rules, and the number to ask from next time."""
        raise Unsupported(f"{self.name}: its log cannot be read")

    def dump(self) -> Any:
        """Rules and connections as one JSON value."""
        raise Unsupported(f"{self.name}: its state cannot be saved")

    def restart(self, keep: bool = True, state: Any = None) -> None:
        """End the engine and start it again: from a dumped state, or from the state in which it ends, or (without
        `keep`) as it was when the lab opened. What arrives in between meets `on_engine_failure`."""
        raise Unsupported(f"{self.name}: is not a process that could be started again")

    def kill(self) -> None:
        """End the engine's process with SIGKILL, as a crash would."""
        raise Unsupported(f"{self.name}: is not a process that could be killed")

    def commands(self) -> dict[str, str]:
        """Shell scripts that stand in the PATH of the node: iptables, conntrack and so on, as this engine's own."""
        return {}

    def environment(self) -> dict[str, str]:
        """Variables for programs that run in the node."""
        return {}

    def request(self, **_message: Any) -> dict[str, Any]:
        """One request of the engine's own control protocol, where it has one."""
        raise Unsupported(f"{self.name}: has no control socket")


def without_comments(text: str) -> str:
    """iptables-save text without the lines that say when it was made."""
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith("#"))
