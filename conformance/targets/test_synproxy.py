"""What SYNPROXY offers to the client, and what it passes on to the server."""

from conformance.vocabulary import Failed, case, tcp, tcp6

RULES = {90: "--sack-perm --timestamp --wscale 7 --mss 1460", 91: "--mss 1300", 92: "--timestamp --wscale 3", 93: "--sack-perm --wscale 7 --mss 1460",
         94: "--sack-perm --timestamp --wscale 7 --mss 1460 --ecn", 95: "--timestamp", 96: ""}  # fmt: skip
SYNS = {"full": {"mss": 1400, "wscale": 5, "sack_ok": True, "timestamp": (1000, 0)}, "bare": {}, "sized": {"mss": 9000}, "stamped": {"mss": 1440, "timestamp": (77, 0)},
        "ecn": {"flags": "SYN,ECE,CWR", "timestamp": (5, 0), "wscale": 14}, "scaled": {"mss": 500, "wscale": 2, "sack_ok": True}}  # fmt: skip
# port of the rule, SYN: the options of the SYN/ACK, those of the SYN to the server; measured on Linux 6.18
TALKS = """
    90 full    | mss=1460 wscale=7 sack stamp=1000 | mss=1300 wscale=5 sack stamp=2000
    90 stamped | mss=1460 stamp=77                 | mss=1440 stamp=2000
    90 ecn     | wscale=7 stamp=5                  | mss=536 wscale=14 stamp=2000
    91 full    | mss=1300                          | mss=1300
    91 bare    |                                   | mss=536
    92 full    | wscale=3 stamp=1000               | mss=1300 wscale=5 stamp=2000
    92 ecn     | wscale=3 stamp=5                  | mss=536 wscale=14 stamp=2000
    93 full    | mss=1460                          | mss=1300
    93 scaled  | mss=1460                          | mss=536
    94 full    | mss=1460 wscale=7 sack stamp=1000 | mss=1300 wscale=5 sack stamp=2000
    94 sized   | mss=1460                          | mss=1460
    94 ecn     | ecn wscale=7 stamp=5              | ecn mss=536 wscale=14 stamp=2000
    95 full    | stamp=1000                        | mss=1300 stamp=2000
    96 full    |                                   | mss=1300
"""
SIZES6 = {1300: 1220, 536: 1220, 1460: 8940}  # of the four that a cookie can tell, in IPv6


def offered(segment, stamp):
    """The options of a segment in words; `stamp`: which of the two numbers of its timestamp to tell."""
    flags = {"ecn"} if segment.get("flags") & 0x40 else set()
    numbers = {f"{name}={segment.get(name)}" for name in ("mss", "wscale") if segment.get(name) is not None}
    stamps = {f"stamp={segment.get('timestamp')[stamp]}"} if segment.get("timestamp") else set()
    return flags | numbers | stamps | ({"sack"} if segment.get("sack_ok") else set())


@case("targets.synproxy-options", topology="two-lans", needs=["target-SYNPROXY", "raw"], cites=["TGT-34"], rows={
    "ipv4": {"make": tcp, "family": 4}, "ipv6": {"make": tcp6, "family": 6, "needs": "ipv6"}})
def test_synproxy_options(client, server, firewall, make, family):
    """Offered is what the rule and the client have in common; what the client said comes to the server by way of the timestamp."""
    firewall.sets("net.netfilter.nf_conntrack_tcp_loose", 0)
    rules = "".join(f"-A FORWARD -i lan1 -p tcp --dport {port} -m conntrack --ctstate INVALID,UNTRACKED -j SYNPROXY {options}\n" for port, options in RULES.items())
    firewall.loads(f"*raw\n-A PREROUTING -i lan1 -p tcp --syn -j CT --notrack\nCOMMIT\n*filter\n{rules}COMMIT\n", family)
    wrong = []
    for number, line in enumerate(TALKS.strip().splitlines(), start=2000):
        what, offer, passed = (part.strip() for part in line.split("|"))
        port, syn = what.split()
        flow = f"client:{number} > server:{port}"
        client.sends(make(flow, **({"flags": "SYN", "seq": 1000} | SYNS[syn])))
        answer = client.sees(make(f"server:{port} > client:{number}", ack=1001, window=0))
        stamp = {"timestamp": (2000, answer.get("timestamp")[0])} if answer.get("timestamp") else {}
        client.sends(make(flow, "ACK", seq=1001, ack=answer.seq + 1, window=5000, **stamp))
        # The ACK number, which no SYN has, tells whoever joins the two halves which number the client was given.
        opened = server.sees(make(flow, seq=1000, window=5000, ack=answer.seq))
        wanted = {word if not word.startswith("mss=") or family == 4 else f"mss={SIZES6.get(int(word[4:]), int(word[4:]))}" for word in passed.split()}
        for found, expected, whose in ((offered(answer, 1), set(offer.split()), "offers"), (offered(opened, 0), wanted, "passes on")):
            if found != expected:
                wrong += [(f"{what}: it {whose}", " ".join(sorted(found))), ("not", " ".join(sorted(expected)))]
    if wrong:
        raise Failed(*wrong)
