"""The engine's language without an engine node: rulesets checked, changed and explained offline, without root.

python -m engine.cli rules FILE [-6] [--counters]
python -m engine.cli iptables|ip6tables|iptables-save|... --state FILE ARGUMENT...
python -m engine.cli explain --rules FILE --packet "PACKET" [--in IF] [--out IF] [--json] [-6]
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Final

USAGE: Final = """usage: nflab rules FILE [-6] [--counters]
       nflab iptables --state FILE ARGUMENT...
       nflab explain --rules FILE --packet "PACKET" [--in IF] [--out IF] [--json] [-6]
"""
RULES_HELP: Final = """usage: nflab rules FILE [-6] [--counters]

Reads iptables-restore text from FILE (- is standard input) and prints it as iptables-save would. A fault is reported
as FILE:LINE:COLUMN: MESSAGE, and the exit status is 1.

  -6, --ipv6   the rules are ip6tables'
  --counters   read and print packet and byte counters
"""
IPTABLES_HELP: Final = """usage: nflab iptables --state FILE ARGUMENT...
       nflab iptables --state FILE save|restore [ARGUMENT...]

One iptables command against the ruleset kept in FILE (made if it does not exist), without root; ARGUMENTs, output and
exit status are those of iptables. `save' and `restore' stand for iptables-save and iptables-restore. `nflab ip6tables'
is the same for IPv6 and uses the same FILE. ARGUMENT -h tells what iptables knows.
"""
EXPLAIN_HELP: Final = """usage: nflab explain --rules FILE --packet "PACKET" [--in IF] [--out IF] [OPTION...]

Shows every table, chain and rule that the packet meets, and the verdict. With --in and --out the packet passes
through, with --in alone it is for this machine, with --out alone this machine sends it.

  PACKET            tcp 10.0.0.1:1234 > 10.0.0.2:22 SYN | udp A:P > B:P | icmp A > B echo-request | hex:4500...
                    and behind it: len N, ttl N, tos N, id N, mark N, df, payload TEXT; [2001:db8::1]:80 for IPv6
  --before PACKET   let this packet through first (again and again, in order): an ESTABLISHED needs a NEW before
  --mark N          the packet's mark
  --address IF=ADDRESS/LENGTH   an address of this machine (MASQUERADE, addrtype)
  --listens PROTOCOL:ADDRESS:PORT   a transparent socket of this machine (TPROXY, socket): tcp:0.0.0.0:3129, udp:[::]:53
  -6, --ipv6        FILE holds ip6tables rules (known from the packet otherwise)
  --json            the same as one JSON object
"""

FAILURE: Final = 1
WRONG_USAGE: Final = 2
INTERRUPTED: Final = 130  # 128 + SIGINT, as a shell tells it


def main(argv: list[str] | None = None) -> int:
    """Run one command; its exit status."""
    words = sys.argv[1:] if argv is None else argv
    if not words or words[0] in ("-h", "--help"):
        print(USAGE, end="")
        return 0 if words else WRONG_USAGE
    command = COMMANDS.get(words[0])
    if command is None:
        return _wrong(f"'{words[0]}' is not a command; commands are {', '.join(COMMANDS)}")
    _tolerate_any_bytes()
    try:
        status = command(words)
        sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        print(f"nflab {words[0]}: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILURE
    except OSError as error:
        # only output is left: errors of the files that were named have been told
        print(f"nflab {words[0]}: the output cannot be written: {error.strerror}", file=sys.stderr)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILURE


def _tolerate_any_bytes() -> None:
    """Names in rules are bytes to iptables; they pass through unchanged."""
    for stream in (sys.stdout, sys.stderr, sys.stdin):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors="surrogateescape")


def _wrong(message: str) -> int:
    print(f"nflab: {message}", file=sys.stderr)
    return WRONG_USAGE


def read_text(path: str) -> str:
    """A file's bytes as text; bytes that are not UTF-8 survive. Raises OSError."""
    if path == "-":
        return sys.stdin.buffer.read().decode("utf-8", "surrogateescape")
    with open(path, "rb") as file:
        return file.read().decode("utf-8", "surrogateescape")


# -- rules


def _rules(words: list[str]) -> int:
    from engine.language.errors import RulesetError
    from engine.language.store import RulesetStore

    family = "ipv4"
    counters = False
    path = ""
    for word in words[1:]:
        if word in ("-h", "--help"):
            print(RULES_HELP, end="")
            return 0
        if word in ("-6", "--ipv6"):
            family = "ipv6"
        elif word in ("-4", "--ipv4"):
            family = "ipv4"
        elif word in ("-c", "--counters"):
            counters = True
        elif word.startswith("-") and word != "-":
            return _wrong(f"rules has no option '{word}'\n{RULES_HELP}")
        elif path:
            return _wrong(f"rules takes one file, not also '{word}'")
        else:
            path = word
    if not path:
        return _wrong(f"rules wants a file\n{RULES_HELP}")
    try:
        text = read_text(path)
    except OSError as error:
        print(f"{path}: {error.strerror}", file=sys.stderr)
        return FAILURE
    store = RulesetStore()
    try:
        warnings = store.load(text, family, "stdin" if path == "-" else path, counters)
    except RulesetError as error:
        error.state = ""
        print(error, file=sys.stderr)
        return FAILURE
    sys.stderr.write("".join(warnings))
    sys.stdout.write(store.save(family, counters))
    return 0


# -- iptables --state

# What a --state of iptables' own state match looks like.
STATE_NAMES: Final = frozenset(("INVALID", "NEW", "ESTABLISHED", "RELATED", "UNTRACKED"))


def _take_state(words: list[str]) -> tuple[str, list[str]]:
    """(the file behind our --state, the other words). First place first; `-m state --state NEW` is iptables' own."""
    if words and words[0].startswith("--state="):
        return words[0][len("--state=") :], words[1:]
    if len(words) > 1 and words[0] == "--state":
        return words[1], words[2:]
    for index in range(len(words) - 1, -1, -1):
        word = words[index]
        value = words[index + 1] if word == "--state" and index + 1 < len(words) else ""
        width = 2
        if word.startswith("--state="):
            value, width = word[len("--state=") :], 1
        if value and not STATE_NAMES.issuperset(value.upper().split(",")):
            return value, words[:index] + words[index + width :]
    return "", words


def _iptables(words: list[str]) -> int:
    path, rest = _take_state(words[1:])
    if not path:
        if any(word in ("-h", "--help") for word in rest):
            print(IPTABLES_HELP, end="")
            return 0
        return _wrong(f"{words[0]} wants --state FILE in front of its arguments\n{IPTABLES_HELP}")
    program = words[0]
    if rest and rest[0] in ("save", "restore"):
        program, rest = f"{program}-{rest[0]}", rest[1:]
    elif rest and rest[0] in PROGRAMS:
        program, rest = rest[0], rest[1:]
    if os.path.exists(path) and not os.path.isfile(path):
        # A file is replaced by its successor. Of a device that would be the end: /dev/null, say.
        print(f"{path}: not a regular file, so no ruleset can be kept in it; nothing was done.", file=sys.stderr)
        return FAILURE
    try:
        status, output, errors = _change_state(path, [program, *rest])
    except OSError as error:
        print(f"{path}: {error.strerror}", file=sys.stderr)
        return FAILURE
    sys.stdout.write(output)
    sys.stdout.flush()
    sys.stderr.write(errors)
    return status


def _change_state(path: str, argv: list[str]) -> tuple[int, str, str]:
    """One command on the ruleset in a file; nobody else changes it meanwhile, and it is replaced whole. (exit status,
    output, errors)"""
    import fcntl

    from engine.language.commands import run
    from engine.language.errors import RulesetError
    from engine.language.state import load_state, state_text
    from engine.language.store import RulesetStore

    # read first: a restore that waits for its input keeps nobody else waiting
    stdin = sys.stdin.buffer.read().decode("utf-8", "surrogateescape") if argv[0].endswith("-restore") else ""
    folder = os.path.dirname(os.path.realpath(path))
    lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        before = read_text(path) if os.path.exists(path) else ""
        store = RulesetStore()
        try:
            load_state(store, before, path)
        except RulesetError as error:
            error.state = "nothing was done."
            return FAILURE, "", f"{error}\n"
        store.date = _date()
        result = run(argv, stdin, store)
        after = state_text(store)
        if after != before:
            _replace(path, after)
    finally:
        os.close(lock)
    return result.exit, result.stdout, result.stderr


def _date() -> str:
    import time

    return time.strftime("%a %b %e %H:%M:%S %Y")


def _replace(path: str, text: str) -> None:
    """The new text under the old name, or the old text: never half of one. What a command that was killed has left is
    overwritten by the next one: the folder is locked."""
    path = os.path.realpath(path)
    temporary = os.path.join(os.path.dirname(path), f".{os.path.basename(path)}.nflab-new")
    try:
        with open(temporary, "wb") as file:
            file.write(text.encode("utf-8", "surrogateescape"))
            file.flush()
            os.fsync(file.fileno())
        if os.path.exists(path):
            os.chmod(temporary, os.stat(path).st_mode & 0o7777)
        os.replace(temporary, path)
    except BaseException:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise


# -- explain

EXPLAIN_VALUES: Final = ("--rules", "--packet", "--before", "--in", "--out", "--mark", "--address", "--listens")


def _explain(words: list[str]) -> int:
    values: dict[str, list[str]] = {}
    flags: set[str] = set()
    index = 1
    while index < len(words):
        word = words[index]
        name, equals, value = word.partition("=")
        if word in ("-h", "--help"):
            print(EXPLAIN_HELP, end="")
            return 0
        if name in EXPLAIN_VALUES:
            if not equals:
                index += 1
                if index == len(words):
                    return _wrong(f"'{word}' wants a value\n{EXPLAIN_HELP}")
                value = words[index]
            values.setdefault(name, []).append(value)
        elif word in ("--json", "-6", "--ipv6", "-4", "--ipv4"):
            flags.add(word)
        else:
            return _wrong(f"explain has no argument '{word}'\n{EXPLAIN_HELP}")
        index += 1
    for needed in ("--rules", "--packet"):
        if needed not in values:
            return _wrong(f"explain wants {needed}\n{EXPLAIN_HELP}")
    if "--in" not in values and "--out" not in values:
        return _wrong("explain wants --in, --out or both: where does the packet come in, where does it go out?")
    return _explain_with(values, flags)


def _explain_with(values: dict[str, list[str]], flags: set[str]) -> int:
    from engine.core.engine import Engine
    from engine.core.hooks import FAMILY_NAMES
    from engine.core.numbers import parse_number
    from engine.core.packet import Packet
    from engine.explain import Question, as_text, explain
    from engine.language.errors import RulesetError
    from engine.language.packettext import PacketTextError, parse_packet

    path = values["--rules"][-1]
    try:
        described = parse_packet(values["--packet"][-1])
        before = [parse_packet(text) for text in values.get("--before", [])]
    except PacketTextError as error:
        print(f"packet: {error}", file=sys.stderr)
        return FAILURE
    family = FAMILY_NAMES[Packet(described.data).family]
    if flags & {"-6", "--ipv6"} and family != "ipv6":
        print("packet: -6 wants a packet with IPv6 addresses", file=sys.stderr)
        return FAILURE
    mark = described.mark
    if "--mark" in values:
        number = parse_number(values["--mark"][-1])
        if number is None:
            return _wrong(f"--mark takes a number of 32 bits, not '{values['--mark'][-1]}'")
        mark = number
    addresses = _addresses(values.get("--address", []))
    if addresses is None:
        return WRONG_USAGE
    listeners = _listeners(values.get("--listens", []))
    if listeners is None:
        return WRONG_USAGE
    engine = Engine()
    try:
        engine.load(read_text(path), family, "stdin" if path == "-" else path)
    except OSError as error:
        print(f"{path}: {error.strerror}", file=sys.stderr)
        return FAILURE
    except RulesetError as error:
        error.state = "" if family == "ipv4" else "the packet is IPv6: the rules were read as those of ip6tables."
        print(error, file=sys.stderr)
        return FAILURE
    indev = values.get("--in", [""])[-1]
    outdev = values.get("--out", [""])[-1]
    now = 0.0
    packet = Packet(described.data)
    for earlier in before:
        other = Packet(earlier.data)
        # what shares neither source nor destination with the packet in question comes the other way
        same_way = other.src == packet.src or other.dst == packet.dst
        way = (indev, outdev) if same_way else (outdev, indev)
        explain(engine, Question(earlier.data, way[0], way[1], earlier.mark, now, addresses, listeners))
        now += 0.01
    report = explain(engine, Question(described.data, indev, outdev, mark, now, addresses, listeners))
    if "--json" in flags:
        import json

        print(json.dumps(report, indent=2, ensure_ascii=True))
    else:
        sys.stdout.write(as_text(report))
    return 0


def _listeners(items: list[str]) -> list[tuple[int, int, int, int]] | None:
    """PROTOCOL:ADDRESS:PORT ... as the environment keeps them; None after a complaint."""
    from engine.core.addresses import parse_address
    from engine.core.numbers import is_decimal
    from engine.core.protocols import TCP, UDP

    protocols = {"tcp": TCP, "udp": UDP}
    found: list[tuple[int, int, int, int]] = []
    for item in items:
        protocol, _colon, end = item.partition(":")
        host, _colon, port = end.rpartition(":")
        try:
            family, address = parse_address(host.strip("[]"))
        except ValueError:
            port = ""
        if protocol not in protocols or not (is_decimal(port) and int(port) < 1 << 16):
            _wrong(f"--listens takes tcp:ADDRESS:PORT or udp:[ADDRESS]:PORT, not '{item}'")
            return None
        found.append((family, protocols[protocol], address, int(port)))
    return found


def _addresses(items: list[str]) -> dict[str, list[tuple[int, int, int]]] | None:
    """IF=ADDRESS/LENGTH ... as the environment keeps them; None after a complaint."""
    from engine.core.addresses import ADDRESS_BITS, parse_address
    from engine.core.hooks import IPV4
    from engine.core.numbers import is_decimal

    found: dict[str, list[tuple[int, int, int]]] = {}
    for item in items:
        device, equals, rest = item.partition("=")
        text, slash, length = rest.partition("/")
        try:
            family, address = parse_address(text)
        except ValueError:
            equals = ""
            family, address = IPV4, 0
        bits = ADDRESS_BITS[family]
        if not equals or not device or (slash and not (is_decimal(length) and int(length) <= bits)):
            _wrong(f"--address takes IF=ADDRESS/LENGTH, not '{item}'")
            return None
        found.setdefault(device, []).append((family, address, int(length) if slash else bits))
    return found


PROGRAMS: Final = (
    "iptables",
    "ip6tables",
    "iptables-save",
    "ip6tables-save",
    "iptables-restore",
    "ip6tables-restore",
)
COMMANDS: Final[dict[str, Callable[[list[str]], int]]] = {
    "rules": _rules,
    "explain": _explain,
    **dict.fromkeys(PROGRAMS, _iptables),
}


if __name__ == "__main__":
    sys.exit(main())
