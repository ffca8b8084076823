# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:mangle:FORWARD
@ipv4
-j TTL                         | refused: TTL: You must specify an action
-j TTL --ttl-set 64            | =
-j TTL --ttl-set 0             | =
-j TTL --ttl-set 255           | =
-j TTL --ttl-set 256           | refused: TTL: bad value for option "--ttl-set", or out of range (0-255).
-j TTL --ttl-set -1            | refused: TTL: bad value for option "--ttl-set", or out of range (0-255).
-j TTL --ttl-set x             | refused: TTL: bad value for option "--ttl-set", or out of range (0-255).
-j TTL --ttl-inc 1             | =
-j TTL --ttl-inc 0             | refused: TTL: bad value for option "--ttl-inc", or out of range (1-255).
-j TTL --ttl-inc 255           | =
-j TTL --ttl-inc 256           | refused: TTL: bad value for option "--ttl-inc", or out of range (1-255).
-j TTL --ttl-dec 1             | =
-j TTL --ttl-dec 0             | refused: TTL: bad value for option "--ttl-dec", or out of range (1-255).
-j TTL --ttl-dec 255           | =
-j TTL --ttl-set 1 --ttl-inc 1 | refused: TTL: option "--ttl-set" cannot be used together with "--ttl-inc".
-j TTL --ttl-inc 1 --ttl-dec 1 | refused: TTL: option "--ttl-dec" cannot be used together with "--ttl-inc".
-j TTL --ttl-inc 1 --ttl-inc 1 | refused: TTL: option "--ttl-inc" can only be used once.
-j TTL ! --ttl-inc 1           | refused: TTL: option "--ttl-inc" cannot be inverted.
@ipv6
-j TTL                         | refused: Couldn't load target `TTL':No such file or directory ; nft: refused: Chain 'TTL' does not exist
-j TTL --ttl-set 64            | refused: unknown option "--ttl-set"
-j TTL --ttl-set 0             | refused: unknown option "--ttl-set"
-j TTL --ttl-set 255           | refused: unknown option "--ttl-set"
-j TTL --ttl-set 256           | refused: unknown option "--ttl-set"
-j TTL --ttl-set -1            | refused: unknown option "--ttl-set"
-j TTL --ttl-set x             | refused: unknown option "--ttl-set"
-j TTL --ttl-inc 1             | refused: unknown option "--ttl-inc"
-j TTL --ttl-inc 0             | refused: unknown option "--ttl-inc"
-j TTL --ttl-inc 255           | refused: unknown option "--ttl-inc"
-j TTL --ttl-inc 256           | refused: unknown option "--ttl-inc"
-j TTL --ttl-dec 1             | refused: unknown option "--ttl-dec"
-j TTL --ttl-dec 0             | refused: unknown option "--ttl-dec"
-j TTL --ttl-dec 255           | refused: unknown option "--ttl-dec"
-j TTL --ttl-set 1 --ttl-inc 1 | refused: unknown option "--ttl-set"
-j TTL --ttl-inc 1 --ttl-dec 1 | refused: unknown option "--ttl-inc"
-j TTL --ttl-inc 1 --ttl-inc 1 | refused: unknown option "--ttl-inc"
-j TTL ! --ttl-inc 1           | refused: unknown option "--ttl-inc"

:filter:FORWARD
@ipv4
-j TTL --ttl-set 1 | refused: Invalid argument
@ipv6
-j TTL --ttl-set 1 | refused: unknown option "--ttl-set"
