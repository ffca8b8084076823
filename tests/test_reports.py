"""Records and what is made of them: reading, merging, HTML, Markdown, JUnit, tables, comparison, the command line."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from reports import __main__ as command
from reports import bundle, diff, drawing, html, junit, markdown, matrix, records, schema, terminal
from reports.records import (
    BROKEN,
    FAIL,
    PASS,
    UNSUPPORTED,
    End,
    Engine,
    Evidence,
    RecordError,
    Records,
    Requirement,
    Result,
    Run,
    Step,
    Topology,
    TracedPacket,
    TracedRule,
    read,
    write,
)  # fmt: skip

NASTY = '<b>&amp; "quoted" </script> \x07 \N{SNOWMAN} | pipe'


def evidence() -> Evidence:
    rule = TracedRule("filter", "FORWARD", 1, "-p tcp -j DROP", False, "protocol is udp, not tcp")
    hit = TracedRule("filter", "FORWARD", 2, "-j DROP", True, "", "DROP", "rules.v4:7")
    return Evidence(
        steps=[
            Step(0.5, "firewall", "loads", sent="3 lines of rules"),
            Step(1.5, "client", "sends", sent=f"udp client:1 > server:2 {NASTY}"),
            Step(2.5, "server", "should see", expected="udp client:1 > server:2", seen="nothing", ok=False),
        ],
        rules={"ipv4": f"*filter\n-A FORWARD -j DROP -m comment --comment '{NASTY}'\nCOMMIT\n"},
        trace=[TracedPacket("FORWARD", "udp 10.0.1.10:1 > 10.0.2.10:2 len 33", "lan1", "lan2", [rule, hit], "udp NEW",
                            ["src 10.0.1.10 -> 10.0.2.1"], "DROP")],
        conntrack_after=["ipv4     2 udp      17 29 src=10.0.1.10 dst=10.0.2.10"],
        counters="[1:33] -A FORWARD -j DROP", also_seen=["client.lan1: icmp"], files=["captures/x.pcapng"],
    )  # fmt: skip


def sample() -> Records:
    found = Records(Run("2026-01-02T03:04:05+00:00", command="pytest conformance", kernel="6.18", machine="m", seed=7,
                        engines=["userspace", "kernel-legacy"]))  # fmt: skip
    found.add(Engine("kernel-legacy", "iptables v1.8.9 (legacy)"))
    found.add(Engine("userspace", "nflab 0.1"))
    found.add(
        Topology(
            "two-lans",
            "client ---- firewall ---- server",
            {"lan1": ["10.0.1.0/24"], "lan2": ["10.0.2.0/24"]},
            {
                "client": {"runs": "", "interfaces": {"lan1": ["10.0.1.10/24"]}},
                "firewall": {"runs": "engine", "interfaces": {"lan1": ["10.0.1.1/24"], "lan2": ["10.0.2.1/24"]}},
                "server": {"runs": "", "interfaces": {"lan2": ["10.0.2.10/24"]}},
            },
        )
    )
    found.add(Requirement("NAT-01", "nat", "required", f"Must {NASTY}", "RFC 1", "when", "then"))
    found.add(Requirement("NATRFC-05", "nat-rfc", "recommended", "Port parity", "RFC 4787 REQ-4", kernel="fail"))

    def add(name: str, engine: str, outcome: str, **more: Any) -> None:
        found.add(
            Result(
                name,
                engine,
                outcome,
                **{
                    "area": "nat",
                    "topology": "two-lans",
                    "cites": ["NAT-01"],
                    "requirement": "Must",
                    "source": "RFC 1",
                    "about": f"What is tested {NASTY}",
                    "place": "x.py:3",
                    "seconds": 0.0123,
                    "reproduce": f"pytest -k '{name}[{engine}]'",
                }
                | more,
            )
        )

    add("nat.good", "kernel-legacy", PASS, evidence=Evidence(steps=evidence().steps[:2]))
    add("nat.good", "userspace", PASS, evidence=Evidence(steps=evidence().steps[:2]))
    add("nat.bad", "kernel-legacy", PASS)
    add(
        "nat.bad",
        "userspace",
        FAIL,
        reason=f"server should see   udp\nserver saw          {NASTY}",
        evidence=evidence(),
    )
    add("nat.broken", "userspace", BROKEN, reason="the engine died: status 7")
    add("nat.refused", "userspace", UNSUPPORTED, reason="nat6: not yet")
    for engine in ("kernel-legacy", "userspace"):
        add(
            "natrfc.parity",
            engine,
            FAIL,
            area="nat-rfc",
            cites=["NATRFC-05"],
            reason="odd",
            tolerated="recommended only",
        )
    add("free.standing", "kernel-legacy", PASS, area="chains", cites=[], requirement="Something else")
    found.end = End("2026-01-02T03:04:06+00:00", 1.5, found.counts(), 1)
    return found


# --- records ----------------------------------------------------------------------------------------------------------


def test_records_survive_the_file(tmp_path: Path) -> None:
    before = sample()
    write(tmp_path / "records.jsonl", before.all())
    after = read(tmp_path / "records.jsonl")
    assert after.results == before.results
    assert (after.run, after.engines, after.topologies, after.requirements, after.end) == (
        before.run, before.engines, before.topologies, before.requirements, before.end)  # fmt: skip
    assert read(tmp_path).results == before.results, "a folder stands for its records.jsonl"
    assert not after.unfinished


def test_each_line_keeps_to_the_schema() -> None:
    for record in sample().all():
        faults = list(violations(json.loads(records.line(record)), schema.schema(), schema.schema()))
        assert not faults, faults


@pytest.mark.parametrize(
    "line",
    [
        '{"record":"result","id":"a","engine":"b","outcome":"MAYBE"}',
        '{"record":"result","id":"a","engine":"b"}',
        '{"record":"result","id":"a","engine":"b","outcome":"PASS","colour":"red"}',
        '{"record":"run","version":2,"started":"x"}',
        '{"record":"what"}',
        '{"record":"result","id":3,"engine":"b","outcome":"PASS"}',
    ],
)
def test_the_schema_refuses(line: str) -> None:
    assert list(violations(json.loads(line), schema.schema(), schema.schema()))


def test_the_schema_file_is_that_of_the_classes() -> None:
    assert schema.FILE.read_text() == schema.text(), "python -m reports.schema --write"


def violations(value: Any, rule: dict[str, Any], root: dict[str, Any]) -> Any:
    """As much of JSON Schema as our schema uses."""
    if "$ref" in rule:
        yield from violations(value, root["$defs"][rule["$ref"].rpartition("/")[2]], root)
    elif "oneOf" in rule:
        fitting = [each for each in rule["oneOf"] if not list(violations(value, each, root))]
        if len(fitting) != 1:
            yield f"{value} fits {len(fitting)} kinds"
    elif "const" in rule or "enum" in rule:
        if value not in rule.get("enum", [rule.get("const")]):
            yield f"{value} is not {rule}"
    elif rule.get("type") == "object":
        if not isinstance(value, dict):
            yield f"{value} is no object"
            return
        yield from (f"no {name}" for name in rule.get("required", ()) if name not in value)
        for name, each in value.items():
            if name in rule.get("properties", {}):
                yield from violations(each, rule["properties"][name], root)
            elif rule.get("additionalProperties") is False:
                yield f"{name} is not known"
            elif isinstance(rule.get("additionalProperties"), dict):
                yield from violations(each, rule["additionalProperties"], root)
    elif rule.get("type") == "array":
        for each in value:
            yield from violations(each, rule["items"], root)
    elif "type" in rule:
        kinds = {"string": str, "integer": int, "number": (int, float), "boolean": bool}
        if not isinstance(value, kinds[rule["type"]]):
            yield f"{value!r} is no {rule['type']}"


def test_what_cannot_be_shown_is_written_out(tmp_path: Path) -> None:
    """Rules and packets hold bytes that are no characters; every kind of report can be written all the same."""
    found = sample()
    found.results["nat.bad", "userspace"].reason = "byte \udcff, \x1b[31m, emoji \U0001f525, line\u2028end"
    write(tmp_path / "records.jsonl", found.all())
    again = read(tmp_path)
    assert again.results["nat.bad", "userspace"].reason == ("byte \\xff, \x1b[31m, emoji \U0001f525, line\u2028end")
    for ending in ("html", "md", "xml"):
        assert command.main([str(tmp_path), "-o", str(tmp_path / f"report.{ending}")]) == 0
    ElementTree.parse(tmp_path / "report.xml")
    assert "\\xff" in (tmp_path / "report.html").read_text()


def test_a_crash_costs_the_last_line_only(tmp_path: Path) -> None:
    write(tmp_path / "records.jsonl", sample().all())
    text = (tmp_path / "records.jsonl").read_text()
    (tmp_path / "records.jsonl").write_text(text[: text.index('"nat.refused"')])
    found = read(tmp_path)
    assert found.broken_lines == 1 and found.unfinished
    assert ("nat.broken", "userspace") in found.results and ("nat.refused", "userspace") not in found.results
    assert "cut short" in matrix.verdict(found)[1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"record":"run","version":1,"started":"x"}\nrubbish\n{"record":"end","ended":"y"}\n', "x.jsonl:2: not JSON"),
        ('{"record":"run","version":99,"started":"x"}\n', "x.jsonl:1: these records are of another version"),
        ('{"record":"result","id":"a","engine":"b","outcome":"PASS"}\n', "x.jsonl:1: no records of nflab"),
        ('{"record":"run","version":1,"started":"x"}\n{"record":"result","id":"a","engine":"b","outcome":"PERHAPS"}\n',
         "x.jsonl:2: 'PERHAPS' is not an outcome"),
        ('{"record":"run","version":1,"started":"x"}\n{"record":"strange"}\n', "x.jsonl:2: 'strange' is not a kind"),
        ('{"record":"run","version":1,"started":"x"}\n{"record":"engine","name":"a","speed":1}\n',
         "x.jsonl:2: a 'engine' record that cannot be: 'speed' is not a field"),
        ("[1]\n", "x.jsonl:1: not a record"),
        ("[" * 100_000 + "\n", "x.jsonl:1: not JSON"),
        ("9" * 10_000 + "\n", "x.jsonl:1: not JSON"),
        ("", "x.jsonl: there are no records"),
        ("\n", "x.jsonl: there are no records"),
        ('{"record":"run","version":1', "x.jsonl: there are no records"),
    ],
)  # fmt: skip
def test_records_that_cannot_be_read(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "x.jsonl").write_text(text)
    with pytest.raises(RecordError) as error:
        read(tmp_path / "x.jsonl")
    assert message in str(error.value)


def test_a_run_that_was_killed_at_once(tmp_path: Path) -> None:
    (tmp_path / "records-gw0.jsonl").write_text("")
    found = bundle.finish(tmp_path, "records", [Result("nat.lost", "userspace", BROKEN)], 0.1, 1)
    assert list(found.results) == [("nat.lost", "userspace")]


def test_the_files_of_several_workers_become_one(tmp_path: Path) -> None:
    whole = sample()
    for number, results in enumerate((list(whole.results.values())[:3], list(whole.results.values())[3:])):
        write(
            tmp_path / f"records-gw{number}.jsonl",
            [whole.run, *whole.engines.values(), *whole.topologies.values(), *whole.requirements.values(), *results],
        )
    planned = [*whole.results.values(), Result("nat.lost", "userspace", BROKEN, reason=bundle.NOT_RUN)]
    merged = bundle.finish(tmp_path, "records", planned, 2.0, 1)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "junit.xml",
        "records.jsonl",
        "report.html",
        "summary.md",
    ]
    lost = merged.results["nat.lost", "userspace"]
    assert (lost.outcome, "was not run" in lost.reason) == (BROKEN, True)
    again = read(tmp_path)
    assert again.results == merged.results and again.end is not None
    assert again.end.counts["userspace"] == {PASS: 1, UNSUPPORTED: 1, FAIL: 2, BROKEN: 2}


# --- matrix -----------------------------------------------------------------------------------------------------------


def test_the_matrix() -> None:
    areas = {area.name: area for area in matrix.areas(sample())}
    assert list(areas) == ["chains", "nat", "nat-rfc"]
    (row,) = areas["nat"].rows
    assert (row.id, row.scenarios) == ("NAT-01", ["nat.good", "nat.bad", "nat.broken", "nat.refused"])
    assert row.cell("kernel-legacy").outcome == PASS
    assert row.cell("userspace").outcome == BROKEN and row.cell("userspace").red
    (parity,) = areas["nat-rfc"].rows
    assert parity.cell("userspace").outcome == FAIL and parity.cell("userspace").tolerated
    assert areas["chains"].rows[0].id == "free.standing"
    assert row.cell("kernel-nft").outcome == ""


@pytest.mark.parametrize(
    ("results", "good", "text"),
    [
        ([], False, "nothing passed"),
        ([Result("a", "e", UNSUPPORTED)], False, "nothing passed"),
        ([Result("a", "e", PASS)], True, "1 passed, none failed"),
        ([Result("a", "e", PASS), Result("b", "e", UNSUPPORTED)], True, "1 passed, none failed"),
        ([Result("a", "e", PASS), Result("b", "e", FAIL)], False, "1 failed; 1 passed"),
        ([Result("a", "e", PASS), Result("b", "e", FAIL, tolerated="x")], True, "none failed; 1 failure is tolerated"),
        ([Result("a", "e", PASS), Result("b", "e", BROKEN)], False, "1 broken; 1 passed"),
        ([Result("a", "e", PASS, surprise="x")], False, "1 passed unexpectedly"),
    ],
)
def test_the_verdict(results: list[Result], good: bool, text: str) -> None:
    found = Records(Run("now"), end=End("then"))
    for result in results:
        found.add(result)
    verdict = matrix.verdict(found)
    assert verdict[0] == good and text in verdict[1]


# --- what people see --------------------------------------------------------------------------------------------------


class Page(HTMLParser):
    """Checks that a page is well made, and collects its texts, ids and links."""

    VOID = ("meta", "link", "br", "img", "hr", "input", "line", "rect")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.stack: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name in ("href", "src"):
                self.links.append(value or "")
            assert not name.startswith("on"), f"a script in {tag}"
        if tag not in self.VOID:
            self.stack.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            while (
                self.stack and self.stack[-1] in ("p", "td", "tr", "th", "dd", "dt", "thead") and self.stack[-1] != tag
            ):
                self.stack.pop()
            assert self.stack and self.stack.pop() == tag, f"</{tag}>"

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_is_one_whole_file_without_scripts() -> None:
    text = html.render(sample())
    page = Page(text)
    assert page.stack == []
    assert "script" not in page.tags and "b" in page.tags
    assert all(link.startswith(("#", "captures/")) for link in page.links), "nothing is fetched from elsewhere"
    assert "http://" not in text and "https://" not in text and "@import" not in text and "url(" not in text
    assert len(page.ids) == len(set(page.ids))
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)


def test_the_page_says_everything() -> None:
    page = Page(html.render(sample()))
    for text in (
        "1 broken, 1 failed; 4 passed; 2 failures are tolerated",
        NASTY,
        "NATRFC-05",
        "✗ not met",
        "udp client:1 > server:2",
        "-A FORWARD -j DROP",
        "protocol is udp, not tcp",
        "rewritten: src 10.0.1.10 -> 10.0.2.1",
        "ipv4     2 udp      17 29 src=10.0.1.10",
        "nat6: not yet",
        "6.18",
        "seed 7",
        "the engine died: status 7",
        "pytest -k 'nat.bad[userspace]'",
        "12 ms",
        "iptables v1.8.9 (legacy)",
        "captures/x.pcapng",
        "Something else",
        "client ---- firewall ---- server",
        "recommended only",
    ):
        assert text in page.text, text
    assert "svg" in page.tags


def test_engines_that_did_the_same_are_shown_once() -> None:
    results = matrix.scenarios(sample())
    assert [view.engines for view in html.views(results["nat.good"])] == [["userspace", "kernel-legacy"]]
    assert [view.engines for view in html.views(results["nat.bad"])] == [["userspace"], ["kernel-legacy"]]


def test_a_large_page_stays_small() -> None:
    found = sample()
    one = found.results["nat.good", "userspace"]
    for number in range(300):
        for engine in ("userspace", "kernel-legacy"):
            found.add(Result(**{**{name: getattr(one, name) for name in Result.__dataclass_fields__},
                                "id": f"nat.copy-{number}", "engine": engine}))  # fmt: skip
    assert len(html.render(found)) < 300 * 6_000


def test_a_page_without_results() -> None:
    Page(html.render(Records(Run("now"))))


@pytest.mark.parametrize("name", ["two-lans", "three-legged", "bridged", "host", "nat-gateway", "dual-uplink"])
def test_drawings(name: str) -> None:
    """Every built-in topology is drawn: all nodes and links are named, and no two boxes lie on each other."""
    from lab import topology as topologies

    spec = topologies.load(name)
    nodes = {
        node.name: {
            "runs": node.runs,
            "interfaces": {each.link: [str(address) for address in each.addresses] for each in node.interfaces},
            "bridges": {bridge.name: list(bridge.ports) for bridge in node.bridges},
        }
        for node in spec.nodes.values()
    }
    record = Topology(
        name, spec.picture, {link.name: [str(net) for net in link.subnets] for link in spec.links.values()}, nodes
    )
    picture = drawing.svg(record)
    ElementTree.fromstring(picture)
    texts = re.findall(r">([^<>]+)</text>", picture)
    assert set(spec.nodes) <= set(texts) and set(spec.links) <= set(texts)
    boxes = [tuple(map(float, found)) for found in
             re.findall(r'<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"', picture)]  # fmt: skip
    for number, (x, y, width, height) in enumerate(boxes):
        for other in boxes[number + 1 :]:
            assert (
                x + width <= other[0] or other[0] + other[2] <= x or y + height <= other[1] or other[1] + other[3] <= y
            )


def test_markdown() -> None:
    text = markdown.render(sample())
    assert text.startswith("# nflab: NOT passed\n")
    for part in (
        "### FAIL `nat.bad` on userspace",
        "### BROKEN `nat.broken` on userspace",
        "`natrfc.parity` on userspace: recommended only",
        "userspace: 1 scenarios: nat6: not yet",
        "NATRFC-05",
        "pytest -k 'nat.bad[userspace]'",
    ):
        assert part in text


def test_nothing_that_others_wrote_is_markup_in_markdown() -> None:
    found = Records(Run("2026-01-02", engines=["a|b<i>"], system="<b>host|1</b>"))
    found.add(Engine("a|b<i>", "1.0 <script>"))
    found.add(Result("x.`y`", "a|b<i>", FAIL, area="<u>|", requirement="*must* [link](x)", reason="```\n<pre>\n```"))
    text = markdown.render(found)
    fenced = re.search(r"^````\n(.*)\n````$", text, re.DOTALL | re.MULTILINE)
    assert fenced is not None and fenced[1] == "```\n<pre>\n```"
    assert "### FAIL `` x.`y` `` on a\\|b\\<i>" in text and "\\*must\\* \\[link](x)" in text
    rest = re.sub(r"\\.", "", text.replace(fenced[0], ""))
    assert "<" not in rest
    table = [line for line in rest.splitlines() if line.startswith("|")]
    assert len(table) == 3 and {line.count("|") for line in table} == {4}


def test_junit() -> None:
    root = ElementTree.fromstring(junit.render(sample()))
    suites = {suite.get("name"): suite for suite in root}
    assert list(suites) == ["userspace", "kernel-legacy"]
    ours = suites["userspace"]
    counts = [ours.get(name) for name in ("tests", "failures", "errors", "skipped")]
    assert counts == ["5", "1", "1", "2"]
    kinds = {case.get("name"): [child.tag for child in case] for case in ours}
    assert kinds == {"nat.good": [], "nat.bad": ["failure"], "nat.broken": ["error"], "nat.refused": ["skipped"],
                     "natrfc.parity": ["skipped"]}  # fmt: skip


def test_the_table() -> None:
    text = terminal.matrix(sample())
    assert re.search(r"^nat +4 +1 pass, 1 FAIL, 1 unsupported, 1 BROKEN +2 pass$", text, re.MULTILINE), text
    assert re.search(r"^nat-rfc +1 +1 FAIL \(1 tolerated\) +1 FAIL \(1 tolerated\)$", text, re.MULTILINE), text
    assert "userspace: 1 unsupported: nat6: not yet" in text
    assert "\nrecommendations met: userspace 0 of 1, kernel-legacy 0 of 1\n" in text and "unlike the kernel" not in text


def test_who_does_not_do_what_the_kernel_does() -> None:
    """An engine that meets what the kernel was seen not to meet is told of in every report, and is not red for it."""
    found = sample()
    found.results["natrfc.parity", "userspace"].outcome = PASS
    found.results["natrfc.parity", "userspace"].tolerated = ""
    rows = matrix.recommended(found)
    assert matrix.unlike_kernel(rows, found.engine_names()) == [("NATRFC-05", "userspace", "met")]
    assert (matrix.met(rows, "userspace"), matrix.met(rows, "kernel-legacy")) == ((1, 1), (0, 1))
    assert "natrfc.parity" not in {result.id for result in matrix.red_results(found)}
    told = "unlike the kernel of the catalogue: NATRFC-05 is met by userspace"
    assert told in terminal.matrix(found) and told in markdown.render(found)
    assert "| 1 pass, unlike the kernel |" in re.sub(" +", " ", markdown.render(found))
    assert html.render(found).count("unlike the kernel") == 1


# --- comparison and command line --------------------------------------------------------------------------------------


def two_runs(old: Result | None, new: Result | None) -> diff.Difference:
    runs = [Records(Run("now"), end=End("then")) for _side in "on"]
    for side, result in zip(runs, (old, new), strict=True):
        if result is not None:
            side.add(result)
    return diff.compare(*runs)


@pytest.mark.parametrize(
    ("old", "new", "group"),
    [
        (PASS, PASS, "same"),
        (PASS, FAIL, "regressions"),
        (PASS, BROKEN, "regressions"),
        (PASS, UNSUPPORTED, "regressions"),
        (UNSUPPORTED, FAIL, "regressions"),
        (FAIL, BROKEN, "regressions"),
        (FAIL, PASS, "improvements"),
        (UNSUPPORTED, PASS, "improvements"),
        (BROKEN, FAIL, "improvements"),
        ("", FAIL, "added"),
        (PASS, "", "gone"),
    ],
)
def test_comparison(old: str, new: str, group: str) -> None:
    found = two_runs(Result("a", "e", old) if old else None, Result("a", "e", new) if new else None)
    sizes = {name: len(getattr(found, name)) for name in ("regressions", "improvements", "added", "gone")}
    assert sizes == {name: int(name == group) for name in sizes}
    assert found.same == int(group == "same")


def test_a_tolerated_failure_that_is_tolerated_no_more_is_a_regression() -> None:
    found = two_runs(Result("a", "e", FAIL, tolerated="x"), Result("a", "e", FAIL))
    assert len(found.regressions) == 1
    assert "FAIL (tolerated) -> FAIL" in diff.render(found)


def test_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old, new = tmp_path / "old.jsonl", tmp_path / "new.jsonl"
    write(old, sample().all())
    worse = sample()
    worse.results["nat.bad", "kernel-legacy"].outcome = FAIL
    write(new, worse.all())

    assert command.main(["diff", str(old), str(old)]) == 0
    assert "no regression" in capsys.readouterr().out
    assert command.main(["diff", str(old), str(new)]) == 1
    assert "kernel-legacy  nat.bad   PASS -> FAIL" in capsys.readouterr().out
    assert command.main(["diff", str(new), str(old)]) == 0
    assert "better: 1" in capsys.readouterr().out

    assert command.main([str(old), "-o", str(tmp_path / "r.html")]) == 0
    Page((tmp_path / "r.html").read_text())
    assert command.main([str(old), "-o", str(tmp_path / "r.md")]) == 0
    assert (tmp_path / "r.md").read_text().startswith("# nflab")
    assert command.main([str(old), "-o", "-"]) == 0
    assert "kernel-legacy" in capsys.readouterr().out
    assert command.main([str(old)]) == 0
    assert (tmp_path / "report.html").exists(), "without -o beside the records"

    (tmp_path / "r.html.new").mkdir()
    before = (tmp_path / "r.html").read_text()
    assert command.main([str(old), "-o", str(tmp_path / "r.html")]) == 2
    assert (tmp_path / "r.html").read_text() == before, "a report that cannot be written does not spoil the old one"
    assert f"nflab report: {tmp_path}/r.html: Is a directory" in capsys.readouterr().err
    assert command.main([str(tmp_path / "none.jsonl")]) == 2
    assert "nflab report: " in capsys.readouterr().err
    (tmp_path / "bad.jsonl").write_text("rubbish\n")
    assert command.main(["diff", str(old), str(tmp_path / "bad.jsonl")]) == 2
    assert "bad.jsonl:1: not JSON" in capsys.readouterr().err
