"""What this machine can run, each missing thing with what to do about it.

Exit status 0 when labs can be run with at least one engine. Nothing is changed on the machine: what has to be tried is
tried in a namespace that is gone afterwards.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict

TITLES = {
    "lab": "labs",
    "engine": "engines",
    "scenario": "scenarios",
    "tool": "tools",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="for programs")


def run(options: argparse.Namespace) -> int:
    from lab import doctor

    facts, findings = doctor.facts(), doctor.examine()
    able = doctor.can_run_labs(findings)
    if options.json:
        listing = [asdict(finding) for finding in findings]
        print(json.dumps({"able": able, "facts": dict(facts), "findings": listing}, indent=2))
        return 0 if able else 1
    for _name, text in facts:
        print(text)
    for level, title in TITLES.items():
        print(f"\n{title}")
        for finding in (each for each in findings if each.level == level):
            reason = f": {finding.reason}" if finding.reason else ""
            print(f"  {'yes' if finding.good else 'NO '}  {finding.name}{reason}")
            if finding.advice:
                print(f"         {finding.advice}")
    print(f"\n{'Labs can be run.' if able else 'Labs cannot be run on this machine as it is.'}")
    return 0 if able else 1
