"""What matches say that remember something: of connections, of rates, of lists of addresses. See `match_play.py`."""

from __future__ import annotations

from match_play import read

# Three connections: TCP that opens and closes, UDP with an answer, an echo; and packets that belong to none.
FLOW = """\
> tcp 2:4000 > 9:22 S 100 0
> tcp 2:4000 < 9:22 SA 500 101
> tcp 2:4000 > 9:22 A 101 501
> tcp 2:4000 > 9:22 PA 101 501 10
> udp 2:5000 > 9:53
> udp 2:5000 > 9:53
> udp 2:5000 < 9:53
> udp 2:5000 > 9:53
> tcp 2:4001 > 9:23 F 1 0
> unreachable 2:5000 < 9:53
> ping 2 > 9
> pong 2 < 9
> tcp 2:4000 > 9:22 FA 111 501
> tcp 2:4000 < 9:22 FA 501 112
> tcp 2:4000 > 9:22 A 112 502
> udp 2:98 < 9:99
"""

STATES = f"""
== states, in mangle FORWARD
{FLOW}
-m state --state NEW | +---++----+----+
-m state --state ESTABLISHED | -+++--++---++++-
-m state --state RELATED | ---------+------
-m state --state INVALID | --------+-------
-m state --state UNTRACKED | ----------------
-m state ! --state NEW | -+++--++++-++++-
-m state --state NEW,RELATED | +---++---++----+
-m state ! --state INVALID,ESTABLISHED | +---++---++----+
-m conntrack --ctstate NEW | +---++----+----+
-m conntrack --ctstate ESTABLISHED | -+++--++---++++-
-m conntrack --ctstate RELATED | ---------+------
-m conntrack --ctstate INVALID | --------+-------
-m conntrack --ctstate UNTRACKED | ----------------
-m conntrack --ctstate SNAT | ----------------
-m conntrack --ctstate DNAT | ----------------
-m conntrack ! --ctstate NEW | -+++--++++-++++-
-m conntrack ! --ctstate SNAT | ++++++++++++++++
-m conntrack ! --ctstate SNAT,DNAT | ++++++++++++++++
-m conntrack --ctstate NEW --ctproto 17 | ----++---------+
-m conntrack --ctstate NEW --ctdir ORIGINAL | +---++----+----+
-m conntrack --ctstate NEW --ctdir REPLY | ----------------
-m conntrack --ctstate INVALID --ctproto 6 | --------+-------
-m conntrack ! --ctstate NEW --ctproto 17 | ------++++------
-m conntrack --ctproto 6 | ++++--------+++-
-m conntrack ! --ctproto 6 | ----++++-+++---+
-m conntrack --ctproto 1 | ----------++----
-m conntrack --ctproto 17 --ctdir REPLY | ------+--+------
-m conntrack --ctdir ORIGINAL | +-++++-+--+-+-++
-m conntrack --ctdir REPLY | -+----+--+-+-+--

== tuples of connections, in mangle FORWARD
{FLOW}
-m conntrack --ctorigsrc 10.0.1.2 | ++++++++-++++++-
-m conntrack ! --ctorigsrc 10.0.1.2 | ---------------+
-m conntrack --ctorigsrc 10.0.1.0/24 | ++++++++-++++++-
-m conntrack --ctorigsrc 10.0.2.0/24 | ---------------+
-m conntrack --ctorigdst 10.0.2.9 | ++++++++-++++++-
-m conntrack --ctreplsrc 10.0.2.9 | ++++++++-++++++-
-m conntrack ! --ctreplsrc 10.0.2.9 | ---------------+
-m conntrack --ctrepldst 10.0.1.2 | ++++++++-++++++-
-m conntrack --ctorigsrc 0.0.0.0/0 | ++++++++-+++++++
-m conntrack --ctorigsrcport 4000 | ++++--------+++-
-m conntrack --ctorigdstport 22 | ++++--------+++-
-m conntrack ! --ctorigdstport 22 | ----++++-+++---+
-m conntrack --ctorigdstport 20:53 | ++++++++-+--+++-
-m conntrack --ctreplsrcport 22 | ++++--------+++-
-m conntrack --ctrepldstport 4000:5000 | ++++++++-+--+++-
-m conntrack --ctreplsrcport 53:22 | ----------------
-m conntrack --ctorigsrcport 1 | ----------++----
-m conntrack --ctorigdstport 2048 | ----------++----
-m conntrack --ctstate ESTABLISHED --ctorigdstport 22 --ctdir REPLY | -+-----------+--

== status and time of connections, in mangle FORWARD
{FLOW}
-m conntrack --ctstatus NONE | ----------------
-m conntrack ! --ctstatus NONE | ++++++++-+++++++
-m conntrack --ctstatus CONFIRMED | -+++-+++-+-++++-
-m conntrack ! --ctstatus CONFIRMED | +---+-----+----+
-m conntrack --ctstatus SEEN_REPLY | -+++--++-+-++++-
-m conntrack --ctstatus ASSURED | --++--------+++-
-m conntrack ! --ctstatus ASSURED | ++--++++-+++---+
-m conntrack --ctstatus EXPECTED | ----------------
-m conntrack --ctstatus SEEN_REPLY,ASSURED | -+++--++-+-++++-
-m conntrack ! --ctstatus SEEN_REPLY,ASSURED | +---++----+----+
-m conntrack --ctexpire 0 | +---+-----+----+
-m conntrack ! --ctexpire 0 | -+++-+++-+-++++-
-m conntrack --ctexpire 1:100 | -+---+++-+-+-+--
-m conntrack --ctexpire 29:30 | -----+++-+-+-+--
-m conntrack --ctexpire 431999:432000 | --+-------------
-m conntrack --ctexpire 119:120 | ------------+-+-
-m conntrack --ctexpire 120:119 | ----------------

== states before tracking, in raw PREROUTING
> udp 2:5000 > 9:53
> udp 2:5000 < 9:53
-m state --state NEW | --
-m state --state INVALID | ++
-m state --state UNTRACKED | --
-m conntrack --ctstate INVALID | ++
-m conntrack ! --ctstate INVALID | --
-m conntrack --ctstate UNTRACKED | --
-m conntrack ! --ctstate NEW | ++
-m conntrack --ctproto 17 | --
-m conntrack ! --ctproto 17 | --
-m conntrack --ctstatus NONE | --
-m conntrack ! --ctstatus NONE | --
-m conntrack --ctexpire 0 | --
-m conntrack --ctdir ORIGINAL | --
-m connmark --mark 0 | --
-m connmark ! --mark 0 | --
-m connbytes --connbytes 0: --connbytes-dir both --connbytes-mode packets | --
-m connlabel --label 5 | --
-m connlabel ! --label 5 | ++
-m helper --helper "" | --
-m helper ! --helper ftp | ++

== packets that are not tracked, in mangle FORWARD
with -t raw -A PREROUTING -p udp --dport 53 -j CT --notrack
> udp 2:5000 > 9:53
> udp 2:5000 < 9:53
> udp 2:5000 > 9:54
-m state --state NEW | -++
-m state --state INVALID | ---
-m state --state UNTRACKED | +--
-m state ! --state UNTRACKED | -++
-m conntrack --ctstate UNTRACKED | +--
-m conntrack --ctstate INVALID | ---
-m conntrack --ctstate UNTRACKED --ctdir ORIGINAL | +--
-m conntrack --ctstate UNTRACKED --ctproto 17 | +--
-m conntrack --ctproto 17 | -++
-m conntrack ! --ctproto 17 | ---
-m connmark --mark 0 | -++
-m connmark ! --mark 5 | -++
-m connbytes --connbytes 0: --connbytes-dir both --connbytes-mode packets | -++
-m helper --helper "" | ---

== translated connections, in mangle FORWARD
with -t nat -A POSTROUTING -o wan -p udp -j SNAT --to-source 10.0.2.1
with -t nat -A PREROUTING -i lan -p tcp --dport 2222 -j DNAT --to-destination 10.0.2.9:22
> udp 2:5000 > 9:53
> udp [10.0.2.1]:5000 < 9:53
> udp 2:5000 > 9:53
> tcp 2:4005 > 9:2222 S 100 0
> tcp 2:4005 < 9:22 SA 500 101
> tcp 2:4006 > 9:22 S 100 0
-m conntrack --ctstate SNAT | -++---
-m conntrack --ctstate DNAT | ---++-
-m conntrack ! --ctstate SNAT | +--+++
-m conntrack ! --ctstate DNAT | +++--+
-m conntrack --ctstate SNAT,DNAT | -++++-
-m conntrack --ctstate NEW,DNAT | +--+++
-m conntrack --ctorigdst 10.0.2.9 --ctorigdstport 2222 | ---++-
-m conntrack --ctreplsrc 10.0.2.9 --ctreplsrcport 22 | ---+++
-m conntrack --ctrepldst 10.0.2.1 | -++---
-m conntrack --ctorigsrc 10.0.1.2 | ++++++

== states over IPv6, in mangle FORWARD, IPv6
> udp 2:5000 > 9:53
> udp 2:5000 < 9:53
> unreachable 2:5000 < 9:53
> ping 2 > 9
> pong 2 < 9
> tcp 2:4000 > 9:22 F 1 0
-m state --state NEW | +--+--
-m state --state ESTABLISHED | -+--+-
-m state --state RELATED | --+---
-m state --state INVALID | -----+
-m conntrack --ctorigsrc fd00:1::2 | +++++-
-m conntrack --ctorigsrc fd00:1::/64 | +++++-
-m conntrack ! --ctreplsrc fd00:2::/64 | ------
-m conntrack --ctproto 58 | ---++-
-m conntrack --ctorigdstport 53 | +++---
"""

ABOUT_CONNECTIONS = """
== marks of connections, in mangle FORWARD
with -t mangle -A PREROUTING -p udp -m conntrack --ctstate NEW -j CONNMARK --set-mark 0x11
> udp 2:5000 > 9:53
> udp 2:5000 < 9:53
> tcp 2:4000 > 9:22 S 100 0
-m connmark --mark 0x11 | ++-
-m connmark ! --mark 0x11 | --+
-m connmark --mark 1 | ---
-m connmark --mark 1/1 | ++-
-m connmark --mark 0/2 | +++
-m connmark --mark 0x11/0xf | ---
-m connmark ! --mark 0x10/0xf0 | --+
-m connmark --mark 0 | --+

== bytes and packets of connections, in mangle FORWARD
> udp 2:5000 > 9:53 1
> udp 2:5000 > 9:53 1
> udp 2:5000 < 9:53 1
> udp 2:5000 > 9:53 50
> udp 2:5000 < 9:53 9
> tcp 2:4000 > 9:22 S 100 0
> tcp 2:4000 < 9:22 SA 500 101
-m connbytes --connbytes 2: --connbytes-dir original --connbytes-mode packets | -++++--
-m connbytes --connbytes 2: --connbytes-dir reply --connbytes-mode packets | ----+--
-m connbytes --connbytes 2: --connbytes-dir both --connbytes-mode packets | -++++-+
-m connbytes --connbytes 2:3 --connbytes-dir both --connbytes-mode packets | -++---+
-m connbytes ! --connbytes 2:3 --connbytes-dir both --connbytes-mode packets | +--+++-
-m connbytes --connbytes 0:1 --connbytes-dir original --connbytes-mode packets | +----++
-m connbytes --connbytes 1:1 --connbytes-dir reply --connbytes-mode packets | --++--+
-m connbytes --connbytes 29:58 --connbytes-dir original --connbytes-mode bytes | +++--++
-m connbytes --connbytes 29: --connbytes-dir reply --connbytes-mode bytes | --+++-+
-m connbytes --connbytes 87: --connbytes-dir both --connbytes-mode bytes | --+++--
-m connbytes --connbytes 30: --connbytes-dir original --connbytes-mode avgpkt | ---++++
-m connbytes --connbytes 30:40 --connbytes-dir reply --connbytes-mode avgpkt | ----+-+
-m connbytes --connbytes 0:29 --connbytes-dir both --connbytes-mode avgpkt | +++----
-m connbytes ! --connbytes 0:29 --connbytes-dir both --connbytes-mode avgpkt | ---++++

== labels of connections, in mangle FORWARD
> udp 2:5000 > 9:53
> udp 2:5000 < 9:53
> tcp 2:4000 > 9:22 S 100 0
> tcp 2:4000 < 9:22 SA 500 101
-m connlabel --label 5 | -+--
-m connlabel ! --label 5 | +-++
-p udp -m connlabel --label 5 --set | ++--
-m connlabel --label 5 | ++--
-p tcp -m connlabel ! --label 127 --set | ----
-m connlabel --label 127 | --++

== helpers of connections, in mangle FORWARD
with -t raw -A PREROUTING -p tcp --dport 21 -j CT --helper ftp
> tcp 2:4000 > 9:21 S 100 0
> tcp 2:4000 < 9:21 SA 500 101
> tcp 2:4000 > 9:21 A 101 501
> say 2:4000 > 9:21 101 501 USER x
> say 2:4000 > 9:21 109 501 PORT 10,0,1,2,20,21
> tcp 2:5141 < 9:20 S 900 0
> tcp 2:5141 > 9:20 SA 5 901
> udp 2:5000 > 9:53
-m helper --helper ftp | -----++-
-m helper ! --helper ftp | +++++--+
-m helper --helper "" | -----++-
-m helper ! --helper "" | +++++--+
-m helper --helper ftp-21 | -----++-
-m helper --helper f | --------
-m helper --helper tftp | --------
-m conntrack --ctstatus EXPECTED | -----++-
-m conntrack --ctstate RELATED | -----+--
-m state --state RELATED | -----+--

== one node of a cluster, in mangle FORWARD
> udp 2:5000 > 9:53
> udp 2:5000 < 9:53
> udp 3:5000 > 9:53
> udp 4:5000 > 9:53
> udp 5:5000 > 9:53
> udp 5:5000 < 9:53
> udp 6:5000 > 9:53
> udp 7:5000 > 9:53
-m cluster --cluster-total-nodes 2 --cluster-local-node 1 --cluster-hash-seed 0xfeedcafe | --+-++-+
-m cluster --cluster-total-nodes 2 --cluster-local-node 2 --cluster-hash-seed 0xfeedcafe | ++-+--+-
-m cluster --cluster-total-nodes 2 ! --cluster-local-node 1 --cluster-hash-seed 0xfeedcafe | ++-+--+-
-m cluster --cluster-total-nodes 3 --cluster-local-node 1 --cluster-hash-seed 5 | ---+---+
-m cluster --cluster-total-nodes 3 --cluster-local-node 2 --cluster-hash-seed 5 | ------+-
-m cluster --cluster-total-nodes 3 --cluster-local-nodemask 5 --cluster-hash-seed 5 | ++++++-+

== one node of a cluster, in mangle FORWARD, IPv6
> udp 2:5000 > 9:53
> udp 3:5000 > 9:53
> udp 3:5000 < 9:53
> udp 4:5000 > 9:53
> udp 5:5000 > 9:53
> udp [2001:db8::1]:5000 > 9:53
> udp [2001:db9::1]:5000 > 9:53
> udp [2002:db8::1]:5000 > 9:53
> udp [2003:db8::1]:5000 > 9:53
> udp [2004::1]:5000 > 9:53
> udp [2a00::1]:5000 > 9:53
> udp [2a01::1]:5000 > 9:53
-m cluster --cluster-total-nodes 2 --cluster-local-node 1 --cluster-hash-seed 0xfeedcafe | -------+----
-m cluster --cluster-total-nodes 2 --cluster-local-node 2 --cluster-hash-seed 0xfeedcafe | +++++++-++++
-m cluster --cluster-total-nodes 5 --cluster-local-nodemask 9 --cluster-hash-seed 77 | -----++++++-

== numbers of connections, in mangle FORWARD
> tcp 2:1 > 9:22 S 100 0
> tcp 2:2 > 9:22 S 100 0
> tcp 2:3 > 9:22 S 100 0
wait 0.05
> tcp 2:1 < 9:22 SA 500 101
> tcp 3:9 > 9:22 S 100 0
> tcp 3:9 > 8:22 S 100 0
> udp 2:5 > 9:53
> ping 2 > 9
-m connlimit --connlimit-above 2 | --+---++
-m connlimit --connlimit-upto 2 | ++-+++--
-m connlimit --connlimit-above 1 --connlimit-daddr | -++-+-++
-m connlimit --connlimit-above 3 --connlimit-mask 24 | ----++++
-m connlimit --connlimit-above 4 --connlimit-mask 0 | -----+++
-p tcp -m connlimit --connlimit-above 0 | ++++++--
-p tcp -m connlimit --connlimit-above 1 | -++--+--
-p tcp --syn -m connlimit --connlimit-above 1 | -++--+--

== connections that end are not counted, in mangle FORWARD
> tcp 2:1 > 9:22 S 100 0
wait 0.05
> tcp 2:2 > 9:22 S 100 0
wait 0.05
> tcp 2:2 < 9:22 RA 0 101
wait 0.05
> tcp 2:3 > 9:22 S 100 0
wait 0.05
> tcp 2:3 < 9:22 RA 0 101
wait 0.05
> tcp 2:4 > 9:22 S 100 0
-p tcp --syn -m connlimit --connlimit-above 0 | ++-+-+
-p tcp --syn -m connlimit --connlimit-above 1 | -+-+-+
-p tcp --syn -m connlimit --connlimit-above 2 | ------

== numbers of connections, in mangle FORWARD, IPv6
> udp 2:1 > 9:53
> udp 2:2 > 9:53
> udp 3:1 > 9:53
> udp 3:1 > 8:53
-m connlimit --connlimit-above 1 | -+-+
-m connlimit --connlimit-above 1 --connlimit-mask 64 | -+++
-m connlimit --connlimit-upto 2 --connlimit-mask 64 --connlimit-saddr | ++--
-m connlimit --connlimit-above 1 --connlimit-daddr | -++-
"""

# One packet a minute.
ONE = "-m hashlimit --hashlimit-upto 1/min --hashlimit-burst 1"

RATES = f"""
== bursts, in mangle FORWARD
> udp 2:5000 > 9:53
> udp 2:5000 > 9:53
> udp 2:5000 > 9:53
> udp 2:5000 > 9:53
> udp 2:5000 > 9:54
> ping 2 > 9
-m limit --limit 1/hour --limit-burst 1 | +-----
-m limit --limit 6/min | +++++-
-m limit --limit 1/min --limit-burst 2 | ++----
-m limit | +++++-
-p udp --dport 54 -m limit --limit 1/min --limit-burst 1 | ----+-
-p icmp -m limit --limit 1/min --limit-burst 1 | -----+
-m limit --limit 1/min --limit-burst 3 | +++---

== a bucket fills again, in mangle FORWARD
> udp 2:5000 > 9:53
> udp 2:5000 > 9:53
wait 0.6
> udp 2:5000 > 9:53
> udp 2:5000 > 9:53
wait 0.6
> udp 2:5000 > 9:53
> udp 2:5000 > 9:53
wait 1.3
> udp 2:5000 > 9:53
> udp 2:5000 > 9:53
> udp 2:5000 > 9:53
-m limit --limit 1/s --limit-burst 1 | +---+-+--
-m limit --limit 2/s --limit-burst 1 | +-+-+-+--
-m limit --limit 1/s --limit-burst 2 | ++--+-+--
-m limit --limit 2/s --limit-burst 2 | +++-+-++-
-m limit --limit 60/min --limit-burst 1 | +---+-+--

== buckets by key, in mangle FORWARD
> udp 2:1000 > 9:53
> udp 2:1000 > 9:53
> udp 3:1000 > 9:53
> udp 3:1000 > 9:53
> udp 3:1001 > 9:53
> udp 3:1001 > 8:54
> ping 3 > 8
> udp 2:1000 < 9:53
{ONE} --hashlimit-name all | +-------
{ONE} --hashlimit-mode srcip --hashlimit-name src | +-+----+
-m hashlimit --hashlimit-above 1/min --hashlimit-burst 1 --hashlimit-mode srcip --hashlimit-name above | -+-++++-
{ONE} --hashlimit-mode dstip --hashlimit-name dst | +----+-+
{ONE} --hashlimit-mode srcport --hashlimit-name sport | +---+-++
{ONE} --hashlimit-mode dstport --hashlimit-name dport | +----+++
{ONE} --hashlimit-mode srcip,srcport --hashlimit-name both | +-+-+-++
-m hashlimit --hashlimit-mode srcip --hashlimit-srcmask 24 --hashlimit-name n --hashlimit 1/min | +++++--+
{ONE} --hashlimit-mode dstip --hashlimit-dstmask 30 --hashlimit-name small | +------+
-m hashlimit --hashlimit-upto 1/min --hashlimit-burst 5 --hashlimit-name all | --------

== buckets by key, in mangle FORWARD, IPv6
> udp 2:1000 > 9:53
> udp 2:1000 > 9:53
> udp 3:1000 > 9:53
> udp 65:1000 > 9:53
{ONE} --hashlimit-mode srcip --hashlimit-name src | +-++
{ONE} --hashlimit-mode srcip --hashlimit-srcmask 64 --hashlimit-name net | +---
{ONE} --hashlimit-mode srcip --hashlimit-srcmask 122 --hashlimit-name odd | +--+
{ONE} --hashlimit-mode srcip --hashlimit-srcmask 0 --hashlimit-name none | +---

== bytes a second, in mangle FORWARD
> udp 2:1000 > 9:53 72
> udp 2:1000 > 9:53 72
> udp 2:1000 > 9:53 972
> udp 2:1000 > 9:53 972
> udp 2:1000 > 9:53 72
> udp 3:1000 > 9:53 972
-m hashlimit --hashlimit-upto 10b/s --hashlimit-mode srcip --hashlimit-name a | +----+
-m hashlimit --hashlimit-above 10b/s --hashlimit-mode srcip --hashlimit-name b | -++++-
-m hashlimit --hashlimit-upto 20b/s --hashlimit-burst 2kb --hashlimit-mode srcip --hashlimit-name c | ++++++
-m hashlimit --hashlimit-upto 50b/s --hashlimit-name d | +-----

== rates that are only compared, in mangle FORWARD
> udp 2:1000 > 9:53
> udp 2:1000 > 9:53
> udp 2:1000 > 9:53
> udp 2:1000 > 9:53
-m hashlimit --hashlimit-above 2/s --hashlimit-burst 1 --hashlimit-rate-match --hashlimit-name a | ---+
-m hashlimit --hashlimit-upto 2/s --hashlimit-burst 1 --hashlimit-rate-match --hashlimit-name b | +++-
-m hashlimit --hashlimit-upto 60b/s --hashlimit-rate-match --hashlimit-name c | +---

== every so many, in mangle FORWARD
> udp 2:1000 > 9:53 1
> udp 2:1000 > 9:53 10
> udp 2:1000 > 9:53 30
> udp 2:1000 > 9:53 1
> udp 2:1000 > 9:53 50
> udp 2:1000 > 9:53 1
> udp 2:1000 > 9:53 1
-m statistic --mode nth --every 3 --packet 0 | +--+--+
-m statistic --mode nth --every 3 --packet 1 | -+--+--
-m statistic --mode nth --every 3 --packet 2 | --+--+-
-m statistic --mode nth ! --every 3 --packet 0 | -++-++-
-m statistic --mode nth --every 1 --packet 0 | +++++++
-m statistic --mode random --probability 0 | -------
-m statistic --mode random --probability 1 | +++++++
-m statistic --mode random ! --probability 1 | -------
-m quota --quota 67 | ++-----
-m quota --quota 66 | +------
-m quota --quota 100 | ++-----
-m quota ! --quota 100 | --+++++
-m quota --quota 0 | -------
-m quota ! --quota 0 | +++++++
"""

LISTS = """
== lists of addresses, in mangle FORWARD
> udp 2:1000 > 9:53
> udp 2:1000 > 9:53
> udp 3:1000 > 9:53
> udp 2:1000 < 9:53
> udp 2:1000 > 9:53
wait 1.2
> udp 2:1000 > 9:53
> udp 2:1000 > 9:53
> udp 4:1000 > 9:53
-m recent --name A --set | ++++++++
-m recent --name A --rcheck | ++++++++
-m recent --name A --rcheck --hitcount 2 | -+--+++-
-m recent --name A --rcheck --hitcount 3 --seconds 1 | ----+---
-m recent --name A ! --rcheck | --------
-m recent --name A --rcheck --seconds 1 | ++++++++
-m recent --name B --update | --------
-m recent --name M --mask 255.255.255.0 --set | ++++++++
-m recent --name M --rcheck | ++++++++
-m recent --name M --rcheck --mask 255.255.255.0 | ++++++++
-m recent --name D --rdest --set | ++++++++
-m recent --name D --rcheck --rsource | ---++++-
-m recent --name D --rcheck --rdest | ++++++++
-m recent --name X ! --set | --------
-m recent --name X --update --seconds 1 --hitcount 2 | --------
-m recent --name Y --remove | --------
-m recent --name X --remove | ++++++++
-m recent --name X --rcheck | --------

== entries of a list, in mangle FORWARD
> udp 2:1 > 9:2
> udp 2:1 > 9:1
> udp 2:1 > 9:2
> udp 2:1 > 9:2
wait 1.2
> udp 2:1 > 9:2
> udp 2:1 > 9:3
> udp 2:1 > 9:2
> udp 2:1 > 9:1
> udp 2:1 > 9:1
> udp 2:1 > 9:1
> udp 2:1 > 9:5
> udp 2:1 > 9:5
> udp 2:1 > 9:4
> udp 2:1 > 9:4
-p udp --dport 1 -m recent --name U --set | -+-----+++----
-p udp --dport 2 -m recent --name U --update --seconds 1 | --++----------
-p udp --dport 2 -m recent --name U --rcheck --hitcount 2 | --+++---------
-p udp --dport 3 -m recent --name U --update --seconds 1 --reap | --------------
-p udp --dport 3 -m recent --name U --rcheck | --------------
-p udp --dport 4 -m recent --name U --remove | ------------+-
-p udp --dport 4 -m recent --name U --rcheck | --------------
-p udp --dport 5 -m recent --name U --update --hitcount 4 | --------------

== lists of addresses, in mangle FORWARD, IPv6
> udp 2:1 > 9:53
> udp 3:1 > 9:53
> udp 3:1 > 9:54
-p udp --dport 53 -m recent --name A --set | ++-
-m recent --name A --rcheck | +++
-m recent --name A --rcheck --hitcount 2 | ---
-p udp --dport 53 -m recent --name N --mask ffff:ffff:ffff:ffff:: --set | ++-
-m recent --name N --rcheck --mask ffff:ffff:ffff:ffff:: --hitcount 2 | -++
"""

ALL = [*read(STATES), *read(ABOUT_CONNECTIONS), *read(RATES), *read(LISTS)]
