# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:filter:INPUT
@ipv4
-j CLUSTERIP                                                             | refused: No chain/target/match by that name
-d 10.31.3.236/32 -i lo -j CLUSTERIP --new --hashmode sourceip --clustermac 01:AA:7B:47:F7:D7 --total-nodes 2 --local-node 0 --hash-init 1 | refused: No chain/target/match by that name
@ipv6
-j CLUSTERIP                                                             | refused: Couldn't load target `CLUSTERIP':No such file or directory ; nft: refused: Chain 'CLUSTERIP' does not exist
-d 10.31.3.236/32 -i lo -j CLUSTERIP --new --hashmode sourceip --clustermac 01:AA:7B:47:F7:D7 --total-nodes 2 --local-node 0 --hash-init 1 | refused: Cannot use -N with -A ; legacy: refused: chain name not allowed to start with `-'
