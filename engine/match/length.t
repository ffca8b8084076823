# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:filter:INPUT
@both
-m length                       | refused: length: option "--length" must be specified
-m length --length 1            | =
-m length --length :2           | -m length --length 0:2
-m length --length 0:3          | =
-m length --length 4:           | -m length --length 4:65535
-m length --length 0:65535      | =
-m length --length :            | -m length --length 0:65535
-m length --length 0            | =
-m length --length 65535        | =
-m length --length 65536        | refused: length: bad value for option "--length" near "65536", or out of range (0-65535).
-m length --length 0:65536      | refused: length: bad value for option "--length" near "65536", or out of range (0-65535).
-m length --length -1           | refused: length: bad value for option "--length" near "-1", or out of range (0-65535).
-m length --length 5:4          | =
-m length --length 5:5          | -m length --length 5
-m length --length x            | refused: length: bad value for option "--length" near "x", or out of range (0-65535).
-m length --length 1:x          | refused: length: bad value for option "--length" near "x", or out of range (0-65535).
-m length --length ''           | -m length --length 0
-m length --length 1:2:3        | refused: length: Too many components for option "--length" (max: 2)
-m length --length 0x10:0x20    | -m length --length 16:32
-m length --length 010          | -m length --length 8
-m length ! --length 4          | =
-m length ! --length 4:5        | =
-m length --length 1 --length 2 | refused: length: option "--length" can only be used once.
