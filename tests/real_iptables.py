"""Runs rules through the machine's own iptables, inside a network namespace of its own.

The caller's side (`probe`, `ask`) starts this file as a program in a new namespace; the program's side feeds rules to
iptables-legacy or iptables-nft and writes down what each said. Rules that will probably be accepted go through one
iptables-restore; the others have a process each, because what a refusal says is wanted too.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from pathlib import Path

ENTER = ["unshare", "-n", "-m", "sh", "-c", 'mount -t tmpfs tmpfs /run && exec "$@"', "sh"]

# A word that iptables-restore takes as the shell would, and that is not about the command line itself.
PLAIN = re.compile(r"(?!(?:-[46cwt]|--(?:ipv[46]|set-counters|wait|table))$)[A-Za-z0-9_.,:/!%+*=@-]+")
NAMESPACES = 4
TABLES = ("filter", "nat", "mangle", "raw", "security")


@cache
def probe(variant: str) -> tuple[list[str], str]:
    """(command in front of others to be in a fresh namespace, "") or ([], why there is none)."""
    # Not in a namespace of an ordinary user: only user 0 is known there, and rules name others.
    command = [*ENTER, f"iptables-{variant}", "-S"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return [], f"no namespace with a working iptables-{variant}: {error}"
    if done.returncode == 0:
        return ENTER, ""
    return [], f"no namespace with a working iptables-{variant}: {done.stderr.strip().split(chr(10))[-1]}"


Rule = tuple[bool, str, str, list[str]]  # is_ipv6, table, chain, words


def ask(
    variant: str, groups: list[list[Rule]], hopes: list[list[bool]] | None = None
) -> list[list[tuple[str, list[str]]]]:
    """For each rule: ("", saved rules) or (the first line of the refusal, []). hopes: which will be accepted, if all is
    well; a wrong guess costs time only. The tables are empty at the start of each group.
    """
    enter, reason = probe(variant)
    assert enter, reason
    guesses = hopes or [[False] * len(group) for group in groups]
    pairs = list(zip(groups, guesses, strict=True))
    shares = [pairs[at::NAMESPACES] for at in range(NAMESPACES)]
    with ThreadPoolExecutor(NAMESPACES) as threads:  # nf_tables waits for the kernel rather than for the processor
        parts = list(threads.map(partial(_answers, variant, enter), shares))
    return [parts[at % NAMESPACES][at // NAMESPACES] for at in range(len(groups))]


def _answers(
    variant: str, enter: list[str], pairs: list[tuple[list[Rule], list[bool]]]
) -> list[list[tuple[str, list[str]]]]:
    """Some of the groups, each with its hopes, in one namespace."""
    with tempfile.TemporaryDirectory() as folder:
        question, answer = Path(folder) / "question", Path(folder) / "answer"
        question.write_text(json.dumps(pairs))
        subprocess.run([*enter, sys.executable, __file__, variant, str(question), str(answer)], check=True, timeout=600)
        return [[(refusal, saved) for refusal, saved in group] for group in json.loads(answer.read_text())]


# -- inside the namespace


class Tool:
    def __init__(self, variant: str) -> None:
        self.variant = variant

    def run(self, is_ipv6: bool, suffix: str, words: list[str], stdin: str = "") -> tuple[int, str, str]:
        name = f"{'ip6tables' if is_ipv6 else 'iptables'}-{self.variant}{suffix}"
        done = subprocess.run(
            [name.encode(), *(word.encode("utf-8", "surrogateescape") for word in words)],
            input=stdin.encode("utf-8", "surrogateescape"),
            capture_output=True,
            check=False,
        )
        return (
            done.returncode,
            done.stdout.decode("utf-8", "surrogateescape"),
            done.stderr.decode("utf-8", "surrogateescape"),
        )

    def clear(self) -> None:
        if self.variant == "nft" and shutil.which("nft"):
            # One transaction, and so one wait for the kernel; the tables come back when they are first used.
            subprocess.run(["nft", "flush", "ruleset"], check=True)
            return
        for is_ipv6 in (False, True):
            self.run(is_ipv6, "-restore", [], "".join(f"*{table}\nCOMMIT\n" for table in TABLES))

    def add_together(self, rules: list[Rule]) -> bool:
        """All of them with one iptables-restore for each family; False if one was refused, then some may be there."""
        for is_ipv6 in (False, True):
            lines: dict[str, list[str]] = {}
            for six, table, chain, words in rules:
                if six == is_ipv6:
                    lines.setdefault(table, [f"*{table}"]).append(f"-A {chain} {' '.join(words)}")
            text = "".join("\n".join([*part, "COMMIT\n"]) for part in lines.values())
            if text and self.run(is_ipv6, "-restore", ["--noflush"], text)[0]:
                return False
        return True

    def save(self, is_ipv6: bool, table: str, chain: str) -> list[str]:
        _status, text, _error = self.run(is_ipv6, "-save", ["-t", table])
        return self.rules_of(text, chain)

    def alone(self, is_ipv6: bool, table: str, chain: str, words: list[str]) -> list[str] | None:
        """The rule in a namespace of its own: as saved, None if refused."""
        name = f"{'ip6tables' if is_ipv6 else 'iptables'}-{self.variant}"
        script = f'{name} -t {table} -A {chain} "$@" && {name}-save -t {table}'
        octets = [word.encode("utf-8", "surrogateescape") for word in words]
        done = subprocess.run(
            [b"unshare", b"-n", b"sh", b"-c", script.encode(), b"sh", *octets], capture_output=True, check=False
        )
        return None if done.returncode else self.rules_of(done.stdout.decode("utf-8", "surrogateescape"), chain)

    def rules_of(self, text: str, chain: str) -> list[str]:
        rules = re.split(r"\n(?=-A |COMMIT)", text)
        start = f"-A {chain}"
        return [rule.removeprefix(start) for rule in rules if rule == start or rule.startswith(start + " ")]


def refusal_of(error: str) -> str:
    """The sentence without the program's name, as the tables have it."""
    lines = [line.strip() for line in error.split("\n") if line.strip() and not line.startswith(("Warning", "Try `"))]
    named = [line for line in lines if re.match(r"ip6?tables( v[0-9.]+ \([a-z_]+\))?:", line)]
    for line in named or lines:
        sentence = line.partition(": ")[2] if named else line
        if named and not sentence:
            # the sentence begins with a newline of its own
            sentence = next((other for other in lines if other not in named), "")
        sentence = sentence.removesuffix(". Run `dmesg' for more information.")
        return sentence.removesuffix(".") if "(" not in line.partition(": ")[0] else sentence
    return "(no words)"


def main(variant: str, question: str, answer: str) -> None:
    tool = Tool(variant)
    results = []
    for group, hopes in json.loads(Path(question).read_text()):
        tool.clear()
        said: list[list[object]] = [["", []] for _rule in group]
        together = [index for index, hope in enumerate(hopes) if hope and all(map(PLAIN.fullmatch, group[index][3]))]
        if not tool.add_together([group[index] for index in together]):
            tool.clear()
            together = []
        alone = sorted(set(range(len(group))) - set(together))
        refused_by_kernel: list[int] = []
        owners: dict[tuple[bool, str, str], list[list[object]]] = {}  # outcomes in the order of their rules
        for index in [*together, *alone]:
            is_ipv6, table, chain, words = group[index]
            if index in alone:
                status, _output, error = tool.run(is_ipv6, "", ["-t", table, "-A", chain, *words])
                if status:
                    if status != 2:
                        refused_by_kernel.append(index)
                    said[index][0] = refusal_of(error)
                    continue
            owners.setdefault((is_ipv6, table, chain), []).append(said[index])
        saved = {key: tool.save(*key) for key in owners}
        for key, outcomes in owners.items():
            if len(saved[key]) == len(outcomes):
                for outcome, text in zip(outcomes, saved[key], strict=True):
                    outcome[1] = [text]
            else:
                one_by_one(tool, group, said, key)
        if refused_by_kernel:
            tool.clear()
        for index in refused_by_kernel:
            # perhaps only because of an earlier rule of the group (named state is shared): once more, alone
            saved_alone = tool.alone(*group[index])
            if saved_alone is not None:
                said[index] = ["", saved_alone]
        results.append(said)
    Path(answer).write_text(json.dumps(results))


def one_by_one(
    tool: Tool,
    group: list[tuple[bool, str, str, list[str]]],
    said: list[list[object]],
    key: tuple[bool, str, str],
) -> None:
    """Rules that stand for several: each alone."""
    for (is_ipv6, table, chain, words), outcome in zip(group, said, strict=True):
        if (is_ipv6, table, chain) == key and not outcome[0]:
            tool.run(is_ipv6, "", ["-t", table, "-F", chain])
            tool.run(is_ipv6, "", ["-t", table, "-A", chain, *words])
            outcome[1] = tool.save(is_ipv6, table, chain)


if __name__ == "__main__":
    os.environ["LC_ALL"] = "C"
    main(*sys.argv[1:])
