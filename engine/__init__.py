"""nflab's own netfilter: tables, chains, rules, conntrack, NAT and helpers in the standard library alone.

Inside, a module may import only what stands left of it:

    core.packet < match, target < core.walk < conntrack < nat < helpers < core.engine < driver

`language` (text <-> ruleset) sits beside `conntrack`: it knows matches and targets, nothing of connections.
Only `driver` may touch sockets, clocks, threads and randomness.
"""
