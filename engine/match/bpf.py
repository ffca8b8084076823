"""bpf: a classic BPF program looks at the packet.

    -m bpf --bytecode "COUNT,CODE JT JF K[,CODE JT JF K]..."

The packet begins at its IP header. It matches when the program returns anything but 0. At most 64 instructions, as
`nfbpf_compile` and `tcpdump -ddd` write them. A program that could run away, read behind its memory or use an unknown
instruction is refused. A load from outside the packet ends the program with 0. Of the kernel's extra loads (offsets
from -4096 on) protocol, mark, CPU, payload offset, random number and A^X are carried out; the others give 0.
--object-pinned names a program in a BPF file system; there is none here.

Kernel peer: xt_bpf revision 1. Source: iptables-extensions(8) bpf; kernel Documentation/networking/filter.rst;
McCanne, Jacobson: The BSD Packet Filter (1993).
"""

from __future__ import annotations

import re
from errno import EINVAL
from typing import Final

from engine.core.context import Context
from engine.core.extension import Extension, KernelRefusal, Match, Option, ParameterProblem, RuleHead, Spec
from engine.core.hooks import IPV4
from engine.core.packet import Packet
from engine.core.values import Values

U32: Final = 0xFFFFFFFF
LIMIT: Final = 64
MEMORY: Final = 16

# Instruction classes and their parts (filter.rst)
LD, LDX, ST, STX, ALU, JMP, RET, MISC = range(8)
IMM, ABS, IND, MEM, LEN, MSH = 0x00, 0x20, 0x40, 0x60, 0x80, 0xA0
SIZES: Final[dict[int, int]] = {0x00: 4, 0x08: 2, 0x10: 1}
ADD, SUB, MUL, DIV, OR, AND, LSH, RSH, NEG, MOD, XOR = (number << 4 for number in range(11))
JA, JEQ, JGT, JGE, JSET = (number << 4 for number in range(5))
REGISTER: Final = 0x08  # the operand is X instead of K
RET_A: Final = 0x10
TXA: Final = 0x80

ALU_OPERATIONS: Final = (ADD, SUB, MUL, DIV, OR, AND, LSH, RSH, MOD, XOR)
KNOWN: Final = frozenset(
    [LD | size | mode for size in SIZES for mode in (ABS, IND)]
    + [LD | IMM, LD | MEM, LD | LEN, LDX | IMM, LDX | MEM, LDX | LEN, LDX | 0x10 | MSH, ST, STX]
    + [ALU | operation | operand for operation in ALU_OPERATIONS for operand in (0, REGISTER)]
    + [ALU | NEG, JMP | JA]
    + [JMP | jump | operand for jump in (JEQ, JGT, JGE, JSET) for operand in (0, REGISTER)]
    + [RET, RET | RET_A, MISC, MISC | TXA]
)

# Loads from offsets that stand for something else
NETWORK: Final = 0xFFF00000  # from the IP header on
EXTRA: Final = 0xFFFFF000
EXTRA_PROTOCOL, EXTRA_MARK, EXTRA_CPU, EXTRA_XOR_X, EXTRA_PAYLOAD, EXTRA_RANDOM = 0, 20, 36, 40, 52, 56
EXTRAS: Final = range(0, 64, 4)
ETHERTYPES: Final[dict[int, int]] = {IPV4: 0x0800}

COUNT: Final = re.compile(r"\s*([+-]?[0-9]{1,19}),")
FIELDS: Final = re.compile(r"\s*([+-]?[0-9]{1,19}+)" * 4)

Instruction = tuple[int, int, int, int]


class Machine:
    """One run of a program over one packet."""

    def __init__(self, packet: Packet, context: Context) -> None:
        self.packet = packet
        self.context = context
        self.a = 0
        self.x = 0
        self.memory = [0] * MEMORY
        self.outside = False

    def run(self, program: list[Instruction]) -> int:
        counter = 0
        while True:
            code, when_true, when_false, k = program[counter]
            counter += 1
            kind = code & 7
            if kind == RET:
                return self.a if code & RET_A else k
            if kind == JMP:
                if code & 0xF0 == JA:
                    counter += k
                else:
                    counter += when_true if self._jumps(code, k) else when_false
            elif kind == ALU:
                self._calculate(code, k)
            else:
                self._move(kind, code, k)
            if self.outside:
                return 0

    def _jumps(self, code: int, k: int) -> bool:
        operand = self.x if code & REGISTER else k
        jump = code & 0xF0
        if jump == JEQ:
            return self.a == operand
        if jump == JGT:
            return self.a > operand
        if jump == JGE:
            return self.a >= operand
        return self.a & operand != 0

    def _calculate(self, code: int, k: int) -> None:
        operand = self.x if code & REGISTER else k
        operation = code & 0xF0
        a = self.a
        if operation in (DIV, MOD) and operand == 0:
            self.outside = True
            return
        if operation == ADD:
            a += operand
        elif operation == SUB:
            a -= operand
        elif operation == MUL:
            a *= operand
        elif operation == DIV:
            a //= operand
        elif operation == MOD:
            a %= operand
        elif operation == OR:
            a |= operand
        elif operation == AND:
            a &= operand
        elif operation == XOR:
            a ^= operand
        elif operation == LSH:
            a <<= operand & 31
        elif operation == RSH:
            a >>= operand & 31
        else:
            a = -a
        self.a = a & U32

    def _move(self, kind: int, code: int, k: int) -> None:
        if kind == LD:
            self.a = self._load(code, k)
        elif kind == LDX:
            if code & 0xE0 == MSH:
                self.x = (self._read(k, 1) & 15) * 4
            else:
                self.x = self._load(code, k)
        elif kind == ST:
            self.memory[k] = self.a
        elif kind == STX:
            self.memory[k] = self.x
        elif code & TXA:
            self.a = self.x
        else:
            self.x = self.a

    def _load(self, code: int, k: int) -> int:
        mode = code & 0xE0
        if mode == IMM:
            return k
        if mode == MEM:
            return self.memory[k]
        if mode == LEN:
            return len(self.packet.data)
        size = SIZES[code & 0x18]
        return self._read(k if mode == ABS else self.x + k & U32, size)

    def _read(self, offset: int, size: int) -> int:
        if offset >= EXTRA:
            return self._extra(offset - EXTRA)
        if offset >= NETWORK:
            offset -= NETWORK
        data = self.packet.data
        if offset + size > len(data):
            self.outside = True
            return 0
        return int.from_bytes(data[offset : offset + size], "big")

    def _extra(self, number: int) -> int:
        if number == EXTRA_PROTOCOL:
            return ETHERTYPES.get(self.packet.family, 0x86DD)
        if number == EXTRA_MARK:
            return self.context.mark
        if number == EXTRA_CPU:
            return self.context.shared.environment.cpu()
        if number == EXTRA_XOR_X:
            return self.a ^ self.x
        if number == EXTRA_PAYLOAD:
            return self.packet.payload()
        if number == EXTRA_RANDOM:
            return self.context.shared.randomness.u32()
        return 0


class Bpf(Match):
    def __init__(self, program: list[Instruction]) -> None:
        self.program = program

    def matches(self, packet: Packet, context: Context) -> bool:
        return Machine(packet, context).run(self.program) != 0

    def check(self, head: RuleHead, table: str, hooks: int) -> None:
        check_program(self.program)

    def _lines(self) -> list[str]:
        return [f"{code} {jt} {jf} {k}" for code, jt, jf, k in self.program]

    def save(self) -> str:
        return f'--bytecode "{len(self.program)},{",".join(self._lines())}"'

    def listing(self, numeric: bool) -> str:
        return f"match bpf {','.join(self._lines())}\0"

    def column(self, numeric: bool) -> str:
        return self.listing(numeric)  # without a blank in front, but with a NUL behind, as iptables 1.8.9 prints it


def check_program(program: list[Instruction]) -> None:
    """What the kernel asks of a program: known instructions, jumps and memory inside, a return at the end."""
    size = len(program)
    for number, (code, when_true, when_false, k) in enumerate(program):
        left = size - number - 1
        if code not in KNOWN:
            raise KernelRefusal(EINVAL, f"bpf: instruction {number} has the unknown code {code}")
        kind = code & 7
        if code in (ALU | DIV, ALU | MOD) and k == 0:
            raise KernelRefusal(EINVAL, f"bpf: instruction {number} divides by 0")
        if code in (ALU | LSH, ALU | RSH) and k > 31:
            raise KernelRefusal(EINVAL, f"bpf: instruction {number} shifts by {k}")
        if (code in (LD | MEM, LDX | MEM) or kind in (ST, STX)) and k >= MEMORY:
            raise KernelRefusal(EINVAL, f"bpf: instruction {number} uses memory word {k} of {MEMORY}")
        if kind == LD and code & 0xE0 == ABS and k >= EXTRA and k - EXTRA not in EXTRAS:
            raise KernelRefusal(EINVAL, f"bpf: instruction {number} loads from the unknown offset {k}")
        if kind == JMP:
            farthest = k if code & 0xF0 == JA else max(when_true, when_false)
            if farthest >= left:
                raise KernelRefusal(EINVAL, f"bpf: instruction {number} jumps out of the program")
    if not program or program[-1][0] & 7 != RET:
        raise KernelRefusal(EINVAL, "bpf: the program does not end with a return")
    _check_memory(program)


def _check_memory(program: list[Instruction]) -> None:
    """A word of memory is written before it is read, on every way to the read."""
    known = [(1 << MEMORY) - 1] * len(program)  # words that are written whenever this instruction is reached
    written = 0
    for number, (code, when_true, when_false, k) in enumerate(program):
        written &= known[number]
        kind = code & 7
        if kind in (ST, STX):
            written |= 1 << k
        elif code in (LD | MEM, LDX | MEM) and not written >> k & 1:
            raise KernelRefusal(EINVAL, f"bpf: instruction {number} reads memory word {k} before it is written")
        elif kind == JMP:
            for step in [k] if code & 0xF0 == JA else [when_true, when_false]:
                known[number + 1 + step] &= written
            written = (1 << MEMORY) - 1


def read_program(text: str) -> list[Instruction]:
    """`4,48 0 0 9,21 0 1 6,6 0 0 1,6 0 0 0` as instructions, with iptables' complaints."""
    found = COUNT.match(text)
    if found is None:
        raise ParameterProblem("bpf: error parsing program length")
    count = int(found.group(1)) & 0xFFFF
    if count == 0:
        raise ParameterProblem("bpf: illegal zero length program")
    if count > LIMIT:
        raise ParameterProblem("bpf: number of instructions exceeds maximum")
    lines = text[found.end() :].split(",")
    if lines[-1] == "":
        lines.pop()
    program = []
    for number, line in enumerate(lines):
        if number >= count:
            raise ParameterProblem("bpf: real program length exceeds the encoded length parameter")
        program.append(read_instruction(line, number))
    if len(program) < count:
        raise ParameterProblem("bpf: parsed program length is less than the encoded length parameter")
    return program


def read_instruction(line: str, number: int) -> Instruction:
    """Four decimal numbers, each cut to the width of its field; what follows is passed over."""
    found = FIELDS.match(line)
    if found is None:
        raise ParameterProblem(f"bpf: error at instr {number}")
    code, when_true, when_false, k = [int(text) for text in found.groups()]
    return code & 0xFFFF, when_true & 0xFF, when_false & 0xFF, k & U32


def look(values: Values) -> None:
    read_program(values.given[-1].text)


def look_for_object(values: Values) -> None:
    raise ParameterProblem("bpf: failed to get bpf object")


def build(values: Values) -> Extension:
    return Bpf(read_program(values.text("bytecode")))


def final(values: Values) -> None:
    if not values.given:
        raise ParameterProblem("bpf: one of --bytecode or --pinned is required")


EXTENSIONS: Final = (
    Spec(
        "bpf",
        build,
        (Option("bytecode", "text", at_once=look), Option("object-pinned", "text", at_once=look_for_object)),
        revision=1,
        final=final,
    ),
)
