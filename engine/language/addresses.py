"""The addresses of -s and -d: numbers with omitted parts, masks in both forms, names, lists."""

from __future__ import annotations

import re
from ipaddress import IPv6Address
from typing import Final

from engine.core.addresses import ADDRESS_BITS, FULL_MASK, numeric_ipv4, prefix_mask
from engine.core.extension import ParameterProblem
from engine.core.hooks import IPV4
from engine.core.names import NAMES
from engine.core.numbers import parse_number
from engine.language.kinds import literal_address

PLAIN_ADDRESS: Final = re.compile(r"(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:/(\d{1,2}))?", re.ASCII)


def parse_mask(text: str, family: int) -> int:
    """A prefix length or a mask, as a mask."""
    bits = ADDRESS_BITS[family]
    mask = numeric_ipv4(text, mask=True) if family == IPV4 else _ipv6_mask(text)
    if mask is not None:
        return mask
    length = parse_number(text, bits)
    if length is None:
        raise ParameterProblem(f"invalid mask `{text}' specified")
    return prefix_mask(length, family)


def _ipv6_mask(text: str) -> int | None:
    try:
        return int(IPv6Address(text))
    except ValueError:
        return None


def lookup(text: str, family: int) -> list[int]:
    """All addresses of a number, host name or network name."""
    if family == IPV4:
        address = numeric_ipv4(text)
        if address is not None:
            return [address]
        network = NAMES.network(text)
        if network is not None:
            return [network]
    literal = literal_address(text, family)
    if literal is not None:
        return [literal]
    found = NAMES.host(text, family)
    if not found:
        raise ParameterProblem(f"host/network `{text}' not found")
    return found


def parse_addresses(text: str, family: int) -> list[tuple[int, int]]:
    """A list with commas: (address and mask, mask) of each, host bits cleared."""
    if family == IPV4:
        plain = PLAIN_ADDRESS.fullmatch(text)
        if plain is not None:
            one = _plain(plain)
            if one is not None:
                return [one]
    result: list[tuple[int, int]] = []
    for item in text.split(","):
        word = item.lstrip(" \t\n\v\f\r")
        host, slash, mask_text = word.rpartition("/")
        if slash:
            mask = parse_mask(mask_text, family)
        else:
            host = word
            mask = FULL_MASK[family]
        # a mask of zero makes any name good enough
        if mask == 0 and slash:
            result.append((0, 0))
            continue
        known: list[tuple[int, int]] = []
        for address in lookup(host, family):
            pair = (address & mask, mask)
            if pair not in known:
                known.append(pair)
        result += known
    return result


def _plain(found: re.Match[str]) -> tuple[int, int] | None:
    """The common way to write an IPv4 address; None if it needs the long way (leading zeros, out of range)."""
    address = 0
    for part in found.group(1, 2, 3, 4):
        number = int(part)
        if number > 255 or (part[0] == "0" and len(part) > 1):
            return None
        address = address << 8 | number
    length_text = found.group(5)
    if length_text is None:
        return address, 0xFFFFFFFF
    length = int(length_text)
    if length > 32 or (length_text[0] == "0" and len(length_text) > 1):
        return None
    mask = prefix_mask(length, IPV4)
    return address & mask, mask
