"""CONNMARK: set the mark of the connection, or copy it to or from the mark of the packet.

    -j CONNMARK {--set-xmark | --set-mark} VALUE[/MASK]
    -j CONNMARK {--and-mark | --or-mark | --xor-mark} BITS
    -j CONNMARK --save-mark    [--nfmask MASK] [--ctmask MASK] | [--mask MASK]
    -j CONNMARK --restore-mark [--nfmask MASK] [--ctmask MASK] | [--mask MASK]
        and with any of them [--left-shift-mark BITS | --right-shift-mark BITS]

    save      ctmark = (ctmark & ~ctmask) ^ shift(nfmark & nfmask)
    restore   nfmark = (nfmark & ~nfmask) ^ shift(ctmark & ctmask)
    set       ctmark = shift((ctmark & ~MASK) ^ VALUE)

Options are applied in the order given: `--set-mark 1 --mask 3` has mask 3, `--mask 3 --set-mark 1` has a full mask.
A packet without a connection (INVALID, UNTRACKED) is left alone. Any table will do, also for --restore-mark.

Kernel peer: xt_connmark revision 2. Source: iptables-extensions(8), CONNMARK; order of options measured.
"""

from __future__ import annotations

from errno import EINVAL
from typing import Final

from engine.core.connection import EVENT_MARK
from engine.core.context import Context
from engine.core.extension import KernelRefusal, Option, ParameterProblem, RuleHead, Spec, Target
from engine.core.packet import Packet
from engine.core.values import Values
from engine.core.verdict import CONTINUE
from engine.target.parts.marks import SETTERS, U32, describe, read_setter, setter_options

SET: Final = 0
SAVE: Final = 1
RESTORE: Final = 2


class ConnMark(Target):
    def __init__(self) -> None:
        self.mode = SET
        self.mark = 0
        self.ctmask = U32
        self.nfmask = U32
        self.shift = 0
        self.right = False

    def check(self, head: RuleHead, table: str, hooks: int) -> None:
        if self.shift > 31:
            raise KernelRefusal(EINVAL, f"CONNMARK: cannot shift by {self.shift} bits")

    def save(self) -> str:
        if self.mode == SET:
            text = f"--set-xmark 0x{self.mark:x}/0x{self.ctmask:x}"
        else:
            word = "--save-mark" if self.mode == SAVE else "--restore-mark"
            text = f"{word} --nfmask 0x{self.nfmask:x} --ctmask 0x{self.ctmask:x}"
        if self.shift:
            text += f" --{'right' if self.right else 'left'}-shift-mark {self.shift}"
        return text

    def unsaid(self) -> str:
        nfmask = f"{self.nfmask:x}" if self.mode == SET else ""
        return f"{nfmask} {self.right}"

    def listing(self, numeric: bool) -> str:
        if self.mode == SET:
            text = f"CONNMARK {describe(self.mark, self.ctmask)}"
        else:
            text = "CONNMARK save" if self.mode == SAVE else "CONNMARK restore"
            if self.nfmask == self.ctmask:
                text += "" if self.nfmask == U32 else f" mask 0x{self.nfmask:x}"
            elif self.mode == SAVE:
                text += f" nfmask 0x{self.nfmask:x} ctmask ~0x{self.ctmask:x}"
            else:
                text += f" ctmask 0x{self.ctmask:x} nfmask ~0x{self.nfmask:x}"
        if self.shift:
            text += f" {'right' if self.right else 'left'}-shift-mark {self.shift}"
        return text

    def shifted(self, value: int) -> int:
        return value >> self.shift if self.right else value << self.shift & U32

    def apply(self, packet: Packet, context: Context) -> int:
        entry = context.entry
        if entry is None:
            return CONTINUE
        if self.mode == RESTORE:
            context.mark = (context.mark & ~self.nfmask) ^ self.shifted(entry.mark & self.ctmask)
            return CONTINUE
        if self.mode == SAVE:
            mark = (entry.mark & ~self.ctmask) ^ self.shifted(context.mark & self.nfmask)
        else:
            mark = self.shifted((entry.mark & ~self.ctmask) ^ self.mark)
        if mark != entry.mark:
            entry.mark = mark
            entry.event_cache |= EVENT_MARK
        return CONTINUE


COPIES: Final = ("save-mark", "restore-mark")
OPERATIONS: Final = SETTERS + COPIES


def final(values: Values) -> None:
    if not any(given.option.name in OPERATIONS for given in values.given):
        raise ParameterProblem("CONNMARK target: No operation specified")


def build(values: Values) -> Target:
    target = ConnMark()
    for given in values.given:
        name = given.option.name
        setter = read_setter(given)
        if setter is not None:
            target.mark, target.ctmask = setter
        elif name == "save-mark":
            target.mode = SAVE
        elif name == "restore-mark":
            target.mode = RESTORE
        else:
            number = given.value
            assert isinstance(number, int)
            if name.endswith("shift-mark"):
                target.shift = number
                target.right = name.startswith("right")
            if name == "ctmask" or name == "mask":
                target.ctmask = number
            if name == "nfmask" or name == "mask":
                target.nfmask = number
    return target


OPTIONS: Final = (
    *setter_options(COPIES),
    Option("save-mark", excludes=(*SETTERS, "restore-mark")),
    Option("restore-mark", excludes=(*SETTERS, "save-mark")),
    Option("left-shift-mark", "u8", low=0, high=32),
    Option("right-shift-mark", "u8", low=0, high=32),
    Option("ctmask", "u32", excludes=("mask",)),
    Option("nfmask", "u32", excludes=("mask",)),
    Option("mask", "u32", excludes=("ctmask", "nfmask")),
)

EXTENSIONS: Final = (Spec("CONNMARK", build, OPTIONS, needs_conntrack=True, revision=2, final=final),)
