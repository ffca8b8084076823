"""What may import what: the house rules of the source tree, read from its syntax trees.

Each rule is a row of `MAY_IMPORT`; a planted fault shows that each kind of breach is found.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
OURS = {"engine", "lab", "conformance", "reports", "topologies", "tests", "bench"}

# folder -> (our packages, third-party packages) that its files may import; the longest matching folder counts
MAY_IMPORT: dict[str, tuple[set[str], set[str]]] = {
    "engine": ({"engine"}, set()),
    "lab": ({"lab"}, {"pyroute2", "yaml"}),
    "lab/services": ({"lab"}, {"pyftpdlib"}),
    "conformance": ({"conformance", "lab", "reports.records"}, {"pytest", "yaml"}),
    "conformance/wire.py": ({"conformance"}, {"scapy"}),
    "reports": ({"reports"}, {"tabulate"}),
    "reports/html.py": ({"reports"}, {"jinja2"}),
}

# The engine core is a value machine: no socket, clock, chance or thread outside driver/.
BANNED_IN_ENGINE = {
    "socket",
    "time",
    "random",
    "os",
    "threading",
    "subprocess",
    "secrets",
    "select",
    "selectors",
    "asyncio",
}
MAY_TOUCH_THE_WORLD = ("engine/driver/", "engine/cli.py", "engine/__main__.py")

# Inside engine: a part may import only what stands in the same or an earlier row.
LAYERS: tuple[tuple[str, ...], ...] = (
    (
        "engine/core/hooks",
        "engine/core/labels",
        "engine/core/checksum",
        "engine/core/addresses",
        "engine/core/verdict",
        "engine/core/names",
        "engine/core/dscp",
        "engine/core/numbers",
        "engine/core/text",
        "engine/core/protocols",
    ),
    ("engine/core/packet", "engine/core/connection"),
    ("engine/core/tcp_header",),
    ("engine/core/context",),
    ("engine/core/gathering",),
    ("engine/core/extension", "engine/core/values"),
    ("engine/core/registry",),
    ("engine/match", "engine/target", "engine/language/kinds"),
    ("engine/core/ruleset",),
    ("engine/core/ruletext", "engine/core/runs"),
    ("engine/core/walk", "engine/core/flights", "engine/core/fragments"),
    ("engine/language", "engine/conntrack"),
    ("engine/nat",),
    ("engine/helpers",),
    ("engine/core/engine",),
    ("engine/driver", "engine/explain", "engine/cli", "engine/__main__", "engine/core/__init__"),
)


def sources() -> list[Path]:
    found = [path for top in ("engine", "lab", "conformance", "reports") for path in sorted((ROOT / top).rglob("*.py"))]
    return [path for path in found if "build" not in path.parts]


def imports(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """(dotted module, line) of every import that runs; those for the type checker alone do not count."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module, node.lineno
            for alias in node.names:
                yield f"{node.module}.{alias.name}", node.lineno
        yield from imports(node)


def rule_for(name: str) -> tuple[set[str], set[str]]:
    folders = [folder for folder in MAY_IMPORT if name in (folder, folder + ".py") or name.startswith(folder + "/")]
    best = max(folders, key=len)
    ours, theirs = MAY_IMPORT[best]
    for folder, (more_ours, more_theirs) in MAY_IMPORT.items():
        if best != folder and best.startswith(folder + "/"):
            ours, theirs = ours | more_ours, theirs | more_theirs
    return ours, theirs


def layer_of(name: str) -> int:
    stem = name.removesuffix(".py")
    best, rank = "", -1
    for number, row in enumerate(LAYERS):
        for part in row:
            if (stem == part or stem.startswith(part + "/")) and len(part) > len(best):
                best, rank = part, number
    return rank


def breaches(name: str, text: str) -> list[str]:
    """Every import in a file (path from the root, its text) that breaks a rule."""
    found = []
    ours, theirs = rule_for(name)
    for module, line in imports(ast.parse(text)):
        top = module.split(".")[0]
        if top in OURS:
            if not any(module == allowed or module.startswith(allowed + ".") for allowed in ours) and not any(
                allowed.startswith(module + ".") for allowed in ours
            ):
                found.append(f"{name}:{line}: may not import {module}")
            elif top == "engine" and name.startswith("engine/"):
                path = module.replace(".", "/")
                if layer_of(path) > layer_of(name):
                    found.append(f"{name}:{line}: imports upward: {module}")
        elif top in sys.stdlib_module_names:
            if name.startswith("engine/") and top in BANNED_IN_ENGINE and not name.startswith(MAY_TOUCH_THE_WORLD):
                found.append(f"{name}:{line}: {module} belongs in engine/driver/")
        elif top not in theirs and top != "__future__":
            found.append(f"{name}:{line}: {module} is not among the packages of this folder")
        if module.startswith("scapy.all"):
            found.append(f"{name}:{line}: scapy.all is slow and patches the world; import single layers")
    return sorted(set(found))


def test_the_tree_has_sources() -> None:
    assert len(sources()) > 50


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_keep_the_house_rules(path: Path) -> None:
    name = str(path.relative_to(ROOT))
    assert breaches(name, path.read_text()) == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("engine/match/tcp.py", "import socket"),
        ("engine/match/tcp.py", "from engine.core.engine import Engine"),
        ("engine/conntrack/table.py", "from engine.nat import Nat"),
        ("engine/core/packet.py", "import yaml"),
        ("lab/build.py", "from engine.core import Engine"),
        ("lab/build.py", "import scapy.layers.inet"),
        ("conformance/nat/test_snat.py", "from reports.html import render"),
        ("conformance/nat/test_snat.py", "import pyroute2"),
        ("conformance/wire.py", "import scapy.all"),
        ("reports/records.py", "import jinja2"),
        ("reports/html.py", "import lab"),
    ],
)
def test_a_planted_fault_is_found(name: str, text: str) -> None:
    assert breaches(name, text)


def test_no_fixed_sleeps() -> None:
    """Waits are for named conditions; time.sleep proves nothing and costs everybody's time."""
    guilty = []
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and node.attr == "sleep":
                guilty.append(f"{path.relative_to(ROOT)}:{node.lineno}")
            if isinstance(node, ast.ImportFrom) and any(alias.name == "sleep" for alias in node.names):
                guilty.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert guilty == []
