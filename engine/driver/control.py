"""The control socket: one JSON object a line in, one out. The verbs are the table VERBS; docs/control-protocol.md is
their description.

Whoever connects must be root or the engine's own user (SO_PEERCRED); the socket stands in a directory of mode 0700.
A request never stops the engine: what a verb raises becomes an answer, a peer that does not read is cut off.
"""

from __future__ import annotations

import json
import os
import selectors
import socket
import struct
from collections.abc import Callable
from typing import Any, Final, Protocol

from engine.conntrack.events import DESTROY, NEW, UPDATE, Event
from engine.conntrack.expectations import Expectation
from engine.conntrack.text import proc_address, protocol_name
from engine.conntrack.tool import Stream, asks_for_events
from engine.conntrack.tool import run as run_conntrack
from engine.core.connection import ASSURED, SEEN_REPLY, Connection, Tuple
from engine.core.context import MACHINE_SYSCTLS
from engine.core.engine import Engine
from engine.core.hooks import BUILT_IN_CHAINS, FAMILIES
from engine.core.labels import read_labels
from engine.core.numbers import is_decimal
from engine.core.protocols import GRE, ICMP, ICMPV6, PORT_PROTOCOLS
from engine.driver.records import Traces
from engine.driver.state import StateError, dump_state, leave_state, restore_state
from engine.driver.worker import Worker
from engine.language.commands import run as run_command
from engine.language.errors import RulesetError

VERSION: Final = "1"
SOCKET_NAME: Final = "control"
REQUEST_LIMIT: Final = 1 << 29  # bytes of one request
LAST_WORDS_SECONDS: Final = 2.0  # how long the end waits for a peer that does not read
UNREAD_LIMIT: Final = 1 << 27  # bytes that a peer may leave unread
RECEIVE_SIZE: Final = 1 << 18
MOST_PATH: Final = 107

EVENT_NAMES: Final[dict[int, str]] = {NEW: "NEW", UPDATE: "UPDATE", DESTROY: "DESTROY"}
COMMANDS: Final = ("iptables", "ip6tables", "conntrack")

Request = dict[str, Any]
Answer = dict[str, Any]


class BadRequest(Exception):
    """The request makes no sense; the text says what was found and what would."""


class Owner(Protocol):
    """What owns the control socket; see `engine.driver.process`."""

    def quit(self, keep_rules: bool) -> None: ...
    def stats(self) -> dict[str, int | str]: ...


class Peer:
    """One connection. stream: it listens to events (conntrack -E or `events`)."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.parts: list[bytes] = []
        self.size = 0
        self.unsent = bytearray()
        self.end_stream: Callable[[], Answer] | None = None


class Control:
    def __init__(self, worker: Worker, run_dir: str, owner: Owner) -> None:
        self.worker = worker
        self.engine: Engine = worker.engine
        self.owner = owner
        self.folder = run_dir
        self.path = os.path.join(run_dir, SOCKET_NAME)
        self.peers: set[Peer] = set()
        self.selector: selectors.BaseSelector | None = None
        self.refused = 0
        os.chmod(run_dir, 0o700)
        if os.path.exists(self.path):
            os.unlink(self.path)  # of an engine that died
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        _bind(self.listener, self.path)
        self.listener.listen(64)

    # -- connections

    def watch(self, selector: selectors.BaseSelector) -> None:
        self.selector = selector
        selector.register(self.listener, selectors.EVENT_READ, "control")

    def serve(self, what: object, mask: int) -> None:
        """Something happened on the listener ("control") or on a peer."""
        if not isinstance(what, Peer):
            self._accept()
            return
        if mask & selectors.EVENT_WRITE:
            self._send_rest(what)
        if mask & selectors.EVENT_READ and what in self.peers:
            self._read(what)

    def _accept(self) -> None:
        try:
            sock, _address = self.listener.accept()
        except OSError:
            return
        sock.setblocking(False)
        if not _is_friend(sock):
            self.refused += 1
            sock.close()
            return
        peer = Peer(sock)
        self.peers.add(peer)
        if self.selector is not None:
            self.selector.register(sock, selectors.EVENT_READ, peer)

    def _drop(self, peer: Peer) -> None:
        if peer not in self.peers:
            return
        self.peers.discard(peer)
        if peer.end_stream is not None:
            peer.end_stream()
            peer.end_stream = None
        if self.selector is not None:
            self.selector.unregister(peer.sock)
        peer.sock.close()

    def _read(self, peer: Peer) -> None:
        try:
            data = peer.sock.recv(RECEIVE_SIZE)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._drop(peer)
            return
        peer.parts.append(data)
        peer.size += len(data)
        if b"\n" not in data:
            if peer.size > REQUEST_LIMIT:
                self._send(peer, _error(BadRequest(f"a request is at most {REQUEST_LIMIT} bytes long")))
                self._drop(peer)
            return
        *lines, rest = b"".join(peer.parts).split(b"\n")
        peer.parts = [rest] if rest else []
        peer.size = len(rest)
        for line in lines:
            if line.strip() and peer in self.peers:
                self._answer(peer, line)

    def _answer(self, peer: Peer, line: bytes) -> None:
        try:
            request = _request(line)
            verb = request.get("do")
            handler = VERBS.get(verb) if isinstance(verb, str) else None
            if handler is None:
                raise BadRequest(f"there is no request {verb!r}; there are {', '.join(sorted(VERBS))}")
            _refuse_unknown_fields(request)
            answer = handler(self, request, peer)
        except Exception as error:
            answer = _error(error)
            if answer["kind"] == "Fault":
                self.worker.faults.add(error, f"while answering {line[:2000]!r}")
        if answer is not None:
            self._send(peer, {"ok": True, **answer})

    def _send(self, peer: Peer, answer: Answer) -> None:
        peer.unsent += json.dumps(answer).encode("ascii") + b"\n"
        self._send_rest(peer)

    def _send_rest(self, peer: Peer) -> None:
        try:
            while peer.unsent:
                sent = peer.sock.send(peer.unsent[:RECEIVE_SIZE])
                del peer.unsent[:sent]
        except BlockingIOError:
            if len(peer.unsent) > UNREAD_LIMIT:
                self._drop(peer)
                return
        except OSError:
            self._drop(peer)
            return
        if self.selector is not None and peer in self.peers:
            wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if peer.unsent else 0)
            self.selector.modify(peer.sock, wanted, peer)

    def close(self) -> None:
        for peer in list(self.peers):
            self._say_the_rest(peer)
            self._drop(peer)
        self.listener.close()
        if os.path.exists(self.path):
            os.unlink(self.path)

    def _say_the_rest(self, peer: Peer) -> None:
        """A long answer does not fit into a socket at once, and who asked may be about to read it."""
        try:
            peer.sock.settimeout(LAST_WORDS_SECONDS)
            peer.sock.sendall(peer.unsent)
        except OSError:
            pass

    # -- verbs

    def ping(self, _request: Request, _peer: Peer) -> Answer:
        return {"pid": os.getpid(), "version": VERSION, "clock": self.worker.clock.name, "compiled": is_compiled()}

    def load(self, request: Request, _peer: Peer) -> Answer:
        noflush = _flag(request, "noflush")
        warnings = self.engine.store.load(
            _text(request, "text"),
            _family(request),
            _text(request, "name", "rules"),
            _flag(request, "counters"),
            noflush,
            _flag(request, "test"),
            not noflush,
        )
        return {"warnings": "".join(warnings)}

    def save(self, request: Request, _peer: Peer) -> Answer:
        table = _text(request, "table", "")
        if table and table not in BUILT_IN_CHAINS:
            raise BadRequest(f"there is no table {table!r}; there are {', '.join(BUILT_IN_CHAINS)}")
        return {"text": self.engine.store.save(_family(request), _flag(request, "counters"), table)}

    def command(self, request: Request, peer: Peer) -> Answer | None:
        argv = request.get("argv")
        if not isinstance(argv, list) or not argv or not all(isinstance(word, str) for word in argv):
            raise BadRequest("`argv` is a list of words, the command's name first")
        name = argv[0].rpartition("/")[2]
        here = os.getcwd()
        try:
            folder = _text(request, "cwd", "")
            try:
                os.chdir(folder or here)
            except OSError as error:  # names of files would be those of another folder
                raise BadRequest(f"`cwd` {folder}: {error.strerror}; nothing was done") from None
            if name == "conntrack":
                return self._conntrack_command(argv, _text(request, "stdin", ""), peer)
            result = run_command(argv, _text(request, "stdin", ""), self.engine.store)
        finally:
            os.chdir(here)
        return {"exit": result.exit, "stdout": result.stdout, "stderr": result.stderr}

    def _conntrack_command(self, argv: list[str], stdin: str, peer: Peer) -> Answer | None:
        now = self.worker.clock.now()
        conntrack = self.engine.conntrack
        labels = read_labels()
        if asks_for_events(argv, labels):
            return self._stream(argv, peer, labels)
        code, stdout, stderr = run_conntrack(argv, stdin, conntrack, now, portid=os.getpid(), labels=labels)
        return {"exit": code, "stdout": stdout, "stderr": stderr}

    def _stream(self, argv: list[str], peer: Peer, labels: dict[str, int] | None) -> Answer | None:
        def write(text: str) -> None:
            self._send(peer, {"ok": True, "stdout": text})

        stream = Stream(argv, self.engine.conntrack, self.worker.clock.now(), write, labels)
        if stream.exit_code >= 0:
            return {"exit": stream.exit_code, "stdout": "", "stderr": stream.error}

        def end() -> Answer:
            said = stream.close()
            return {"exit": 0, "stdout": "", "stderr": said}

        peer.end_stream = end
        return {"stdout": "", "stderr": stream.error}

    def stop(self, _request: Request, peer: Peer) -> Answer:
        """End a stream of events."""
        if peer.end_stream is None:
            raise BadRequest("nothing streams on this connection")
        end, peer.end_stream = peer.end_stream, None
        return end()

    def flush(self, _request: Request, _peer: Peer) -> Answer:
        worker = self.worker
        self.engine.flush()
        worker.release_abandoned()
        worker.traces.clear()
        worker.log.clear()
        return {}

    def clock(self, _request: Request, _peer: Peer) -> Answer:
        return {"now": self.worker.clock.now(), "clock": self.worker.clock.name}

    def advance(self, request: Request, _peer: Peer) -> Answer:
        seconds = request.get("seconds")
        if not isinstance(seconds, int | float) or isinstance(seconds, bool):
            raise BadRequest(f"`seconds` is a number, not {seconds!r}")
        try:
            self.worker.clock.advance(float(seconds))
        except ValueError as error:
            raise BadRequest(str(error)) from None
        self.worker.housekeeping()
        self.worker.sync()
        return {"now": self.worker.clock.now()}

    def sync(self, _request: Request, _peer: Peer) -> Answer:
        settled = self.worker.sync()
        return {"handled": self.worker.packets, "settled": settled}

    def conntrack(self, request: Request, _peer: Peer) -> Answer:
        now = self.worker.clock.now()
        table = _text(request, "table", "conntrack")
        conntrack = self.engine.conntrack
        conntrack.expire_all(now)
        if table == "conntrack":
            return {"entries": [self._entry(entry, now) for entry in conntrack.entries()]}
        if table == "expect":
            return {"entries": [self._expectation(one, now) for one in conntrack.expectations()]}
        raise BadRequest(f"there is no table {table!r}; there are conntrack and expect")

    def _entry(self, entry: Connection, now: float) -> Answer:
        conntrack = self.engine.conntrack
        flags = [] if entry.status & SEEN_REPLY else ["UNREPLIED"]
        if entry.status & ASSURED:
            flags.append("ASSURED")
        return {
            "protocol": protocol_name(entry.original.proto),
            "timeout": conntrack.seconds_left(entry, now),
            "state": conntrack.state_name(entry),
            "original": _tuple(entry.original),
            "reply": _tuple(entry.reply),
            "flags": flags,
            "mark": entry.mark,
            "zone": entry.zone_original,
            "status": entry.status,
            "helper": entry.helper,
            "use": 2 + entry.children,
            "text": conntrack.proc_line(entry, now),
        }

    def _expectation(self, one: Expectation, now: float) -> Answer:
        return {
            "protocol": protocol_name(one.key.proto),
            "timeout": max(0, int(one.deadline - now)),
            "original": _tuple(one.key),
            "master": _tuple(one.master.original),
            "text": self.engine.conntrack.expect_line(one, now),
        }

    def sysctl(self, request: Request, _peer: Peer) -> Answer:
        name = _text(request, "name").replace("/", ".")
        conntrack, shared = self.engine.conntrack, self.engine.shared
        known = conntrack.sysctl(name)
        if known is None and name not in MACHINE_SYSCTLS and name not in shared.sysctls:
            raise BadRequest(f"there is no sysctl {name!r} in the engine")
        if "value" in request:
            value = str(request["value"]).strip()
            if known is not None:
                problem = conntrack.set_sysctl(name, value)
                if problem:
                    raise BadRequest(f"{name} = {value}: {problem}")
            elif not is_decimal(value):
                raise BadRequest(f"{name} = {value}: a number is wanted")
            else:
                shared.sysctls[name] = value
        read = conntrack.sysctl(name)
        return {"value": str(shared.sysctl(name)) if read is None else read}

    def trace(self, request: Request, _peer: Peer) -> Answer:
        traces = self.worker.traces
        mode = request.get("mode")
        if mode is not None:
            if mode not in Traces.MODES:
                raise BadRequest(f"`mode` is {', '.join(Traces.MODES)}, not {mode!r}")
            traces.mode = mode
        return {"entries": traces.since(_number(request, "since")), "next": traces.next, "mode": traces.mode}

    def log(self, request: Request, _peer: Peer) -> Answer:
        log = self.worker.log
        found = log.since(_number(request, "since"))
        details = [
            {
                "number": number,
                "time": line.time,
                "level": line.level,
                "group": line.group,
                "prefix": line.prefix,
                "packet": line.packet.hex(),
            }
            for number, line in found
        ]
        return {"lines": [line.text for _number, line in found], "details": details, "next": log.next}

    def stats(self, _request: Request, _peer: Peer) -> Answer:
        worker = self.worker
        return {
            "packets": worker.packets,
            "dropped": worker.dropped,
            "errors": worker.faults.count,
            "too_big": worker.too_big,
            "connections": self.engine.conntrack.table.count,
            "fragments": self.engine.fragments.waiting(),
            "flights": self.engine.flights.count,
            "refused_peers": self.refused,
            "memory_kib": peak_memory(),
            **self.owner.stats(),
        }

    def faults(self, _request: Request, _peer: Peer) -> Answer:
        return {"faults": self.worker.faults.kept, "count": self.worker.faults.count}

    def dump(self, _request: Request, _peer: Peer) -> Answer:
        self.worker.sync()
        return {"state": dump_state(self.engine, self.worker.clock.now())}

    def restore(self, request: Request, _peer: Peer) -> Answer:
        restore_state(self.engine, request.get("state"), self.worker.clock.now())
        self.worker.release_abandoned()
        return {}

    def events(self, request: Request, peer: Peer) -> Answer | None:
        table = _text(request, "table", "conntrack")
        if table not in ("conntrack", "expect"):
            raise BadRequest(f"there is no table {table!r}; there are conntrack and expect")
        kinds = _event_kinds(_text(request, "mask", ""))
        if peer.end_stream is not None:
            raise BadRequest("this connection streams already")
        told = self.engine.conntrack.table.events

        def hear(event: Event) -> None:
            if event.kind not in kinds:
                return
            if table == "conntrack" and event.entry is not None:
                found = self._entry(event.entry, event.now)
            elif table == "expect" and event.expectation is not None:
                found = self._expectation(event.expectation, event.now)
            else:
                return
            self._send(peer, {"ok": True, "event": EVENT_NAMES[event.kind], "time": event.now, **found})

        def end() -> Answer:
            told.unsubscribe(hear)
            return {"streaming": False}

        told.subscribe(hear)
        peer.end_stream = end
        return {"streaming": True}

    def quit(self, request: Request, _peer: Peer) -> Answer:
        """End the process; with `keep` its queue rules stay, so that the node is closed until the next engine, and its
        state lies there for that one."""
        keep = _flag(request, "keep")
        if keep:
            self.worker.sync()
            try:
                leave_state(self.engine, self.worker.clock.now(), self.folder)
            except OSError as error:
                text = f"the state cannot be left in {self.folder}: {error.strerror}; the engine goes on"
                raise BadRequest(text) from None
        self.owner.quit(keep)
        return {}


# What a request may say besides `do`: a word that is spelt wrong would otherwise mean that it was not said, and a load
# without `noflush` takes away what is there.
FIELDS: Final[dict[str, tuple[str, ...]]] = {
    "advance": ("seconds",),
    "command": ("argv", "cwd", "stdin"),
    "conntrack": ("table",),
    "events": ("mask", "table"),
    "load": ("counters", "family", "name", "noflush", "test", "text"),
    "log": ("since",),
    "quit": ("keep",),
    "restore": ("state",),
    "save": ("counters", "family", "table"),
    "sysctl": ("name", "value"),
    "trace": ("mode", "since"),
}
VERBS: Final[dict[str, Callable[[Control, Request, Peer], Answer | None]]] = {
    "advance": Control.advance,
    "clock": Control.clock,
    "command": Control.command,
    "conntrack": Control.conntrack,
    "dump": Control.dump,
    "events": Control.events,
    "faults": Control.faults,
    "flush": Control.flush,
    "load": Control.load,
    "log": Control.log,
    "ping": Control.ping,
    "quit": Control.quit,
    "restore": Control.restore,
    "save": Control.save,
    "stats": Control.stats,
    "stop": Control.stop,
    "sync": Control.sync,
    "sysctl": Control.sysctl,
    "trace": Control.trace,
}


def _is_friend(sock: socket.socket) -> bool:
    """Is the peer root or our own user?"""
    _pid, uid, _gid = struct.unpack("=iII", sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return uid in (0, os.geteuid())


def _request(line: bytes) -> Request:
    try:
        request = json.loads(line)
    except (ValueError, RecursionError) as error:  # ValueError: also a number of thousands of digits
        raise BadRequest(f"this line is not JSON: {error}") from None
    if not isinstance(request, dict):
        raise BadRequest('a request is a JSON object, such as {"do": "ping"}')
    return request


def _refuse_unknown_fields(request: Request) -> None:
    verb = request["do"]
    known = FIELDS.get(verb, ())
    for name in request:
        if name != "do" and name not in known:
            there_are = f"it takes {', '.join(known)}" if known else "it takes none"
            raise BadRequest(f"{verb!r} has no field {name!r}; {there_are}. Nothing was done")


def _event_kinds(mask: str) -> set[int]:
    """The kinds of events that a mask names; none named are all."""
    numbers = {name: kind for kind, name in EVENT_NAMES.items()} | {"UPDATES": UPDATE}
    words = [word.strip().upper() for word in (mask or ",".join(EVENT_NAMES.values())).split(",")]
    for word in words:
        if word not in numbers:
            raise BadRequest(f"`mask` names some of NEW, UPDATE, DESTROY, not {word!r}")
    return {numbers[word] for word in words}


def _bind(listener: socket.socket, path: str) -> None:
    """The path of a socket has at most 107 bytes (unix(7)); through the open folder it is short wherever that is."""
    if len(os.fsencode(path)) <= MOST_PATH:
        listener.bind(path)
        return
    folder = os.open(os.path.dirname(path), os.O_PATH | os.O_CLOEXEC)
    try:
        listener.bind(f"/proc/self/fd/{folder}/{SOCKET_NAME}")
    finally:
        os.close(folder)


def _error(error: Exception) -> Answer:
    answer: Answer = {"ok": False, "error": str(error), "kind": type(error).__name__}
    if isinstance(error, RulesetError):
        answer["place"] = error.place
    elif not isinstance(error, BadRequest | StateError):
        answer["kind"] = "Fault"
        answer["error"] = f"a fault of the engine, see `faults`: {type(error).__name__}: {error}"
    return answer


def _text(request: Request, name: str, default: str | None = None) -> str:
    value = request.get(name, default)
    if not isinstance(value, str):
        raise BadRequest(f"`{name}` is a text, not {value!r:.80}")
    return value


def _flag(request: Request, name: str) -> bool:
    value = request.get(name, False)
    if not isinstance(value, bool):
        raise BadRequest(f"`{name}` is true or false, not {value!r:.80}")
    return value


def _number(request: Request, name: str) -> int:
    value = request.get(name, 0)
    if not isinstance(value, int) or isinstance(value, bool):
        raise BadRequest(f"`{name}` is a whole number, not {value!r:.80}")
    return value


def _family(request: Request) -> str:
    family = _text(request, "family", "ipv4")
    if family not in FAMILIES:
        raise BadRequest(f"there is no family {family!r}; there are ipv4 and ipv6")
    return family


def _tuple(key: Tuple) -> Answer:
    found: Answer = {"src": proc_address(key.src, key.family), "dst": proc_address(key.dst, key.family)}
    if key.proto in PORT_PROTOCOLS:
        found |= {"sport": key.sport, "dport": key.dport}
    elif key.proto in (ICMP, ICMPV6):
        found |= {"type": key.dport >> 8, "code": key.dport & 0xFF, "id": key.sport}
    elif key.proto == GRE:
        found |= {"srckey": key.sport, "dstkey": key.dport}
    return found


def is_compiled() -> bool:
    """Does the engine run as machine code (mypyc)?"""
    from engine.core import walk

    return not str(getattr(walk, "__file__", "")).endswith(".py")


def peak_memory() -> int:
    """The most memory that the process ever had, KiB."""
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
