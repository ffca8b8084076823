# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:filter:INPUT
@ipv4
-p icmpv6 -m icmp6 --icmpv6-type 1 | refused: Couldn't load match `icmp6':No such file or directory
-p icmpv6 --icmpv6-type 1          | refused: unknown option "--icmpv6-type"
@ipv6
-m icmp6                                           | refused: icmp6: option "--icmpv6-type" must be specified
-p icmpv6                                          | -p ipv6-icmp
-p icmpv6 -m icmp6                                 | refused: icmp6: option "--icmpv6-type" must be specified
-p ipv6-icmp                                       | =
-p ipv6-icmp -m icmp6 --icmpv6-type 1              | =
-p icmpv6 -m icmpv6 --icmpv6-type 1                | -p ipv6-icmp -m icmp6 --icmpv6-type 1
-p icmpv6 --icmpv6-type 128                        | -p ipv6-icmp -m icmp6 --icmpv6-type 128
-p 58 --icmpv6-type 128                            | -p ipv6-icmp -m icmp6 --icmpv6-type 128
-p 58 -m icmp6 --icmpv6-type 128                   | -p ipv6-icmp -m icmp6 --icmpv6-type 128
-p icmpv6 --icmpv6-type any                        | refused: Unknown ICMPv6 type `any'
-p icmpv6 --icmpv6-type destination-unreachable    | -p ipv6-icmp -m icmp6 --icmpv6-type 1
-p icmpv6 --icmpv6-type no-route                   | -p ipv6-icmp -m icmp6 --icmpv6-type 1/0
-p icmpv6 --icmpv6-type communication-prohibited   | -p ipv6-icmp -m icmp6 --icmpv6-type 1/1
-p icmpv6 --icmpv6-type beyond-scope               | -p ipv6-icmp -m icmp6 --icmpv6-type 1/2
-p icmpv6 --icmpv6-type address-unreachable        | -p ipv6-icmp -m icmp6 --icmpv6-type 1/3
-p icmpv6 --icmpv6-type port-unreachable           | -p ipv6-icmp -m icmp6 --icmpv6-type 1/4
-p icmpv6 --icmpv6-type failed-policy              | -p ipv6-icmp -m icmp6 --icmpv6-type 1/5
-p icmpv6 --icmpv6-type reject-route               | -p ipv6-icmp -m icmp6 --icmpv6-type 1/6
-p icmpv6 --icmpv6-type packet-too-big             | -p ipv6-icmp -m icmp6 --icmpv6-type 2
-p icmpv6 --icmpv6-type time-exceeded              | -p ipv6-icmp -m icmp6 --icmpv6-type 3
-p icmpv6 --icmpv6-type ttl-exceeded               | -p ipv6-icmp -m icmp6 --icmpv6-type 3
-p icmpv6 --icmpv6-type ttl-zero-during-transit    | -p ipv6-icmp -m icmp6 --icmpv6-type 3/0
-p icmpv6 --icmpv6-type ttl-zero-during-reassembly | -p ipv6-icmp -m icmp6 --icmpv6-type 3/1
-p icmpv6 --icmpv6-type parameter-problem          | -p ipv6-icmp -m icmp6 --icmpv6-type 4
-p icmpv6 --icmpv6-type bad-header                 | -p ipv6-icmp -m icmp6 --icmpv6-type 4/0
-p icmpv6 --icmpv6-type unknown-header-type        | -p ipv6-icmp -m icmp6 --icmpv6-type 4/1
-p icmpv6 --icmpv6-type unknown-option             | -p ipv6-icmp -m icmp6 --icmpv6-type 4/2
-p icmpv6 --icmpv6-type echo-request               | -p ipv6-icmp -m icmp6 --icmpv6-type 128
-p icmpv6 --icmpv6-type ping                       | -p ipv6-icmp -m icmp6 --icmpv6-type 128
-p icmpv6 --icmpv6-type echo-reply                 | -p ipv6-icmp -m icmp6 --icmpv6-type 129
-p icmpv6 --icmpv6-type pong                       | -p ipv6-icmp -m icmp6 --icmpv6-type 129
-p icmpv6 --icmpv6-type router-solicitation        | -p ipv6-icmp -m icmp6 --icmpv6-type 133
-p icmpv6 --icmpv6-type router-advertisement       | -p ipv6-icmp -m icmp6 --icmpv6-type 134
-p icmpv6 --icmpv6-type neighbour-solicitation     | -p ipv6-icmp -m icmp6 --icmpv6-type 135
-p icmpv6 --icmpv6-type neighbor-solicitation      | -p ipv6-icmp -m icmp6 --icmpv6-type 135
-p icmpv6 --icmpv6-type neighbour-advertisement    | -p ipv6-icmp -m icmp6 --icmpv6-type 136
-p icmpv6 --icmpv6-type neighbor-advertisement     | -p ipv6-icmp -m icmp6 --icmpv6-type 136
-p icmpv6 --icmpv6-type neigh                      | refused: Ambiguous ICMPv6 type `neigh': `neighbour-solicitation' or `neighbor-solicitation'?
-p icmpv6 --icmpv6-type redirect                   | -p ipv6-icmp -m icmp6 --icmpv6-type 137
-p icmpv6 --icmpv6-type echo                       | refused: Ambiguous ICMPv6 type `echo': `echo-request' or `echo-reply'?
-p icmpv6 --icmpv6-type echo-req                   | -p ipv6-icmp -m icmp6 --icmpv6-type 128
-p icmpv6 --icmpv6-type 0                          | -p ipv6-icmp -m icmp6 --icmpv6-type 0
-p icmpv6 --icmpv6-type 1/0                        | -p ipv6-icmp -m icmp6 --icmpv6-type 1/0
-p icmpv6 --icmpv6-type 1/7                        | -p ipv6-icmp -m icmp6 --icmpv6-type 1/7
-p icmpv6 --icmpv6-type 2                          | -p ipv6-icmp -m icmp6 --icmpv6-type 2
-p icmpv6 --icmpv6-type 2/0                        | -p ipv6-icmp -m icmp6 --icmpv6-type 2/0
-p icmpv6 --icmpv6-type 143                        | -p ipv6-icmp -m icmp6 --icmpv6-type 143
-p icmpv6 --icmpv6-type 143/5                      | -p ipv6-icmp -m icmp6 --icmpv6-type 143/5
-p icmpv6 --icmpv6-type 255                        | -p ipv6-icmp -m icmp6 --icmpv6-type 255
-p icmpv6 --icmpv6-type 255/255                    | -p ipv6-icmp -m icmp6 --icmpv6-type 255/255
-p icmpv6 --icmpv6-type 256                        | refused: Unknown ICMPv6 type `256'
-p icmpv6 --icmpv6-type 1/256                      | refused: Unknown ICMPv6 code `1/256'
-p icmpv6 --icmpv6-type ''                         | refused: Ambiguous ICMPv6 type `': `destination-unreachable' or `no-route'?
-p icmpv6 --icmpv6-type bad                        | -p ipv6-icmp -m icmp6 --icmpv6-type 4/0
-p icmpv6 ! --icmpv6-type 1/1                      | -p ipv6-icmp -m icmp6 ! --icmpv6-type 1/1
-p icmpv6 ! --icmpv6-type echo-request             | -p ipv6-icmp -m icmp6 ! --icmpv6-type 128
-p icmpv6 --icmpv6-type 1 --icmpv6-type 2          | refused: icmp6: option "--icmpv6-type" can only be used once.
-p tcp -m icmp6 --icmpv6-type 1                    | refused: Invalid argument
! -p icmpv6 -m icmp6 --icmpv6-type 1               | refused: Invalid argument

# codes from one to another; only the first is saved
:filter:INPUT
@ipv6
-p icmpv6 --icmpv6-type 9/2:6            | -p ipv6-icmp -m icmp6 --icmpv6-type 9/2
-p icmpv6 ! --icmpv6-type 9/6:2          | -p ipv6-icmp -m icmp6 ! --icmpv6-type 9/6
-p icmpv6 --icmpv6-type 9/0:255          | -p ipv6-icmp -m icmp6 --icmpv6-type 9
-p icmpv6 --icmpv6-type 9:9              | -p ipv6-icmp -m icmp6 --icmpv6-type 9
-p icmpv6 --icmpv6-type 9/7:7            | -p ipv6-icmp -m icmp6 --icmpv6-type 9/7
-p icmpv6 --icmpv6-type 9:10/1           | refused: ICMPv6 type range not supported
-p icmpv6 --icmpv6-type 9:               | refused: Unknown ICMPv6 type `9:'
-p icmpv6 --icmpv6-type 9/3:             | refused: Unknown ICMPv6 code `9/3:'
-p icmpv6 --icmpv6-type 9/3:256          | refused: Unknown ICMPv6 code `9/3:256'
-p icmpv6 --icmpv6-type 9.1              | refused: unknown character .
-p icmpv6 --icmpv6-type 9/3,4            | refused: unknown character ,
-p icmpv6 --icmpv6-type 9/1:2:3          | refused: unknown character :
-p icmpv6 --icmpv6-type redirect/0       | refused: Unknown ICMPv6 type `redirect/0'
