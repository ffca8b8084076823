# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:raw:PREROUTING
@both
-j NOTRACK       | =
-j NOTRACK --foo | refused: unknown option "--foo"

:raw:OUTPUT
@both
-j NOTRACK | =

:filter:INPUT
@both
-j NOTRACK | refused: Invalid argument

:mangle:PREROUTING
@both
-j NOTRACK | refused: Invalid argument
