"""cgroup: the control group of the process that a packet belongs to.

    -m cgroup [!] --cgroup CLASSID | [!] --path PATH

Not carried out: a packet handed to the engine does not tell the control group of its socket.

Kernel peer: xt_cgroup. Source: iptables-extensions(8) cgroup.
"""

from __future__ import annotations

from typing import Final

from engine.core.extension import Option, Spec
from engine.match.parts.refused import build

EXTENSIONS: Final = (
    Spec(
        "cgroup",
        build,
        (
            Option("path", "text", invert=True, excludes=("cgroup",)),
            Option("cgroup", "u32", invert=True, excludes=("path",)),
        ),
        unsupported="a packet handed to the engine does not tell the control group of its socket",
    ),
)
