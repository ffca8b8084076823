"""Every way that conntrack(8) and /proc write connections, line for line, for traffic of every sort.

`lines.txt` holds what the kernel and conntrack 1.4.7 have written. To write it anew:
    NFLAB_RECORD=1 pytest conformance/conntrack_tool/test_formats.py --engine=kernel-legacy -n 0
"""

import os
from pathlib import Path
from typing import Final

from conformance.comparing import SECONDS, differences, masked
from conformance.conntrack_tool.asking import ask
from conformance.conntrack_tool.world import NEEDS, everything
from conformance.vocabulary import Failed, case, udp

FILE: Final = Path(__file__).with_name("lines.txt")
NOMINAL: Final = (3, 10, 30, 60, 120, 180, 300, 600, 432000)
TOOL: Final = "conntrack v1.4.7 (conntrack-tools): "
COMMANDS: Final = {
    "plain": "-L",
    "extended": "-L -o extended",
    "save": "-L -o save",
    "xml": "-L -o xml",
    "xml-extended": "-L -o xml,extended,id,timestamp",
    "id": "-L -o id",
    "extended-id": "-L -p tcp -o id,extended",
    "timestamp": "-L -p udp -o timestamp",
    "ktimestamp": "-L -p icmp -o ktimestamp",
    "labels": "-L -p icmp -o labels",
    "userspace": "-L -p icmp -o userspace",
    "proc": "cat /proc/net/nf_conntrack",
}


def sections():
    """name -> lines."""
    found = {}
    name = ""
    for line in FILE.read_text().splitlines():
        if line.startswith("== "):
            name = line.removeprefix("== ").split(": ")[0]
            found[name] = []
        else:
            found[name].append(line)
    return found


def compare(firewall, name, title, lines):
    """The lines must be those of the section; or, when recording, become them."""
    if os.environ.get("NFLAB_RECORD") and firewall.engine.startswith("kernel"):
        known = sections() if FILE.exists() else {}
        known[name] = sorted(nominal(masked(line)) for line in lines)
        titles = titled() | {name: title}
        FILE.write_text("".join(f"== {one}: {titles[one]}\n" + "".join(f"{line}\n" for line in text)
                                for one, text in known.items()))  # fmt: skip
    wrong = differences(firewall.scene, sections()[name], lines)
    if wrong:
        raise Failed((title, "as in lines.txt, section " + name), ("but", "\n".join(wrong)))


def titled():
    if not FILE.exists():
        return {}
    heads = [line.removeprefix("== ").split(": ", 1) for line in FILE.read_text().splitlines() if line.startswith("== ")]
    return dict(heads)


def nominal(line):
    """With whole timeouts, as they were when the packet came."""
    def whole(match):
        seconds = int(match["seconds"])
        return match["before"] + str(next((value for value in NOMINAL if 0 <= value - seconds <= 2), seconds))

    return SECONDS.sub(whole, line, count=1)


@case("conntrack-tool.lines", topology="two-lans", needs=NEEDS, cites=["CTTOOL-01", "CTTOOL-03", "CTTOOL-06"],
      rows={name: {"command": command} for name, command in COMMANDS.items()})  # fmt: skip
def test_lines(client, server, firewall, row, command):
    """Each form of the listing, of one connection of every sort: TCP in four states, UDP, ICMP, GRE, SCTP, DCCP,
    UDP-Lite, IPv6, translated, marked and in zones."""
    everything(client, server, firewall)
    if row == "proc":
        lines = [str(entry) for entry in firewall.connections()]
    else:
        (output,) = ask(firewall, [f"conntrack {command}"])
        lines = [*output.lines, *(line.removeprefix(TOOL) for line in output.err.splitlines())]
    compare(firewall, row, command, lines)


@case("conntrack-tool.lines-counted", topology="two-lans", needs=[*NEEDS, "accounting", "timestamps"],
      cites=["CTTOOL-06"], rows={name: {"command": f"-L {options}"} for name, options in {
          "counters": "", "counters-extended": "-o extended", "counters-xml": "-o xml", "counters-save": "-o save",
          "times": "-o ktimestamp -p udp", "times-xml": "-o xml,ktimestamp -p udp", "times-id": "-o ktimestamp,id -p tcp",
      }.items()})  # fmt: skip
def test_lines_counted(client, server, firewall, row, command):
    """The same with packets, bytes and ages."""
    firewall.sets("net.netfilter.nf_conntrack_acct", 1)
    firewall.sets("net.netfilter.nf_conntrack_timestamp", 1)
    everything(client, server, firewall)
    (output,) = ask(firewall, [f"conntrack {command}"])
    compare(firewall, row, command, [*output.lines, *(line.removeprefix(TOOL) for line in output.err.splitlines())])


@case("conntrack-tool.lines-fixed", topology="two-lans", needs=["conntrack", "conntrack-tool"], cites=["CTTOOL-06", "CTTOOL-13"])
def test_fixed(client, firewall):
    """A timeout that was fixed by hand stays what it is when packets pass."""
    firewall.loads("*filter\n-A FORWARD -m conntrack --ctstate NEW\nCOMMIT")
    client.sends(udp("client:1 > server:2", "x"))
    ask(firewall, ["conntrack -U -p udp -s 10.0.1.10 -t 500", "conntrack -U -p udp -s 10.0.1.10 -u FIXED_TIMEOUT"])
    client.sends(udp("client:1 > server:2", "x"))
    firewall.tracks("udp client:1 > server:2", timeout=500)
    listed, saved = ask(firewall, ["conntrack -L -u FIXED_TIMEOUT", "conntrack -L -o save"])
    assert len(listed.lines) == 1
    assert " -u FIXED_TIMEOUT " in saved.out


@case("conntrack-tool.table-names", topology="two-lans", needs=NEEDS, cites=["CTTOOL-28"])
def test_table_names(client, server, firewall):
    """conntrack is the table that is meant when none is named; a name may be cut short."""
    everything(client, server, firewall)
    plain, *named = ask(firewall, ["conntrack -L", "conntrack -L conntrack", "conntrack -L c", "conntrack --dump conntrack"])
    seconds = lambda output: sorted(" ".join(line.split()[3:]) for line in output.lines)  # noqa: E731
    assert len(plain.lines) == 24
    for output in named:
        assert seconds(output) == seconds(plain)
    for output in ask(firewall, ["conntrack -L dying", "conntrack -L unconfirmed"]):
        assert (output.exit, output.out, output.err) == (0, "", f"{TOOL}0 flow entries have been shown.\n")


@case("conntrack-tool.save-again", topology="two-lans", needs=NEEDS, cites=["CTTOOL-06", "CTTOOL-18"])
def test_save_again(client, server, firewall):
    """What -o save prints makes the same connections anew."""
    everything(client, server, firewall)
    saved = firewall.runs("conntrack -L -o save")
    firewall.flushes_connections()
    firewall.runs("conntrack -R -", stdin="".join(f"{line}\n" for line in saved.lines if "-p dccp" not in line))
    again = firewall.runs("conntrack -L -o save")
    parts = lambda output: sorted(line.split(" -u ")[1] for line in output.lines if "-p dccp" not in line)  # noqa: E731
    assert parts(again) == parts(saved)
