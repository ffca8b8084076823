"""Matches that ask of the connection, of the program that sends, and of the clock."""

import os
import time

from conformance.matches.measuring import means
from conformance.vocabulary import case, icmp, tcp, udp


@case("matches.connection", topology="three-legged", needs=["nat", "mangle"], requirement="conntrack and connmark match what the entry says, in either direction, inverted or not",
      source="iptables-extensions(8), conntrack, connmark, state")  # fmt: skip
def test_connection(client, server, firewall):
    """Three packets of a connection whose destination is translated, one of another; answers in between, of which the server knows one."""
    def answered():
        server.answers(server.sees(udp("client:1000 > server:53", b"\0")), "yes")

    firewall.changes("ip addr add 198.51.100.7/24 dev wan", undo="ip addr del 198.51.100.7/24 dev wan")
    packets = {
        "first": udp("client:1000 > 198.51.100.7:5300", bytes(1)), "answer": answered,
        "second": udp("client:1000 > 198.51.100.7:5300", bytes(2)), "other": udp("client:1001 > server:54", bytes(4)),
        "bare": udp("client:1002 > server:55", bytes(8)), "error": icmp("client > 198.51.100.7", "port-unreachable", quoting=udp("198.51.100.7:5300 > client:1000", "yes")),
        "tcp": tcp("client:1003 > server:56", "SYN", bytes(16)), "ack": tcp("client:1003 > server:56", "RST,ACK", bytes(40), seq=900000000),
    }  # fmt: skip
    means(client, firewall, packets, """
        -m conntrack --ctstate NEW                             | first other tcp
        -m conntrack --ctstate ESTABLISHED                     | second
        -m conntrack ! --ctstate NEW,UNTRACKED                 | second error ack
        -m conntrack --ctstate RELATED                         | error
        -m conntrack --ctstate UNTRACKED                       | bare
        -m conntrack --ctstate INVALID                         | ack
        -m conntrack --ctstate DNAT                            | first second error
        -m conntrack ! --ctstate DNAT                          | other bare tcp ack
        -m state --state NEW,RELATED                           | first other tcp error
        -m state ! --state NEW                                 | second bare error ack
        -m state --state UNTRACKED                             | bare
        -m conntrack --ctproto udp                             | first second other error
        -m conntrack ! --ctproto udp                           | tcp
        -m conntrack --ctorigdst 198.51.100.7                  | first second error
        -m conntrack ! --ctorigdst 198.51.100.7                | other tcp
        -m conntrack --ctorigsrc {client}                      | first second other tcp error
        -m conntrack ! --ctorigsrc {client}/31                 |
        -m conntrack --ctreplsrc {server}                      | first second other tcp error
        -m conntrack --ctreplsrc 198.51.100.7                  |
        -m conntrack --ctreplsrc 198.51.100.0/29               |
        -m conntrack --ctreplsrc 198.51.100.8/29               | first second other tcp error
        -m conntrack --ctrepldst {client}                      | first second other tcp error
        -m conntrack ! --ctrepldst {client}                    |
        -m conntrack --ctorigsrcport 1000                      | first second error
        -m conntrack --ctorigsrcport 1001:1002                 | other
        -m conntrack ! --ctorigsrcport 1001:1002               | first second tcp error
        -m conntrack --ctorigdstport 5299:5300                 | first second error
        -m conntrack --ctorigdstport 53:54                     | other
        -m conntrack --ctreplsrcport 53                        | first second error
        -m conntrack ! --ctreplsrcport 54                      | first second tcp error
        -m conntrack --ctrepldstport 1000:1001                 | first second other error
        -m conntrack --ctrepldstport 53                        |
        -m conntrack --ctstatus NONE                           |
        -m conntrack --ctstatus CONFIRMED                      | second error
        -m conntrack ! --ctstatus CONFIRMED                    | first other tcp
        -m conntrack --ctstatus SEEN_REPLY                     | second error
        -m conntrack ! --ctstatus SEEN_REPLY                   | first other tcp
        -m conntrack --ctstatus ASSURED                        |
        -m conntrack --ctstatus EXPECTED                       |
        -m conntrack --ctexpire 0                              | first other tcp
        -m conntrack ! --ctexpire 0                            | second error
        -m conntrack --ctexpire 1:100000                       | second error
        -m conntrack --ctdir ORIGINAL                          | first second other tcp error
        -m conntrack --ctdir REPLY                             |
        -m conntrack --ctstate NEW --ctdir ORIGINAL --ctproto tcp | tcp
        -m conntrack --ctstate NEW,INVALID --ctproto tcp       | tcp ack
        -m connmark --mark 0xf5                                | first second error
        -m connmark ! --mark 0xf5                              | other tcp
        -m connmark --mark 0x5/0xf                             | first second error
        -m connmark --mark 0/0xf                               | other tcp
        -m connmark ! --mark 0x5/0xf                           | other tcp
    """, tables="*raw\n-A PREROUTING -p udp --dport 55 -j CT --notrack\nCOMMIT\n*mangle\n-A PREROUTING -p udp --sport 1000 -j CONNMARK --set-mark 0xf5\nCOMMIT\n"
                "*nat\n-A PREROUTING -d 198.51.100.7 -p udp --dport 5300 -j DNAT --to-destination {server}:53\nCOMMIT\n", link="lan")


@case("matches.reply-direction", topology="two-lans", needs=["conntrack"], requirement="--ctdir and --ctstatus of what comes back", source="iptables-extensions(8), conntrack")
def test_reply_direction(client, server, firewall):
    """A handshake and a line from the server: the last finds the connection assured."""
    rules = ("--ctdir REPLY", "--ctdir ORIGINAL", "--ctstatus ASSURED", "--ctstatus SEEN_REPLY", "--ctorigsrc {client} --ctreplsrc {server}",
             "--ctorigdstport 99 --ctreplsrcport 99", "--ctstate NEW", "--ctexpire 290:300")  # fmt: skip
    firewall.loads("*filter\n" + "".join(f"-A FORWARD -i lan2 -m conntrack {rule} -m comment --comment r{number}\n" for number, rule in enumerate(rules)) + "COMMIT\n")
    client.connects("client:40000 > server:99").server_says("hello")
    counted = firewall.counters()
    assert [counted.at(f"r{number}").packets for number in range(len(rules))] == [2, 0, 1, 2, 2, 2, 0, 1]


@case("matches.untracked", topology="two-lans", needs=["raw", "mangle", "match-connbytes", "match-cluster", "match-connlabel", "target-HMARK"],
      requirement="A packet without a connection has nothing that could be asked of one, nor written to it", source="iptables-extensions(8), CT --notrack")  # fmt: skip
def test_untracked(client, server, firewall):
    """None of these rules means it, inverted or not, but those that ask whether there is a label; and it goes on."""
    means(client, firewall, {"x": udp("client:1 > server:2", "x")}, """
        -m conntrack --ctstate UNTRACKED                                                      | x
        -m conntrack --ctproto udp                                                            |
        -m conntrack ! --ctproto udp                                                          |
        -m conntrack ! --ctstatus CONFIRMED                                                   |
        -m conntrack --ctstate UNTRACKED --ctdir ORIGINAL                                     | x
        -m connmark --mark 0                                                                  |
        -m connmark ! --mark 5                                                                |
        -m connbytes --connbytes 0 --connbytes-dir both --connbytes-mode packets              |
        -m connbytes ! --connbytes 5:6 --connbytes-dir both --connbytes-mode packets          |
        -m cluster --cluster-total-nodes 1 --cluster-local-node 1 --cluster-hash-seed 1       |
        -m cluster --cluster-total-nodes 1 ! --cluster-local-node 1 --cluster-hash-seed 1     |
        -m connlabel --label 5                                                                |
        -m connlabel --label 5 --set                                                          |
        -m connlabel ! --label 5                                                              | x
        -m helper --helper ftp                                                                |
        -m mark --mark 7                                                                      | x
    """, tables="*raw\n-A PREROUTING -p udp -j CT --notrack\nCOMMIT\n*mangle\n-A PREROUTING -j MARK --set-mark 7\n-A PREROUTING -j CONNMARK --restore-mark\n"
                "-A PREROUTING -j CONNMARK --save-mark\n-A PREROUTING -j HMARK --hmark-tuple ct,src --hmark-mod 5 --hmark-rnd 1\nCOMMIT\n")
    server.sees(udp("client:1 > server:2", "x"))


@case("matches.owners", topology="host", needs=["match-owner"], requirement="owner matches ids and ranges of them, and whether there is a socket", source="iptables-extensions(8), owner")
def test_owners(client, firewall):
    """A program's packet, and two answers of the machine itself, which have no owner: nobody, so not this one."""
    user, group = os.getuid(), os.getgid()
    rules = (
        (f"--uid-owner {user}", 1), (f"! --uid-owner {user}", 2), (f"--uid-owner {user}-{user + 5}", 1), (f"--uid-owner {user + 1}-{user + 5}", 0),
        (f"! --uid-owner {user + 1}-{user + 5}", 3), (f"--gid-owner {group}", 1), (f"! --gid-owner {group}", 2), (f"--gid-owner {group}-{group + 1}", 1),
        (f"--gid-owner {group + 1}", 0), (f"! --gid-owner {group + 1}", 3), ("--socket-exists", 3), ("! --socket-exists", 0),
        (f"--uid-owner {user} --gid-owner {group}", 1), (f"--uid-owner {user} ! --gid-owner {group}", 0), (f"--uid-owner {user} --socket-exists", 1),
        (f"--gid-owner {group} --suppl-groups", 1), (f"--gid-owner {group + 54321} --suppl-groups", 0), (f"! --uid-owner {user} ! --gid-owner {group}", 2))  # fmt: skip
    firewall.loads("*filter\n" + "".join(f"-A OUTPUT -m owner {rule} -m comment --comment r{number}\n" for number, (rule, _count) in enumerate(rules)) + "COMMIT\n")
    firewall.opens("udp:5000").says("x", to="client:9999")
    client.sees(udp("firewall:5000 > client:9999", "x"))
    client.sends(udp("client:1 > firewall:9998", "x"), tcp("client:1 > firewall:9998", "SYN"))
    client.sees(icmp("firewall > client", "port-unreachable"))
    client.sees(tcp("firewall:9998 > client:1", "RST,ACK"))
    counted = firewall.counters()
    assert [counted.at(f"r{number}").packets for number in range(len(rules))] == [count for _rule, count in rules]


def clock(seconds):
    return time.strftime("%H:%M:%S", time.gmtime(seconds))


def date(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))


def day(seconds):
    return int(time.strftime("%d", time.gmtime(seconds))), time.strftime("%a", time.gmtime(seconds))


@case("matches.clock", topology="host", clock="monotonic", needs=["match-time"], requirement="time matches while the clock is between its ends, on the days that it names",
      source="iptables-extensions(8), time")  # fmt: skip
def test_clock(client, firewall):
    """Windows that are open and such that are not, around the moment of the packet; those over midnight belong to the day they began on."""
    now = time.time()
    monthday, weekday = day(now)
    yesterday, name_of_yesterday = day(now - 86400)
    tomorrow, name_of_tomorrow = day(now + 86400)
    others = ",".join(name for name in ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun") if name != weekday)
    # A window over midnight that holds this moment, and the day it began on
    early = now % 86400 < 43200
    over = f"--timestart {clock(86400 - 10)} --timestop {clock(now + 3600)}" if early else f"--timestart {clock(now - 3600)} --timestop 00:00:05"
    began, name = (yesterday, name_of_yesterday) if early else (monthday, weekday)
    other, other_name = (monthday, weekday) if early else (yesterday, name_of_yesterday)
    means(client, firewall, {"now": udp("client:1 > firewall:2", "x")}, f"""
        -m time --datestart {date(now - 20)}                                        | now
        -m time --datestart {date(now + 20)}                                        |
        -m time --datestop {date(now + 20)}                                         | now
        -m time --datestop {date(now - 20)}                                         |
        -m time --datestart {date(now - 20)} --datestop {date(now + 20)}            | now
        -m time --datestart {date(now + 86400 * 31)[:10]}                           |
        -m time --datestart {date(now - 86400 * 31)[:10]}                           | now
        -m time --datestop {date(now - 86400 * 365)[:10]}                           |
        -m time --datestop {date(now + 86400 * 365)[:7]}                            | now
        -m time --timestart {clock(now - 20)} --timestop {clock(now + 20)}          | now
        -m time --timestart {clock(now + 20)} --timestop {clock(now - 20)}          |
        -m time --timestart {clock(now + 20)} --timestop {clock(now + 60)}          |
        -m time --timestart {clock(now - 60)} --timestop {clock(now - 20)}          |
        -m time --timestart {clock(now - 120)[:5]} --timestop {clock(now + 120)[:5]} | now
        -m time --monthdays {monthday}                                              | now
        -m time ! --monthdays {monthday}                                            |
        -m time --monthdays {yesterday},{tomorrow}                                  |
        -m time ! --monthdays {yesterday},{tomorrow}                                | now
        -m time --weekdays {weekday}                                                | now
        -m time ! --weekdays {weekday}                                              |
        -m time --weekdays {others}                                                 |
        -m time ! --weekdays {others}                                               | now
        -m time --weekdays {time.strftime("%u", time.gmtime(now))}                  | now
        -m time --weekdays {weekday} --monthdays {monthday}                         | now
        -m time --weekdays {weekday} --monthdays {tomorrow}                         |
        -m time --weekdays {name_of_tomorrow} --monthdays {monthday}                |
        -m time {over}                                                              | now
        -m time {over} --contiguous --weekdays {name}                               | now
        -m time {over} --contiguous --weekdays {other_name}                         |
        -m time {over} --contiguous --monthdays {began}                             | now
        -m time {over} --contiguous --monthdays {other}                             |
        -m time {over} --weekdays {weekday}                                         | now
        -m time --kerneltz --datestart {date(now - 86400)} --datestop {date(now + 86400)} | now
        -m time --utc --timestart {clock(now - 20)} --timestop {clock(now + 20)}    | now
    """, place="filter INPUT", link="net")


@case("matches.dates", topology="host", needs=["match-time"], requirement="A date is the same when it is written again", source="iptables-extensions(8), time")
def test_dates(firewall):
    """First and last days of months and years, leap years among them; parts left out are the first ones."""
    dates = ("1970-01-01T00:00:01", "1970-12-31T23:59:59", "1972-02-29T12:34:56", "1999-12-31T00:00:00", "2000-01-01T01:00:00", "2000-02-28T23:59:59",
             "2000-02-29T00:00:00", "2000-03-01T00:00:00", "2001-02-28T00:10:00", "2001-03-01T00:00:10", "2012-11-30T10:00:00", "2023-07-31T09:08:07",
             "2024-02-29T20:00:00", "2024-12-31T00:00:00", "2036-10-01T00:00:00", "2037-12-31T23:59:59")  # fmt: skip
    rules = [(f"--datestart {each} --datestop {each}", f"--datestart {each} --datestop {each}") for each in dates]
    until = " --datestop 2038-01-19T03:14:07"
    rules += [(f"--datestart {short}", f"--datestart {whole}{until}") for short, whole in (
        ("2021", "2021-01-01T00:00:00"), ("2021-05", "2021-05-01T00:00:00"), ("2021-12-31", "2021-12-31T00:00:00"), ("2021-05-06T07", "2021-05-06T07:00:00"),
        ("2021-05-06T07:08", "2021-05-06T07:08:00"), ("2021-05-00", "2021-04-30T00:00:00"), ("2021-00-01", "2020-12-01T00:00:00"), ("2021-2-30", "2021-03-02T00:00:00"))]  # fmt: skip
    rules += [(given, f"{saved}{until}") for given, saved in (
        ("--timestart 1:2:3 --timestop 23:59:58", "--timestart 01:02:03 --timestop 23:59:58"), ("--timestart 00:01", "--timestart 00:01:00 --timestop 23:59:59"),
        ("--timestop 12:00", "--timestart 00:00:00 --timestop 12:00:00"), ("--monthdays 1,2,31", "--monthdays 1,2,31"), ("! --monthdays 1", f"--monthdays {','.join(map(str, range(2, 32)))}"),
        ("--weekdays Mo,Wedn,7", "--weekdays Mon,Wed,Sun"), ("! --weekdays Tue,Th", "--weekdays Mon,Wed,Fri,Sat,Sun"), ("--weekdays 1", "--weekdays Mon"))]  # fmt: skip
    firewall.loads("*filter\n" + "".join(f"-A INPUT -m time {given}\n" for given, _saved in rules) + "COMMIT\n")
    assert firewall.runs("iptables -S INPUT").lines[1:] == [f"-A INPUT -m time {saved}" for _given, saved in rules]
