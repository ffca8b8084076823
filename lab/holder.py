"""The process that holds a lab. While it lives the lab lives; when it ends, for whatever reason, nothing is left.

    owner (pytest, nflab up) --- nursery (python -m lab.holder) --- holder: process 1 of the lab's own process namespace
                                                                      +-- engine, servers, commands run in nodes

The nursery has imported everything and forks one holder a lab, which takes some milliseconds instead of some hundred. A
holder enters new user (unless root), mount, process and network namespaces, builds the plan that it is sent, and then
carries out requests: run a program in a node, open a socket or a file there. Programs run in the holder's process
namespace, so the kernel kills all of them with it, and the namespaces go when the last open file of them is closed.

A holder ends when its owner does: the owner's process descriptor becomes readable and the channel ends. `keep` detaches
it from its owner; then it lives until it is killed.

Only its first thread changes namespaces, at will, and others do not live long. It listens to its owner, and when it is
kept to commands of the same user.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import gc
import json
import os
import select
import selectors
import signal
import socket
import struct
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final

from lab import build, channel
from lab.build import Builder, BuildError, Namespaces
from lab.namespaces import (
    CLONE_NEWIPC,
    CLONE_NEWNET,
    CLONE_NEWNS,
    CLONE_NEWPID,
    CLONE_NEWUTS,
    MS_BIND,
    MS_NODEV,
    MS_NOEXEC,
    MS_NOSUID,
    MS_PRIVATE,
    MS_REC,
    PR_SET_CHILD_SUBREAPER,
    become_root_of_user_namespace,
    mount,
    name_process,
    prctl,
    unshare,
)
from lab.services import SERVICES

LAB_NAMESPACES: Final = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS
RUN: Final = "/run/nflab"
NETNS: Final = "/run/netns"
PACKET_RX_RING: Final = 5
PACKET_COPY_THRESH: Final = 7
PACKET_VERSION: Final = 10
PACKET_VNET_HDR: Final = 15
PACKET_IGNORE_OUTGOING: Final = 23
TPACKET_V2: Final = 1
RING_BLOCK: Final = 1 << 16
SO_RCVBUFFORCE: Final = 33
SO_SNDBUFFORCE: Final = 32
SOL_PACKET: Final = 263
ETH_P_ALL: Final = 3
IP_TRANSPARENT: Final = 19
IPV6_TRANSPARENT: Final = 75
NETLINK_NETFILTER: Final = 12
ROUTE_CACHES: Final = ("net.ipv4.route.flush", "net.ipv6.route.flush")
# Numbers below this are wanted by the programs that are started, so received files are moved above it first.
FIRST_OWN_FILE: Final = 100
RESTORED_SIGNALS: Final = (signal.SIGPIPE, signal.SIGXFSZ)

Files = list[int]
Answer = tuple[dict[str, Any], tuple[int, ...]]


# --- the nursery ----------------------------------------------------------------------------------------------------


def nursery(control: socket.socket, owner: int) -> None:
    """Fork a holder for each request, until the owner is gone."""
    name_process("nflab-nursery")
    # Where files run out, things that were half made complain on the user's terminal while they are thrown away. What
    # they were made for fails, and is told.
    sys.unraisablehook = lambda _what: None
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel buries what the holders leave behind
    gc.freeze()
    poll = select.poll()
    poll.register(owner, select.POLLIN)
    poll.register(control, select.POLLIN)
    while owner not in {fd for fd, _events in poll.poll()}:
        try:
            _message, files = channel.receive(control)
        except channel.Closed:
            return
        if os.fork() == 0:
            control.close()
            _enter(socket.socket(fileno=files[0]), owner)
        os.close(files[0])


def _enter(end: socket.socket, owner: int) -> None:
    """Enter the lab's namespaces and fork process 1 of the new process namespace, which becomes the holder."""
    try:
        enter_namespaces()
        child = os.fork()
        if child:
            channel.send(end, {"ok": True, "pid": child}, (os.pidfd_open(child),))
            os._exit(0)
        Holder(end, owner).serve()
    except channel.Closed:
        os._exit(0)
    except OSError as error:
        with contextlib.suppress(channel.Closed):
            channel.send(end, {"ok": False, "error": str(error), "errno": error.errno})
    except BaseException:
        sys.excepthook(*sys.exc_info())
        os._exit(70)
    os._exit(1)


def enter_namespaces() -> None:
    """As root directly; otherwise, or where root may not, as root of a user namespace of one's own."""
    try:
        unshare(LAB_NAMESPACES)
    except PermissionError:
        become_root_of_user_namespace()
        unshare(LAB_NAMESPACES)


# --- the holder -----------------------------------------------------------------------------------------------------


class Holder:
    """Process 1 of a lab: builds it and serves its owner."""

    def __init__(self, end: socket.socket, owner: int) -> None:
        self.end = end
        self.owner = owner
        self.selector = selectors.DefaultSelector()
        self.namespaces: Namespaces
        self.built: dict[str, Any] = {}
        self.watchers: dict[int, list[int]] = {}  # process -> files that get its status
        self.engines: dict[str, int] = {}  # node -> process
        self.services: dict[str, Servers] = {}
        self.kept: list[int] = []
        self.detached = False

    def serve(self) -> None:
        name_process("nflab-holder")
        os.chdir("/")
        wake_up, woken = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        woken.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        signal.set_wakeup_fd(woken.fileno(), warn_on_full_buffer=False)
        self.selector.register(self.end, selectors.EVENT_READ, partial(self.handle, self.end))
        self.selector.register(self.owner, selectors.EVENT_READ, self.stop)
        self.selector.register(wake_up, selectors.EVENT_READ, lambda: self.reap(wake_up))
        own_mounts()
        while True:
            for key, _events in self.selector.select():
                key.data()

    def stop(self) -> None:
        """The end of process 1 is the end of every process in its namespace."""
        os._exit(0)

    def handle(self, end: socket.socket) -> None:
        try:
            message, files = channel.receive(end)
            try:
                self.answer(end, message, files)
            finally:
                for fd in files:
                    os.close(fd)
        except (channel.Closed, channel.NotAMessage):
            if end is self.end and not self.detached:
                self.stop()
            self.selector.unregister(end)
            end.close()

    def answer(self, end: socket.socket, message: dict[str, Any], files: Files) -> None:
        """Carry out a request. One that cannot be carried out is answered with the reason, and the lab lives on."""
        out: tuple[int, ...] = ()
        try:
            answer, out = REQUESTS[message["do"]](self, message, files)
            channel.send(end, {"ok": True, **answer}, out)
        except channel.Closed:
            raise
        except BuildError as error:
            channel.send(end, {"ok": False, "error": str(error), "kind": "build"})
        except OSError as error:
            text = f"{error.strerror or error}" + (f": {error.filename}" if error.filename else "")
            channel.send(end, {"ok": False, "error": text, "errno": error.errno or 0})
        except Exception as error:
            wanted = message.get("do") if isinstance(message, dict) else message
            channel.send(end, {"ok": False, "error": f"'{wanted}' failed: {type(error).__name__}: {error}"})
        finally:
            for fd in out:
                os.close(fd)

    # --- processes -----------------------------------------------------------------------------------------------

    def reap(self, wake_up: socket.socket) -> None:
        """Bury every process that has ended and tell whoever waits for it its status."""
        with contextlib.suppress(BlockingIOError):
            wake_up.recv(4096)
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            self.report(pid, os.waitstatus_to_exitcode(status))

    def report(self, pid: int, code: int) -> None:
        for servers in self.services.values():
            if servers.pid == pid:
                servers.ended(code)
        for watcher in self.watchers.pop(pid, []):
            with contextlib.suppress(OSError):
                os.write(watcher, struct.pack("i", code))
            os.close(watcher)

    def spawn(self, message: dict[str, Any], files: Files) -> Answer:
        """Run a program in a node. `files` are its files `fds`, in this order, then the one that gets its status."""
        pid = self.start(
            message["node"],
            message["argv"],
            message["env"],
            message.get("cwd"),
            message.get("here") or "/",
            dict(zip(message["fds"], files, strict=False)),
        )
        self.watchers[pid] = [os.dup(files[-1])]
        if message.get("engine"):
            self.engines[message["node"]] = pid
        return {"pid": pid}, ()

    def start(
        self, node: str, argv: list[str], env: dict[str, str], cwd: str | None, here: str, files: dict[int, int]
    ) -> int:
        """Start a program in the folder `cwd`, or else `here`."""
        program = executable(argv[0], env.get("PATH", os.defpath), os.path.join(here, cwd or ""))
        moved = {target: _above(fd) for target, fd in files.items()}
        actions: list[tuple[int, int, int]] = [(os.POSIX_SPAWN_DUP2, fd, target) for target, fd in moved.items()]
        try:
            with contextlib.suppress(OSError):
                os.chdir(here)  # a folder below /run is not there in the lab
            if cwd is not None:
                os.chdir(cwd)
            with self.namespaces.inside(node):
                return os.posix_spawn(program, argv, env, file_actions=actions, setsid=True, setsigdef=RESTORED_SIGNALS)
        finally:
            os.chdir("/")
            for fd in moved.values():
                os.close(fd)

    def kill(self, message: dict[str, Any], _files: Files) -> Answer:
        """Send a signal to a process, or with `group` to everything it has started in its session."""
        pid = -message["pid"] if message.get("group") else message["pid"]
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, message["signal"])
        return {}, ()

    # --- building and the things of a node ---------------------------------------------------------------------------

    def build(self, _message: dict[str, Any], files: Files) -> Answer:
        plan = json.loads(channel.read_all(files[0]))
        self.namespaces = Namespaces()
        builder = Builder(plan, self.namespaces)
        missing = builder.build()
        name_nodes(self.namespaces)
        socket.sethostname(plan["name"][:64])
        write_file(f"{RUN}/hosts", plan["hosts"].encode(), 0o644)
        with contextlib.suppress(OSError):
            mount(f"{RUN}/hosts", "/etc/hosts", flags=MS_BIND)
        for node in plan["nodes"]:
            os.makedirs(f"{RUN}/{node}/bin", mode=0o700)
        self.built = {"missing": missing, "fds": self.namespaces.fds, "indexes": builder.indexes}
        return self.built, ()

    def describe(self, _message: dict[str, Any], _files: Files) -> Answer:
        """What `build` answered, for somebody who comes later, and the `engines` that are processes (node -> pid)."""
        return {**self.built, "engines": self.engines}, ()

    def open_socket(self, message: dict[str, Any], _files: Files) -> Answer:
        """A socket opened in a node; see SOCKETS."""
        with self.namespaces.inside(message["node"]):
            opened = SOCKETS[message["kind"]](message)
        return {}, (opened.detach(),)

    def ports(self, message: dict[str, Any], _files: Files) -> Answer:
        """Packet sockets on several devices: `wanted` is a list of what packet_socket takes, each with its node."""
        opened: list[socket.socket] = []
        for wanted in message["wanted"]:
            with self.namespaces.inside(wanted["node"]):
                opened.append(packet_socket(wanted))
        # Making a ring waits for a grace period of the kernel (10 ms); in threads these overlap.
        with ThreadPoolExecutor(len(opened)) as threads:
            list(threads.map(make_ring, opened, message["wanted"]))
        return {}, tuple(each.detach() for each in opened)

    def open_file(self, message: dict[str, Any], _files: Files) -> Answer:
        """A file opened while standing in a node: below /proc/net and /proc/sys/net it is the node's own."""
        with self.namespaces.inside(message["node"]):
            return {}, (os.open(message["path"], message["flags"] | os.O_CLOEXEC, 0o600),)

    def write(self, message: dict[str, Any], files: Files) -> Answer:
        """Write a whole file of the lab (not of a node: see `open`)."""
        write_file(message["path"], channel.read_bytes(files[0]), message.get("mode", 0o600))
        return {}, ()

    def sysctl(self, message: dict[str, Any], _files: Files) -> Answer:
        """Read a sysctl of a node (`name`), after it was set to `value` if there is one."""
        name, value = message["name"], message["value"]
        with self.namespaces.inside(message["node"]):
            there = value is None or build.write_sysctl(name, value)
            found = build.read_sysctl(name) if there else None
        if found is None:
            raise FileNotFoundError(errno.ENOENT, "this kernel has no such sysctl", name)
        return {"value": found}, ()

    def release(self, message: dict[str, Any], _files: Files) -> Answer:
        """Open a netfilter socket in a node and close it again: the kernel then waits until nft rules that were deleted
        are gone, with what they had switched on (defragmentation, say). As a process of nft does when it ends."""
        with self.namespaces.inside(message["node"]):
            netlink_socket({"protocol": NETLINK_NETFILTER}).close()
        return {}, ()

    def refresh(self, message: dict[str, Any], _files: Files) -> Answer:
        """What every reset does: let `nodes` forget the path MTUs and redirects that their kernels have learned, empty
        `files`, and read one sysctl of some nodes (`name`, `read`; None where this kernel does not have it)."""
        found: dict[str, str | None] = {}
        for node in message["nodes"]:
            with self.namespaces.inside(node):
                for name in ROUTE_CACHES:
                    build.write_sysctl(name, "1")
                if node in message["read"]:
                    found[node] = build.read_sysctl(message["name"])
        for path in message["files"]:
            os.truncate(path, 0)
        return {"values": found}, ()

    def listen(self, message: dict[str, Any], _files: Files) -> Answer:
        """Open the ports of a node's servers. The servers themselves start with the first packet that they get."""
        node = message["node"]
        with self.namespaces.inside(node):
            opened = [each for name, port in message["services"] for each in open_ports(name, port)]
        self.services[node] = Servers(self, node, message["argv"], message["env"], opened)
        return {}, ()

    def keep(self, _message: dict[str, Any], files: Files) -> Answer:
        """Live on without the owner. `files`: the lock of the lab's name, which stays held as long as this process
        lives, and a socket on which later commands are heard."""
        lock, listening = files
        self.kept.append(os.dup(lock))
        door = socket.socket(fileno=os.dup(listening))
        self.selector.register(door, selectors.EVENT_READ, partial(self.let_in, door))
        if not self.detached:
            self.selector.unregister(self.owner)
            # The owner's standard error may be a pipe that somebody reads to its end.
            nothing = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nothing, 2)
            os.close(nothing)
        self.detached = True
        return {}, ()

    def let_in(self, door: socket.socket) -> None:
        """Somebody has come to the door of a kept lab. Only its own user is heard (who is root in here)."""
        end, _address = door.accept()
        _pid, uid, _gid = struct.unpack("3i", end.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        if uid != os.geteuid():
            end.close()
            return
        self.selector.register(end, selectors.EVENT_READ, partial(self.handle, end))

    def end_all(self, _message: dict[str, Any], _files: Files) -> Answer:
        """End the lab, for somebody who cannot read which process holds it."""
        self.stop()
        return {}, ()

    def watch(self, message: dict[str, Any], files: Files) -> Answer:
        """Report the end of a process that runs already; at once, if it has ended."""
        pid = message["pid"]
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return {}, ()
        known = self.watchers.get(pid, [])
        for gone in [fd for fd in known if not _is_read(fd)]:
            os.close(gone)
            known.remove(gone)
        self.watchers[pid] = [*known, os.dup(files[0])]
        return {}, ()


REQUESTS: Final[dict[str, Callable[[Holder, dict[str, Any], Files], Answer]]] = {
    "build": Holder.build,
    "spawn": Holder.spawn,
    "kill": Holder.kill,
    "socket": Holder.open_socket,
    "ports": Holder.ports,
    "open": Holder.open_file,
    "write": Holder.write,
    "sysctl": Holder.sysctl,
    "release": Holder.release,
    "refresh": Holder.refresh,
    "listen": Holder.listen,
    "keep": Holder.keep,
    "describe": Holder.describe,
    "watch": Holder.watch,
    "end": Holder.end_all,
}


def _is_read(pipe: int) -> bool:
    """Whether somebody has the other end of this pipe."""
    poll = select.poll()
    poll.register(pipe, 0)
    return not poll.poll(0)


def _above(fd: int) -> int:
    return fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, FIRST_OWN_FILE)


def executable(name: str, path: str, cwd: str) -> str:
    """The file that a shell would run for `name`. Raises FileNotFoundError."""
    if "/" in name:
        return name if os.path.isabs(name) else os.path.join(cwd, name)
    for folder in path.split(os.pathsep):
        candidate = os.path.join(folder or cwd, name)
        if os.access(candidate, os.X_OK) and not os.path.isdir(candidate):
            return candidate
    raise FileNotFoundError(errno.ENOENT, "no such command", name)


def write_file(path: str, content: bytes, mode: int) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode), "wb") as file:
        os.fchmod(file.fileno(), mode)  # whatever the user's umask: commands of the engine have to be runnable
        file.write(content)


# --- mounts ---------------------------------------------------------------------------------------------------------


def own_mounts() -> None:
    """A /run and a /proc of the lab's own: the machine's /run holds the lock that iptables-legacy waits for."""
    mount("none", "/", flags=MS_REC | MS_PRIVATE)
    mount("tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755")
    os.makedirs(NETNS)
    os.mkdir(RUN, 0o700)
    # Where the machine's own /proc is partly covered (some containers) a new one is not allowed; the old one will do.
    with contextlib.suppress(OSError):
        mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)


def name_nodes(namespaces: Namespaces) -> None:
    """Make `ip netns exec NODE` work inside the lab."""
    for node, fd in namespaces.fds.items():
        path = f"{NETNS}/{node or '.switches'}"
        write_file(path, b"", 0o444)
        with contextlib.suppress(OSError):
            mount(f"/proc/self/fd/{fd}", path, flags=MS_BIND)


# --- sockets --------------------------------------------------------------------------------------------------------


def packet_socket(message: dict[str, Any]) -> socket.socket:
    """An AF_PACKET socket for one device that sees what arrives there, not what it sends itself.

    Frames arrive in a ring of `slots` slots of `size` bytes, which the owner maps into its memory: the ring is not
    bounded by net.core.rmem_max, which an ordinary user cannot raise. Larger frames come through the socket's own queue
    as well (PACKET_COPY_THRESH). Each has a virtio_net header: which checksum is still to be computed, how it is to be
    cut.
    """
    opened = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    opened.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    opened.setsockopt(SOL_PACKET, PACKET_VERSION, TPACKET_V2)
    opened.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
    opened.setsockopt(SOL_PACKET, PACKET_COPY_THRESH, message["size"])
    for force, option in ((SO_RCVBUFFORCE, socket.SO_RCVBUF), (SO_SNDBUFFORCE, socket.SO_SNDBUF)):
        try:
            opened.setsockopt(socket.SOL_SOCKET, force, message["buffer"])
        except PermissionError:
            opened.setsockopt(socket.SOL_SOCKET, option, message["buffer"])
    opened.setblocking(False)
    return opened


def make_ring(opened: socket.socket, message: dict[str, Any]) -> None:
    """Give a packet socket its ring and let it listen."""
    blocks = message["slots"] * message["size"] // RING_BLOCK
    ring = struct.pack("IIII", RING_BLOCK, blocks, message["size"], message["slots"])
    opened.setsockopt(SOL_PACKET, PACKET_RX_RING, ring)
    opened.bind((message["device"], ETH_P_ALL))


def netlink_socket(message: dict[str, Any]) -> socket.socket:
    opened = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, message["protocol"])
    opened.bind((0, message.get("groups", 0)))
    return opened


def inet_socket(message: dict[str, Any]) -> socket.socket:
    """An ordinary socket that belongs to the node. transparent: it may have anybody's address."""
    six = message.get("family") == 6
    family = socket.AF_INET6 if six else socket.AF_INET
    if message["type"] == "raw":  # takes whole packets, from their IP header on
        return socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_RAW)
    opened = socket.socket(family, socket.SOCK_DGRAM if message["type"] == "udp" else socket.SOCK_STREAM)
    if message.get("transparent"):
        level, option = (socket.IPPROTO_IPV6, IPV6_TRANSPARENT) if six else (socket.IPPROTO_IP, IP_TRANSPARENT)
        opened.setsockopt(level, option, 1)
    return opened


def unix_socket(message: dict[str, Any]) -> socket.socket:
    opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    opened.connect(message["path"])
    return opened


SOCKETS: Final[dict[str, Callable[[dict[str, Any]], socket.socket]]] = {
    "netlink": netlink_socket,
    "inet": inet_socket,
    "unix": unix_socket,
}


# --- servers that start with their first packet -----------------------------------------------------------------------


def open_ports(name: str, port: int) -> list[tuple[str, socket.socket]]:
    """Sockets of a service on every address of the node, IPv4 and (where there is one) IPv6."""
    kind = socket.SOCK_DGRAM if SERVICES[name].transport == "udp" else socket.SOCK_STREAM
    opened: list[tuple[str, socket.socket]] = []
    for family, anywhere in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
        try:
            listening = socket.socket(family, kind)
        except OSError:
            continue
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listening.bind((anywhere, port))
        if kind == socket.SOCK_STREAM:
            listening.listen(128)
        opened.append((f"{name}:{port}/{4 if family == socket.AF_INET else 6}", listening))
    return opened


class Servers:
    """The servers of one node: their sockets are open from the start, one process serves them when it is needed.

    Packets that come before the process wait in the sockets, so nobody has to wait for a server to be ready, and a lab
    whose servers are not used does not start any.
    """

    def __init__(self, holder: Holder, node: str, argv: list[str], env: dict[str, str],
                 opened: list[tuple[str, socket.socket]]) -> None:  # fmt: skip
        self.holder = holder
        self.node = node
        self.argv = argv
        self.env = env
        self.sockets = dict(opened)
        self.pid = 0
        self.failures = 0
        self.watch()

    def watch(self) -> None:
        for listening in self.sockets.values():
            self.holder.selector.register(listening, selectors.EVENT_READ, self.start)

    def start(self) -> None:
        if self.pid:
            return
        for listening in self.sockets.values():
            self.holder.selector.unregister(listening)
        numbered = dict(enumerate(self.sockets.values(), start=3))
        names = [f"{name}={number}" for number, name in enumerate(self.sockets, start=3)]
        log = os.open(f"{RUN}/{self.node}/services.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        nothing = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        files = {0: nothing, 1: log, 2: log} | {number: each.fileno() for number, each in numbered.items()}
        try:
            self.pid = self.holder.start(self.node, [*self.argv, *names], self.env, "/", "/", files)
        finally:
            os.close(log)
            os.close(nothing)

    def ended(self, _code: int) -> None:
        """Start again with the next packet, but not for ever if the program cannot start at all."""
        self.pid = 0
        self.failures += 1
        if self.failures < 5:
            self.watch()


if __name__ == "__main__":
    nursery(socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2]))
