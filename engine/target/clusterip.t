# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:filter:INPUT
@ipv4
-j CLUSTERIP                                                             | refused: No chain/target/match by that name
-d 10.31.3.236/32 -i lo -j CLUSTERIP --new --hashmode sourceip --clustermac 01:AA:7B:47:F7:D7 --total-nodes 2 --local-node 0 --hash-init 1 | refused: No chain/target/match by that name
-j CLUSTERIP --hashmode nope                                             | refused: Unknown hashmode "nope"
-j CLUSTERIP --hashmode SOURCEIP                                         | refused: Unknown hashmode "SOURCEIP"
-j CLUSTERIP --clustermac 02:00:00:00:00:01                              | refused: MAC has to be a multicast ethernet address
-j CLUSTERIP --clustermac 01:00:00:00:01                                 | refused: Invalid MAC address specified.
-j CLUSTERIP --total-nodes 17                                            | refused: CLUSTERIP: bad value for option "--total-nodes", or out of range (0-16).
-j CLUSTERIP --hash-init 5                                               | refused: CLUSTERIP target: Invalid parameter combination
-j CLUSTERIP --new --hashmode sourceip --total-nodes 2 --local-node 1    | refused: CLUSTERIP target: Invalid parameter combination
@ipv6
-j CLUSTERIP                                                             | refused: Couldn't load target `CLUSTERIP':No such file or directory ; nft: refused: Chain 'CLUSTERIP' does not exist
-d 10.31.3.236/32 -i lo -j CLUSTERIP --new --hashmode sourceip --clustermac 01:AA:7B:47:F7:D7 --total-nodes 2 --local-node 0 --hash-init 1 | refused: chain name not allowed to start with `-'
