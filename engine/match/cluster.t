# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:filter:INPUT
@both
-m cluster                                                               | refused: cluster match: `--cluster-local-node' or`--cluster-local-nodemask' is missing
-m cluster --cluster-total-nodes 2 --cluster-local-node 1 --cluster-hash-seed 0xfeedcafe | -m cluster --cluster-local-nodemask 0x00000001 --cluster-total-nodes 2 --cluster-hash-seed 0xfeedcafe
-m cluster --cluster-total-nodes 2 --cluster-local-node 1 --cluster-hash-seed 4277009102 | -m cluster --cluster-local-nodemask 0x00000001 --cluster-total-nodes 2 --cluster-hash-seed 0xfeedface
-m cluster --cluster-total-nodes 2 --cluster-local-node 2 --cluster-hash-seed 1 | -m cluster --cluster-local-nodemask 0x00000002 --cluster-total-nodes 2 --cluster-hash-seed 0x00000001
-m cluster --cluster-total-nodes 2 --cluster-local-node 3 --cluster-hash-seed 1 | refused: cluster match: `--cluster-local-node' must be <= `--cluster-total-nodes'
-m cluster --cluster-total-nodes 2 --cluster-local-node 0 --cluster-hash-seed 1 | refused: cluster: bad value for option "--cluster-local-node", or out of range (1-32).
-m cluster --cluster-total-nodes 0 --cluster-local-node 1 --cluster-hash-seed 1 | refused: cluster: bad value for option "--cluster-total-nodes", or out of range (1-32).
-m cluster --cluster-total-nodes 32 --cluster-local-node 32 --cluster-hash-seed 1 | -m cluster --cluster-local-nodemask 0x80000000 --cluster-total-nodes 32 --cluster-hash-seed 0x00000001
-m cluster --cluster-total-nodes 33 --cluster-local-node 32 --cluster-hash-seed 1 | refused: cluster: bad value for option "--cluster-total-nodes", or out of range (1-32).
-m cluster --cluster-total-nodes 32 --cluster-local-node 33 --cluster-hash-seed 1 | refused: cluster: bad value for option "--cluster-local-node", or out of range (1-32).
-m cluster --cluster-total-nodes 1 --cluster-local-node 1 --cluster-hash-seed 1 | -m cluster --cluster-local-nodemask 0x00000001 --cluster-total-nodes 1 --cluster-hash-seed 0x00000001
-m cluster --cluster-total-nodes 2 --cluster-local-node 1 --cluster-hash-seed 0 | -m cluster --cluster-local-nodemask 0x00000001 --cluster-total-nodes 2 --cluster-hash-seed 0x00000000
-m cluster --cluster-total-nodes 2 --cluster-local-nodemask 1 --cluster-hash-seed 0xfeedcafe | -m cluster --cluster-local-nodemask 0x00000001 --cluster-total-nodes 2 --cluster-hash-seed 0xfeedcafe
-m cluster --cluster-total-nodes 2 --cluster-local-nodemask 3 --cluster-hash-seed 0xfeedcafe | -m cluster --cluster-local-nodemask 0x00000003 --cluster-total-nodes 2 --cluster-hash-seed 0xfeedcafe
-m cluster --cluster-total-nodes 2 --cluster-local-nodemask 4 --cluster-hash-seed 0xfeedcafe | refused: cluster match: `--cluster-local-nodemask' too big for `--cluster-total-nodes'
-m cluster --cluster-total-nodes 2 --cluster-local-nodemask 0 --cluster-hash-seed 0xfeedcafe | refused: cluster: bad value for option "--cluster-local-nodemask", or out of range (1-32).
-m cluster --cluster-total-nodes 3 --cluster-local-nodemask 5 --cluster-hash-seed 5 | -m cluster --cluster-local-nodemask 0x00000005 --cluster-total-nodes 3 --cluster-hash-seed 0x00000005
-m cluster --cluster-total-nodes 32 --cluster-local-nodemask 0xffffffff --cluster-hash-seed 5 | refused: cluster: bad value for option "--cluster-local-nodemask", or out of range (1-32).
-m cluster --cluster-total-nodes 2 ! --cluster-local-node 1 --cluster-hash-seed 5 | -m cluster ! --cluster-local-nodemask 0x00000001 --cluster-total-nodes 2 --cluster-hash-seed 0x00000005
-m cluster --cluster-total-nodes 2 ! --cluster-local-nodemask 2 --cluster-hash-seed 5 | -m cluster ! --cluster-local-nodemask 0x00000002 --cluster-total-nodes 2 --cluster-hash-seed 0x00000005
-m cluster --cluster-total-nodes 2 --cluster-local-node 1                | refused: cluster: option "--cluster-hash-seed" must be specified
-m cluster --cluster-total-nodes 2 --cluster-hash-seed 1                 | refused: cluster match: `--cluster-local-node' or`--cluster-local-nodemask' is missing
-m cluster --cluster-local-node 1 --cluster-hash-seed 1                  | refused: cluster: option "--cluster-total-nodes" must be specified
-m cluster --cluster-local-nodemask 1 --cluster-hash-seed 1              | refused: cluster: option "--cluster-total-nodes" must be specified
-m cluster --cluster-total-nodes 2 --cluster-local-node 1 --cluster-local-nodemask 1 --cluster-hash-seed 1 | refused: cluster: option "--cluster-local-node" cannot be used together with "--cluster-local-nodemask".
-m cluster --cluster-total-nodes x --cluster-local-node 1 --cluster-hash-seed 1 | refused: cluster: bad value for option "--cluster-total-nodes", or out of range (1-32).
-m cluster --cluster-total-nodes 2 --cluster-total-nodes 2 --cluster-local-node 1 --cluster-hash-seed 1 | refused: cluster: option "--cluster-total-nodes" can only be used once.
-m cluster ! --cluster-total-nodes 2 --cluster-local-node 1 --cluster-hash-seed 1 | refused: cluster: option "--cluster-total-nodes" cannot be inverted.
-m cluster --cluster-hash-seed 1 --cluster-local-node 1 --cluster-total-nodes 2 | -m cluster --cluster-local-nodemask 0x00000001 --cluster-total-nodes 2 --cluster-hash-seed 0x00000001
-m cluster --cluster-total-nodes 2                                       | refused: cluster match: `--cluster-local-node' or`--cluster-local-nodemask' is missing
@ipv4
-m cluster --cluster-total-nodes 4 --cluster-local-nodemask 5 --cluster-hash-seed 0xffffffff | -m cluster --cluster-local-nodemask 0x00000005 --cluster-total-nodes 4 --cluster-hash-seed 0xffffffff
