# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:filter:INPUT
@both
-m mac                                                               | refused: mac: option "--mac-source" must be specified
-m mac --mac-source 42:01:02:03:04:05                                | =
-m mac --mac-source 42:01:02:03:04                                   | refused: Invalid MAC address specified.
-m mac --mac-source 42:01:02:03:04:05:06                             | refused: Invalid MAC address specified.
-m mac --mac-source 42:01:02:03:04:05:                               | refused: Invalid MAC address specified.
-m mac --mac-source 42:1:2:3:4:5                                     | -m mac --mac-source 42:01:02:03:04:05
-m mac --mac-source 42-01-02-03-04-05                                | refused: Invalid MAC address specified.
-m mac --mac-source aa:BB:cC:dd:ee:ff                                | -m mac --mac-source aa:bb:cc:dd:ee:ff
-m mac --mac-source 420102030405                                     | refused: Invalid MAC address specified.
-m mac --mac-source xx:01:02:03:04:05                                | refused: Invalid MAC address specified.
-m mac --mac-source ''                                               | refused: Invalid MAC address specified.
-m mac --mac-source 100:01:02:03:04:05                               | refused: Invalid MAC address specified.
-m mac ! --mac-source 42:01:02:03:04:05                              | =
-m mac --mac-source 42:01:02:03:04:05 --mac-source 42:01:02:03:04:05 | refused: mac: option "--mac-source" can only be used once.
-m mac --mac-source 00:00:00:00:00:00                                | =
-m mac --mac-source ff:ff:ff:ff:ff:ff/ff:00:00:00:00:00              | refused: Invalid MAC address specified.
@ipv4
-m mac --mac-source 1:2:3:4:5:6 | -m mac --mac-source 01:02:03:04:05:06

:filter:FORWARD
@both
-m mac --mac-source 42:01:02:03:04:05 | =

:filter:OUTPUT
@both
-m mac --mac-source 42:01:02:03:04:05 | refused: Invalid argument

:mangle:PREROUTING
@both
-m mac --mac-source 42:01:02:03:04:05 | =

:mangle:POSTROUTING
@both
-m mac --mac-source 42:01:02:03:04:05 | refused: Invalid argument

:nat:POSTROUTING
@both
-m mac --mac-source 42:01:02:03:04:05 | refused: Invalid argument

:raw:PREROUTING
@both
-m mac --mac-source 42:01:02:03:04:05 | =
