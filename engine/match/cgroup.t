# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:filter:INPUT
@both
-m cgroup                     | refused: accepted by iptables, not implemented here: match 'cgroup': a packet handed to the engine does not tell the control group of its socket. ; legacy: refused: Invalid argument
-m cgroup --cgroup 1          | refused: accepted by iptables, not implemented here: match 'cgroup': a packet handed to the engine does not tell the control group of its socket. ; legacy: =
-m cgroup ! --cgroup 1        | refused: accepted by iptables, not implemented here: match 'cgroup': a packet handed to the engine does not tell the control group of its socket. ; legacy: =
-m cgroup --cgroup 0          | refused: accepted by iptables, not implemented here: match 'cgroup': a packet handed to the engine does not tell the control group of its socket. ; legacy: =
-m cgroup --cgroup 4294967295 | refused: accepted by iptables, not implemented here: match 'cgroup': a packet handed to the engine does not tell the control group of its socket. ; legacy: =
-m cgroup --cgroup 4294967296 | refused: cgroup: bad value for option "--cgroup", or out of range (0-4294967295).
-m cgroup --cgroup x          | refused: cgroup: bad value for option "--cgroup", or out of range (0-4294967295).
-m cgroup --cgroup -1         | refused: cgroup: bad value for option "--cgroup", or out of range (0-4294967295).
-m cgroup --path a            | refused: accepted by iptables, not implemented here: match 'cgroup': a packet handed to the engine does not tell the control group of its socket. ; legacy: refused: Invalid argument
-m cgroup ! --path a          | refused: accepted by iptables, not implemented here: match 'cgroup': a packet handed to the engine does not tell the control group of its socket. ; legacy: refused: Invalid argument
-m cgroup --path ''           | refused: accepted by iptables, not implemented here: match 'cgroup': a packet handed to the engine does not tell the control group of its socket. ; legacy: -m cgroup --path ""
-m cgroup --path /            | refused: accepted by iptables, not implemented here: match 'cgroup': a packet handed to the engine does not tell the control group of its socket. ; legacy: -m cgroup --path "/"
-m cgroup --path / --cgroup 1 | refused: accepted by iptables, not implemented here: match 'cgroup': a packet handed to the engine does not tell the control group of its socket. ; legacy: refused: Invalid argument
-m cgroup --path "a b"        | refused: accepted by iptables, not implemented here: match 'cgroup': a packet handed to the engine does not tell the control group of its socket. ; legacy: refused: Invalid argument
-m cgroup --path system.slice | refused: accepted by iptables, not implemented here: match 'cgroup': a packet handed to the engine does not tell the control group of its socket. ; legacy: refused: Invalid argument
@ipv4
-m cgroup --cgroup 0x10 | refused: accepted by iptables, not implemented here: match 'cgroup': a packet handed to the engine does not tell the control group of its socket. ; legacy: -m cgroup --cgroup 16

:filter:OUTPUT
@both
-m cgroup --cgroup 1 | refused: accepted by iptables, not implemented here: match 'cgroup': a packet handed to the engine does not tell the control group of its socket. ; legacy: =

:filter:FORWARD
@both
-m cgroup --cgroup 1 | refused: accepted by iptables, not implemented here: match 'cgroup': a packet handed to the engine does not tell the control group of its socket. ; legacy: refused: Invalid argument

:filter:FORWARD
@both
-m cgroup ! --cgroup 1 | refused: accepted by iptables, not implemented here: match 'cgroup': a packet handed to the engine does not tell the control group of its socket. ; legacy: refused: Invalid argument
