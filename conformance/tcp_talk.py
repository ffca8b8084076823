"""A whole TCP connection of crafted packets, both ends of which belong to the scenario.

    talk = client.connects("client:40000 > server:21")      SYN, SYN/ACK and ACK, seen at the other end each time
    talk.server_says("220 ready\r\n")
    talk.client_says("PORT 10,0,1,10,156,65\r\n", arrives_as="PORT 198,51,100,1,156,65\r\n")
    talk.client_closes()

Sequence numbers are kept for both ends as each of them sees them. Address translation is followed: each end answers to
what it saw. A packet that does not arrive as it should is a failure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from conformance.failing import Failed
from conformance.flows import End, Flow, Ports
from conformance.packets import Packet, make
from conformance.reading import Seen

if TYPE_CHECKING:
    from conformance.actors import Host

CLIENT_ISN: Final = 1000
SERVER_ISN: Final = 5000
SEQUENCE_SPACE: Final = 1 << 32  # RFC 9293 3.4


class Side:
    """One end: its own numbers, and the flow as it sees it."""

    def __init__(self, host: Host, flow: Flow, isn: int, options: dict[str, Any]) -> None:
        self.host = host
        self.flow = flow
        self.seq = isn
        self.ack = 0
        self.options = options

    def packet(self, family: int, flags: str, payload: str | bytes | None, fields: dict[str, Any]) -> Packet:
        said: dict[str, Any] = {"seq": self.seq, "flags": flags, "payload": payload}
        if "A" in flags.replace("ACK", "A"):
            said["ack"] = self.ack
        for name in ("window", "ttl", "tos"):
            if name in self.options:
                said[name] = self.options[name]
        said |= fields
        return make("tcp", self.flow, family, **{name: value % SEQUENCE_SPACE if name in ("seq", "ack") else value
                                                 for name, value in said.items()})  # fmt: skip


class Talk:
    """A TCP connection. `client` and `server` know their next numbers: talk.client.seq, talk.server.ack and so on."""

    def __init__(self, client: Host, server: Host, flow: Flow, family: int, client_isn: int, server_isn: int,
                 options: dict[str, Any]) -> None:  # fmt: skip
        syn_options = {
            name: value for name, value in options.items() if name in ("mss", "wscale", "sack_ok", "timestamp")
        }
        rest = {name: value for name, value in options.items() if name not in syn_options}
        self.family = family
        self.client = Side(client, flow, client_isn, rest)
        self.server = Side(server, flow.reversed(), server_isn, rest)
        self.syn_options = syn_options

    # --- the handshake -----------------------------------------------------------------------------------------------

    def handshake(self, seen_as: str = "") -> Talk:
        """SYN, SYN/ACK, ACK. `seen_as`: the flow that the server should see, where it differs."""
        self.syn(seen_as)
        self.syn_ack()
        self.client_sends("ACK")
        return self

    def syn(self, seen_as: str = "") -> Seen:
        sent = self.client.packet(self.family, "SYN", None, self.syn_options)
        self.client.host.sends(sent)
        # Without `seen_as` it may arrive with whatever addresses and ports translation gives it.
        pattern = make("tcp", seen_as or "any > any", self.family, flags="SYN", seq=sent.get("seq"))
        seen = self.server.host.sees(pattern)
        self.server.flow = _answer_flow(seen)
        self.client.seq += 1
        self.server.ack = self.client.seq
        return seen

    def syn_ack(self) -> Seen:
        seen = self._pass(self.server, self.client, "SYN,ACK", None, None, self.syn_options)
        self.server.seq += 1
        self.client.ack = self.server.seq
        return seen

    # --- what each end does -------------------------------------------------------------------------------------------

    def client_sends(self, flags: str, payload: str | bytes | None = None, arrives_as: str | bytes | None = None,
                     **fields: Any) -> Seen:  # fmt: skip
        """Any segment of the client, with the next numbers unless others are given; it must arrive at the server."""
        return self._pass(self.client, self.server, flags, payload, arrives_as, fields)

    def server_sends(self, flags: str, payload: str | bytes | None = None, arrives_as: str | bytes | None = None,
                     **fields: Any) -> Seen:  # fmt: skip
        return self._pass(self.server, self.client, flags, payload, arrives_as, fields)

    def client_says(self, payload: str | bytes, arrives_as: str | bytes | None = None) -> Seen:
        """Data of the client, which the server acknowledges. `arrives_as`: what a helper makes of it."""
        return self._say(self.client, self.server, payload, arrives_as)

    def server_says(self, payload: str | bytes, arrives_as: str | bytes | None = None) -> Seen:
        return self._say(self.server, self.client, payload, arrives_as)

    def client_closes(self) -> None:
        """FIN, acknowledged."""
        self._close(self.client, self.server)

    def server_closes(self) -> None:
        self._close(self.server, self.client)

    def client_resets(self) -> Seen:
        return self._pass(self.client, self.server, "RST", None, None, {})

    def server_resets(self) -> Seen:
        return self._pass(self.server, self.client, "RST", None, None, {})

    # --- how ----------------------------------------------------------------------------------------------------------

    def _pass(self, sender: Side, receiver: Side, flags: str, payload: str | bytes | None,
              arrives_as: str | bytes | None, fields: dict[str, Any]) -> Seen:  # fmt: skip
        sent = sender.packet(self.family, flags, payload, fields)
        sender.host.sends(sent)
        wanted = payload if arrives_as is None else arrives_as
        pattern = make("tcp", receiver.flow.reversed(), self.family, flags=flags, payload=wanted)
        return receiver.host.sees(pattern)

    def _say(self, sender: Side, receiver: Side, payload: str | bytes, arrives_as: str | bytes | None) -> Seen:
        """Sender and receiver may count different numbers: a helper may have made the data longer."""
        seen = self._pass(sender, receiver, "PSH,ACK", payload, arrives_as, {})
        if seen.seq != receiver.ack % SEQUENCE_SPACE:
            raise Failed(
                (f"{receiver.host.name} should see", f"seq {receiver.ack % SEQUENCE_SPACE}"),
                (f"{receiver.host.name} saw", f"seq {seen.seq} of {seen.shown(receiver.host.names)}"),
            )
        sender.seq += len(payload)
        receiver.ack += len(seen.payload)
        acknowledged = self._pass(receiver, sender, "ACK", None, None, {})
        if acknowledged.ack != sender.seq % SEQUENCE_SPACE:
            raise Failed((f"{sender.host.name} should see", f"ack {sender.seq % SEQUENCE_SPACE}"),
                         (f"{sender.host.name} saw", f"ack {acknowledged.ack}"))  # fmt: skip
        return seen

    def _close(self, sender: Side, receiver: Side) -> None:
        self._pass(sender, receiver, "FIN,ACK", None, None, {})
        sender.seq += 1
        receiver.ack += 1
        self._pass(receiver, sender, "ACK", None, None, {})


def _answer_flow(seen: Seen) -> Flow:
    """The flow of an answer to a packet, with addresses as they were seen."""
    return Flow(End(seen.dst, Ports(seen.dport, seen.dport)), End(seen.src, Ports(seen.sport, seen.sport)))
