"""userspace: the project's own engine, `python -m engine`, as a process inside the node.

The lab knows it only by its control protocol (docs/control-protocol.md): one JSON object a line over a Unix socket
below the lab's own /run. The holder opens the connection and hands it over, so no file outside the lab is involved.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import threading
from dataclasses import replace
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, ClassVar, Final

from lab.channel import in_memory, read_all
from lab.engines.base import FILLERS, TABLES, Adapter, Entry, Settings, Tuple, without_comments
from lab.errors import EngineDied, LabError, RulesetError
from lab.paths import PACKAGE_ROOT
from lab.process import Process, attach, start
from lab.programs import module

if TYPE_CHECKING:
    from lab.node import Node

START_SECONDS: Final = 30.0
ANSWER_SECONDS: Final = 120.0
ENGINE_SYSCTLS: Final = ("net.netfilter.", "net.nf_conntrack_max")
COMMANDS: Final = ("iptables", "iptables-save", "iptables-restore", "ip6tables", "ip6tables-save",
                   "ip6tables-restore", "conntrack")  # fmt: skip


class Userspace(Adapter):
    name: ClassVar[str] = "userspace"
    refuses: ClassVar[dict[str, str]] = {
        "both-iptables": "its rules are its own; what iptables-legacy and iptables-nft rule is the kernel",
        "target-SET": "sets of addresses live in the kernel; rules that name one are refused",
        "shared-limit": "each engine has a table and limits of its own; they can be set in the node",
        "send-errors": "a packet waits in a queue for its verdict, and the program that sent it has gone on by then",
    }
    process: Process
    _socket: socket.socket | None

    @classmethod
    def probe(cls) -> str:
        from lab.scratch import in_scratch

        if not (PACKAGE_ROOT / "engine" / "driver" / "nfqueue.py").is_file():
            return f"{PACKAGE_ROOT / 'engine'} is incomplete: the engine's driver is not there"
        return in_scratch("NFQUEUE", _probe_queue)

    def __init__(self, node: Node) -> None:
        super().__init__(node)
        self._opened = contextlib.ExitStack()

    def start(self, settings: Settings) -> None:
        self._prepare(settings)
        self._start_process(settings)
        self._opened.callback(lambda: self.process.forget())  # a restart makes another process

    def attach(self, settings: Settings, pid: int) -> None:
        self._prepare(settings)
        self.process = attach(self.node.holder, ["engine"], pid)
        self._opened.callback(lambda: self.process.forget())
        try:
            self._connect()
        except OSError:
            self._socket = None  # it is dead; restart() brings it back

    def _prepare(self, settings: Settings) -> None:
        self._lock = threading.Lock()
        self._socket = None
        self._unread = b""
        self._settings = settings
        self._errors = os.memfd_create("engine-stderr", os.MFD_CLOEXEC)
        self._opened.callback(os.close, self._errors)
        self._opened.callback(self._hang_up)

    @property
    def pid(self) -> int:
        return self.process.pid

    def wait_until_ready(self) -> None:
        """The process says by one byte that packets are handled; if it ends instead, it has said why."""
        settings = self._settings
        try:
            if not select.select([self._ready], [], [], START_SECONDS)[0]:
                self.process.kill()
                raise LabError(f"the engine of {self.node.name} was not ready after {START_SECONDS:g} s{self._said()}")
            if os.read(self._ready, 1) != b"\n":
                code = self.process.wait(START_SECONDS)
                if settings.rules or settings.rules6:
                    raise RulesetError(self._complaint() or f"the engine ended with status {code}")
                raise LabError(
                    f"the engine of {self.node.name} ended with status {code} before it was ready{self._said()}"
                )
        finally:
            os.close(self._ready)
        self._connect()

    def _connect(self) -> None:
        opened = self.node.holder.socket(self.node.name, kind="unix", path=f"{self.node.run_dir}/control")
        opened.settimeout(ANSWER_SECONDS)
        self._socket = opened
        self._unread = b""

    def restart(self, keep: bool = True, state: Any = None) -> None:
        """Raises LabError for a `state` that no engine has saved: the engine goes on with what it had."""
        resumes = keep and state is None
        if resumes or state is not None:
            try:
                self.request(do="quit", keep=True)
            except LabError:  # it has died or hangs; but a restart that was killed may have ended it
                if resumes and not self._has_left_a_state():
                    raise
        try:
            self._start_again(state, resumes)
        except LabError as error:
            if state is None or not self._has_left_a_state():
                raise
            self._start_again(None, True)
            raise LabError(f"{error}\n  the engine goes on with the rules and connections that it had.") from None

    def _has_left_a_state(self) -> bool:
        """Whether an engine has ended as it was told, and none has been ready since."""
        try:
            os.close(self.node.holder.open(self.node.name, self._last_state))
        except FileNotFoundError:
            return False
        return True

    @property
    def _last_state(self) -> str:
        return f"{self.node.run_dir}/last.state"

    def _start_again(self, state: Any, resumes: bool) -> None:
        self.process.kill()
        self.process.wait(START_SECONDS)
        self._hang_up()
        os.ftruncate(self._errors, 0)
        os.lseek(self._errors, 0, os.SEEK_SET)
        settings = self._settings
        if resumes or state is not None:  # the topology's own rules are part of it, or were replaced since
            settings = replace(settings, rules="", rules6="", state="" if resumes else json.dumps(state))
        self._start_process(settings, ("--state", self._last_state) if resumes else ())
        self.wait_until_ready()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(START_SECONDS)

    def dump(self) -> Any:
        return self.request(do="dump")["state"]

    def _command(self, settings: Settings) -> list[str]:
        words = module("engine", "--run-dir", self.node.run_dir, "--clock", settings.clock, "--ready-fd", "3",
                       "--on-failure", settings.on_failure)  # fmt: skip
        for option, text in (("--rules", settings.rules), ("--rules6", settings.rules6), ("--state", settings.state)):
            if text:
                path = self._file(option)
                self.node.holder.write(path, text)
                words += [option, path]
        for name, seconds in settings.timeouts:
            words += ["--timeout", f"nf_conntrack_{name}={seconds}"]
        return words

    def _file(self, option: str) -> str:
        return f"{self.node.run_dir}/initial.{option.removeprefix('--')}"

    def _start_process(self, settings: Settings, more: tuple[str, ...] = ()) -> None:
        self._ready, ready_there = os.pipe2(os.O_CLOEXEC)
        nothing = in_memory("")
        try:
            self.process = start(
                self.node.holder, self.node.name, [*self._command(settings), *more], self.node.python_environment,
                {0: nothing, 1: self._errors, 2: self._errors, 3: ready_there}, engine=True,
            )  # fmt: skip
        finally:
            os.close(ready_there)
            os.close(nothing)

    def close(self) -> None:
        self._opened.close()

    def _hang_up(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _last_words(self) -> str:
        return read_all(self._errors).strip()[-4000:]

    def _complaint(self) -> str:
        """What the engine says of the topology's rules, with the names that the user knows."""
        text = self._last_words()
        for option, file in (("--rules6", self.node.spec.rules6), ("--rules", self.node.spec.rules)):
            text = text.replace(self._file(option), str(file))
        return text

    def _said(self) -> str:
        said = self._last_words()
        return f"; it said:\n{said}" if said else ""

    # --- the control protocol ----------------------------------------------------------------------------------------

    def request(self, **message: Any) -> dict[str, Any]:
        """One request and its answer. Raises RulesetError, LabError, EngineDied."""
        answer = self.ask(message)
        if answer.get("ok"):
            return answer
        if answer.get("kind") == "RulesetError":
            raise RulesetError(answer["error"], answer.get("place") or "")
        raise LabError(f"the engine of {self.node.name} refused {message.get('do')!r}: {answer.get('error')}")

    def ask(self, message: dict[str, Any]) -> dict[str, Any]:
        """One request and its answer, whatever it says. Raises LabError, EngineDied."""
        return self.ask_all([message])[0]

    def ask_all(self, messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Requests that are sent in one piece, and their answers."""
        wanted = messages[0].get("do")
        lines = b"".join(json.dumps(message).encode() + b"\n" for message in messages)
        with self._lock:
            if self._socket is None:
                self.node.holder.demand()
                hint = "restart it, from a state that was saved or fresh ('nflab engine restart --fresh')"
                if self._has_left_a_state():
                    hint = "'nflab engine restart' goes on with the rules and connections with which it ended"
                raise EngineDied(f"the engine of {self.node.name} is not running\n  hint: {hint}.")
            try:
                self._socket.sendall(lines)
                return [json.loads(self._line()) for _message in messages]
            except TimeoutError:
                raise LabError(
                    f"the engine of {self.node.name} did not answer {wanted!r} within "
                    f"{ANSWER_SECONDS:g} s{self._said()}"
                ) from None
            except (OSError, EOFError):
                raise self._death() from None

    def _line(self) -> bytes:
        assert self._socket is not None
        parts = [self._unread]
        while b"\n" not in parts[-1]:
            part = self._socket.recv(1 << 20)
            if not part:
                raise EOFError
            parts.append(part)
        line, _newline, self._unread = b"".join(parts).partition(b"\n")
        return line

    def _death(self) -> EngineDied:
        try:
            code: object = self.process.wait(1.0)
        except Exception:
            code = "unknown"
        left = "drops" if self.node.spec.on_engine_failure == "drop" else "accepts"
        return EngineDied(
            f"the engine of {self.node.name} is gone (status {code}); the node {left} what it would have "
            f"handled{self._said()}"
        )

    # --- what an engine does ---------------------------------------------------------------------------------------

    def load(self, text: str, family: str = "ipv4", name: str = "rules") -> None:
        self.request(do="load", text=text, family=family, name=name)

    def save(self, counters: bool = False, family: str = "ipv4", table: str = "") -> str:
        wanted = {"table": table} if table else {}
        answer = self.request(do="save", family=family, counters=counters, **wanted)
        return without_comments(answer["text"])

    def conntrack(self) -> list[Entry]:
        return [_entry(found) for found in self.request(do="conntrack", table="conntrack")["entries"]]

    def expectations(self) -> list[str]:
        return [found["text"] for found in self.request(do="conntrack", table="expect")["entries"]]

    def flush(self) -> None:
        self.request(do="flush")

    def flush_conntrack(self) -> None:
        for table in ("conntrack", "expect"):
            self.request(do="command", argv=["conntrack", "-F", table])

    def add_connections(self, count: int, assured: bool, seconds: int) -> None:
        status = ["-u", "SEEN_REPLY,ASSURED"] if assured else []
        first = int(FILLERS.network_address)
        words = ["-d", "198.51.100.1", "-p", "udp", "--sport", "9", "--dport", "9", "-t", str(seconds), *status]
        requests = [{"do": "command", "argv": ["conntrack", "-I", "-s", str(ip_address(first + number)), *words]}
                    for number in range(count)]  # fmt: skip
        for answer in self.ask_all(requests):
            if answer.get("exit"):
                raise LabError(f"{self.name}: {answer.get('stderr', '').strip()}")

    def touch_connection(self, src: str, dst: str, port: int) -> None:
        flow = ["-p", "udp", "-s", src, "-d", dst, "--sport", str(port), "--dport", str(port)]
        for words in (["-I", *flow, "-t", "60"], ["-U", *flow, "-m", "1"], ["-D", *flow]):
            answer = self.request(do="command", argv=["conntrack", *words])
            if answer.get("exit"):
                raise LabError(f"{self.name}: {answer.get('stderr', '').strip()}")

    def zero(self, family: str = "ipv4") -> None:
        command = "iptables" if family == "ipv4" else "ip6tables"
        for table in TABLES:
            self.request(do="command", argv=[command, "-t", table, "-Z"])

    def advance(self, seconds: float) -> float:
        return float(self.request(do="advance", seconds=seconds)["now"])

    def now(self) -> float:
        return float(self.request(do="clock")["now"])

    def sync(self) -> int:
        return int(self.request(do="sync")["handled"])

    def sysctl(self, name: str, value: str | None = None) -> str:
        if not name.startswith(ENGINE_SYSCTLS):
            return self.node.holder.sysctl(self.node.name, name, value)
        wanted = {} if value is None else {"value": value}
        return str(self.request(do="sysctl", name=name, **wanted)["value"])

    def trace(self, since: int = 0) -> tuple[list[dict[str, Any]], int]:
        answer = self.request(do="trace", since=since)
        return answer["entries"], int(answer["next"])

    def set_tracing(self, mode: str) -> None:
        self.request(do="trace", mode=mode)

    def log(self, since: int = 0) -> tuple[list[str], int]:
        answer = self.request(do="log", since=since)
        return answer["lines"], int(answer["next"])

    def commands(self) -> dict[str, str]:
        """The usual commands, answered by the engine. -I -S: nothing is imported that a front end does not need."""
        client = PACKAGE_ROOT / "engine" / "driver" / "client.py"
        script = '#!/bin/sh\nexec {python} -I -S {client} --socket {socket} {name} "$@"\n'
        words = {"python": _quoted(self.node.python), "client": _quoted(str(client)),
                 "socket": _quoted(f"{self.node.run_dir}/control")}  # fmt: skip
        return {name: script.format(name=name, **words) for name in COMMANDS}

    def environment(self) -> dict[str, str]:
        return {"NFLAB_CONTROL": f"{self.node.run_dir}/control"}


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _entry(found: dict[str, Any]) -> Entry:
    return Entry(
        str(found["protocol"]), int(found["timeout"]), found.get("state") or "", _tuple(found["original"]),
        _tuple(found["reply"]), tuple(found.get("flags") or ()), int(found.get("mark") or 0),
        int(found.get("zone") or 0), found.get("text", ""),
    )  # fmt: skip


def _tuple(found: dict[str, Any]) -> Tuple:
    numbers = {key: found[key] for key in ("sport", "dport", "type", "code", "id") if found.get(key) is not None}
    return Tuple(str(found["src"]), str(found["dst"]), **numbers)


def _probe_queue(run: Any) -> str:
    """Whether a rule may hand packets to user space, and user space may take them."""
    if run(["test", "-e", "/proc/self/net/netfilter/nfnetlink_queue"]).returncode:
        return "this kernel cannot queue packets to user space: modprobe nfnetlink_queue"
    reasons = []
    for variant in ("legacy", "nft"):
        finished = run([f"iptables-{variant}-restore"], input="*raw\n-A PREROUTING -j NFQUEUE --queue-num 40\nCOMMIT\n")
        if finished.returncode == 0:
            return ""
        reasons.append(f"iptables-{variant}: {' '.join(finished.stderr.split())}")
    return "no NFQUEUE rule can be made: " + "; ".join(reasons)
