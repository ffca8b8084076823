"""Many commands of the tool at once: a scenario compares whole sheets of them, and one process each would take long.

A userspace engine is asked over its control socket, as its `conntrack` is; a kernel's node runs one shell for them all.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from subprocess import CompletedProcess
from typing import Any, Final

from conformance.actors import Output

END: Final = "\x1e"  # behind what a command has printed


def ask(firewall: Any, lines: Sequence[str]) -> list[Output]:
    """Run command lines (`conntrack -L -p tcp`), one after the other; what each has printed."""
    firewall.scene.step(firewall.name, "runs", sent="\n".join(lines))
    node = firewall.node
    if "control" in node.adapter.refuses or firewall.engine.startswith("kernel"):
        return _in_a_shell(node, lines)
    questions = [{"do": "command", "argv": shlex.split(line), "stdin": "", "cwd": "/"} for line in lines]
    answers = node.adapter.ask_all(questions)
    return [_output(line, answer["exit"], answer["stdout"], answer["stderr"])
            for line, answer in zip(lines, answers, strict=True)]  # fmt: skip


def _in_a_shell(node: Any, lines: Sequence[str]) -> list[Output]:
    mark = f"c=$?; printf '{END}'; printf '{END}%d{END}' $c >&2"
    script = "\n".join(f"{shlex.join(shlex.split(line))}; {mark}" for line in lines)
    run = node.run(["sh", "-c", script], check=True)
    outs = run.stdout.split(END)
    errors = run.stderr.split(END)
    return [_output(line, int(code), out, err)
            for line, out, err, code in zip(lines, outs[:-1], errors[:-1:2], errors[1::2], strict=True)]  # fmt: skip


def _output(line: str, code: int, out: str, err: str) -> Output:
    return Output(line, CompletedProcess(line, code, out, err))
