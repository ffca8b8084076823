"""Recorded sessions: commands, what stands in their standard input, and what the real tool answered.

    # comment
    $ iptables -A INPUT -j foo          a command, quoted as for a shell; `$ reset` empties all tables
    < *filter                           a line of its standard input
    1 Chain INPUT (policy ACCEPT)       a line of standard output; 1- the same without newline at the end
    2 iptables: No chain/...            a line of standard error
    = 1                                 exit status, if it is not 0

`python tests/sessions.py record FILE` runs the commands of FILE again on the machine's iptables-legacy, in a namespace,
and writes the answers into it. Look at the difference before it is committed.
"""

import json
import shlex
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from real_iptables import Tool, probe

RESET = "".join(
    f"*{table}\n{''.join(f':{chain} ACCEPT{chr(10)}' for chain in chains)}COMMIT\n"
    for table, chains in {
        "filter": ("INPUT", "FORWARD", "OUTPUT"),
        "nat": ("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"),
        "mangle": ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"),
        "raw": ("PREROUTING", "OUTPUT"),
        "security": ("INPUT", "FORWARD", "OUTPUT"),
    }.items()
)


@dataclass
class Step:
    words: list[str]
    text: str = ""
    stdin: str = ""
    stdout: str = ""
    stderr: str = ""
    exit: int = 0
    line: int = 0
    comments: list[str] = field(default_factory=list)

    @property
    def is_reset(self) -> bool:
        return self.words == ["reset"]


def read(path: Path) -> list[Step]:
    steps: list[Step] = []
    comments: list[str] = []
    for number, line in enumerate(path.read_text().split("\n"), 1):
        mark, rest = line[:1], line[2:]
        if mark in ("#", ""):
            comments.append(line)
        elif mark == "$":
            steps.append(Step(shlex.split(rest), rest, line=number, comments=comments))
            comments = []
        elif mark == "<":
            steps[-1].stdin += rest + "\n"
        elif line.startswith("1-"):
            steps[-1].stdout += line[3:]
        elif mark == "1":
            steps[-1].stdout += rest + "\n"
        elif mark == "2":
            steps[-1].stderr += rest + "\n"
        elif mark == "=":
            steps[-1].exit = int(rest)
        else:
            raise ValueError(f"{path}:{number}: {line!r}")
    return steps


def write(path: Path, steps: list[Step]) -> None:
    lines: list[str] = []
    for step in steps:
        lines += step.comments
        lines.append(f"$ {step.text}")
        lines += [f"< {line}" for line in step.stdin.removesuffix("\n").split("\n")] if step.stdin else []
        if step.stdout:
            complete = step.stdout.endswith("\n")
            lines += [f"1 {line}" for line in step.stdout.removesuffix("\n").split("\n")]
            if not complete:
                lines[-1] = "1-" + lines[-1][1:]
        lines += [f"2 {line}" for line in step.stderr.removesuffix("\n").split("\n")] if step.stderr else []
        if step.exit:
            lines.append(f"= {step.exit}")
    path.write_text("\n".join(lines) + "\n")


def answers(sessions: list[list[tuple[list[str], str]]]) -> list[list[tuple[int, str, str]]]:
    """What iptables-legacy says to each command (words, stdin); the tables are empty at the start of each session."""
    enter, reason = probe("legacy")
    assert enter, reason
    with tempfile.TemporaryDirectory() as folder:
        question, answer = Path(folder) / "question", Path(folder) / "answer"
        question.write_text(json.dumps(sessions))
        command = [*enter, sys.executable, __file__, "run", str(question), str(answer)]
        subprocess.run(command, check=True, timeout=600)
        return [[(status, out, err) for status, out, err in session] for session in json.loads(answer.read_text())]


def run_all(question: str, answer: str) -> None:
    """Inside the namespace."""
    tool = Tool("legacy")
    results = []
    for session in json.loads(Path(question).read_text()):
        for is_ipv6 in (False, True):
            status, _out, error = tool.run(is_ipv6, "-restore", [], RESET)
            assert status == 0, error
        said = []
        for words, stdin in session:
            name = words[0]
            said.append(
                tool.run(
                    name.startswith("ip6"), name.removeprefix("ip6tables").removeprefix("iptables"), words[1:], stdin
                )
            )
        results.append(said)
    Path(answer).write_text(json.dumps(results))


def record(path: Path) -> None:
    steps = read(path)
    sessions: list[list[Step]] = [[]]
    for step in steps:
        if step.is_reset:
            sessions.append([])
        else:
            sessions[-1].append(step)
    said = answers([[(step.words, step.stdin) for step in session] for session in sessions])
    for session, results in zip(sessions, said, strict=True):
        for step, (status, out, err) in zip(session, results, strict=True):
            step.exit, step.stdout, step.stderr = status, without_comments(out), err
    write(path, steps)


def without_comments(text: str) -> str:
    """iptables-save's comment lines hold the date."""
    return "".join(line for line in text.splitlines(True) if not line.startswith(("# Generated", "# Completed")))


if __name__ == "__main__":
    if sys.argv[1] == "run":
        run_all(*sys.argv[2:])
    else:
        record(Path(sys.argv[2]))
