"""A download by a real client that goes on while a scenario does other things: HTTP, in parts.

    download = client.begins_fetching("http://{server}/bytes/3000000", first=100_000)
    ...                         the client reads no more until it is told to; the server's windows fill up
    download.goes_on(to=200_000)
    download.runs()             it reads as fast as it can from now on
    download.ends()             it must have got all bytes, and the right ones
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import select
from typing import Any, Final

from conformance import waits
from conformance.failing import Broken, Failed
from conformance.programs import __name__ as PROGRAMS_MODULE
from lab.programs import module
from lab.services.content import content

BYTES: Final = re.compile(r"/bytes/(\d+)$")


class Download:
    """Starts the client and returns when it has `first` bytes. Ends with the scenario."""

    def __init__(self, scene: Any, node: Any, url: str, first: int) -> None:
        found = BYTES.search(url)
        if found is None:
            raise Broken(f"{url}: only .../bytes/NUMBER can be fetched in parts")
        self.scene = scene
        self.node = node
        self.url = url
        self.size = int(found[1])
        self.text = ""
        orders, self.orders = os.pipe2(os.O_CLOEXEC)
        self.answers, answers = os.pipe2(os.O_CLOEXEC)
        scene.undo.append(self.close)
        words = module(PROGRAMS_MODULE, "fetch-in-parts", url)
        self.process = node.start(words, stdin=orders, stdout=answers, stderr=answers)
        os.close(orders)
        os.close(answers)
        self.goes_on(first)

    def goes_on(self, to: int) -> None:
        """Read on until there are so many bytes."""
        os.write(self.orders, f"{to}\n".encode())
        self._until(f"{to}\n")
        self.scene.step(self.node.name, "has fetched", seen=f"{to} bytes of {self.url}")

    def runs(self) -> None:
        """Read the rest, as fast as it comes."""
        if self.orders >= 0:
            os.close(self.orders)
            self.orders = -1

    def ends(self) -> None:
        """Read the rest and look at it: Failed if a byte is missing or wrong, or if it does not end."""
        self.runs()
        self._until("}\n")
        wanted = {"bytes": self.size, "sha256": hashlib.sha256(content(self.size)).hexdigest()}
        got = json.loads(self.text.splitlines()[-1])
        step = self.scene.step(self.node.name, "has fetched", expected=str(wanted), seen=str(got), ok=got == wanted)
        if not step.ok:
            raise Failed((f"{self.node.name} should get", str(wanted)), ("it got", str(got)))

    def _until(self, end: str) -> None:
        try:
            waits.until(lambda: self._read() and self.text.endswith(end), self.url, waits.TRANSFER, step=0.0)
        except waits.TooLong:
            self._fail(f"nothing more within {waits.TRANSFER:g} s")

    def _read(self) -> bool:
        if not select.select([self.answers], [], [], waits.STEP)[0]:
            return False
        data = os.read(self.answers, 1 << 16)
        if not data:
            self._fail(self.text.strip().splitlines()[-1] if self.text.strip() else "no word")
        self.text += data.decode()
        return True

    def _fail(self, said: str) -> None:
        self.scene.step(self.node.name, "should fetch", expected=self.url, seen=said, ok=False)
        raise Failed((f"{self.node.name} should fetch", self.url), ("it ended with", said))

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(waits.PROGRAM)
        self.runs()
        os.close(self.answers)
