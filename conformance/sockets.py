"""Real sockets in a node: what programs there hear and say, through the node's own kernel.

dns = firewall.listens("udp:53")
client.sends(udp("client:40000 > firewall:53", "query"))
dns.hears("query", sender="client:40000")
dns.says("reply")
"""

from __future__ import annotations

import contextlib
import errno
import socket
from typing import TYPE_CHECKING, Any

from conformance import flows, waits
from conformance.failing import Failed
from conformance.names import Names

if TYPE_CHECKING:
    from conformance.scene import Scene
    from lab import Node


class LocalSocket:
    """A socket of a node. `protocol`: udp, tcp, udp6, tcp6. `port` is its number."""

    def __init__(self, scene: Scene, node: Node, protocol: str, opened: socket.socket) -> None:
        self._scene = scene
        self._node = node
        self._socket = opened
        self._six = protocol.endswith("6")
        self._stream = protocol.startswith("tcp")
        self._peer: Any = None
        self.protocol = protocol
        opened.settimeout(waits.ANSWER)

    @property
    def port(self) -> int:
        number: int = self._socket.getsockname()[1]
        return number

    @property
    def address(self) -> str:
        """The address that it is bound or connected from."""
        text: str = self._socket.getsockname()[0]
        return text

    @property
    def _name(self) -> str:
        return f"{self._node.name} {self.protocol}:{self.port}"

    def says(self, text: str | bytes, to: str = "", refused: str = "") -> None:
        """Send to an end such as "server:53", to the connected peer, or to whoever was heard last. `refused`: the error
        that the sender must get, such as "EPERM"."""
        data = text.encode("latin-1") if isinstance(text, str) else text
        target = self._address(to) if to else None if self._connected() else self._peer
        self._scene.step(self._name, "says", sent=f"{text!r}" + (f" to {to}" if to else ""))
        try:
            if target is None:
                self._socket.sendall(data)
            else:
                self._socket.sendto(data, target)
        except OSError as error:
            self._scene.settle()
            self._judge(refused, errno.errorcode.get(error.errno or 0, str(error)))
            return
        self._scene.settle()
        self._judge(refused, "")

    def _judge(self, wanted: str, got: str) -> None:
        if wanted != got:
            self._scene.steps[-1].ok = False
            raise Failed((f"{self._name} should", f"be refused with {wanted}" if wanted else "send"),
                         ("it was", f"refused with {got}" if got else "sent"))  # fmt: skip

    def _connected(self) -> bool:
        if self._stream:
            return True
        try:
            self._socket.getpeername()
        except OSError:
            return False
        return True

    def _address(self, end: str) -> tuple[str, int]:
        names: Names = self._scene.names
        found = flows.parse_end(end)
        node = flows.End(self._node.name)
        return names.address(found, 6 if self._six else 4, node), found.port or 0

    def hears(self, text: str | bytes | None = None, sender: str = "") -> bytes:
        """What arrived must be this, and from this end. Waits a moment where real programs answer."""
        self._scene.settle()
        wanted = text.encode("latin-1") if isinstance(text, str) else text
        shown = f"{text!r}" + (f" from {sender}" if sender else "")
        step = self._scene.step(self._name, "should hear", expected=shown)
        try:
            data, peer = self._receive()
        except TimeoutError:
            step.ok, step.seen = False, "nothing"
            raise Failed((f"{self._name} should hear", shown), ("it heard", "nothing")) from None
        except OSError as error:
            step.ok, step.seen = False, str(error)
            raise Failed((f"{self._name} should hear", shown), ("instead", str(error))) from None
        step.seen = f"{data!r} from {peer[0]}:{peer[1]}"
        if (wanted is not None and data != wanted) or (sender and not self._is_from(sender, peer)):
            step.ok = False
            raise Failed((f"{self._name} should hear", shown), ("it heard", step.seen))
        return data

    def _receive(self) -> tuple[bytes, Any]:
        if self._stream:
            return self._socket.recv(65536), self._socket.getpeername()
        data, self._peer = self._socket.recvfrom(65536)
        return data, self._peer

    def _is_from(self, sender: str, peer: Any) -> bool:
        end = flows.parse_end(sender)
        address = self._scene.names.address(end, 6 if self._six else 4, flows.End(self._node.name))
        return address in (flows.ANY, peer[0]) and (end.ports is None or peer[1] in end.ports)

    def hears_nothing(self) -> None:
        """Nothing has arrived. Everything that was sent has been handled before this is asked."""
        self._scene.settle()
        step = self._scene.step(self._name, "should hear", expected="nothing", seen="nothing")
        self._socket.setblocking(False)
        try:
            data, peer = self._receive()
        except BlockingIOError:
            return
        except OSError as error:
            step.ok, step.seen = False, str(error)
            raise Failed((f"{self._name} should hear", "nothing"), ("instead", str(error))) from None
        finally:
            self._socket.settimeout(waits.ANSWER)
        step.ok, step.seen = False, f"{data!r} from {peer[0]}:{peer[1]}"
        raise Failed((f"{self._name} should hear", "nothing"), ("it heard", step.seen))

    def connects(self, to: str, refused: str = "") -> LocalSocket:
        """Connect to an end such as "server:80". `refused`: the error that must come, such as "ECONNREFUSED" or
        "ETIMEDOUT" (for: no answer within a moment)."""
        self._scene.step(self._name, "connects", sent=f"to {to}")
        got = ""
        try:
            self._socket.connect(self._address(to))
        except TimeoutError:
            got = "ETIMEDOUT"
        except OSError as error:
            got = errno.errorcode.get(error.errno or 0, str(error))
        self._scene.settle()
        self._judge(refused, got)
        return self

    def accepts(self) -> LocalSocket:
        """The next connection of a listening TCP socket."""
        step = self._scene.step(self._name, "should accept", expected="a connection")
        try:
            opened, peer = self._socket.accept()
        except TimeoutError:
            step.ok, step.seen = False, "nothing"
            raise Failed((f"{self._name} should accept", "a connection"), ("it got", "none")) from None
        step.seen = f"from {peer[0]}:{peer[1]}"
        found = LocalSocket(self._scene, self._node, self.protocol, opened)
        self._scene.undo.append(found.closes)
        return found

    def closes(self) -> None:
        self._scene.calm = False  # a connection says so to its other end
        with contextlib.suppress(OSError):
            self._socket.close()


def open_socket(scene: Scene, node: Node, end: str, listening: bool, transparent: bool = False) -> LocalSocket:
    """`end`: "udp", "udp:53", "tcp6:80" or "udp:ADDRESS:53"."""
    protocol, _colon, rest = end.partition(":")
    if protocol not in ("udp", "tcp", "udp6", "tcp6"):
        raise ValueError(f"'{end}': a socket is udp, tcp, udp6 or tcp6, with a port behind a colon")
    six = protocol.endswith("6")
    host, _colon, port = rest.rpartition(":")
    opened = node.holder.socket(node.name, kind="inet", family=6 if six else 4, type=protocol.removesuffix("6"),
                                transparent=transparent)  # fmt: skip
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    scene.undo.append(opened.close)
    if rest:
        opened.bind((host.strip("[]") or ("::" if six else "0.0.0.0"), int(port)))
    if listening and protocol.startswith("tcp"):
        opened.listen(16)
    return LocalSocket(scene, node, protocol, opened)
