"""What a lab leaves behind when whoever made it is killed, and what a scenario leaves to the next: nothing."""

import json

from conformance import waits
from conformance.vocabulary import case, udp

# A lab inside a node of the lab. It tells what there is, and dies.
CRASH = """
import json, os, signal, sys
from lab import Lab
lab = Lab.open("two-lans", engine=sys.argv[1])
lab["firewall"].load("*filter\\n-A FORWARD -j DROP\\nCOMMIT\\n")
lab["client"].start(["sleep", "1000"])
lab["client"].port("lan1")
exec(sys.argv[2])
sys.stdout.flush()
os.kill(os.getpid(), signal.SIGKILL)
"""
LEFT = """
import glob, json, os
def target(path):
    try:
        return os.readlink(path)
    except OSError:
        return ""
def words(path):
    try:
        return open(path, "rb").read().split(b"\\0")
    except OSError:
        return []
processes = [pid for pid in os.listdir("/proc") if pid.isdigit() and b"CRASHED=1" in words(f"/proc/{pid}/environ")]
namespaces = {target(path) for path in glob.glob("/proc/[0-9]*/ns/net")} - {""}
named = os.listdir("/run/netns") if os.path.isdir("/run/netns") else []
print(json.dumps({"processes": processes, "namespaces": sorted(namespaces), "named": sorted(named),
                  "links": sorted(os.listdir("/sys/class/net"))}))
"""


@case("robust.crash.leaves-nothing", topology="host", cites=["ROBUST-16"])
def test_crash(client, firewall):
    """A whole lab is made inside a node and its maker killed in the middle: no process, namespace or link remains."""
    python = client.node.python

    def left():
        return json.loads(client.runs([python, "-c", LEFT]).out)

    before = left()
    assert not before["processes"]
    there = json.loads(client.runs(["env", "CRASHED=1", python, "-c", CRASH, firewall.engine, LEFT], exits=-9).out)
    assert len(there["processes"]) >= 3, "maker, holder and a sleeping program were expected"
    assert len(there["namespaces"]) > len(before["namespaces"])
    waits.until(lambda: not left()["processes"], "the processes of the killed lab have ended", waits.PROGRAM)
    assert left() == before


@case("robust.crash.next-scenario-begins-anew", topology="two-lans", needs=["conntrack"], cites=["ROBUST-16"])
def test_begins_anew(client, firewall, scene):
    """A scenario that leaves rules, connections, settings and a program behind: the lab is put back as it was."""
    firewall.loads("*filter\n:FORWARD DROP [0:0]\n:mine - [0:0]\n-A FORWARD -p udp -m conntrack --ctstate NEW -j ACCEPT\nCOMMIT")
    first = firewall.shows("net.ipv4.conf.all.log_martians")
    firewall.sets("net.ipv4.conf.all.log_martians", 1 - int(first))
    firewall.sets_timeouts(udp=7)
    program = client.node.start(["sleep", "1000"])
    client.sends(udp("client:1 > server:99", "x"))
    firewall.tracks("udp client:1 > server:99", timeout=7)
    scene.lab.reset()
    assert not [line for line in firewall.saved().splitlines() if line.startswith("-") or "DROP" in line or "mine" in line]
    firewall.tracks_nothing()
    assert program.poll() is not None
    assert firewall.shows("net.ipv4.conf.all.log_martians") == first
    assert firewall.shows("net.netfilter.nf_conntrack_udp_timeout") == "30"
