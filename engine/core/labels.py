"""Names of connection labels: connlabel.conf, as libnetfilter_conntrack reads it.

A line is `NUMBER NAME`, number up to 1023 in any base of C. A name consists of letters, digits, blanks and hyphens; a
line with another is left out, as is one that is no such line. The first name of a number and the first number of a
name count. Measured with conntrack 1.4.7 and iptables 1.8.9.
"""

from __future__ import annotations

from typing import Final

from engine.core.names import NAMES
from engine.core.numbers import strtoul

NAME_FILE: Final = "/etc/xtables/connlabel.conf"
HIGHEST: Final = 1023
SPACE: Final = " \t\n\v\f\r"
LETTERS: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 -")


def read_labels(path: str = "") -> dict[str, int] | None:
    """Number of each name, in the file's order; None without a file. Empty: there is a file, but no name in it.

    path: "" for the machine's own.
    """
    try:
        with open(path or f"{NAMES.root}/xtables/connlabel.conf", encoding="latin-1") as file:
            text = file.read()
    except FileNotFoundError:
        return None
    except OSError:
        return {}
    return parse_labels(text)


def parse_labels(text: str) -> dict[str, int]:
    labels: dict[str, int] = {}
    numbers: set[int] = set()
    for line in text.split("\n"):
        found = strtoul(line, HIGHEST, whole=False)
        if found is None or line[found[1] : found[1] + 1] not in SPACE:
            continue
        number = found[0]
        name = line[found[1] :].strip(SPACE)
        if not name or not LETTERS.issuperset(name):
            continue
        if name not in labels and number not in numbers:
            labels[name] = number
            numbers.add(number)
    return labels
