"""The table of expected connections, as conntrack(8) shows and changes it."""

from typing import Final

from conformance.comparing import differences
from conformance.vocabulary import Failed, case

TOOL: Final = "conntrack v1.4.7 (conntrack-tools): "
RULES: Final = "*raw\n-A PREROUTING -p tcp --dport 2021 -j CT --helper ftp\nCOMMIT"
LINE: Final = ("300 proto=6 src=10.0.1.10 dst=10.0.2.10 sport=0 dport=20000 mask-src=255.255.255.255 "
               "mask-dst=255.255.255.255 sport=0 dport=65535 master-src=10.0.1.10 master-dst=10.0.2.10 sport=1000 "
               "dport=2021 class=0 helper=ftp")  # fmt: skip


@case("conntrack-tool.expectations", topology="two-lans", cites=["CTTOOL-30", "CTTOOL-01"],
      needs=["conntrack", "conntrack-tool", "raw", "helper-ftp"])  # fmt: skip
def test_expectations(client, server, firewall):
    """A helper's expectation is listed, counted, found by its tuple and flushed."""
    firewall.loads(RULES)
    talk = client.connects("client:1000 > server:2021")
    talk.server_says("220 ready\r\n")
    talk.client_says("USER anonymous\r\n")
    talk.client_says("PASV\r\n")
    talk.server_says("227 Entering Passive Mode (10,0,2,10,78,32).\r\n")
    listed = firewall.runs("conntrack -L expect")
    wrong = differences(firewall.scene, [LINE], listed.lines)
    if wrong:
        raise Failed(("should list", LINE), ("lists", listed.out))
    assert listed.err == f"{TOOL}1 expectations have been shown.\n"
    firewall.runs("conntrack -C expect").prints("1")
    firewall.runs("conntrack -L expect -o xml").contains("<helper-name>ftp</helper-name>", "<dport>20000</dport>")
    assert firewall.runs("conntrack -F expect").err == f"{TOOL}expectation table has been emptied.\n"
    firewall.expects_nothing()
    firewall.tracks("tcp client:1000 > server:2021", state="ESTABLISHED")
