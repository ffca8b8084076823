"""What every match and target is: a specification for the language and an object for the walk.

An extension is one file in match/ or target/. It defines native classes deriving from `Match` or `Target` and a
module-level tuple `EXTENSIONS` of `Spec`, one per family variant. `Spec.options` is the table from which the command
line is parsed (see `engine.language.options`), `Spec.build` makes the object, and `save()`/`listing()` print it back
as iptables-save and iptables -L do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from engine.core.context import Context, Shared
from engine.core.hooks import IPV4, IPV6
from engine.core.packet import Packet
from engine.core.verdict import CONTINUE

if TYPE_CHECKING:
    from engine.core.values import Values

BOTH: Final = (IPV4, IPV6)

# Hook masks
PRE: Final = 1
IN: Final = 2
FWD: Final = 4
OUT: Final = 8
POST: Final = 16
ALL_HOOKS: Final = 31


class ParameterProblem(Exception):
    """The words of a rule are wrong; str() is iptables' message without "iptables vX: " (exit 2)."""


class ResourceProblem(ParameterProblem):
    """The words need something of this machine that is not as it must be (exit 4)."""


class KernelRefusal(Exception):
    """The words are right but the kernel would refuse the rule (checkentry). errno as the kernel gives it; exit 1."""

    def __init__(self, errno: int, reason: str) -> None:
        super().__init__(reason)
        self.errno = errno


class Extension:
    """Common part of matches and targets."""

    def save(self) -> str:
        """The options as iptables-save prints them, without the leading "-m NAME " or "-j NAME"; "" if none."""
        return ""

    def unsaid(self) -> str:
        """What the saved text leaves out although iptables, which compares octets as the kernel keeps them, tells rules
        apart by it (-C, -D); "" if there is nothing."""
        return ""

    def listing(self, numeric: bool) -> str:
        """What iptables -L prints for it, without the leading blank; "" if nothing."""
        return ""

    def column(self, numeric: bool) -> str:
        """`listing` with the blank in front of it; the few extensions that print none override this."""
        text = self.listing(numeric)
        return f" {text}" if text else ""

    def check(self, head: RuleHead, table: str, hooks: int) -> None:
        """The kernel's checkentry beyond what `Spec` declares; raises KernelRefusal.

        hooks: mask of the base hooks from which this rule can be reached (0: none).
        """

    def prepare(self, shared: Shared) -> None:
        """The table holding this rule is about to be committed: have ready what it wants of the machine; raises
        KernelRefusal where the machine cannot. Asked only of extensions that know `installed` or `removed` too."""

    def claim(self) -> tuple[str, str]:
        """A name that rules share, and on which terms this rule wants it: where another is in force with other terms,
        the kernel refuses this one. ("", "") if it names nothing of that sort."""
        return "", ""

    def installed(self, shared: Shared) -> None:
        """The table holding this rule was committed (also when another of its rules changed): state starts afresh
        where the kernel's does, and shared named state is referenced."""

    def removed(self, shared: Shared) -> None:
        """The rule is gone: drop references taken by `installed`."""


class Match(Extension):
    def matches(self, packet: Packet, context: Context) -> bool:
        raise NotImplementedError

    def drops(self) -> bool:
        """Did the last `matches` find a packet that must be dropped at once (hotdrop)?"""
        return False


class Target(Extension):
    def uses_conntrack(self, declared: bool) -> bool:
        """Does this rule switch connection tracking on? declared: what its Spec says."""
        return declared

    def check_matches(self, matches: list[Match]) -> None:
        """The kernel's look at the matches of the same rule (TCPMSS wants a SYN among them); raises KernelRefusal."""

    def apply(self, packet: Packet, context: Context) -> int:
        """A number of `engine.core.verdict`."""
        return CONTINUE


@dataclass(frozen=True)
class Option:
    """One option of an extension, as a row of a table.

    name: without the dashes. kind: how its argument is read; `engine.language.kinds` lists the kinds and what `Values`
    then holds.
    invert: "!" may stand before it. mandatory/once/excludes/also: as the words say, checked in the order of the table
    before `build`, with libxtables' messages. low/high: bounds for numbers (high -1: what the kind can hold) and
    for the length of strings.
    aliases: other spellings (`source-port` of `sport`).
    once_among: other options of which only one may be given, this one included, checked with `once`.
    implied: has another option given this one already? Then it comes twice.
    once_message: said instead of libxtables' sentence when the option comes twice ("" = the usual one).
    at_once: the extension's own look at the argument the moment it is read (it stands last in `Values.given`; the rest
    of the rule is not known yet). Raises ParameterProblem.
    """

    name: str
    kind: str = "none"
    invert: bool = False
    mandatory: bool = False
    once: bool = True
    excludes: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    low: int = 0
    high: int = -1
    aliases: tuple[str, ...] = ()
    once_among: tuple[str, ...] = ()
    implied: Callable[[Values], bool] | None = None
    once_message: str = ""
    at_once: Callable[[Values], None] | None = None


@dataclass(frozen=True)
class Spec:
    """Name, restrictions and options of an extension for one or both families.

    tables/hooks/protos: where the kernel accepts it; empty = anywhere. needs_conntrack: a rule with it switches
    tracking on in the namespace. needs_defrag: it makes the family put fragments together, also without tracking.
    missing: the kernel has it no more, or was built without it; who names it is warned.
    real_name: the kernel's name for it where that differs. more_help: printed by -h behind the options.
    unsupported: why the engine parses but cannot carry it out, "" if it can. final: the extension's own check of which
    options are there; iptables runs it before the checks that the table declares (mandatory, excludes, also).
    """

    name: str
    build: Callable[[Values], Extension]
    options: tuple[Option, ...] = ()
    families: tuple[int, ...] = BOTH
    tables: tuple[str, ...] = ()
    hooks: int = ALL_HOOKS
    protos: tuple[int, ...] = ()
    needs_conntrack: bool = False
    needs_defrag: bool = False
    revision: int = 0
    unsupported: str = ""
    missing: bool = False
    real_name: str = ""
    more_help: str = ""
    final: Callable[[Values], None] | None = None


@dataclass(slots=True)
class RuleHead:
    """The basic part of a rule: what stands before any match (iptables(8) PARAMETERS).

    Addresses and masks are integers; proto 0 = all. Interface patterns end in "+" for a prefix, "" = any.
    fragment: 1 for -f, -1 for ! -f (IPv4), 0 not asked.
    """

    family: int
    src: int = 0
    src_mask: int = 0
    src_inverted: bool = False
    dst: int = 0
    dst_mask: int = 0
    dst_inverted: bool = False
    indev: str = ""
    indev_inverted: bool = False
    outdev: str = ""
    outdev_inverted: bool = False
    proto: int = 0
    proto_inverted: bool = False
    fragment: int = 0
