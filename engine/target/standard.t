# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:filter:INPUT
@both
-j standard       | refused: No chain/target/match by that name ; nft: refused: Invalid argument
-j standard --foo | refused: unknown option "--foo"
-g standard       | refused: goto 'standard' is not a chain ; nft: refused: Chain 'standard' does not exist
