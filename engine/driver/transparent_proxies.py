"""Packets for transparent proxies: what TPROXY decided is carried out by the kernel, behind the engine's queue.

    raw PREROUTING -> queue -> engine: TPROXY to 127.0.0.1:3129 -> verdict with priority TOKEN + n
      -> our chain (nf_tables, -150):  priority TOKEN + n: tproxy to 127.0.0.1:3129, priority 0, accept
                                       any other TOKEN:    drop (nobody listens there any more)
      -> routing by the mark that --tproxy-mark gave -> INPUT -> the socket

No packet carries such a priority otherwise: the worker takes it away from those that come with one. The kernel's own
reassembly is on for a family that has such a rule, as with the kernel's TPROXY.

The chain belongs to this process; it goes with it, however it ends. Needs a kernel whose packet queue sets a packet's
priority (NFQA_PRIORITY) and CONFIG_NFT_TPROXY.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import struct
from collections.abc import Collection, Iterable
from typing import Final

from engine.core.context import Proxy
from engine.core.hooks import IPV4, PREROUTING
from engine.driver.netlink import (
    AF_NETLINK,
    NETFILTER,
    NLM_F_ACK,
    NLM_F_REQUEST,
    NLMSG_ERROR,
    attribute,
    error_of,
    message,
)
from engine.driver.nfqueue import PRIORITY, VERDICT
from engine.driver.nftables import (
    META_PRIORITY,
    NF_ACCEPT,
    NF_DROP,
    SECOND,
    OwnChain,
    decide,
    equals,
    load_meta,
    masked,
    put,
    set_meta,
    to_socket,
)

TABLES: Final = ("engine_tproxy", "engine_tproxy_2")  # one follows the other
CHAIN_PRIORITY: Final = -150  # that of mangle; the queue is in raw

TOKEN: Final = 0x7E570000  # its low half numbers the proxies
TOKEN_MASK: Final = 0xFFFF0000
MOST: Final = 0xFFFF

NO_PRIORITY: Final = "the kernel's packet queue cannot set the priority of a packet (NFQA_PRIORITY, Linux 5.18)"
NO_EXPRESSION: Final = "the kernel has no `tproxy` in nf_tables (CONFIG_NFT_TPROXY)"


def is_token(priority: int) -> bool:
    return priority & TOKEN_MASK == TOKEN


class TransparentProxies:
    """The proxies to which packets can be given. Nothing is set up before the first."""

    def __init__(self) -> None:
        self.tokens: dict[Proxy, int] = {}
        self.chain: OwnChain | None = None
        self.commits = 0

    def ready(self, proxy: Proxy) -> str:
        """Have the kernel know this proxy; "" or why it cannot."""
        if proxy in self.tokens:
            return ""
        if self.chain is None:
            fault = priority_fault()
            if fault:
                return fault
        used = set(self.tokens.values())
        token = next((token for token in range(TOKEN + 1, TOKEN + MOST) if token not in used), 0)
        if not token:
            return f"rules name {MOST - 1} proxies already"
        try:
            self._commit({**self.tokens, proxy: token})
        except OSError as error:
            if error.errno == errno.ENOENT:
                return NO_EXPRESSION
            hint = "; does another engine run in this network namespace?" if error.errno == errno.EPERM else ""
            return f"nf_tables refuses the table {TABLES[0]}: {error.strerror}{hint}"
        return ""

    def keep(self, wanted: Collection[Proxy]) -> None:
        """Forget all proxies but these. One too many does no harm, so a kernel that says no is not heard."""
        left = {proxy: token for proxy, token in self.tokens.items() if proxy in wanted}
        if len(left) == len(self.tokens):
            return
        with contextlib.suppress(OSError):
            if families(left) == families(self.tokens):
                self._commit(left)
            else:
                self._begin_anew(left)

    def token(self, proxy: Proxy) -> int:
        """The priority by which the kernel knows what to do; 0: it does not know this proxy."""
        return self.tokens.get(proxy, 0)

    def _commit(self, tokens: dict[Proxy, int]) -> None:
        if self.chain is None:
            self.chain = new_chain(TABLES[0], tokens)
        else:
            self.chain.put_rules(rules(tokens))
        self.tokens = tokens
        self.commits += 1

    def _begin_anew(self, tokens: dict[Proxy, int]) -> None:
        """A family has no proxy left, so the kernel's reassembly goes too. The kernel does that some time after a rule
        is deleted, and drops all that waits in queues when it does; it does it at once when the owner goes."""
        before = self.chain
        other = TABLES[1] if before is not None and before.table == TABLES[0] else TABLES[0]
        self.chain = new_chain(other, tokens) if tokens else None
        self.tokens = tokens
        self.commits += 1
        if before is not None:
            before.close()

    def close(self) -> None:
        if self.chain is not None:
            self.chain.close()
            self.chain = None
        self.tokens.clear()


def new_chain(table: str, tokens: dict[Proxy, int]) -> OwnChain:
    chain = OwnChain(table, "prerouting", PREROUTING, CHAIN_PRIORITY)
    try:
        chain.put_rules(rules(tokens))
    except OSError:
        chain.close()
        raise
    return chain


def families(proxies: Iterable[Proxy]) -> set[int]:
    return {family for family, _address, _port in proxies}


def rules(tokens: dict[Proxy, int]) -> list[bytes]:
    return [*[rule_for(proxy, token) for proxy, token in tokens.items()], rest()]


def rule_for(proxy: Proxy, token: int) -> bytes:
    """meta priority TOKEN tproxy to ADDRESS:PORT meta priority set 0 accept"""
    family, address, port = proxy
    rule = load_meta(META_PRIORITY) + equals(struct.pack("=I", token))
    if address:
        rule += put(address.to_bytes(4 if family == IPV4 else 16, "big"))
    rule += put(struct.pack("!H", port), SECOND)  # 0: the packet's own
    rule += to_socket(family, address != 0)
    return rule + put(bytes(4)) + set_meta(META_PRIORITY) + decide(NF_ACCEPT)


def rest() -> bytes:
    """meta priority & TOKEN_MASK == TOKEN drop"""
    ours = masked(struct.pack("=I", TOKEN_MASK)) + equals(struct.pack("=I", TOKEN))
    return load_meta(META_PRIORITY) + ours + decide(NF_DROP)


def priority_fault() -> str:
    """Why the kernel's packet queue cannot set a packet's priority, "" if it can. One that knows NFQA_PRIORITY finds
    this attribute too short (ERANGE) before it looks for the packet; one that does not passes it over."""
    with socket.socket(AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, NETFILTER) as sock:
        sock.bind((0, 0))
        sock.setblocking(False)
        body = struct.pack("!BBH", 0, 0, 0) + attribute(PRIORITY, b"\0")
        try:
            sock.send(message(VERDICT, NLM_F_REQUEST | NLM_F_ACK, body))
            data = sock.recv(1 << 16)
        except OSError as error:
            return f"the kernel's packet queue does not answer: {error.strerror}"
    _length, kind = struct.unpack_from("=IH", data)
    code = error_of(data[16:]) if kind == NLMSG_ERROR else 0
    if code == errno.EPERM:
        return f"the kernel's packet queue: {os.strerror(code)}"
    return "" if code == errno.ERANGE else NO_PRIORITY
