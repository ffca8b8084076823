# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:filter:INPUT
@ipv4
-m realm                      | refused: realm: option "--realm" must be specified
-m realm --realm 0x1/0x2a     | =
-m realm --realm 0x2a         | =
-m realm --realm 42           | -m realm --realm 0x2a
-m realm --realm 0            | -m realm --realm cosmos
-m realm ! --realm 5          | -m realm ! --realm 0x5
-m realm ! --realm 5/6        | -m realm ! --realm 0x5/0x6
-m realm --realm cosmos       | =
-m realm --realm nosuch       | refused: realm: could not map name nosuch to an integer value for option "--realm".
-m realm --realm ''           | refused: realm: could not map name  to an integer value for option "--realm".
-m realm --realm 4294967295   | -m realm --realm 0xffffffff
-m realm --realm 4294967296   | refused: realm: could not map name 4294967296 to an integer value for option "--realm".
-m realm --realm 1/x          | refused: realm: bad integer value for option "--realm", or out of range.
-m realm --realm 1/4294967295 | -m realm --realm 0x1
@ipv6
-m realm                      | refused: Couldn't load match `realm':No such file or directory
-m realm --realm 0x1/0x2a     | refused: Couldn't load match `realm':No such file or directory
-m realm --realm 0x2a         | refused: Couldn't load match `realm':No such file or directory
-m realm --realm 42           | refused: Couldn't load match `realm':No such file or directory
-m realm --realm 0            | refused: Couldn't load match `realm':No such file or directory
-m realm ! --realm 5          | refused: Couldn't load match `realm':No such file or directory
-m realm ! --realm 5/6        | refused: Couldn't load match `realm':No such file or directory
-m realm --realm cosmos       | refused: Couldn't load match `realm':No such file or directory
-m realm --realm nosuch       | refused: Couldn't load match `realm':No such file or directory
-m realm --realm ''           | refused: Couldn't load match `realm':No such file or directory
-m realm --realm 4294967295   | refused: Couldn't load match `realm':No such file or directory
-m realm --realm 4294967296   | refused: Couldn't load match `realm':No such file or directory
-m realm --realm 1/x          | refused: Couldn't load match `realm':No such file or directory
-m realm --realm 1/4294967295 | refused: Couldn't load match `realm':No such file or directory

:filter:OUTPUT
@ipv4
-m realm --realm 5 | -m realm --realm 0x5
@ipv6
-m realm --realm 5 | refused: Couldn't load match `realm':No such file or directory

:mangle:PREROUTING
@ipv4
-m realm --realm 5 | refused: Invalid argument
@ipv6
-m realm --realm 5 | refused: Couldn't load match `realm':No such file or directory

:mangle:POSTROUTING
@ipv4
-m realm --realm 5 | -m realm --realm 0x5
@ipv6
-m realm --realm 5 | refused: Couldn't load match `realm':No such file or directory

:filter:FORWARD
@ipv4
-m realm --realm 5 | -m realm --realm 0x5
@ipv6
-m realm --realm 5 | refused: Couldn't load match `realm':No such file or directory
