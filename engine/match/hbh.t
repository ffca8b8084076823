# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:filter:INPUT
@ipv6
-m hbh                                                     | =
-m hbh --hbh-len 5                                         | =
-m hbh ! --hbh-len 5                                       | =
-m hbh --hbh-len 0                                         | =
-m hbh --hbh-len 4294967296                                | refused: hbh: bad value for option "--hbh-len", or out of range (0-4294967295).
-m hbh --hbh-len x                                         | refused: hbh: bad value for option "--hbh-len", or out of range (0-4294967295).
-m hbh --hbh-opts 5                                        | =
-m hbh --hbh-opts 5:2                                      | =
-m hbh --hbh-opts 1:2,3,4:5                                | =
-m hbh --hbh-opts 1:2,23:42,4:6,8:10,42,23,4:5             | =
-m hbh --hbh-opts 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15    | =
-m hbh --hbh-opts 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16 | refused: too many addresses specified
-m hbh --hbh-opts 255:255                                  | -m hbh --hbh-opts 255
-m hbh --hbh-opts 256                                      | -m hbh --hbh-opts 0
-m hbh --hbh-opts 1:256                                    | -m hbh --hbh-opts 1:0
-m hbh --hbh-opts x                                        | refused: hbh: no valid digits in opt `x'
-m hbh --hbh-opts 1:x                                      | refused: hbh: no valid digits in length `x'
-m hbh --hbh-opts ''                                       | refused: hbh: no valid digits in opt `'
-m hbh --hbh-opts 1,                                       | refused: hbh: no valid digits in opt `'
-m hbh --hbh-opts 1:                                       | refused: hbh: no valid digits in length `'
-m hbh --hbh-opts -1                                       | -m hbh --hbh-opts 255
-m hbh ! --hbh-opts 1                                      | refused: hbh: option "--hbh-opts" cannot be inverted.
-m hbh --hbh-len 5 --hbh-opts 1                            | =
-m hbh ! --hbh-len 42 --hbh-opts 1:2,3                     | =
-m hbh --hbh-opts 0x10:0x2                                 | -m hbh --hbh-opts 16:2
-m hbh --hbh-not-strict --hbh-opts 1                       | refused: unknown option "--hbh-not-strict"
-m hbh --hbh-len 1 --hbh-len 1                             | refused: hbh: option "--hbh-len" can only be used once.
-m hbh --hbh-opts 1 --hbh-opts 1                           | refused: hbh: option "--hbh-opts" can only be used once.

# numbers are read whole
:filter:INPUT
@ipv6
-m hbh --hbh-opts 1x                   | refused: hbh: error parsing opt `1x'
-m hbh --hbh-opts 1:2:3                | refused: hbh: error parsing length `2:3'
-m hbh --hbh-opts 4294967296           | -m hbh --hbh-opts 0
-m hbh --hbh-opts 18446744073709551616 | refused: opt `18446744073709551616' specified too big: would overflow
@ipv6
-m hbh --hbh-opts 0:1                     | refused: PAD0 has not got length
-m hbh --hbh-opts 5:1,0                   | =
