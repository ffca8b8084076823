# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:mangle:FORWARD
@both
-j CLASSIFY                                 | refused: CLASSIFY: option "--set-class" must be specified
-j CLASSIFY --set-class 0000:ffff           | =
-j CLASSIFY --set-class 1:10                | -j CLASSIFY --set-class 0001:0010
-j CLASSIFY --set-class 1:a                 | -j CLASSIFY --set-class 0001:000a
-j CLASSIFY --set-class 0x1:0xa             | -j CLASSIFY --set-class 0001:000a
-j CLASSIFY --set-class 1                   | refused: Bad class value "1"
-j CLASSIFY --set-class 1:                  | refused: Bad class value "1:"
-j CLASSIFY --set-class :1                  | refused: Bad class value ":1"
-j CLASSIFY --set-class 10000:1             | -j CLASSIFY --set-class 0000:0001
-j CLASSIFY --set-class 1:10000             | -j CLASSIFY --set-class 0001:0000
-j CLASSIFY --set-class 1:2x                | -j CLASSIFY --set-class 0001:0002
-j CLASSIFY --set-class x:2                 | refused: Bad class value "x:2"
-j CLASSIFY --set-class 1:2:3               | -j CLASSIFY --set-class 0001:0002
-j CLASSIFY --set-class -1:1                | -j CLASSIFY --set-class ffff:0001
-j CLASSIFY --set-class 1:1 --set-class 1:2 | refused: CLASSIFY: option "--set-class" can only be used once.
@ipv4
-j CLASSIFY --set-class 0x:1                 | -j CLASSIFY --set-class 0000:0001
-j CLASSIFY --set-class "1 :1"               | refused: Bad class value "1 :1"
-j CLASSIFY --set-class "1: 1"               | -j CLASSIFY --set-class 0001:0001
-j CLASSIFY --set-class +1:1                 | -j CLASSIFY --set-class 0001:0001
-j CLASSIFY --set-class 1ffffffff:1          | -j CLASSIFY --set-class ffff:0001
-j CLASSIFY --set-class ffffffffffffffffff:1 | -j CLASSIFY --set-class ffff:0001
-j CLASSIFY --set-class x --set-class y      | refused: Bad class value "x"

:mangle:PREROUTING
@both
-j CLASSIFY --set-class 1:1 | refused: Invalid argument

:mangle:INPUT
@both
-j CLASSIFY --set-class 1:1 | refused: Invalid argument

:mangle:POSTROUTING
@both
-j CLASSIFY --set-class 1:1 | -j CLASSIFY --set-class 0001:0001

:filter:OUTPUT
@both
-j CLASSIFY --set-class 1:1 | -j CLASSIFY --set-class 0001:0001

:filter:INPUT
@both
-j CLASSIFY --set-class 1:1 | refused: Invalid argument
