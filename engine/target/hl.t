# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:mangle:FORWARD
@ipv4
-j HL                       | refused: Couldn't load target `HL':No such file or directory ; nft: refused: Chain 'HL' does not exist
-j HL --hl-set 64           | refused: unknown option "--hl-set"
-j HL --hl-set 0            | refused: unknown option "--hl-set"
-j HL --hl-set 255          | refused: unknown option "--hl-set"
-j HL --hl-set 256          | refused: unknown option "--hl-set"
-j HL --hl-set -1           | refused: unknown option "--hl-set"
-j HL --hl-inc 1            | refused: unknown option "--hl-inc"
-j HL --hl-inc 0            | refused: unknown option "--hl-inc"
-j HL --hl-dec 1            | refused: unknown option "--hl-dec"
-j HL --hl-dec 0            | refused: unknown option "--hl-dec"
-j HL --hl-set 1 --hl-inc 1 | refused: unknown option "--hl-set"
-j HL --hl-inc x            | refused: unknown option "--hl-inc"
@ipv6
-j HL                       | refused: HL: You must specify an action
-j HL --hl-set 64           | =
-j HL --hl-set 0            | =
-j HL --hl-set 255          | =
-j HL --hl-set 256          | refused: HL: bad value for option "--hl-set", or out of range (0-255).
-j HL --hl-set -1           | refused: HL: bad value for option "--hl-set", or out of range (0-255).
-j HL --hl-inc 1            | =
-j HL --hl-inc 0            | refused: HL: bad value for option "--hl-inc", or out of range (1-255).
-j HL --hl-dec 1            | =
-j HL --hl-dec 0            | refused: HL: bad value for option "--hl-dec", or out of range (1-255).
-j HL --hl-set 1 --hl-inc 1 | refused: HL: option "--hl-set" cannot be used together with "--hl-inc".
-j HL --hl-inc x            | refused: HL: bad value for option "--hl-inc", or out of range (1-255).

:filter:FORWARD
@ipv4
-j HL --hl-set 1 | refused: unknown option "--hl-set"
@ipv6
-j HL --hl-set 1 | refused: Invalid argument
