# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:filter:INPUT
@both
-j QUEUE | = ; nft: refused: No chain/target/match by that name
