"""The options that a protocol adds to the command line behind `-p`, and what they mean.

Measured with conntrack 1.4.7; conntrack(8), PROTOCOL FILTER PARAMETERS.
"""

from __future__ import annotations

from typing import Final

from engine.conntrack.sctp import STATE_NAMES as SCTP_STATES
from engine.conntrack.tcp_states import STATE_NAMES as TCP_STATES
from engine.conntrack.tool.legality import Legality
from engine.conntrack.tool.problems import wrong
from engine.core.numbers import atoi, strtoul_start

COMMANDS: Final = "               L  I  U  D  G  F  E  V  h  eL eI eD eG eF eE C  eC S  eS A\n"

PORT_ROWS: Final = """
  sport           o  2  o  o  2  .  o  .  .  .  !  !  !  .  .  .  .  .  .  2
  dport           o  2  o  o  2  .  o  .  .  .  !  !  !  .  .  .  .  .  .  2
  reply-port-src  o  2  o  o  2  .  o  .  .  .  .  !  !  .  .  .  .  .  .  2
  reply-port-dst  o  2  o  o  2  .  o  .  .  .  .  !  !  .  .  .  .  .  .  2
  mask-port-src   .  .  .  .  .  .  .  .  .  .  !  .  .  .  .  .  .  .  .  .
  mask-port-dst   .  .  .  .  .  .  .  .  .  .  !  .  .  .  .  .  .  .  .  .
"""
TUPLE_ROWS: Final = """
  tuple-port-src  .  .  .  .  .  .  .  .  .  .  !  .  .  .  .  .  .  .  .  .
  tuple-port-dst  .  .  .  .  .  .  .  .  .  .  !  .  .  .  .  .  .  .  .  .
"""
STATE_ROW: Final = """
  state           o  !  o  o  o  .  o  .  .  .  .  .  .  .  .  .  .  .  .  !
"""
TAG_ROWS: Final = """
  orig-vtag       .  !  o  .  o  .  .  .  .  .  .  .  .  .  .  .  .  .  .  !
  reply-vtag      .  !  o  .  o  .  .  .  .  .  .  .  .  .  .  .  .  .  .  !
"""
ROLE_ROW: Final = """
  role            .  !  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  !
"""
KEY_ROWS: Final = """
  srckey          o  2  o  o  2  .  o  .  .  .  !  !  !  .  .  .  .  .  .  2
  dstkey          o  2  o  o  2  .  o  .  .  .  !  !  !  .  .  .  .  .  .  2
  reply-key-src   o  2  o  o  2  .  o  .  .  .  !  !  !  .  .  .  .  .  .  2
  reply-key-dst   o  2  o  o  2  .  o  .  .  .  !  !  !  .  .  .  .  .  .  2
  mask-key-src    .  .  .  .  .  .  .  .  .  .  !  .  .  .  .  .  .  .  .  .
  mask-key-dst    .  .  .  .  .  .  .  .  .  .  !  .  .  .  .  .  .  .  .  .
  tuple-key-src   .  .  .  .  .  .  .  .  .  .  !  .  .  .  .  .  .  .  .  .
  tuple-key-dst   .  .  .  .  .  .  .  .  .  .  !  .  .  .  .  .  .  .  .  .
"""


def _icmp_rows(prefix: str) -> str:
    return f"""
  {prefix}-type       o  !  o  o  !  .  o  .  .  .  .  .  .  .  .  .  .  .  .  !
  {prefix}-code       o  !  o  o  !  .  o  .  .  .  .  .  .  .  .  .  .  .  .  !
  {prefix}-id         o  o  o  o  o  .  o  .  .  .  .  .  .  .  .  .  .  .  .  o
"""


def _table(*rows: str) -> Legality:
    lines = [line for part in rows for line in part.splitlines() if line.strip()]
    return Legality(COMMANDS + "\n".join(lines))


# Long option -> (name in the legality table, attribute, kind of value)
Row = tuple[str, str, str, str]

PORTS: Final[tuple[Row, ...]] = (
    ("orig-port-src", "sport", "orig_sport", "port"),
    ("sport", "sport", "orig_sport", "port"),
    ("orig-port-dst", "dport", "orig_dport", "port"),
    ("dport", "dport", "orig_dport", "port"),
    ("reply-port-src", "reply-port-src", "reply_sport", "port"),
    ("reply-port-dst", "reply-port-dst", "reply_dport", "port"),
    ("mask-port-src", "mask-port-src", "mask_sport", "port"),
    ("mask-port-dst", "mask-port-dst", "mask_dport", "port"),
    ("tuple-port-src", "tuple-port-src", "tuple_sport", "port"),
    ("tuple-port-dst", "tuple-port-dst", "tuple_dport", "port"),
)
KEYS: Final[tuple[Row, ...]] = (
    ("orig-key-src", "srckey", "orig_sport", "key"),
    ("srckey", "srckey", "orig_sport", "key"),
    ("orig-key-dst", "dstkey", "orig_dport", "key"),
    ("dstkey", "dstkey", "orig_dport", "key"),
    ("reply-key-src", "reply-key-src", "reply_sport", "key"),
    ("reply-key-dst", "reply-key-dst", "reply_dport", "key"),
    ("mask-key-src", "mask-key-src", "mask_sport", "key"),
    ("mask-key-dst", "mask-key-dst", "mask_dport", "key"),
    ("tuple-key-src", "tuple-key-src", "tuple_sport", "key"),
    ("tuple-key-dst", "tuple-key-dst", "tuple_dport", "key"),
)


def _icmp(prefix: str) -> tuple[Row, ...]:
    return (
        (f"{prefix}-type", f"{prefix}-type", "icmp_type", "u8"),
        (f"{prefix}-code", f"{prefix}-code", "icmp_code", "u8"),
        (f"{prefix}-id", f"{prefix}-id", "icmp_id", "port"),
    )


PORT_PAIRS: Final = (("sport", "dport"), ("reply-port-src", "reply-port-dst"))
PORT_MESSAGES: Final = (
    "you have to specify `--sport' and `--dport'",
    "you have to specify `--reply-src-port' and `--reply-dst-port'",
)
DCCP_MESSAGES: Final = (
    "you have to specify `--sport' and `--dport'",
    "you have to specify `--reply-port-src' and `--report-port-dst'",
)
KEY_PAIRS: Final = (("srckey", "dstkey"), ("reply-key-src", "reply-key-dst"))
KEY_MESSAGES: Final = (
    "you have to specify `--srckey' and `--dstkey'",
    "you have to specify `--reply-src-key' and `--reply-dst-key'",
)

# LISTEN is the old name of SYN_SENT2
TCP_STATE_WORDS: Final[dict[str, int]] = {name: number for number, name in enumerate(TCP_STATES)} | {"LISTEN": 9}
SCTP_STATE_WORDS: Final[dict[str, int]] = {name: number for number, name in enumerate(SCTP_STATES[:8])}
DCCP_STATES: Final = (
    "NONE",
    "REQUEST",
    "RESPOND",
    "PARTOPEN",
    "OPEN",
    "CLOSEREQ",
    "CLOSING",
    "TIMEWAIT",
    "IGNORE",
    "INVALID",
)

PORT_HELP: Final = """\
  --orig-port-src\t\toriginal source port
  --orig-port-dst\t\toriginal destination port
  --reply-port-src\t\treply source port
  --reply-port-dst\t\treply destination port
  --mask-port-src\t\tmask source port
  --mask-port-dst\t\tmask destination port
  --tuple-port-src\t\texpectation tuple src port
  --tuple-port-src\t\texpectation tuple dst port
"""


class Protocol:
    """One protocol as `-p` knows it."""

    def __init__(
        self,
        name: str,
        number: int,
        legality: Legality | None,
        rows: tuple[Row, ...],
        pairs: tuple[tuple[str, str], ...] = (),
        messages: tuple[str, str] = ("", ""),
        help_text: str = "",
    ) -> None:
        self.name = name
        self.number = number
        self.legality = legality
        self.rows = rows
        self.pairs = pairs
        self.messages = messages
        self.help_text = help_text

    def check(self, command: str, given: set[str]) -> None:
        if self.legality is None:
            return
        pair = self.legality.check(command, given, self.pairs)
        if pair >= 0:
            raise wrong(self.messages[pair])


KNOWN: Final[tuple[Protocol, ...]] = (
    Protocol(
        "tcp",
        6,
        _table(PORT_ROWS, STATE_ROW, TUPLE_ROWS),
        (*PORTS, ("state", "state", "tcp_state", "tcp-state")),
        PORT_PAIRS,
        PORT_MESSAGES,
        PORT_HELP + "  --state\t\t\tTCP state, fe. ESTABLISHED\n",
    ),
    Protocol("udp", 17, _table(PORT_ROWS, TUPLE_ROWS), PORTS, PORT_PAIRS, PORT_MESSAGES, PORT_HELP),
    Protocol("udplite", 136, _table(PORT_ROWS, TUPLE_ROWS), PORTS, PORT_PAIRS, PORT_MESSAGES, PORT_HELP),
    Protocol(
        "icmp",
        1,
        _table(_icmp_rows("icmp")),
        _icmp("icmp"),
        help_text="  --icmp-type\t\t\ticmp type\n  --icmp-code\t\t\ticmp code\n  --icmp-id\t\t\ticmp id\n",
    ),
    Protocol(
        "icmpv6",
        58,
        _table(_icmp_rows("icmpv6")),
        _icmp("icmpv6"),
        help_text="  --icmpv6-type\t\t\ticmpv6 type\n  --icmpv6-code\t\t\ticmpv6 code\n  --icmpv6-id\t\t\ticmpv6 id\n",
    ),
    Protocol(
        "sctp",
        132,
        _table(PORT_ROWS, STATE_ROW, TUPLE_ROWS, TAG_ROWS),
        (
            *PORTS,
            ("state", "state", "sctp_state", "sctp-state"),
            ("orig-vtag", "orig-vtag", "vtag_orig", "tag"),
            ("reply-vtag", "reply-vtag", "vtag_reply", "tag"),
        ),
        PORT_PAIRS,
        PORT_MESSAGES,
        PORT_HELP
        + "  --state\t\t\tSCTP state, fe. ESTABLISHED\n"
        + "  --orig-vtag\t\toriginal verification tag\n"
        + "  --reply-vtag\t\treply verification tag\n",
    ),
    Protocol(
        "dccp",
        33,
        _table(PORT_ROWS, STATE_ROW, TUPLE_ROWS, ROLE_ROW),
        (
            *PORTS,
            ("state", "state", "dccp_state", "dccp-state"),
            ("role", "role", "dccp_role", "dccp-role"),
        ),
        PORT_PAIRS,
        DCCP_MESSAGES,
        PORT_HELP + "  --state\t\t\tDCCP state, fe. RESPOND\n",
    ),
    Protocol(
        "gre",
        47,
        _table(KEY_ROWS),
        KEYS,
        KEY_PAIRS,
        KEY_MESSAGES,
        PORT_HELP.replace("-port-", "-key-").replace(" port\n", " key\n"),
    ),
)


def tag_as_shown(tag: int) -> int:
    """A verification tag as the tool writes and reads it: its four bytes the other way round (on a PC)."""
    return int.from_bytes(tag.to_bytes(4, "big"), "little")


def read_value(kind: str, text: str) -> int:
    """The value of a protocol's option; Problem if there is no such state or role."""
    if kind == "port":
        return atoi(text) & 0xFFFF
    if kind == "u8":
        return atoi(text) & 0xFF
    if kind == "tag":
        return tag_as_shown(atoi(text) & 0xFFFFFFFF)
    if kind == "key":
        return strtoul_start(text)[0] & 0xFFFF
    if kind == "tcp-state":
        return _word(text, TCP_STATE_WORDS, "unknown TCP state")
    if kind == "sctp-state":
        return _word(text, SCTP_STATE_WORDS, "unknown SCTP state")
    if kind == "dccp-state":
        return _word(text, {name: number for number, name in enumerate(DCCP_STATES)}, "Unknown DCCP state")
    return _word(text, {"client": 0, "server": 1}, "Unknown DCCP role")


def _word(text: str, words: dict[str, int], what: str) -> int:
    value = words.get(text, -1)
    if value < 0:
        raise wrong(f"{what} `{text}'")
    return value
