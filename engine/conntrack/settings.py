"""What can be set on connection tracking: the sysctls net.netfilter.nf_conntrack_* and where the trackers read them.

A timeout is read when a packet is seen, so a change reaches an entry with its next packet. Each protocol has one list
of timeouts in seconds, indexed as its tracker says.

Source: kernel Documentation/networking/nf_conntrack-sysctl.rst; defaults read from a Linux 6.18 machine.
"""

from __future__ import annotations

from typing import Final

PREFIX: Final = "net.netfilter."

# Index into Settings.tcp: the number of a state (tcp_states.py), and two that are no states
TCP_RETRANS: Final = 10  # after max_retrans equal ACKs, or with a closed window
TCP_UNACK: Final = 11  # data that nobody has acknowledged

# Index into Settings.udp and Settings.gre
UNREPLIED: Final = 0
REPLIED: Final = 1

# Index into Settings.option
TCP_LOOSE: Final = 0
TCP_BE_LIBERAL: Final = 1
TCP_MAX_RETRANS: Final = 2
TCP_IGNORE_INVALID_RST: Final = 3
ACCT: Final = 4
CHECKSUM: Final = 5
EVENTS: Final = 6
LOG_INVALID: Final = 7
TIMESTAMP: Final = 8
MAX: Final = 9
EXPECT_MAX: Final = 10
BUCKETS: Final = 11
FRAG6_HIGH: Final = 12
FRAG6_LOW: Final = 13
FRAG6_TIMEOUT: Final = 14
THRESHOLDS: Final = (FRAG6_HIGH, FRAG6_LOW)

INT_MAX: Final = (1 << 31) - 1
LONG_MAX: Final = (1 << 63) - 1
HZ: Final = 250
LONGEST: Final = INT_MAX // HZ  # seconds that a timeout sysctl takes


class Row:
    """One sysctl: its name, the list and index it lives in, default, bounds."""

    def __init__(self, name: str, group: str, index: int, default: int, low: int, high: int) -> None:
        self.name = name
        self.group = group
        self.index = index
        self.default = default
        self.low = low
        self.high = high


def _timeout(name: str, group: str, index: int, default: int) -> Row:
    return Row(name, group, index, default, -LONGEST, LONGEST)


def _option(name: str, index: int, default: int, high: int = INT_MAX, low: int = 0) -> Row:
    return Row(name, "option", index, default, low, high)


ROWS: Final = (
    _option("nf_conntrack_acct", ACCT, 0, 1),
    _option("nf_conntrack_buckets", BUCKETS, 262144, low=1),
    _option("nf_conntrack_checksum", CHECKSUM, 1, 1),
    _option("nf_conntrack_events", EVENTS, 2, 2),
    _option("nf_conntrack_expect_max", EXPECT_MAX, 4096, low=1),
    _option("nf_conntrack_frag6_high_thresh", FRAG6_HIGH, 4194304, LONG_MAX),
    _option("nf_conntrack_frag6_low_thresh", FRAG6_LOW, 3145728, LONG_MAX),
    _timeout("nf_conntrack_frag6_timeout", "option", FRAG6_TIMEOUT, 60),
    _timeout("nf_conntrack_generic_timeout", "generic", 0, 600),
    _timeout("nf_conntrack_gre_timeout", "gre", UNREPLIED, 30),
    _timeout("nf_conntrack_gre_timeout_stream", "gre", REPLIED, 180),
    _timeout("nf_conntrack_icmp_timeout", "icmp", 0, 30),
    _timeout("nf_conntrack_icmpv6_timeout", "icmpv6", 0, 30),
    _option("nf_conntrack_log_invalid", LOG_INVALID, 0, 255),
    _option("nf_conntrack_max", MAX, 262144),
    _timeout("nf_conntrack_sctp_timeout_closed", "sctp", 1, 10),
    _timeout("nf_conntrack_sctp_timeout_cookie_wait", "sctp", 2, 3),
    _timeout("nf_conntrack_sctp_timeout_cookie_echoed", "sctp", 3, 3),
    _timeout("nf_conntrack_sctp_timeout_established", "sctp", 4, 210),
    _timeout("nf_conntrack_sctp_timeout_shutdown_sent", "sctp", 5, 3),
    _timeout("nf_conntrack_sctp_timeout_shutdown_recd", "sctp", 6, 3),
    _timeout("nf_conntrack_sctp_timeout_shutdown_ack_sent", "sctp", 7, 3),
    _timeout("nf_conntrack_sctp_timeout_heartbeat_sent", "sctp", 8, 30),
    _option("nf_conntrack_tcp_be_liberal", TCP_BE_LIBERAL, 0, 1),
    _option("nf_conntrack_tcp_ignore_invalid_rst", TCP_IGNORE_INVALID_RST, 0, 1),
    _option("nf_conntrack_tcp_loose", TCP_LOOSE, 1, 1),
    _option("nf_conntrack_tcp_max_retrans", TCP_MAX_RETRANS, 3, 255),
    _timeout("nf_conntrack_tcp_timeout_syn_sent", "tcp", 1, 120),
    _timeout("nf_conntrack_tcp_timeout_syn_recv", "tcp", 2, 60),
    _timeout("nf_conntrack_tcp_timeout_established", "tcp", 3, 432000),
    _timeout("nf_conntrack_tcp_timeout_fin_wait", "tcp", 4, 120),
    _timeout("nf_conntrack_tcp_timeout_close_wait", "tcp", 5, 60),
    _timeout("nf_conntrack_tcp_timeout_last_ack", "tcp", 6, 30),
    _timeout("nf_conntrack_tcp_timeout_time_wait", "tcp", 7, 120),
    _timeout("nf_conntrack_tcp_timeout_close", "tcp", 8, 10),
    _timeout("nf_conntrack_tcp_timeout_max_retrans", "tcp", TCP_RETRANS, 300),
    _timeout("nf_conntrack_tcp_timeout_unacknowledged", "tcp", TCP_UNACK, 300),
    _option("nf_conntrack_timestamp", TIMESTAMP, 0, 1),
    _timeout("nf_conntrack_udp_timeout", "udp", UNREPLIED, 30),
    _timeout("nf_conntrack_udp_timeout_stream", "udp", REPLIED, 120),
)

BY_NAME: Final[dict[str, Row]] = {row.name: row for row in ROWS}


class Settings:
    """The values in force. Lists are changed in place: a tracker may keep its own."""

    def __init__(self) -> None:
        self.tcp = [0] * 12
        self.tcp[9] = 120  # SYN_SENT2 has no sysctl
        self.udp = [0] * 2
        self.icmp = [0]
        self.icmpv6 = [0]
        self.gre = [0] * 2
        self.generic = [0]
        self.sctp = [0] * 10
        self.option = [0] * 15
        self.groups: dict[str, list[int]] = {
            "tcp": self.tcp,
            "udp": self.udp,
            "icmp": self.icmp,
            "icmpv6": self.icmpv6,
            "gre": self.gre,
            "generic": self.generic,
            "sctp": self.sctp,
            "option": self.option,
        }
        for row in ROWS:
            self.groups[row.group][row.index] = row.default

    def read(self, name: str) -> int | None:
        """The value of a sysctl, with or without `net.netfilter.`; None if there is no such sysctl."""
        row = BY_NAME.get(name.removeprefix(PREFIX))
        if row is None:
            return None
        return self.groups[row.group][row.index]

    def write(self, name: str, text: str) -> str:
        """Set a sysctl; "" or the error as sysctl(8) words it. Nothing changes on an error, nor by an empty text."""
        row = BY_NAME.get(name.removeprefix(PREFIX))
        if row is None:
            return "No such file or directory"
        words = text.split()
        if not words:
            return ""
        value = number(words[0])  # further words are ignored, as the kernel ignores them
        if value is None or not row.low <= value <= row.high:
            return "Invalid argument"
        if row.index in THRESHOLDS and row.group == "option" and not self._ordered(row.index, value):
            return "Invalid argument"
        self.groups[row.group][row.index] = value
        return ""

    def _ordered(self, index: int, value: int) -> bool:
        """Whether the low threshold of fragment memory stays at or below the high one."""
        if index == FRAG6_HIGH:
            return value >= self.option[FRAG6_LOW]
        return value <= self.option[FRAG6_HIGH]


def number(word: str) -> int | None:
    """A number as a sysctl takes it: decimal, octal after 0, hexadecimal after 0x, with a minus; None if it is none."""
    digits = word.removeprefix("-").lower()
    if not digits.isalnum() or not digits.isascii():
        return None
    base = 16 if digits.startswith("0x") else 8 if digits.startswith("0") else 10
    try:
        value = int(digits.removeprefix("0x"), base)
    except ValueError:
        return None
    return -value if word.startswith("-") else value
