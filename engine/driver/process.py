"""The engine process: one thread, one loop over the packet queue, the machine's notices and the control socket.

    python -m engine --run-dir DIR [--clock virtual] [--rules FILE] ...        see docs/control-protocol.md

Packets are led here by rules that stay in force when the process dies (its node then drops what it would have
handled); they are taken away when it is told to end (SIGTERM, SIGINT).
"""

from __future__ import annotations

import argparse
import json
import os
import selectors
import signal
import socket
import stat
import sys
from time import monotonic as _monotonic
from typing import TYPE_CHECKING, Final

from engine.core.engine import Engine
from engine.driver import garbage
from engine.driver.clocks import Clock
from engine.driver.control import Control
from engine.driver.environment import LiveEnvironment, SystemRandomness
from engine.driver.link_headers import LinkHeaders
from engine.driver.nfqueue import own_map
from engine.driver.queue_rules import QueueRules, QueueRulesError
from engine.driver.sender import Sender
from engine.driver.state import StateError, forget_state, has_left_a_state, restore_state
from engine.driver.worker import Queues, Worker
from engine.language.errors import RulesetError

if TYPE_CHECKING:
    from collections.abc import Callable

TICK: Final = 1.0  # seconds between two looks at the timers
IPV6_THERE: Final = "/proc/thread-self/net/if_inet6"
PREFIX: Final = "net.netfilter."


class StartError(Exception):
    """The engine cannot start; the text says why and what to do."""


def read_arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m engine", description="The firewall engine of one node.")
    parser.add_argument("--run-dir", required=True, metavar="DIR", help="where the control socket goes; must exist")
    parser.add_argument("--clock", choices=("monotonic", "virtual"), default="monotonic")
    parser.add_argument("--rules", metavar="FILE", help="iptables-restore text to begin with")
    parser.add_argument("--rules6", metavar="FILE", help="the same for ip6tables")
    parser.add_argument("--state", metavar="FILE", help="continue from what `dump` gave")
    parser.add_argument("--on-failure", choices=("drop", "accept"), default="drop",
                        help="what happens to packets while no engine runs")  # fmt: skip
    parser.add_argument("--ready-fd", type=int, metavar="N", help="write a newline there when packets are handled")
    parser.add_argument("--timeout", action="append", default=[], metavar="NAME=SECONDS",
                        help=f"a sysctl below {PREFIX}; may be repeated")  # fmt: skip
    return parser.parse_args(words)


class Process:
    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.clock = Clock(options.clock)
        self.environment = LiveEnvironment(self.clock)
        self.engine = Engine(self.environment, SystemRandomness())
        self.rules = QueueRules(options.on_failure == "accept", options.run_dir, os.path.exists(IPV6_THERE))
        self.running = True
        self.keep_rules = False
        self.busy = False  # connections that are over may be left
        self.wake_read, self.wake_write = socket.socketpair()
        self.selector = selectors.DefaultSelector()

    # -- start

    def start(self) -> None:
        """Raises StartError, RulesetError; then nothing is left behind."""
        self._look_at_the_run_dir()
        self._set_timeouts()
        self._load()
        try:
            queues = Queues(self.environment.names, own_map())
        except OSError as error:
            raise StartError(f"{error}: does another engine run in this network namespace?") from None
        self.queues = queues
        self.sender = Sender(self.environment)
        self.worker = Worker(self.engine, self.environment, self.clock, queues, self.sender)
        self.control = Control(self.worker, self.options.run_dir, self)
        try:
            self.rules.install()
        except QueueRulesError as error:
            self.control.close()
            raise StartError(str(error)) from None
        if self.rules.link_headers:
            self._read_link_headers()
        self._watch()
        try:
            self._tell_that_it_is_ready()
        except OSError as error:  # nobody would know that it runs
            self.keep_rules = has_left_a_state(self.options.run_dir)  # the node was closed before, and waits on
            self.end()
            raise StartError(f"--ready-fd {self.options.ready_fd}: {error.strerror}") from None
        try:
            forget_state(self.options.run_dir)
        except OSError as error:  # the next engine would take it for the end of this one
            self.end()
            raise StartError(f"--run-dir {self.options.run_dir}: {error.strerror}") from None

    def _look_at_the_run_dir(self) -> None:
        """It becomes a folder of mode 0700, which must not happen to /tmp."""
        folder = self.options.run_dir
        try:
            shared = os.stat(folder).st_mode & stat.S_ISVTX
        except OSError as error:
            raise StartError(f"--run-dir {folder}: {error.strerror}") from None
        if shared or not os.path.isdir(folder):
            raise StartError(f"--run-dir {folder}: make a folder for this engine alone and name that")

    def _tell_that_it_is_ready(self) -> None:
        if self.options.ready_fd is not None:
            os.write(self.options.ready_fd, b"\n")
            os.close(self.options.ready_fd)

    def _set_timeouts(self) -> None:
        for text in self.options.timeout:
            name, equals, value = text.partition("=")
            if not equals:
                raise StartError(f"--timeout {text}: write NAME=SECONDS")
            problem = self.engine.conntrack.set_sysctl(PREFIX + name.removeprefix(PREFIX), value)
            if problem:
                raise StartError(f"--timeout {text}: {problem}")

    def _load(self) -> None:
        for family, path in (("ipv4", self.options.rules), ("ipv6", self.options.rules6)):
            if path:
                self.engine.load(_read(path), family, path)
        if self.options.state:
            try:
                state = json.loads(_read(self.options.state))
                restore_state(self.engine, state, self.clock.now(), self.options.on_failure == "accept")
            except (ValueError, RecursionError, StateError) as error:
                raise StartError(f"{self.options.state}: {error}") from None

    def _read_link_headers(self) -> None:
        try:
            self.worker.link_headers = LinkHeaders()
        except OSError:
            self.rules.link_headers = False  # LOG then shows no link header of bridged frames

    def _watch(self) -> None:
        for hook, queue in enumerate(self.queues.by_hook):
            self.selector.register(queue.fileno(), selectors.EVENT_READ, hook)
        self.selector.register(self.environment.notices.fileno(), selectors.EVENT_READ, "notices")
        self.selector.register(self.wake_read.fileno(), selectors.EVENT_READ, "signal")
        if self.worker.link_headers is not None:
            self.selector.register(self.worker.link_headers.sock.fileno(), selectors.EVENT_READ, "link headers")
        self.control.watch(self.selector)
        self.wake_read.setblocking(False)
        self.wake_write.setblocking(False)
        signal.set_wakeup_fd(self.wake_write.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._told_to_end)
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)

    def quit(self, keep_rules: bool) -> None:
        """End soon. keep_rules: the queue rules stay; the node is closed (or open) until the next engine."""
        self.keep_rules = keep_rules
        self.running = False

    def stats(self) -> dict[str, int | str]:
        """Counters of what surrounds the worker."""
        queues = self.queues.by_hook
        return {
            "verdicts": sum(queue.sent for queue in queues),
            "verdicts_refused": sum(queue.refused for queue in queues),
            "sent": self.sender.sent,
            "send_failed": self.sender.failed,
            "last_send_error": self.sender.last_error,
            "overruns": queue_overruns([number for queue in queues for number in queue.numbers]),
            "queue_rules": self.rules.tool,
        }

    def _told_to_end(self, _number: int, _frame: object) -> None:
        self.running = False

    # -- run

    def run(self) -> None:
        garbage.begin()
        next_tick = self.clock.started + TICK
        while self.running:
            now = _monotonic()
            if now >= next_tick:
                next_tick = now + TICK
                self._guarded("what is due", self._tick)
                self.busy = True
            if self.busy:  # many connections end at once: a little of it between packets
                self._guarded("timers", self._expire_some)
            for key, mask in self.selector.select(0.0 if self.busy else max(0.0, next_tick - now)):
                if self.running:  # what comes after the end was told belongs to the next engine
                    self._serve(key.data, mask)

    def _tick(self) -> None:
        self.worker.tick()
        garbage.tidy(self.engine.conntrack.table.count)

    def _expire_some(self) -> None:
        self.busy = False
        self.busy = self.worker.expire_some()

    def _serve(self, what: object, mask: int) -> None:
        worker = self.worker
        if isinstance(what, int):
            self._guarded("packets", lambda: worker.handle_waiting(hook=what))
        elif what == "notices":
            self._guarded("notices", worker.take_notice)
        elif what == "link headers":
            if worker.link_headers is not None:
                self._guarded("link headers", worker.link_headers.read)
        elif what == "signal":
            self.wake_read.recv(64)
        else:
            self.control.serve(what, mask)

    def _guarded(self, about: str, work: Callable[[], object]) -> None:
        try:
            work()
        except Exception as error:
            self.worker.faults.add(error, f"while looking after {about}")

    def end(self) -> None:
        """Take the queue rules away, give the queue up."""
        if not self.keep_rules:
            self.rules.remove()
        self.control.close()
        self.worker.close()
        self.environment.close()


def queue_overruns(numbers: list[int]) -> int:
    """Packets that the kernel dropped because a queue or its socket was full."""
    lost = 0
    try:
        with open("/proc/thread-self/net/netfilter/nfnetlink_queue", encoding="ascii") as file:
            for line in file:
                words = line.split()
                if len(words) >= 7 and int(words[0]) in numbers:
                    lost += int(words[5]) + int(words[6])
    except OSError:
        return 0
    return lost


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
            return file.read()
    except OSError as error:
        raise StartError(f"{path}: {error.strerror}") from None


def main(words: list[str]) -> int:
    """Run until told to end; the exit status."""
    options = read_arguments(words)
    process = Process(options)
    try:
        process.start()
    except (StartError, RulesetError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    try:
        process.run()
    finally:
        process.end()
    return 0
