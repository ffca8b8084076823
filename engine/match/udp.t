# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:filter:INPUT
@both
-m udp                         | refused: Invalid argument
-p udp                         | =
-p udp -m udp                  | =
-p udp --sport 1               | -p udp -m udp --sport 1
-p udp --dport 53              | -p udp -m udp --dport 53
-p udp --source-port 53        | -p udp -m udp --sport 53
-p udp --destination-port 53   | -p udp -m udp --dport 53
-p udp --dport domain          | -p udp -m udp --dport 53
-p udp --dport nosuch          | refused: Port "nosuch" does not resolve to anything.
-p udp --dport ''              | -p udp -m udp --dport 0
-p udp --dport 22,80           | refused: Port "22,80" does not resolve to anything.
-p udp --dport 022             | -p udp -m udp --dport 22
-p udp --dport 0x16            | refused: Port "0x16" does not resolve to anything.
-p udp --dport 65536           | -p udp -m udp --dport 0
-p udp --dport 2147483647      | -p udp -m udp --dport 65535
-p udp --dport 2147483648      | refused: Port "2147483648" does not resolve to anything.
-p udp --dport 4294967297      | -p udp -m udp --dport 1
-p udp --dport 22:             | -p udp -m udp --dport 22:65535
-p udp --dport :22             | -p udp -m udp --dport 0:22
-p udp --dport :               | -p udp -m udp
-p udp ! --dport 0:65535       | -p udp -m udp ; nft: -p udp
-p udp --dport 22:23           | -p udp -m udp --dport 22:23
-p udp --dport 23:22           | -p udp -m udp --dport 23:22
-p udp --dport 1:2:3           | refused: udp: Too many components for option "--destination-port" (max: 2)
-p udp ! --dport 22            | -p udp -m udp ! --dport 22
-p udp ! --sport 22:23         | -p udp -m udp ! --sport 22:23
-p udp --sport 1:2 --dport 3:4 | -p udp -m udp --sport 1:2 --dport 3:4
-p udp --dport 1 --dport 2     | refused: udp: option "--destination-port" can only be used once.
-p udp --sport 1 --sport 2     | refused: udp: option "--source-port" can only be used once.
-p udp --dport 3:4 ! --sport : | -p udp -m udp --dport 3:4
-p udplite -m udp --dport 5    | refused: Invalid argument
-p udplite --dport 5           | refused: unknown option "--dport"
-p 136 -m udplite --dport 5    | refused: Couldn't load match `udplite':No such file or directory
-p tcp -m udp --dport 22       | refused: Invalid argument
! -p udp -m udp --dport 22     | refused: Invalid argument ; nft: =
-p 17 -m udp --dport 22        | -p udp -m udp --dport 22
-p udp --dport ntp             | -p udp -m udp --dport 123
-p udp --dport 123:domain      | -p udp -m udp --dport 123:53
-p udp --syn                   | refused: unknown option "--syn"
