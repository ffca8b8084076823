"""Who acts in a scenario: hosts and the firewall, and what they can do. The words of docs/writing-scenarios.md.

Each word writes down what it did, compares what it has to compare, and raises Failed when the engine is not as it
should be.
"""

from __future__ import annotations

import contextlib
import json
import re
import shlex
import subprocess
import textwrap
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from conformance import comparing, connections, counters, flows, icmp_names, sockets, transfers, waits, watching
from conformance.failing import Broken, Failed
from conformance.names import Names
from conformance.packets import CONDITIONS, Packet, PacketFault, Sendable, make
from conformance.programs import FAULT
from conformance.programs import __name__ as PROGRAMS_MODULE
from conformance.reading import Seen, is_chatter
from conformance.tcp_talk import CLIENT_ISN, SERVER_ISN, Talk
from lab import LabError, RulesetError
from lab.programs import module

if TYPE_CHECKING:
    from conformance.scene import Scene
    from lab import Entry, Node
    from lab import Firewall as FirewallNode

BULK = 64  # packets that may be under way at once


class Output:
    """What a command printed: `exit`, `out`, `err`."""

    def __init__(self, command: str, finished: subprocess.CompletedProcess[str]) -> None:
        self.command = command
        self.exit = finished.returncode
        self.out = finished.stdout
        self.err = finished.stderr

    def __contains__(self, text: str) -> bool:
        return text in self.out

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    def prints(self, text: str) -> Output:
        """Standard output is exactly this (indentation and blank lines around it do not count)."""
        if self.out.strip("\n") != dedented(text).strip("\n"):
            raise Failed(("should print", dedented(text).strip("\n")), ("printed", self.out.strip("\n") or "nothing"),
                         ("command", self.command))  # fmt: skip
        return self

    def contains(self, *texts: str) -> Output:
        """Standard output contains each of these."""
        for text in texts:
            if text not in self.out:
                raise Failed(("should print", text), ("printed", self.out or "nothing"), ("command", self.command))
        return self

    def lacks(self, *texts: str) -> Output:
        for text in texts:
            if text in self.out:
                raise Failed(("should not print", text), ("printed", self.out), ("command", self.command))
        return self

    def json(self) -> Any:
        return json.loads(self.out)


class Host:
    """A node of the topology."""

    def __init__(self, scene: Scene, node: Node) -> None:
        self.scene = scene
        self.node = node
        self.name = node.name

    def __repr__(self) -> str:
        return f"<{self.name}>"

    @property
    def names(self) -> Names:
        return self.scene.names

    def address(self, link: str = "", family: int = 4) -> str:
        """Its address on a link."""
        return self.node.address(link or None, family)

    def mac(self, link: str = "") -> str:
        return self.node.mac(link or None)

    # --- packets ------------------------------------------------------------------------------------------------------

    def sends(self, *packets: Sendable | Iterable[Sendable], via: str = "", next_hop: str = "") -> Seen:
        """Put packets on the wire, one after the other. Returns the last one, for example to quote it.

        via        the link by which it leaves, where the node has several
        next_hop   the node (or NODE.LINK) whose MAC address the frame carries; normally found out from the topology
        """
        sent: Seen | None = None
        for number, packet in enumerate(_flat(packets), start=1):
            sent = self.scene.send(self.node, packet, via, next_hop)
            if number % BULK == 0:
                self.scene.settle()
        if sent is None:
            raise PacketFault("sends() needs a packet")
        self.scene.settle()
        return sent

    def sees(self, packet: Packet, times: int = 1, on: str = "", within: float = 0.0) -> Seen:
        """A packet like this must have arrived. Returns it; of several, the last one.

        Only what is said is compared; the checksums must be right. A packet counts once: the next sees() looks at the
        rest.

        on        the link on which it must have arrived
        within    seconds to wait for it: only for what real programs send
        """
        return self.scene.expect(self.name, packet, times, on, within)[-1]

    def sees_all(self, *packets: Packet) -> list[Seen]:
        """Each of these must have arrived, in whatever order."""
        return [self.sees(packet) for packet in packets]

    def sees_in_order(self, *packets: Packet) -> list[Seen]:
        """Each of these must have arrived, in this order."""
        found = self.sees_all(*packets)
        order = [self.scene.seen[self.name].index(seen) for seen in found]
        if order != sorted(order):
            shown = [self.scene.seen[self.name][place].shown(self.names) for place in sorted(order)]
            raise Failed((f"{self.name} should see", "\n".join(packet.shown(self.names) for packet in packets)),
                         (f"{self.name} saw", "\n".join(shown)))  # fmt: skip
        return found

    def never_saw(self, packet: Packet, on: str = "") -> None:
        """No packet like this has arrived (except those that sees() was asked for).

        Silence needs a proof that the path works. Either a later packet of the same sender is seen (a marker), or the
        suite sends one when the scenario is over and all rules are gone.
        """
        self.scene.claim_silence(self.name, packet, on)

    def saw_nothing_else(self) -> None:
        """Everything that arrived was asked for with sees(). Neighbour discovery and ARP do not count."""
        self.scene.collect()
        left = [seen for seen in self.scene.seen[self.name] if not seen.expected and not is_chatter(seen)]
        step = self.scene.step(self.name, "should see", expected="nothing else", ok=not left)
        step.seen = "\n".join(seen.shown(self.names) for seen in left[:8]) or "nothing else"
        if left:
            raise Failed((f"{self.name} should see", "nothing else"), (f"{self.name} saw", step.seen))

    def saw(self, packet: Packet, on: str = "") -> list[Seen]:
        """Everything like this that has arrived and was not asked for yet, without judging: to be counted, say."""
        self.scene.collect()
        found = self.scene.find(self.name, packet, on)
        for seen in found:
            seen.expected = True
        self.scene.step(self.name, "saw", expected=packet.shown(self.names), seen=f"{len(found)} of them")
        return found

    def sees_reassembled(self, packet: Packet, sizes: Sequence[int] | None = None) -> Seen:
        """The fragments that have arrived must make up a packet like this. `sizes`: the bytes of each of them, with
        their IP headers, in the order of their offsets."""
        from conformance import fragments

        return fragments.expect_whole(self.scene, self.name, packet, list(sizes) if sizes is not None else None)

    def answers(self, seen: Seen, payload: str | bytes | None = None, flags: str | None = None, **fields: Any) -> Seen:
        """Answer a packet that was seen: addresses and ports turned round; to an ICMP query, its reply."""
        return self.sends(self.answer_to(seen, payload, flags, **fields))

    def answer_to(
        self, seen: Seen, payload: str | bytes | None = None, flags: str | None = None, **fields: Any
    ) -> Packet:
        """The packet that answers() would send."""
        if seen.kind in ("icmp", "icmp6"):
            replies = icmp_names.REPLIES if seen.kind == "icmp" else icmp_names.REPLIES6
            if seen.type not in replies:
                raise PacketFault(f"{seen.shown(self.names)} is no question that ICMP has an answer for")
            fields = {"type": replies[seen.type], "code": 0, "id": seen.id, "seq": seen.seq} | fields
            payload = seen.payload if payload is None else payload
        elif seen.kind == "tcp":
            data = len(seen.payload) + (seen.flags & 1) + (seen.flags >> 1 & 1)
            fields = {"seq": seen.ack, "ack": (seen.seq + data) % (1 << 32)} | fields
            flags = flags or "ACK"
        if flags is not None:
            fields["flags"] = flags
        if seen.kind == "gre":
            fields = {name: seen.get(name) for name in ("gre_version", "inner")} | fields
        if seen.kind == "ip":
            fields = {"protocol": seen.protocol} | fields
        return make(seen.kind, reply_flow(seen), seen.family, payload=payload, **fields)

    def complains(self, seen: Seen, message: str | int | tuple[int, int], source: str = "", **fields: Any) -> Seen:
        """Send an ICMP error about a packet that was seen, to its sender. `source`: another address to send it from."""
        kind = "icmp6" if seen.family == 6 else "icmp"
        number, code = icmp_names.message(message, seen.family)
        origin = source or seen.dst
        return self.sends(
            make(kind, f"{origin} > {seen.src}", seen.family, type=number, code=code, quoting=seen, **fields)
        )

    def connects(
        self,
        flow: str,
        at: Host | None = None,
        seen_as: str = "",
        family: int = 0,
        client_isn: int = CLIENT_ISN,
        server_isn: int = SERVER_ISN,
        **options: Any,
    ) -> Talk:
        """A TCP connection of crafted packets, after its handshake. `at`: who answers, if not the destination."""
        return self.talk(flow, at, family, client_isn, server_isn, **options).handshake(seen_as)

    def talk(self, flow: str, at: Host | None = None, family: int = 0, client_isn: int = CLIENT_ISN,
             server_isn: int = SERVER_ISN, **options: Any) -> Talk:  # fmt: skip
        """A TCP connection before its first packet: talk.syn(), talk.syn_ack(), talk.client_sends("ACK") ..."""
        parsed = flows.parse(flow)
        family = family or (6 if any(":" in end.host for end in (parsed.source, parsed.destination)) else 4)
        name = parsed.destination.host.partition(".")[0]
        if at is None and name not in self.scene.lab:
            raise PacketFault(f"'{flow}': say at= who answers; '{name}' is not a node")
        other = at if at is not None else Host(self.scene, self.scene.lab[name])
        return Talk(self, other, parsed, family, client_isn, server_isn, options)

    def claims(self, *addresses: str, link: str = "") -> None:
        """Have more addresses: neighbours send packets for them here. Nothing answers but the scenario."""
        device = link or self.node.devices[0]
        for address in addresses:
            self.scene.claim(self.node, address, device)

    # --- real sockets and programs ------------------------------------------------------------------------------------

    def opens(self, end: str = "udp", transparent: bool = False) -> sockets.LocalSocket:
        """A real socket: "udp", "udp:5000", "tcp", "tcp6:7000", "udp:ADDRESS:5000". transparent: IP_TRANSPARENT, it may
        have an address that its node has not."""
        return sockets.open_socket(self.scene, self.node, self.fills_in(end), False, transparent)

    def listens(self, end: str, transparent: bool = False) -> sockets.LocalSocket:
        """A real socket that waits for others: "udp:53", "tcp:8080". transparent: it takes what TPROXY gives it."""
        return sockets.open_socket(self.scene, self.node, self.fills_in(end), True, transparent)

    def runs(self, command: str | Sequence[str], stdin: str = "", exits: int | Sequence[int] | None = 0,
             complains: str = "", timeout: float = waits.PROGRAM) -> Output:  # fmt: skip
        """Run a command in the node. A text is split as a shell would; for a shell's own work: ["sh", "-c", "..."].

        exits       the exit status that it must have; None: any
        complains   what it must write to standard error (a part of it)
        {client}, {firewall.wan} and so on stand for addresses, {client/6} for IPv6.
        """
        words = (
            shlex.split(self.fills_in(command))
            if isinstance(command, str)
            else [self.fills_in(word) for word in command]
        )
        shown = shlex.join(words) if not isinstance(command, str) else self.fills_in(command)
        step = self.scene.step(self.name, "runs", sent=shown + (f"\n{stdin}" if stdin else ""))
        if exits is not None:
            step.expected = f"exit {exits}" + (f", {complains!r}" if complains else "")
        try:
            finished = self.node.run(words, input=self.fills_in(stdin) if stdin else None, timeout=timeout)
        except subprocess.TimeoutExpired:
            step.ok, step.seen = False, f"not finished after {timeout:g} s"
            raise Failed((f"{self.name} runs", shown), ("it has not ended after", f"{timeout:g} s")) from None
        self.scene.settle()
        output = Output(shown, finished)
        step.seen = "\n".join(filter(None, (f"exit {output.exit}", _short(output.out), _short(output.err))))
        allowed = (exits,) if isinstance(exits, int) else exits
        if allowed is not None and output.exit not in allowed:
            step.ok = False
            raise Failed(
                (f"{self.name} runs", shown),
                ("should exit with", " or ".join(map(str, allowed))),
                ("exited with", str(output.exit)),
                ("output", (output.err or output.out).strip() or "none"),
            )
        complains = str(complains)  # a column of a table may look like a number
        if complains and complains not in output.err:
            step.ok = False
            raise Failed((f"{self.name} runs", shown), ("should complain", complains),
                         ("complained", output.err.strip() or "not at all"))  # fmt: skip
        return output

    def watches(
        self, command: str, mark: Callable[[], object] | None = None, marked: str = watching.MARK
    ) -> watching.Watch:
        """A program that tells what happens, `conntrack -E` with options: watch.says("[NEW] udp", ...). Where it does
        not tell of connections: `mark` makes something happen of which it does, in lines that contain `marked`."""
        self.scene.step(self.name, "starts", sent=command)
        return watching.Watch(self.scene, self.node, self.fills_in(command), mark, marked)

    def fetches(self, url: str) -> dict[str, Any]:
        """HTTP GET by a real client: {"bytes": ..., "sha256": ...}. Services: docs/topologies.md."""
        return self._program("fetch", url)

    def begins_fetching(self, url: str, first: int = 100_000) -> transfers.Download:
        """HTTP GET of http://.../bytes/N by a real client that stops reading after `first` bytes: download.goes_on,
        .runs, .ends."""
        self.scene.step(self.name, "begins to fetch", sent=self.fills_in(url))
        return transfers.Download(self.scene, self.node, self.fills_in(url), first)

    def downloads(self, server: str, mode: str = "passive", name: str = "hello.txt") -> dict[str, Any]:
        """An FTP download by a real client. `mode`: passive, active, epsv, eprt."""
        return self._program("ftp", server, mode, name)

    def uploads(
        self, server: str, mode: str = "passive", name: str = "upload/file", size: int = 5000
    ) -> dict[str, Any]:
        """An FTP upload by a real client."""
        return self._program("put", server, mode, name, str(size))

    def tftp_gets(self, server: str, name: str = "hello.txt") -> dict[str, Any]:
        return self._program("tftp", server, name)

    def tftp_puts(self, server: str, name: str = "file", size: int = 2000) -> dict[str, Any]:
        return self._program("tftp-put", server, name, str(size))

    def echoes(self, server: str, protocol: str = "udp", text: str = "hello", port: int = 7) -> dict[str, Any]:
        """Say something to an echo service by a real socket: {"text", "from", "as"}."""
        return self._program("echo", server, str(port), protocol, text)

    def cannot(self, act: Callable[..., Any], *arguments: Any, **options: Any) -> None:
        """What must not succeed: client.cannot(client.fetches, "http://{server}/"). A client that fails by a fault of
        its own has been denied nothing: that is BROKEN."""
        before = len(self.scene.steps)
        try:
            act(*arguments, **options)
        except Failed as failed:
            if ("exited with", str(FAULT)) in failed.lines:
                raise Broken(str(failed)) from None
            for step in self.scene.steps[before:]:
                step.ok = True
            return
        raise Failed((f"{self.name} should not be able to", f"{act.__name__} {arguments}"), ("but", "it was"))

    def _program(self, name: str, *arguments: str) -> dict[str, Any]:
        output = self.runs(module(PROGRAMS_MODULE, name, *arguments))
        result: dict[str, Any] = json.loads(output.out)
        return result

    # --- the node -----------------------------------------------------------------------------------------------------

    def sets(self, name: str, value: object) -> None:
        """Set a sysctl of the node until the scenario is over."""
        self.scene.step(self.name, "sets", sent=f"{name} = {value}")
        self.node.sysctl(name, value)

    def shows(self, name: str) -> str:
        """The value of a sysctl of the node."""
        return self.node.sysctl(name)

    def changes(self, command: str, undo: str = "") -> Output:
        """Run a command that changes the node (addresses, routes, links), and the one that takes it back afterwards.
        What cannot be taken back needs a lab of its own: @case(..., fresh=True)."""
        narrow = re.search(r"\bmtu (\d+)", command)
        if narrow and int(narrow[1]) < 1280 and not self.scene.instance.case.fresh:
            raise Broken(f"{command}: below 1280 bytes a link loses its IPv6 addresses for good; use fresh=True")
        output = self.runs(command)
        if undo:
            words = shlex.split(self.fills_in(undo))

            def take_back() -> None:
                self.node.run(words, check=True)

            self.scene.undo.append(take_back)
        return output

    def fills_in(self, text: str) -> str:
        """{client} {firewall.wan} {server/6} -> addresses; everything else in braces stays."""
        return fill_in(text, self.names)


class Firewall(Host):
    """The node that runs the engine under test."""

    node: FirewallNode

    @property
    def engine(self) -> str:
        """The name of the engine."""
        return self.scene.engine

    @property
    def dialect(self) -> str:
        """Whose habits count where iptables-legacy and iptables-nft differ: "legacy" or "nft"."""
        return "nft" if self.engine == "kernel-nft" else "legacy"

    def differs(self, *, legacy: Any, nft: Any, because: str) -> Any:
        """Where the two iptables differ: what to expect of the engine that runs, and why."""
        self.scene.step(self.name, "differs", expected=f"legacy: {legacy}; nft: {nft}", seen=because)
        return nft if self.dialect == "nft" else legacy

    # --- rules --------------------------------------------------------------------------------------------------------

    def loads(self, text: str, family: int = 4) -> None:
        """Load iptables-restore text as the whole ruleset; tables that it does not name become empty. {server},
        {firewall.wan} and so on stand for addresses."""
        rules = self._rules(text, family)
        self.scene.rules[_family(family)] = rules
        step = self.scene.step(self.name, "loads", sent=f"{len(rules.splitlines())} lines of rules")
        try:
            self.node.load(rules, _family(family))
        except RulesetError as refused:
            step.ok, step.seen = False, str(refused)
            raise Failed((f"{self.name} should load", rules.strip()), ("it refused", str(refused))) from None

    def loads6(self, text: str) -> None:
        """The same for ip6tables."""
        self.loads(text, 6)

    def refuses(self, text: str, says: str | Sequence[str] = "", family: int = 4) -> str:
        """Loading this text must be refused, with a message that contains `says`, and must change nothing. Returns the
        message."""
        rules = self._rules(text, family)
        before = self.saved(family)
        step = self.scene.step(self.name, "should refuse", sent=rules.strip(), expected=", ".join(_texts(says)))
        try:
            self.node.load(rules, _family(family))
        except RulesetError as refused:
            message = str(refused)
        else:
            step.ok, step.seen = False, "accepted"
            raise Failed((f"{self.name} should refuse", rules.strip()), ("it", "accepted it"))
        step.seen = message
        for part in _texts(says):
            if part not in message:
                step.ok = False
                raise Failed((f"{self.name} should say", part), ("it said", message))
        after = self.saved(family)
        if _without_empty_tables(after) != _without_empty_tables(before):
            step.ok = False
            raise Failed((f"{self.name} should keep", before or "no rules"), ("but it has", after or "no rules"))
        return message

    def refuses_rule(self, rule: str, says: str | Sequence[str] = "", table: str = "filter", family: int = 4) -> str:
        """firewall.refuses_rule("-A INPUT -j NOPE", says="NOPE")"""
        return self.refuses(f"*{table}\n{rule}\nCOMMIT\n", says, family)

    def saved(self, family: int = 4, table: str = "", counters: bool = False) -> str:
        """The ruleset as iptables-save prints it, without comment lines."""
        return self.node.save(counters, _family(family), table)

    def saves(self, text: str, family: int = 4, table: str = "") -> None:
        """The ruleset, without counters, must be exactly this text."""
        wanted = dedented(self._rules(text, family)).strip()
        found = _without_counters(self.saved(family, table)).strip()
        step = self.scene.step(self.name, "should save", expected=wanted, seen=found, ok=wanted == found)
        if not step.ok:
            raise Failed((f"{self.name} should save", wanted), ("it saved", found or "nothing"))

    def counted(
        self, place: str, packets: int | Any = None, bytes: int | Any = None, family: int = 4
    ) -> counters.Count:
        """The counter of a rule or policy: "filter FORWARD 2", "filter FORWARD policy", or the comment of a rule."""
        self.scene.collect()
        found = counters.read(self.saved(family, counters=True))
        count = found.at(place)
        if count is None:
            known = ", ".join([*found.places, *found.comments])
            raise Failed((f"{self.name} should have", f"a rule at '{place}'"), ("it has", known or "no rules"))
        for name, wanted, got in (("packets", packets, count.packets), ("bytes", bytes, count.bytes)):
            if wanted is not None and not (got in wanted if isinstance(wanted, CONDITIONS) else got == wanted):
                self.scene.step(
                    self.name, "should count", expected=f"{place}: {wanted} {name}", seen=str(count), ok=False
                )
                raise Failed((f"{self.name} should count", f"{wanted} {name} at '{place}'"),
                             ("it counted", f"{count}   {found.texts.get(place, '')}"))  # fmt: skip
        self.scene.step(self.name, "should count", expected=f"{place}: {packets} packets", seen=str(count))
        return count

    def counters(self, family: int = 4) -> counters.Counters:
        """All counters."""
        self.scene.collect()
        return counters.read(self.saved(family, counters=True))

    def fills_table(self, assured: bool = True, free: int = 0) -> int:
        """Put connections into the table until there is room for `free` more only. Returns the limit. Where it can be
        set, it is 200."""
        with contextlib.suppress(LabError, OSError):  # Linux has it read-only but in the first namespace
            self.node.sysctl("net.netfilter.nf_conntrack_max", 200)
        limit = int(self.shows("net.netfilter.nf_conntrack_max"))

        def is_settled() -> bool:
            """No packet that waits for a neighbour holds an entry that is not listed any more."""
            return int(self.shows("net.netfilter.nf_conntrack_count")) == len(self.node.conntrack())

        waits.until(is_settled, f"{self.name} counts the connections that it lists", waits.EXPIRY)
        count = limit - free - int(self.shows("net.netfilter.nf_conntrack_count"))
        self.node.add_connections(count, assured)
        self.scene.step(self.name, "fills", sent=f"{count} connections, {'assured' if assured else 'unreplied'}")
        self.scene.undo.append(self.node.flush_conntrack)
        return limit

    def flushes_connections(self) -> None:
        """Forget all connections; rules stay."""
        self.scene.step(self.name, "forgets its connections")
        self.node.flush_conntrack()

    # --- the engine's process -----------------------------------------------------------------------------------------

    def saves_state(self) -> Any:
        """Rules and connections as they are now, for `restarts`. needs=["save-state"]"""
        self.scene.step(self.name, "saves its state")
        return self.node.dump()

    def dies(self) -> None:
        """The engine's process is killed (SIGKILL). Until it restarts, it cannot be asked for rules or connections.
        needs=["engine-process"], fresh=True"""
        self.scene.collect()
        self.scene.step(self.name, "dies")
        self.scene.away = True
        self.node.kill_engine()

    def goes_away(self) -> None:
        """The engine's process ends by itself, and leaves the node as for a restart. needs=["engine-process"],
        fresh=True"""
        self.scene.collect()
        self.scene.step(self.name, "goes away")
        self.scene.away = True
        self.node.adapter.request(do="quit", keep=True)

    def freezes(self) -> None:
        """The engine's process is stopped (SIGSTOP): what arrives waits in the kernel. needs=["engine-process"]"""
        self.scene.collect()
        self.scene.step(self.name, "freezes")
        self.scene.away = True
        self.scene.undo.append(self.thaws)
        self.node.stop_engine()

    def thaws(self) -> None:
        """It goes on (SIGCONT)."""
        if self.scene.away:
            self.scene.step(self.name, "thaws")
            self.node.stop_engine(False)
            self.scene.away = False
            self.scene.calm = False

    def restarts(self, state: Any = None, keep: bool = True) -> None:
        """The engine's process ends, if it lives, and a new one goes on: with the state in which it ends, or with a
        saved one, or (keep=False) with nothing. needs=["engine-process"]"""
        self.scene.step(self.name, "restarts", sent="with a saved state" if state else "" if keep else "with nothing")
        self.node.restart(keep, state)
        self.scene.away = False
        self.scene.stage.faults = 0

    # --- connections --------------------------------------------------------------------------------------------------

    def connections(self) -> list[Entry]:
        """Everything in its connection table."""
        self.scene.collect()
        return self.node.conntrack()

    def tracks(self, connection: str, reply: str = "", within: float = 0.0, **fields: Any) -> Entry:
        """It must know this connection: firewall.tracks("udp client:1 > server:53", reply="server:53 > firewall.wan:1",
        state="ESTABLISHED", timeout=30, assured=False, unreplied=True, mark=5, zone=0, id=7). Returns the entry.
        `within` so many seconds: where real sockets speak, whose kernels take their time."""
        want = connections.wanted(connection, reply, fields, self.names)

        def fits(entry: Entry) -> bool:
            return connections.same_flow(want, entry) and not connections.faults(want, entry, self.scene.slack())

        if within:
            with contextlib.suppress(waits.TooLong):
                waits.until(lambda: any(map(fits, self.connections())), f"{connection} is tracked", within)
        entries = self.connections()
        same = [entry for entry in entries if connections.same_flow(want, entry)]
        wrong = [connections.faults(want, entry, self.scene.slack()) for entry in same]
        fitting = [entry for entry, faults in zip(same, wrong, strict=True) if not faults]
        shown = str((fitting or same)[0]) if same else "\n".join(map(str, entries)) or "no connections"
        self.scene.step(self.name, "should track", expected=want.shown, seen=shown, ok=bool(fitting))
        if fitting:
            return fitting[0]
        lines = [(f"{self.name} should track", want.shown)]
        if same:
            lines += [("it tracks", str(same[0])), ("", "; ".join(wrong[0]))]
        else:
            lines.append(("it tracks", shown))
        raise Failed(*lines)

    def does_not_track(self, connection: str, within: float = 0.0) -> None:
        """It must not know such a connection; or no longer, `within` so many seconds: what a kernel clears away in the
        background."""
        want = connections.wanted(connection, "", {}, self.names)
        found: list[Entry] = []

        def gone() -> bool:
            found[:] = [entry for entry in self.connections() if connections.same_flow(want, entry)]
            return not found

        with contextlib.suppress(waits.TooLong):
            waits.until(gone, f"{connection} is forgotten", within)
        step = self.scene.step(self.name, "should not track", expected=connection, seen="it does not", ok=not found)
        if found:
            step.seen = str(found[0])
            raise Failed((f"{self.name} should not track", connection), ("it tracks", str(found[0])))

    def tracks_nothing(self) -> None:
        """Its connection table must be empty."""
        entries = self.connections()
        shown = "\n".join(map(str, entries)) or "nothing"
        self.scene.step(self.name, "should track", expected="nothing", seen=shown, ok=not entries)
        if entries:
            raise Failed((f"{self.name} should track", "nothing"), ("it tracks", shown))

    def expects(self, *parts: str, count: int | None = None) -> list[str]:
        """A helper must expect a connection whose line contains all these parts, whole words each:
        firewall.expects("dport=40001", "src={server}"). `count`: how many lines there must be in all."""
        self.scene.collect()
        lines = self.node.expectations()
        wanted = [self.fills_in(part) for part in parts]
        fitting = [line for line in lines if all(connections.has_words(line, part) for part in wanted)]
        good = (bool(fitting) or not wanted) and count in (None, len(lines))
        shown = "\n".join(lines) or "nothing"
        told = " ".join(wanted) + (f" ({count} in all)" if count is not None else "")
        self.scene.step(self.name, "should expect", expected=told or "nothing", seen=shown, ok=good)
        if not good:
            raise Failed((f"{self.name} should expect", told), ("it expects", shown))
        return fitting

    def expects_nothing(self) -> None:
        """No connection is expected by any helper."""
        self.expects(count=0)

    # --- time ---------------------------------------------------------------------------------------------------------

    def time_passes(self, seconds: float) -> None:
        """Let time pass: at once where the clock is virtual, really on a kernel. A kernel's scenario may wait about
        three seconds in all; one that needs more says needs=["virtual-clock"]."""
        self.scene.collect()
        self.scene.passed += seconds
        self.scene.step("time", "passes", sent=f"{seconds:g} s")
        if self.scene.has_virtual_clock():
            self.node.clock.advance(seconds)
            return
        if self.scene.passed > waits.REAL_TIME:
            raise PacketFault(
                f"{self.scene.passed:g} s of real time are too long for a scenario\n  hint: use short timeouts "
                '(firewall.sets_timeouts), or say needs=["virtual-clock"]'
            )
        import time

        waits.until_clock(time.monotonic() + seconds)

    def forgets(self, connection: str, after: float) -> None:
        """The connection must be there now and gone when `after` seconds have passed, but not before. Its timeout has
        to be short on a kernel: firewall.sets_timeouts(udp=2)."""
        import time

        started = time.monotonic()
        self.tracks(connection)
        if self.scene.has_virtual_clock():
            self.time_passes(after - 1)
            self.tracks(connection)
            self.time_passes(2)
            self.does_not_track(connection)
            return
        want = connections.wanted(connection, "", {}, self.names)
        gone = lambda: not any(connections.same_flow(want, entry) for entry in self.node.conntrack())  # noqa: E731
        step = self.scene.step(self.name, "should forget", expected=f"{connection} after {after:g} s")
        try:
            waits.until(gone, f"{connection} has expired", max(waits.EXPIRY, after + 1))
        except waits.TooLong as late:
            step.ok, step.seen = False, str(late)
            raise Failed(
                (f"{self.name} should forget", f"{connection} after {after:g} s"), ("it", "still knows it")
            ) from None
        took = time.monotonic() - started
        step.seen = f"gone after {took:.1f} s"
        if took < after - 1.1:
            step.ok = False
            raise Failed(
                (f"{self.name} should forget", f"{connection} after {after:g} s"),
                ("it was gone after", f"{took:.1f} s"),
            )

    def sets_timeouts(self, **seconds: int) -> None:
        """Timeouts of connections by the names of their sysctls: sets_timeouts(udp=2, tcp_timeout_syn_sent=2) sets
        net.netfilter.nf_conntrack_udp_timeout and so on."""
        for name, value in seconds.items():
            full = name if "timeout" in name else f"{name}_timeout"
            self.sets(f"net.netfilter.nf_conntrack_{full}", value)

    # --- what it says -------------------------------------------------------------------------------------------------

    def logs(self, *parts: str, times: int | None = None) -> list[str]:
        """LOG and NFLOG rules must have written a line that contains all these parts since the last time it was asked;
        a number at the end of a part is whole ("DPT=5" is not in "DPT=53").
        needs=["log"] for LOG; NFLOG is seen on every engine."""
        self.scene.collect()
        lines = self.node.log()
        wanted = [self.fills_in(part) for part in parts]
        fitting = [line for line in lines if all(comparing.stands_in(line, part) for part in wanted)]
        good = bool(fitting) if times is None else len(fitting) == times
        shown = "\n".join(lines) or "nothing"
        self.scene.step(self.name, "should log", expected=" ".join(wanted), seen=shown, ok=good)
        if not good:
            raise Failed(
                (f"{self.name} should log", " ".join(wanted) + (f", {times} times" if times is not None else "")),
                ("it logged", shown),
            )
        return fitting

    def logs_nothing(self) -> None:
        self.logs(times=0)

    def _rules(self, text: str, family: int) -> str:
        return fill_in(dedented(text), self.names, family)


# --- small things -----------------------------------------------------------------------------------------------------


def actor(scene: Scene, name: str) -> Host:
    node = scene.lab[name]
    return Firewall(scene, node) if node in scene.lab.firewalls else Host(scene, node)


def reply_flow(seen: Seen) -> flows.Flow:
    def end(address: str, port: int | None) -> flows.End:
        return flows.End(address, flows.Ports(port, port) if port is not None else None)

    return flows.Flow(end(seen.dst, seen.get("dport")), end(seen.src, seen.get("sport")))


def dedented(text: str) -> str:
    """Text without the indentation that it has in a Python file, with one line end at its end."""
    plain = textwrap.dedent(text).strip("\n")
    return plain + "\n" if plain else ""


def fill_in(text: str, names: Names, family: int = 4) -> str:
    """Names in braces -> addresses. What is not the name of a node stays as it is. Raises NameFault."""

    def address(match: re.Match[str]) -> str:
        name, slash, version = match[1].partition("/")
        if name.partition(".")[0] not in names.topology.nodes:
            return match[0]
        return names.address(flows.End(name), int(version) if slash else family)

    return re.sub(r"\{([A-Za-z_][\w.-]*(?:/[46])?)\}", address, text)


def _family(number: int) -> str:
    return "ipv6" if number == 6 else "ipv4"


def _texts(says: str | Sequence[str]) -> list[str]:
    return [says] if isinstance(says, str) and says else list(says) if not isinstance(says, str) else []


def _short(text: str) -> str:
    plain = text.strip("\n")
    return plain if len(plain) <= 2000 else plain[:2000] + f"\n... {len(plain) - 2000} more characters"


def _without_counters(text: str) -> str:
    return re.sub(r"^(:\S+ \S+) \[\d+:\d+\]$", r"\1 [0:0]", text, flags=re.MULTILINE)


def _without_empty_tables(text: str) -> list[str]:
    """The tables that say anything: a table that was only looked at exists from then on in the kernel, but is empty."""
    tables = [table for table in re.split(r"^(?=\*)", text, flags=re.MULTILINE) if table.startswith("*")]
    return sorted(table for table in tables if "-A " in table or " DROP [" in table or " - [" in table)


def _flat(packets: Iterable[Any]) -> Iterable[Sendable]:
    for each in packets:
        if isinstance(each, list | tuple):
            yield from _flat(each)
        else:
            yield each
