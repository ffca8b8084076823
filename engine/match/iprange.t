# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:filter:INPUT
@ipv4
-m iprange                                                              | refused: iprange match: You must specify `--src-range' or `--dst-range'
-m iprange --src-range 1.1.1.1-1.1.1.10                                 | =
-m iprange ! --src-range 1.1.1.1-1.1.1.10                               | =
-m iprange --dst-range 1.1.1.1-1.1.1.10                                 | =
-m iprange ! --dst-range 1.1.1.1-1.1.1.10                               | =
-m iprange --src-range 1.1.1.1-1.1.1.10 --dst-range 2.2.2.2-2.2.2.3     | =
-m iprange --dst-range 2.2.2.2-2.2.2.3 --src-range 1.1.1.1-1.1.1.10     | -m iprange --src-range 1.1.1.1-1.1.1.10 --dst-range 2.2.2.2-2.2.2.3
-m iprange ! --src-range 1.1.1.1-1.1.1.10 ! --dst-range 2.2.2.2-2.2.2.3 | =
-m iprange --src-range 1.1.1.1                                          | -m iprange --src-range 1.1.1.1-1.1.1.1
-m iprange --src-range 1.1.1.1-1.1.1.1                                  | =
-m iprange --src-range 1.1.1.10-1.1.1.1                                 | =
-m iprange --dst-range 1.1.1.10-1.1.1.1                                 | =
-m iprange --src-range 1.1.1.1-                                         | refused: iprange: Bad value for "--src-range" option: ""
-m iprange --src-range -1.1.1.1                                         | refused: iprange: Bad value for "--src-range" option: ""
-m iprange --src-range -                                                | refused: iprange: Bad value for "--src-range" option: ""
-m iprange --src-range ''                                               | refused: iprange: Bad value for "--src-range" option: ""
-m iprange --src-range 1.1.1.1-1.1.1                                    | -m iprange --src-range 1.1.1.1-1.1.1.0
-m iprange --src-range 1.1.1-1.1.2                                      | -m iprange --src-range 1.1.1.0-1.1.2.0
-m iprange --src-range 1.1.1.1/24                                       | refused: iprange: Bad value for "--src-range" option: "1.1.1.1/24"
-m iprange --src-range localhost-localhost                              | refused: iprange: Bad value for "--src-range" option: "localhost"
-m iprange --src-range 1.1.1.1-1.1.1.2-1.1.1.3                          | refused: iprange: Bad value for "--src-range" option: "1.1.1.2-1.1.1.3"
-m iprange --src-range 1.1.1.1:1.1.1.2                                  | refused: iprange: Bad value for "--src-range" option: "1.1.1.1:1.1.1.2"
-m iprange --src-range 1.1.1.1 --src-range 1.1.1.2                      | refused: iprange: option "--src-range" can only be used once.
-m iprange --src-range 0.0.0.0-255.255.255.255                          | =
-m iprange --src-range ::1-::2                                          | refused: iprange: Bad value for "--src-range" option: "::1"
-m iprange --src-range 1.1.1.1,2.2.2.2                                  | refused: iprange: Bad value for "--src-range" option: "1.1.1.1,2.2.2.2"
-m iprange --src-range 256.1.1.1-1.1.1.1                                | refused: iprange: Bad value for "--src-range" option: "256.1.1.1"
-m iprange --src-range 01.1.1.1-1.1.1.1                                 | -m iprange --src-range 1.1.1.1-1.1.1.1
@ipv6
-m iprange --src-range ::1-::2                                           | =
-m iprange ! --src-range ::1-::2                                         | =
-m iprange --dst-range 2001:db8::1-2001:db8::ffff                        | =
-m iprange --src-range ::2-::1                                           | =
-m iprange --src-range 1.1.1.1-1.1.1.2                                   | refused: iprange: Bad value for "--src-range" option: "1.1.1.1"
-m iprange --src-range ::1                                               | -m iprange --src-range ::1-::1
-m iprange --src-range ::1-                                              | refused: iprange: Bad value for "--src-range" option: ""
-m iprange --src-range ::ffff:1.2.3.4-::ffff:1.2.3.5                     | =
-m iprange --src-range 2001:DB8:0:0::1-2001:DB8::2 ! --dst-range fe80::-fe80::ffff | -m iprange --src-range 2001:db8::1-2001:db8::2 ! --dst-range fe80::-fe80::ffff
-m iprange --src-range ::-ffff::                                         | =
-m iprange --src-range 2001:0:0:1::-2001:0:0:1:ffff::                    | =

# octal, hexadecimal, signs and blanks, as strtoul(3) reads them
:filter:INPUT
@ipv4
-m iprange --src-range 010        | -m iprange --src-range 8.0.0.0-8.0.0.0
-m iprange --src-range 0x10       | -m iprange --src-range 16.0.0.0-16.0.0.0
-m iprange --dst-range " 1.1.1.1" | -m iprange --dst-range 1.1.1.1-1.1.1.1
