"""Engines that are wrong on purpose. They prove that the suite can say FAIL and BROKEN, and when it must.

The first four stand on the kernel's netfilter and spoil it; the others are processes that do not work.
"""

from __future__ import annotations

import sys
from typing import Any, ClassVar

from lab.engines.base import Settings
from lab.engines.kernel_legacy import KernelLegacy
from lab.engines.userspace import Userspace

NOTHING_PASSES = "*mangle\n:PREROUTING DROP [0:0]\nCOMMIT\n"


class AcceptsEverything(KernelLegacy):
    """Takes rules and forgets them."""

    name: ClassVar[str] = "accepts-everything"

    def load(self, text: str, family: str = "ipv4", name: str = "rules") -> None:
        pass


class DropsEverything(KernelLegacy):
    """Drops every packet, whatever the rules, also when there are none."""

    name: ClassVar[str] = "drops-everything"

    def start(self, settings: Settings) -> None:
        super().start(settings)
        self.drop()

    def drop(self) -> None:
        for family in ("ipv4", "ipv6"):
            super().load(NOTHING_PASSES, family)

    def load(self, text: str, family: str = "ipv4", name: str = "rules") -> None:
        self.drop()

    def flush(self) -> None:
        super().flush()
        self.drop()


class ForgetsConnections(KernelLegacy):
    """Forgets every connection as soon as its first packet is through, so no answer is ESTABLISHED or translated
    back."""

    name: ClassVar[str] = "forgets-connections"

    def sync(self) -> int:
        self.flush_conntrack()
        return 0


class DropsLater(KernelLegacy):
    """Right at first; from the first flush on nothing passes any more. Silence proves nothing with it."""

    name: ClassVar[str] = "drops-later"

    def flush(self) -> None:
        super().flush()
        for family in ("ipv4", "ipv6"):
            super().load(NOTHING_PASSES, family)


class NeverStarts(Userspace):
    """A process that ends before it is ready."""

    name: ClassVar[str] = "never-starts"

    @classmethod
    def probe(cls) -> str:
        return ""

    def _command(self, settings: Settings) -> list[str]:
        return ["sh", "-c", "echo 'no engine today' >&2; exit 3"]


# A process that speaks the control protocol, lets every packet pass, and does one thing wrong.
PROCESS = """
import json, os, socket, sys
run_dir, fault = sys.argv[1], sys.argv[2]
listening = socket.socket(socket.AF_UNIX)
listening.bind(run_dir + "/control")
listening.listen(4)
os.write(3, b"\\n")
handled = 1
while True:
    connection, _ = listening.accept()
    file = connection.makefile("rwb")
    for line in file:
        message = json.loads(line)
        answer = {"ok": True, "handled": handled, "entries": [], "lines": [], "next": 0, "faults": [], "text": "",
                  "now": 0, "version": "0", "compiled": False, "value": "0"}
        if message["do"] == "load" and fault == "dies":
            os._exit(7)
        if message["do"] == "faults" and fault == "faulty":
            answer["faults"] = ["Traceback (most recent call last):\\nZeroDivisionError: division by zero"]
        if message["do"] == "sync" and fault == "restless":
            handled += 1
        file.write(json.dumps(answer).encode() + b"\\n")
        file.flush()
"""


class _Process(Userspace):
    fault: ClassVar[str] = ""

    @classmethod
    def probe(cls) -> str:
        return ""

    def _command(self, settings: Settings) -> list[str]:
        return [sys.executable, "-I", "-S", "-c", PROCESS, self.node.run_dir, self.fault]


class Dies(_Process):
    """Ends when it is given rules."""

    name: ClassVar[str] = "dies"
    fault: ClassVar[str] = "dies"


class Faulty(_Process):
    """Has a bug of its own, and says so."""

    name: ClassVar[str] = "faulty"
    fault: ClassVar[str] = "faulty"


class Restless(_Process):
    """Always has something to do, so packets never settle."""

    name: ClassVar[str] = "restless"
    fault: ClassVar[str] = "restless"


class Refuses(KernelLegacy):
    """Says beforehand that it cannot do NAT."""

    name: ClassVar[str] = "refuses-nat"
    refuses: ClassVar[dict[str, str]] = {**KernelLegacy.refuses, "nat": "no address translation; see the manual"}


class NotHere(KernelLegacy):
    """Cannot run on this machine."""

    name: ClassVar[str] = "not-here"

    @classmethod
    def probe(cls) -> str:
        return "this machine has no such thing: install it"


MINIATURES: dict[str, Any] = {
    each.name: each
    for each in (
        AcceptsEverything,
        DropsEverything,
        ForgetsConnections,
        DropsLater,
        NeverStarts,
        Dies,
        Faulty,
        Restless,
        Refuses,
        NotHere,
    )
}


def register_all() -> None:
    from lab import engines

    for name, adapter in MINIATURES.items():
        if name not in engines.names():
            engines.register(name, adapter)
