"""Writes docs/matches.md and docs/targets.md from the extensions themselves: `python docs/extension_pages.py`."""

from __future__ import annotations

import ast
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from engine import match, target  # noqa: E402
from engine.core.extension import BOTH, Spec  # noqa: E402
from engine.core.hooks import HOOK_NAMES, IPV4  # noqa: E402

# What an extension remembers between packets, and what changes of rules do to it. "Any change" is a command or
# restore that touches the table, to whichever rule: iptables-legacy replaces the whole table, and the kernel sets up
# every rule of it anew. Measured on iptables-legacy; the engine does the same.
ANY_CHANGE = "any change to its table, -Z too, begins it anew; changes to other tables do not"
STATE: dict[str, str] = {
    "limit": f"a bucket of tokens in each rule; {ANY_CHANGE}",
    "quota": f"the bytes that are left, in each rule; {ANY_CHANGE}",
    "statistic": f"--mode nth: a count in each rule; {ANY_CHANGE}",
    "connlimit": f"the connections that the rule has seen; {ANY_CHANGE}",
    "hashlimit": "tables of buckets with names; they outlive changes, and go with the last rule of their name",
    "recent": "lists with names; they outlive changes, and go with the last rule of their name",
    "connbytes": "nothing; but the first such rule switches net.netfilter.nf_conntrack_acct on, and it stays on",
    "connlabel": "--set: labels of the connection, which stay with it",
    "CT": f"a template in each rule, with a mark if CONNMARK gives it one; {ANY_CHANGE}. What a connection got stays",
    "CONNMARK": "the mark of the connection, which stays with it",
    "CONNSECMARK": "the security mark of the connection, which stays with it",
    "SNAT": "the bindings of the connection, which stay with it whatever becomes of the rule",
    "DNAT": "the bindings of the connection, which stay with it whatever becomes of the rule",
    "MASQUERADE": "the bindings of the connection, until its interface goes down or loses the address",
    "REDIRECT": "the bindings of the connection, which stay with it whatever becomes of the rule",
    "NETMAP": "the bindings of the connection, which stay with it whatever becomes of the rule",
    "SYNPROXY": "the connection, once it is opened; nothing before that (the cookie is the memory)",
}

HEADS = {
    "matches": (
        "# Matches",
        "What follows `-m`, each from its own file in `engine/match`.",
    ),
    "targets": (
        "# Targets",
        "What follows `-j`, each from its own file in `engine/target`. User chains are targets too (`-j`, `-g`).",
    ),
}


def page(kind: str, package: ModuleType) -> str:
    """The page of all extensions of `engine.match` or `engine.target`."""
    names: dict[str, str] = package.NAMES
    modules = {name: import_module(f"{package.__name__}.{file}") for name, file in names.items()}
    refused = [name for name, module in modules.items() if all(spec.unsupported for spec in module.EXTENSIONS)]
    lines = [*HEADS[kind], "", "Printed by `python docs/extension_pages.py`; a test compares them.", ""]
    lines[1:1] = [""]
    lines += [*_overview(modules), "", *_refused(refused, modules)]
    for name, module in modules.items():
        lines += _section(name, module)
    return "\n".join(lines).rstrip() + "\n"


def _overview(modules: dict[str, ModuleType]) -> list[str]:
    rows = ["| name | families | only in tables | only in chains | only with -p | tracking | keeps |",
            "|---|---|---|---|---|---|---|"]  # fmt: skip
    for name, module in modules.items():
        for spec in module.EXTENSIONS:
            if spec.name == name:
                link = f"[{name}](#{name.lower()})"
                conntrack = "on" if spec.needs_conntrack else ""
                keeps = "yes" if name in STATE and not spec.unsupported else ""
                cells = [link, *_places(spec), conntrack, keeps]
                rows.append("| " + " | ".join(cells) + " |")
    return [
        "Tracking: a rule with it switches connection tracking on. Keeps: it remembers something between packets.",
        "",
        *rows,
    ]


def _places(spec: Spec) -> list[str]:
    names = ["IPv4" if family == IPV4 else "IPv6" for family in spec.families]
    families = "both" if spec.families == BOTH else " ".join(names)
    hooks = "" if spec.hooks == 31 else " ".join(name for hook, name in enumerate(HOOK_NAMES) if spec.hooks >> hook & 1)
    return [families, " ".join(spec.tables), hooks, " ".join(str(proto) for proto in spec.protos)]


def _refused(names: list[str], modules: dict[str, ModuleType]) -> list[str]:
    if not names:
        return []
    lines = [
        "## Accepted by iptables, not implemented here",
        "",
        "`nflab rules` and `nflab iptables --state` read and save them; an engine that shall carry them out refuses",
        "the ruleset and says why.",
        "",
    ]
    for name in names:
        lines.append(f"- {name}: {modules[name].EXTENSIONS[0].unsupported}")
    return [*lines, ""]


def _section(name: str, module: ModuleType) -> list[str]:
    source = ROOT.joinpath(*module.__name__.split(".")).with_suffix(".py")  # compiled modules have no docstring
    text = (ast.get_docstring(ast.parse(source.read_text(encoding="utf-8"))) or "").splitlines()
    lines = [f"## {name}", "", text[0].partition(": ")[2], "", "```", *text[2:], "```", ""]
    if name in STATE and not module.EXTENSIONS[0].unsupported:
        lines += [f"Keeps: {STATE[name]}.", ""]
    return lines


PAGES: dict[str, ModuleType] = {"matches": match, "targets": target}

if __name__ == "__main__":
    for kind, package in PAGES.items():
        (ROOT / "docs" / f"{kind}.md").write_text(page(kind, package), encoding="utf-8")
