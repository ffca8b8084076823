"""What the argument of an option may look like: a table from the name of a kind to the function that reads it.

An extension declares `Option(name, kind)`; the value that a kind gives is listed here:

    kind                 value             reads
    none                 None              nothing: the option is a flag
    u8 u16 u32 u64       int               a number, decimal, 0x... or 0...; bounds `Option.low`..`Option.high`
    u8:range ...         (int, int)        LOW[:HIGH]; an end left open is 0 or the maximum; not checked for LOW <= HIGH
    double               float             a number within `low`..`high` (`high` -1: no bound)
    string               str               any text of `low` to `high` characters (longer is refused)
    string:cut           str               text that is silently cut to `high` characters
    string:log-prefix    str               the same, refused if there is a newline in it
    text                 str               any text at all; the extension reads it itself in `build`
    two                  str               two words of the command line, joined by one blank (`tcp --tcp-flags A B`)
    mark/mask            (int, int)        VALUE[/MASK]
    tos/mask             (int, int)        VALUE[/MASK] (mask 0xff) or one of five names (mask 0x3f)
    level                int               syslog level: 0..7 or a name
    mac                  bytes             six hexadecimal numbers with colons
    host                 int               an address of the rule's family, or a name in /etc/hosts
    host/mask            (int, int)        the same with a prefix length or mask; host bits are kept
    plen                 int               prefix length or mask, as a length
    port                 int               a port number or service name (as getaddrinfo reads it)
    port:range           (int, int)        LOW[:HIGH]
    service              int               the same as `tcp --dport` reads it (services of the rule's protocol)
    service:range        (int, int)        LOW[:HIGH], refused when LOW > HIGH
    ports                str               up to 15 services and ranges A:B separated by commas, as numbers
    protocol             int               protocol name or number
    realm, group         (int, int)        VALUE[/MASK] or a name in /etc/iproute2/rt_realms, /etc/iproute2/group

Messages are those of libxtables 1.8.9 (measured); several of them end in a newline there, and so here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import IPv6Address
from typing import Final

from engine.core.addresses import ADDRESS_BITS, FULL_MASK, prefix_length, prefix_mask
from engine.core.extension import ParameterProblem
from engine.core.hooks import IPV4, IPV6
from engine.core.names import DEVICE_GROUPS, NAMES, REALMS
from engine.core.numbers import parse_number, strtoul
from engine.core.protocols import PORT_PROTOCOLS
from engine.core.values import Value

U8: Final = 0xFF
U16: Final = 0xFFFF
U32: Final = 0xFFFFFFFF
U64: Final = 0xFFFFFFFFFFFFFFFF
WIDTHS: Final[dict[str, int]] = {"u8": U8, "u16": U16, "u32": U32, "u64": U64}

SYSLOG_LEVELS: Final[dict[str, int]] = {
    "alert": 1,
    "crit": 2,
    "debug": 7,
    "emerg": 0,
    "error": 3,
    "info": 6,
    "notice": 5,
    "panic": 0,
    "warning": 4,
}
TOS_NAMES: Final[tuple[tuple[int, str], ...]] = (
    (0x10, "Minimize-Delay"),
    (0x08, "Maximize-Throughput"),
    (0x04, "Maximize-Reliability"),
    (0x02, "Minimize-Cost"),
    (0x00, "Normal-Service"),
)


class Question:
    """What a parser may know besides the text: whose option it is and under what name it was given."""

    def __init__(self, extension: str, option: str, family: int, low: int = 0, high: int = -1, proto: int = 0) -> None:
        self.extension = extension
        self.option = option
        self.family = family
        self.low = low
        self.high = high
        self.proto = proto


# -- numbers


def _none(q: Question, text: str) -> Value:
    return None


def _integer(limit: int) -> Callable[[Question, str], Value]:
    def parse(q: Question, text: str) -> Value:
        high = limit if q.high < 0 else q.high
        value = parse_number(text, high, q.low)
        if value is None:
            raise ParameterProblem(
                f'{q.extension}: bad value for option "--{q.option}", or out of range ({q.low}-{high}).\n'
            )
        return value

    return parse


def _integer_range(limit: int) -> Callable[[Question, str], Value]:
    def parse(q: Question, text: str) -> Value:
        values: list[int] = []
        position = 0
        while True:
            if len(values) == 2:
                raise ParameterProblem(f'{q.extension}: Too many components for option "--{q.option}" (max: 2)\n')
            rest = text[position:]
            if not rest or rest[0] == ":":
                values.append(limit if values else 0)
            else:
                found = strtoul(rest, limit, whole=False)
                if found is None:
                    raise ParameterProblem(
                        f'{q.extension}: bad value for option "--{q.option}" near "{rest}", '
                        f"or out of range (0-{limit}).\n"
                    )
                values.append(found[0])
                position += found[1]
                if position < len(text) and text[position] != ":":
                    raise ParameterProblem(
                        f'{q.extension}: Argument to "--{q.option}" has unexpected characters near '
                        f'"{text[position:]}".\n'
                    )
            if position >= len(text):
                return values[0], values[-1]
            position += 1

    return parse


FLOAT: Final = re.compile(
    r"[ \t\n\v\f\r]*[+-]?(?:0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)(?:[pP][+-]?[0-9]+)?"
    r"|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|nan|inf(?:inity)?)",
    re.IGNORECASE,
)


def _double(q: Question, text: str) -> Value:
    found = FLOAT.fullmatch(text)
    value = 0.0
    if found is not None:
        word = text.strip()
        try:
            value = float.fromhex(word) if "x" in word.lower() else float(word)
        except (OverflowError, ValueError):
            found = None
    if found is None or value < q.low or (q.high >= 0 and value > q.high):
        if q.high >= 0:
            raise ParameterProblem(
                f'{q.extension}: bad value for option "--{q.option}", or out of range ({q.low}-{q.high}).\n'
            )
        raise ParameterProblem(f'{q.extension}: bad value for option "--{q.option}"\n')
    return value


# -- text


def _string(q: Question, text: str) -> Value:
    size = len(text.encode("utf-8", "surrogateescape"))
    if size < q.low:
        raise ParameterProblem(f"Argument must have a minimum length of {q.low} characters\n")
    if q.high >= 0 and size > q.high:
        raise ParameterProblem(f"Argument must have a maximum length of {q.high} characters\n")
    return text


def _string_cut(q: Question, text: str) -> Value:
    octets = text.encode("utf-8", "surrogateescape")
    if len(octets) < q.low:
        raise ParameterProblem(f"Argument must have a minimum length of {q.low} characters\n")
    if q.high >= 0 and len(octets) > q.high:
        return octets[: q.high].decode("utf-8", "surrogateescape")
    return text


def _log_prefix(q: Question, text: str) -> Value:
    """Cut, but what is cut off is looked at too. NFLOG's complaint names LOG's option (measured)."""
    kept = _string_cut(q, text)
    if "\n" in text:
        raise ParameterProblem(f"Newlines not allowed in --{q.option.removeprefix('nf')}")
    return kept


def _text(q: Question, text: str) -> Value:
    return text


# -- values with masks


def value_and_mask(q: Question, text: str, names: dict[str, int] | None = None) -> tuple[int, int]:
    """VALUE[/MASK], both 32 bits; a name instead if a map is given."""
    found = strtoul(text, U32, whole=False)
    if found is None and names is None:
        raise ParameterProblem(f'{q.extension}: bad integer value for option "--{q.option}", or out of range.\n')
    if names is not None and (found is None or text[found[1] : found[1] + 1] not in ("", "/")):
        if text not in names:
            raise ParameterProblem(
                f'{q.extension}: could not map name {text} to an integer value for option "--{q.option}".\n'
            )
        return names[text], U32
    assert found is not None
    value, end = found
    mask = U32
    if text[end : end + 1] == "/":
        rest = text[end + 1 :]
        second = strtoul(rest, U32, whole=False)
        if second is None:
            raise ParameterProblem(f'{q.extension}: bad integer value for option "--{q.option}", or out of range.\n')
        mask = second[0]
        end += 1 + second[1]
    if end != len(text):
        raise ParameterProblem(f'{q.extension}: trailing garbage after value for option "--{q.option}".\n')
    return value, mask


def _mark_mask(q: Question, text: str) -> Value:
    return value_and_mask(q, text)


def _realm(q: Question, text: str) -> Value:
    return value_and_mask(q, text, NAMES.table(REALMS))


def _group(q: Question, text: str) -> Value:
    return value_and_mask(q, text, NAMES.table(DEVICE_GROUPS))


def _tos_mask(q: Question, text: str) -> Value:
    found = strtoul(text, U8, whole=False)
    if found is not None:
        value, end = found
        if end == len(text):
            return value, 0xFF
        mask = parse_number(text[end + 1 :], U8) if text[end] == "/" else None
        if mask is None:
            raise ParameterProblem(f'Illegal value: "{text}"')
        return value, mask
    for number, name in TOS_NAMES:
        if name.lower() == text.lower():
            return number, 0x3F
    raise ParameterProblem(f'Symbolic name "{text}" is unknown')


def _level(q: Question, text: str) -> Value:
    value = parse_number(text, 7)
    if value is None:
        value = SYSLOG_LEVELS.get(text)
    if value is None:
        raise ParameterProblem(f'log level "{text}" unknown\n')
    return value


# -- addresses

MAC: Final = re.compile(r"[ \t\n\v\f\r]?[+-]?[0-9a-fA-F]+")


def _mac(q: Question, text: str) -> Value:
    """Six hexadecimal numbers of at most two characters, a sign or blank among them; nothing at all is 0."""
    parts = text.split(":")
    if len(parts) != 6 or not all(len(part) <= 2 and (not part or MAC.fullmatch(part)) for part in parts):
        raise ParameterProblem("Invalid MAC address specified.")
    return bytes([int(part, 16) & U8 if part else 0 for part in parts])


QUAD_PART: Final = re.compile(r"0[xX][0-9a-fA-F]+|[0-9]+")


def inet_aton(text: str) -> int | None:
    """`10.1` = 10.0.0.1, octal and hexadecimal parts, as inet_aton(3) reads them; None if it is no address."""
    parts = text.split(".")
    if len(parts) > 4:
        return None
    numbers = []
    for part in parts:
        if not QUAD_PART.fullmatch(part):
            return None
        try:
            number = int(part, 16) if part[:2] in ("0x", "0X") else int(part, 8 if part[0] == "0" else 10)
        except ValueError:
            return None
        numbers.append(number)
    last_limit = 256 ** (5 - len(numbers))
    if any(number > 255 for number in numbers[:-1]) or numbers[-1] >= last_limit:
        return None
    value = numbers[-1]
    for index, number in enumerate(numbers[:-1]):
        value |= number << (24 - 8 * index)
    return value


def _mapped(text: str) -> int | None:
    """The IPv4 address that an IPv6 address stands for."""
    try:
        mapped = None if "%" in text else IPv6Address(text).ipv4_mapped
    except ValueError:
        return None
    return None if mapped is None else int(mapped)


def literal_address(text: str, family: int) -> int | None:
    """An address of this family written in numbers, or None. `::ffff:1.2.3.4` is one of IPv4 too (getaddrinfo(3))."""
    if family == IPV4:
        return _mapped(text) if ":" in text else inet_aton(text)
    try:
        return int(IPv6Address(text.partition("%")[0]))
    except ValueError:
        return None


def lookup_host(text: str, family: int) -> list[int]:
    """All addresses that a number or a name in /etc/hosts stands for; ParameterProblem if none."""
    address = literal_address(text, family)
    if address is not None:
        return [address]
    known = NAMES.host(text, family)
    if known:
        return known
    other = IPV6 if family == IPV4 else IPV4
    if text and (literal_address(text, other) is not None or NAMES.host(text, other)):
        raise ParameterProblem("getaddrinfo: Address family for hostname not supported\n")
    raise ParameterProblem("getaddrinfo: Name or service not known\n")


def _host(q: Question, text: str) -> int:
    found = lookup_host(text, q.family)
    if len(found) > 1:
        raise ParameterProblem(f"{text} resolves to more than one address\n")
    return found[0]


def _plen(q: Question, text: str) -> int:
    """A mask with holes comes out as 255, which means "all bits" later. 33 is such a mask in IPv4: 0.0.0.33."""
    bits = ADDRESS_BITS[q.family]
    length = parse_number(text, bits)
    if length is None:
        mask = literal_address(text, q.family)
        if mask is None:
            raise ParameterProblem(
                f'{q.extension}: bad value for option "--{q.option}", neither a valid network mask nor valid '
                f"CIDR (0-{bits}).\n"
            )
        length = prefix_length(mask, q.family)
        if length < 0:
            length = 255
    return length


def _host_mask(q: Question, text: str) -> Value:
    address, slash, mask = text.partition("/")
    value = _host(q, address)
    return value, prefix_mask(_plen(q, mask), q.family) if slash else FULL_MASK[q.family]


# -- ports and protocols

DECIMAL: Final = re.compile(r"[ \t\n\v\f\r]*[+-]?[0-9]+")


def parse_port(text: str, proto: str = "") -> int | None:
    """A port as getaddrinfo reads it: a decimal number (cut to 16 bits, "" is 0) or a service name."""
    if not text:
        return 0
    if DECIMAL.fullmatch(text):
        number = int(text[:64])
        value = (number if abs(number) <= U64 else U64) & U32
        return None if value >> 31 else value & U16  # a negative int: looked up as a name
    return NAMES.service(text, proto)


def _port(q: Question, text: str) -> Value:
    port = parse_port(text)
    if port is None:
        raise ParameterProblem(f'Port "{text}" does not resolve to anything.\n')
    return port


def _port_range(q: Question, text: str) -> Value:
    parts = text.split(":")
    values: list[int] = []
    for index, part in enumerate(parts):
        if index == 2:
            raise ParameterProblem(f'{q.extension}: Too many components for option "--{q.option}" (max: 2)\n')
        if not part and len(parts) > 1:
            values.append(U16 if index else 0)
            continue
        port = parse_port(part)
        if port is None:
            raise ParameterProblem(f'Port "{part}" does not resolve to anything.\n')
        values.append(port)
    return values[0], values[-1]


def service_port(text: str, proto: str) -> int:
    """A port number (decimal, hexadecimal, octal) or a service of `proto`, as xtables_parse_port reads it."""
    port = parse_number(text, U16)
    if port is None:
        port = NAMES.service(text, proto)
    if port is None:
        raise ParameterProblem(f"invalid port/service `{text}' specified")
    return port


PROTO_OF_EXTENSION: Final[dict[str, str]] = {"tcp": "tcp", "udp": "udp", "sctp": "sctp", "dccp": "dccp"}


def _service(q: Question, text: str) -> Value:
    return service_port(text, PROTO_OF_EXTENSION.get(q.extension, "tcp"))


def _service_range(q: Question, text: str) -> Value:
    proto = PROTO_OF_EXTENSION.get(q.extension, "tcp")
    first, colon, second = text.partition(":")
    if not colon:
        port = service_port(first, proto)
        return port, port
    low = service_port(first, proto) if first else 0
    high = service_port(second, proto) if second else U16
    if low > high:
        raise ParameterProblem("invalid portrange (min > max)")
    return low, high


PORTS_LIMIT: Final = 15


def _ports(q: Question, text: str) -> Value:
    """`ssh,80:90` of the protocol named before, as `22,80:90`; a range counts twice."""
    if q.proto not in PORT_PROTOCOLS:
        if q.proto == 0:
            raise ParameterProblem("multiport needs `-p tcp', `-p udp', `-p udplite', `-p sctp' or `-p dccp'")
        raise ParameterProblem("multiport only works with TCP, UDP, UDPLITE, SCTP and DCCP")
    proto = PORT_PROTOCOLS[q.proto]
    parts = []
    count = 0
    for part in text.split(","):
        if count == PORTS_LIMIT:
            raise ParameterProblem("too many ports specified")
        first, colon, second = part.partition(":")
        low = service_port(first, proto)
        count += 1
        if not colon:
            parts.append(str(low))
            continue
        if count == PORTS_LIMIT:
            raise ParameterProblem("too many ports specified")
        high = service_port(second, proto)
        count += 1
        if low >= high:
            raise ParameterProblem("invalid portrange specified")
        parts.append(f"{low}:{high}")
    return ",".join(parts)


def parse_protocol(text: str) -> int:
    """Protocol number of a name or number; names of /etc/protocols, then iptables' own."""
    number = parse_number(text, U8)
    if number is None:
        number = NAMES.protocol(text)
    if number is None:
        raise ParameterProblem(f'unknown protocol "{text}" specified')
    return number


def _protocol(q: Question, text: str) -> Value:
    return parse_protocol(text)


KINDS: Final[dict[str, Callable[[Question, str], Value]]] = {
    "none": _none,
    **{name: _integer(limit) for name, limit in WIDTHS.items()},
    **{f"{name}:range": _integer_range(limit) for name, limit in WIDTHS.items()},
    "double": _double,
    "string": _string,
    "string:cut": _string_cut,
    "string:log-prefix": _log_prefix,
    "text": _text,
    "two": _text,
    "mark/mask": _mark_mask,
    "tos/mask": _tos_mask,
    "level": _level,
    "mac": _mac,
    "host": _host,
    "host/mask": _host_mask,
    "plen": _plen,
    "port": _port,
    "port:range": _port_range,
    "service": _service,
    "service:range": _service_range,
    "ports": _ports,
    "protocol": _protocol,
    "realm": _realm,
    "group": _group,
}
