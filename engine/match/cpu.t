# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:filter:INPUT
@both
-m cpu                  | refused: cpu: option "--cpu" must be specified
-m cpu --cpu 0          | =
-m cpu ! --cpu 0        | =
-m cpu --cpu 4294967295 | =
-m cpu --cpu 4294967296 | refused: cpu: bad value for option "--cpu", or out of range (0-4294967295).
-m cpu --cpu -1         | refused: cpu: bad value for option "--cpu", or out of range (0-4294967295).
-m cpu --cpu x          | refused: cpu: bad value for option "--cpu", or out of range (0-4294967295).
-m cpu --cpu 1 --cpu 2  | refused: cpu: option "--cpu" can only be used once.
@ipv4
-m cpu --cpu '' | refused: cpu: bad value for option "--cpu", or out of range (0-4294967295).
