"""Command lines for the conntrack tool made at random: sensible ones, and every way to get one wrong.

A session makes entries, changes, lists and deletes them; a pool of few addresses and ports makes them meet.
"""

from __future__ import annotations

import random
import shlex

ADDRESSES = ["1.1.1.1", "1.1.1.2", "1.1.2.1", "9.9.9.9"]
ADDRESSES6 = ["fd00::1", "fd00::2", "fd01::1"]
NETWORKS = [*ADDRESSES, "1.1.1.0/24", "1.0.0.0/8", "0.0.0.0/0", "1.1.1.1/32", "1.1.1.7/29", *ADDRESSES6, "fd00::/16"]
BAD_ADDRESSES = [
    "x", "", "1.1.1.256", "1.1", "1.1.1.1/33", "1.1.1.1/x", "1.1.1.1/", "1.1.1.1/+8", "fd00::1/129",
    "1.2.3.4.5", "::1%lo", "fd00::g", "1.1.1.1 ", "1.1.1.1/8 ", "1.1.1.1/-1", "01.1.1.1", "1..1", "[fd00::1]",
    "1.1.1.256/8",
]  # fmt: skip
PORTS = ["1", "2", "3"]
BAD_PORTS = ["x", "", "65536", "-1", "0x10", "1:2", "70000", "1x", " 1"]
PROTOCOLS = ["tcp", "udp", "icmp", "icmpv6", "sctp", "dccp", "gre", "udplite", "89", "17", "6", "esp"]
BAD_PROTOCOLS = [
    "nosuch", "", "256", "-1", "6x", "0", "255", "0x11", "021", " 6", "UDP", "Icmp", "ICMPV6", "OSPF",
    "ipv6-icmp",
]  # fmt: skip
TCP_STATES = [
    "NONE", "SYN_SENT", "SYN_RECV", "ESTABLISHED", "FIN_WAIT", "CLOSE_WAIT", "LAST_ACK", "TIME_WAIT", "CLOSE",
    "LISTEN", "SYN_SENT2", "established", "FOO", "",
]  # fmt: skip
SCTP_STATES = ["NONE", "CLOSED", "COOKIE_WAIT", "COOKIE_ECHOED", "ESTABLISHED", "SHUTDOWN_SENT"]
DCCP_STATES = ["NONE", "REQUEST", "RESPOND", "PARTOPEN", "OPEN", "TIMEWAIT", "FOO"]
STATUS = [
    "ASSURED", "SEEN_REPLY", "ASSURED,SEEN_REPLY", "UNSET", "FIXED_TIMEOUT", "UNREPLIED", "!ASSURED",
    "EXPECTED", "!SEEN_REPLY", "ASSURED,!SEEN_REPLY", "SRC_NAT", "a", "NOSUCH", "", "ASSURED,", ",", "!",
    "!UNREPLIED", "OFFLOAD", "unreplied", "ASSURED,UNREPLIED", "CONFIRMED", "DST_NAT,ASSURED", "ASSUREDX",
]  # fmt: skip
OUTPUTS = [
    "extended", "xml", "id", "timestamp", "ktimestamp", "labels", "save", "userspace", "xml,extended",
    "extended,id", "save,id", "x", "nosuch", "", "XML", "ext,ktime", "id,id", "xml,id,ktimestamp", "save,save",
    "xml,save",
]  # fmt: skip
NUMBERS = [
    "0", "1", "5", "0x5", "010", "5/5", "1/0x1", "5/", "/5", "x", "", "-1", "4294967296", "0x1ffffffff", "5/x",
    " 5",
]  # fmt: skip
ZONES = ["0", "3", "4", "65535", "65536", "65539", "x", "-1", ""]
NATS = [
    "2.2.2.2", "2.2.2.2:77", "2.2.2.2:", "2.2.2.2:x", "2.2.2.2:65536", "[fd00::9]:5", "[fd00::9]", "fd00::9",
    "[]:5", "[::1", "2.2.2.0/24", "x", "2.2.2.2:77-78", "2.2.2.2:-1", "2.2.2.2:0", "[2.2.2.2]:5",
    "2.2.2.2/24:5", "", "1.1.1.1",
]  # fmt: skip
TIMEOUTS = ["100", "200", "300", "100x", " 100", "-5", "4294967295", "99999999999"]
FAMILIES = ["ipv4", "ipv6", "ipv4", "ipv6", "ipv", "ipx", "", "ipv4x", "IPV4", "inet"]
TABLES = ["conntrack", "conn", "c", "expect", "e", "dying", "unconfirmed", "foo", "Conntrack", ""]
EVENTS = ["NEW", "ALL", "DESTROY", "UPDATES", "update", "NEW,DESTROY", "foo", "", "N,"]

GENERAL: dict[str, list[str]] = {
    "-s": [*NETWORKS, *BAD_ADDRESSES],
    "-d": [*NETWORKS, *BAD_ADDRESSES],
    "--src": NETWORKS,
    "--orig-dst": NETWORKS,
    "-r": [*ADDRESSES, *ADDRESSES6, "1.1.1.0/24", "x"],
    "-q": [*ADDRESSES, *ADDRESSES6, "1.1.1.0/24", "x"],
    "--mask-src": ["255.255.255.0", "255.0.0.0", "ffff::", "x", "1.0.0.0/8", "0.255.0.255"],
    "--mask-dst": ["255.255.255.0", "255.0.0.0", "ffff::", "x"],
    "--tuple-src": [*ADDRESSES, "1.1.1.0/24", "x"],
    "--tuple-dst": [*ADDRESSES, "1.1.1.0/24", "x"],
    "-u": STATUS,
    "-o": OUTPUTS,
    "-m": NUMBERS,
    "--mark": NUMBERS,
    "-c": NUMBERS,
    "-i": NUMBERS,
    "-w": ZONES,
    "--orig-zone": ZONES,
    "--reply-zone": ZONES,
    "-n": NATS,
    "-g": NATS,
    "-j": NATS,
    "-f": FAMILIES,
    "-e": EVENTS,
    "-b": ["5", "x", "0"],
    "-t": TIMEOUTS,
    "-a": ["1.1.1.1"],
    "-l": ["foo", "", "a,b"],
    "--label-add": ["foo", ""],
    "--label-del": ["foo", ""],
}
# --id is not among them: the tool crashes without a number
FLAGS = ["-z", "-n", "-g", "-j", "--src-nat", "--any-nat", "--zero", "--label-del"]
ODD = [
    "--bogus", "-x", "-K", "--sta", "--s", "--orig", "--reply-src", "--", "-", "word", "--zero=1", "--mark=5",
    "-m5", "-s1.1.1.1", "-fipv6", "--fam=ipv6", "-zL", "-LC", "--state", "--sport", "-n2.2.2.2", "!", "-h",
    "-V", "--help", "--version", "-S", "--stats", "--dump", "-E5",
]  # fmt: skip
FILTERS = ["-s", "-d", "-r", "-q", "-m", "-u", "-w", "-n", "-g", "-j", "-f", "-o", "--mask-src", "--orig-zone", "-z"]
CHANGES = ["-t", "-t", "-m", "-u", "-f", "-f", "-s", "-s"]
COMMANDS = [
    "-L", "-I", "-U", "-D", "-G", "-F", "-C", "-S", "-A", "-h", "-V", "--dump", "--get", "--flush", "",
]  # fmt: skip
STATES: dict[str, list[str]] = {"tcp": TCP_STATES, "sctp": SCTP_STATES, "dccp": DCCP_STATES}
KEYS = [
    "srckey", "dstkey", "orig-key-src", "orig-key-dst", "reply-key-src", "reply-key-dst", "mask-key-src",
    "tuple-key-dst",
]  # fmt: skip
PORT_OPTIONS = [
    "sport", "dport", "orig-port-src", "orig-port-dst", "reply-port-src", "reply-port-dst", "mask-port-src",
    "mask-port-dst", "tuple-port-src", "tuple-port-dst",
]  # fmt: skip


class Session:
    """Lines of one seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def lines(self, count: int) -> list[str]:
        made = [self.create() for _ in range(8)]
        while len(made) < count:
            made.append(self._line())
        return [shlex.join(words) for words in made]

    def _line(self) -> list[str]:
        kind = self.random.choices(
            ("create", "list", "delete", "update", "get", "few", "expect", "wild"), (16, 30, 6, 12, 8, 3, 8, 17)
        )[0]
        if kind == "create":
            return self.spoiled(self.create())
        if kind == "get":
            return self.spoiled(["-G", *self.create(timeout=False)[1:]])
        if kind == "few":
            return self.pick(["-F", "-C", "-F -f ipv6", "-V", "-C expect", "-F expect"]).split()
        if kind == "expect":
            return self.spoiled(self.expectation())
        if kind == "wild":
            return self.wild()
        words = {"list": "-L", "delete": "-D", "update": "-U"}[kind]
        return self.spoiled([words, *self.filters(kind)])

    def pick(self, values: list[str]) -> str:
        return self.random.choice(values)

    def protocol(self) -> str:
        return self.pick(BAD_PROTOCOLS) if self.random.random() < 0.1 else self.pick(PROTOCOLS)

    def protocol_options(self, protocol: str, whole: bool) -> list[str]:
        words: list[str] = []
        name = protocol.lower()
        if name in ("icmp", "icmpv6"):
            kinds = ["8", "13", "0", "17"] if name == "icmp" else ["128", "129", "135", "1"]
            values = {f"--{name}-type": kinds, f"--{name}-code": ["0", "1"], f"--{name}-id": PORTS}
        elif name == "gre":
            values = {"--srckey": ["1", "0x1", "x"], "--dstkey": ["2", "0x2"]}
        elif name in ("tcp", "udp", "sctp", "udplite", "dccp", "6", "17"):
            values = {"--sport": PORTS, "--dport": PORTS}
        else:
            values = {}
        for option, choice in values.items():
            if whole or self.random.random() < 0.4:
                words += [option, self.pick(choice)]
        if name in STATES and (whole or self.random.random() < 0.4):
            usual = STATES[name][:9]
            words += ["--state", self.pick(usual if whole else STATES[name])]
        if name == "sctp" and (whole or self.random.random() < 0.2):
            words += ["--orig-vtag", self.pick(PORTS), "--reply-vtag", self.pick(PORTS)]
        if name == "dccp" and whole:
            words += ["--role", self.pick(["client", "server", "foo"])]
        return words

    def ends(self, protocol: str) -> tuple[list[str], list[str]]:
        pool = ADDRESSES6 if protocol == "icmpv6" or self.random.random() < 0.15 else ADDRESSES
        return ["-s", self.pick(pool)], ["-d", self.pick(pool)]

    def create(self, timeout: bool = True) -> list[str]:
        protocol = self.protocol()
        source, destination = self.ends(protocol)
        words = [self.pick(["-I", "-I", "-A", "--create"]), "-p", protocol, *source, *destination]
        words += self.protocol_options(protocol, whole=True)
        if timeout:
            words += ["-t", self.pick(TIMEOUTS[:3] if self.random.random() < 0.8 else TIMEOUTS)]
        for chance, option, values in (
            (0.25, "-u", STATUS), (0.25, "-m", NUMBERS), (0.1, "-w", ZONES), (0.12, "-n", NATS), (0.12, "-g", NATS),
            (0.05, "--orig-zone", ZONES), (0.05, "--reply-zone", ZONES), (0.05, "-r", ADDRESSES),
            (0.05, "-q", ADDRESSES),
        ):  # fmt: skip
            if self.random.random() < chance:
                words += [option, self.pick(values)]
        return words

    def filters(self, kind: str) -> list[str]:
        words: list[str] = []
        protocol = ""
        if self.random.random() < 0.5:
            protocol = self.protocol()
            words += ["-p", protocol, *self.protocol_options(protocol, whole=False)]
        options = [*FILTERS, *CHANGES] if kind == "update" else FILTERS
        for _ in range(self.random.choice((0, 1, 1, 2, 2, 3))):
            option = self.pick(options)
            words.append(option)
            if option == "-z" or (option in ("-n", "-g", "-j") and self.random.random() < 0.5):
                continue
            words.append(self.pick(GENERAL[option]))
        return words

    def expectation(self) -> list[str]:
        words = [self.pick(["-I", "-D", "-G", "-L", "-C", "-F", "-S"]), "expect"]
        if words[0] in ("-L", "-C", "-F", "-S"):
            return words
        words += ["-p", "tcp", "-s", "1.1.1.1", "-d", "1.1.1.2", "--sport", "1", "--dport", "2"]
        if words[0] == "-I":
            words += ["--tuple-src", "1.1.1.1", "--tuple-dst", "1.1.1.2", "--mask-src", "255.255.255.255", "--mask-dst",
                      "255.255.255.255", "--tuple-port-src", "1", "--tuple-port-dst", "2", "--mask-port-src", "1",
                      "--mask-port-dst", "1", "-t", "100"]  # fmt: skip
        return words

    def spoiled(self, words: list[str]) -> list[str]:
        """Now and then a word too many, one too few, one twice, or two that have changed places."""
        way = self.random.random()
        place = self.random.randrange(len(words))
        if way < 0.08:
            del words[place]
        elif way < 0.16:
            words[place:place] = self.option()
        elif way < 0.2:
            words.insert(place, self.pick(ODD))
        elif way < 0.23:
            other = self.random.randrange(len(words))
            words[place], words[other] = words[other], words[place]
        return words or ["-L"]

    def option(self) -> list[str]:
        if self.random.random() < 0.2:
            return [self.pick(FLAGS)]
        name = self.pick(list(GENERAL))
        return [name, self.pick(GENERAL[name])]

    def wild(self) -> list[str]:
        words = self.pick(COMMANDS).split()
        if self.random.random() < 0.3:
            words.append(self.pick(TABLES))
        if self.random.random() < 0.5:
            protocol = self.protocol()
            words += ["-p", protocol]
            if protocol == "gre":
                words += [f"--{self.pick(KEYS)}", self.pick(PORTS)]
            elif self.random.random() < 0.5:
                words += [f"--{self.pick(PORT_OPTIONS)}", self.pick([*PORTS, *BAD_PORTS])]
        for _ in range(self.random.choice((0, 1, 1, 2, 3))):
            words += [self.pick(ODD)] if self.random.random() < 0.3 else self.option()
        return words or ["-L"]
