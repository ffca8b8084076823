"""The kinds of value that a topology file may hold: how each is read, and its JSON Schema.

A reader gets the text with its place and answers with the value, or with None after it has said what is wrong.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from lab.faults import Faults, Place, did_you_mean
from lab.yaml_text import Mapping as YamlMapping
from lab.yaml_text import Sequence, Text, Value, what

T = TypeVar("T")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
InterfaceAddress = ipaddress.IPv4Interface | ipaddress.IPv6Interface
Reader = Callable[[Value, str, Faults], Any]


class Refused(ValueError):
    """A word that is not right, with a hint of its own."""

    def __init__(self, found: str, hint: str) -> None:
        super().__init__(found)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Placed(Generic[T]):
    """A value and where it stands in the file."""

    value: T
    place: Place


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of value: in words, its reader and its JSON Schema."""

    words: str
    read: Reader
    schema: dict[str, Any]


def text_kind(words: str, parse: Callable[[str], Any], schema: dict[str, Any], hint: str = "") -> Kind:
    """A kind that is one word; `parse` raises ValueError with the reason."""

    def read(value: Value, path: str, faults: Faults) -> Any:
        if not isinstance(value, Text) or not value.value:
            faults.add(value.place, path, f"{words} is needed here, not {what(value)}", hint)
            return None
        try:
            return parse(value.value)
        except ValueError as error:
            faults.add(value.place, path, str(error), getattr(error, "hint", hint))
            return None

    return Kind(words, read, schema)


def one_of(choices: Mapping[str, T] | Iterable[str], words: str) -> Kind:
    """One of the given words."""
    table: dict[str, Any] = dict(choices) if isinstance(choices, Mapping) else {word: word for word in choices}

    def read(value: Value, path: str, faults: Faults) -> Any:
        if isinstance(value, Text) and value.value in table:
            return table[value.value]
        word = value.value if isinstance(value, Text) else ""
        faults.add(value.place, path, f"{what(value)} is not {words}", did_you_mean(word, table, "Write one of"))
        return None

    return Kind(words, read, {"enum": list(table)})


NUMBER_PATTERN: Final = "^(0x[0-9a-fA-F]{1,16}|[0-9]{1,20})$"


def whole_number(low: int, high: int, words: str) -> Kind:
    def parse(text: str) -> int:
        if not re.fullmatch(NUMBER_PATTERN, text.removeprefix("-")):
            raise ValueError(f"'{text}' is not a whole number")
        number = int(text, 16 if "x" in text else 10)
        if not low <= number <= high:
            raise ValueError(f"{number} is not between {low} and {high}")
        return number

    number_or_text = {"type": "string", "pattern": NUMBER_PATTERN}
    schema = {"anyOf": [{"type": "integer", "minimum": low, "maximum": high}, number_or_text]}
    return text_kind(words, parse, schema, f"{words}: {low} to {high}")


def list_of(item: Kind) -> Kind:
    """One value, or a list of them. Read as a tuple of Placed values; nothing at all is an empty tuple."""

    def read(value: Value, path: str, faults: Faults) -> tuple[Placed[Any], ...]:
        if isinstance(value, Text) and not value.value:
            return ()
        values = value.items if isinstance(value, Sequence) else (value,)
        read_values = [(item.read(each, path, faults), each.place) for each in values]
        return tuple(Placed(found, place) for found, place in read_values if found is not None)

    schema = {"anyOf": [item.schema, {"type": "array", "items": item.schema}, {"type": "null"}]}
    return Kind(f"{item.words}, or a list of them", read, schema)


def table_of(value_kind: Kind, name_words: str, check_name: Callable[[str], str] | None = None) -> Kind:
    """A mapping from names to values of one kind. Read as a dict of name -> Placed value."""

    def read(value: Value, path: str, faults: Faults) -> dict[str, Placed[Any]] | None:
        if not isinstance(value, YamlMapping):
            hint = f"{name_words}: name and value"
            faults.add(value.place, path, f"a mapping is needed here, not {what(value)}", hint)
            return None
        result: dict[str, Placed[Any]] = {}
        for name, each in value:
            below = f"{path}.{name.value}"
            try:
                key = check_name(name.value) if check_name else name.value
            except ValueError as error:
                faults.add(name.place, below, str(error), getattr(error, "hint", ""))
                continue
            found = value_kind.read(each, below, faults)
            if found is not None:
                result[key] = Placed(found, name.place)
        return result

    return Kind(
        f"{name_words} -> {value_kind.words}", read, {"type": "object", "additionalProperties": value_kind.schema}
    )


def any_text(words: str) -> Kind:
    return text_kind(words, lambda text: text, {"type": ["string", "number", "boolean"]})


# --- addresses ------------------------------------------------------------------------------------------------------

ADDRESS_HINT: Final = "write an address such as 10.0.1.10 or 2001:db8:1::10"


def parse_address(text: str) -> Address:
    if "%" in text:
        raise ValueError(f"'{text}' names an interface behind the address: here only the address is written")
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        raise ValueError(f"'{text}' is not an IPv4 or IPv6 address") from None


def parse_subnet(text: str) -> Network:
    if "%" in text:
        raise ValueError(f"'{text}' names an interface: a subnet is written without")
    if "/" not in text:
        raise ValueError(f"'{text}' is not a subnet: the prefix length is missing")
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        pass
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"'{text}' is not an IPv4 or IPv6 subnet") from None
    raise ValueError(f"'{text}' has bits set behind the prefix: the subnet is {network}")


def parse_interface_address(text: str) -> tuple[Address, int | None]:
    """An address with or without a prefix length. Without one, the link's subnet gives it."""
    address, slash, length = text.partition("/")
    parsed = parse_address(address)
    if not slash:
        return parsed, None
    if not re.fullmatch("[0-9]{1,3}", length) or int(length) > parsed.max_prefixlen:
        raise ValueError(f"'{text}': '/{length}' is not a prefix length (0 to {parsed.max_prefixlen})")
    return parsed, int(length)


def parse_mac(text: str) -> str:
    if not re.fullmatch(MAC_PATTERN, text):
        raise ValueError(f"'{text}' is not a MAC address")
    first = int(text[:2], 16)
    if first & 1:
        raise ValueError(f"'{text}' is a multicast address, an interface cannot have it")
    if not text.replace(":", "").strip("0"):
        raise ValueError(f"'{text}' is no address at all")
    return text.lower()


STRING: Final = {"type": "string"}
ADDRESS: Final = text_kind("an address", parse_address, STRING, ADDRESS_HINT)
SUBNET: Final = text_kind("a subnet", parse_subnet, STRING, "write a subnet such as 10.0.1.0/24 or 2001:db8:1::/64")
INTERFACE_ADDRESS: Final = text_kind("an address", parse_interface_address, STRING, ADDRESS_HINT)
MAC_PATTERN: Final = "^[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}$"
MAC: Final = text_kind(
    "a MAC address", parse_mac, {"type": "string", "pattern": MAC_PATTERN}, "write it as 02:00:00:00:00:01"
)
YES_OR_NO: Final = Kind(
    "yes or no",
    one_of({"yes": True, "no": False, "true": True, "false": False, "on": True, "off": False}, "yes or no").read,
    {"anyOf": [{"type": "boolean"}, {"enum": ["yes", "no", "true", "false", "on", "off"]}]},
)

# --- names ----------------------------------------------------------------------------------------------------------

NAME_HINT: Final = "names are letters, digits, '-', '_' and '.'"


def parse_interface_name(text: str) -> str:
    """The rules of the kernel for interface names (dev_valid_name), which links get as well."""
    if not re.fullmatch(r"[A-Za-z0-9_.-]+", text) or text in (".", ".."):
        raise ValueError(f"'{text}' cannot be the name of an interface: {NAME_HINT}")
    if len(text) > 15:
        raise ValueError(f"'{text}' is {len(text)} characters long: an interface name has at most 15")
    if text in ("lo", "all", "default"):
        raise ValueError(f"'{text}' is a name that every node already has for something else")
    return text


def parse_node_name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", text):
        raise ValueError(f"'{text}' cannot be the name of a node: {NAME_HINT}")
    if len(text) > 32:
        raise ValueError(f"'{text}' is {len(text)} characters long: the name of a node has at most 32")
    return text
