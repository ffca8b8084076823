# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:filter:INPUT
@ipv6
-m dst                                                     | =
-m dst --dst-len 0                                         | =
-m dst ! --dst-len 5                                       | =
-m dst --dst-opts 149:92,12:12,123:12                      | =
-m dst ! --dst-len 42 --dst-opts 149:92,12:12,123:12       | =
-m dst --dst-opts 1                                        | =
-m dst --dst-opts 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16 | refused: too many addresses specified
-m dst --dst-opts 256                                      | -m dst --dst-opts 0
-m dst --dst-opts 1:256                                    | -m dst --dst-opts 1:0
-m dst --dst-opts x                                        | refused: dst: no valid digits in opt `x'
-m dst --dst-opts ''                                       | refused: dst: no valid digits in opt `'
-m dst ! --dst-opts 1                                      | refused: dst: option "--dst-opts" cannot be inverted.
-m dst --dst-len 65536                                     | =
-m dst --dst-len x                                         | refused: dst: bad value for option "--dst-len", or out of range (0-4294967295).
-m dst --dst-not-strict --dst-opts 1                       | refused: unknown option "--dst-not-strict"

# numbers are read whole
:filter:INPUT
@ipv6
-m dst --dst-opts 1x                   | refused: dst: error parsing opt `1x'
-m dst --dst-opts 1:2:3                | refused: dst: error parsing length `2:3'
-m dst --dst-opts 4294967296           | -m dst --dst-opts 0
-m dst --dst-opts 18446744073709551616 | refused: opt `18446744073709551616' specified too big: would overflow
@ipv6
-m dst --dst-opts 0:1                     | refused: PAD0 hasn't got length
-m dst --dst-opts 5:1,256:                | refused: PAD0 hasn't got length
