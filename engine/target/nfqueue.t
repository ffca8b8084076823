# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:filter:INPUT
@both
-j NFQUEUE                                                       | -j NFQUEUE --queue-num 0
-j NFQUEUE --queue-num 0                                         | =
-j NFQUEUE --queue-num 1                                         | =
-j NFQUEUE --queue-num 65535                                     | =
-j NFQUEUE --queue-num 65536                                     | refused: NFQUEUE: bad value for option "--queue-num", or out of range (0-65535).
-j NFQUEUE --queue-num -1                                        | refused: NFQUEUE: bad value for option "--queue-num", or out of range (0-65535).
-j NFQUEUE --queue-num 0x10                                      | -j NFQUEUE --queue-num 16
-j NFQUEUE --queue-num x                                         | refused: NFQUEUE: bad value for option "--queue-num", or out of range (0-65535).
-j NFQUEUE --queue-balance 0:65535                               | refused: Invalid argument
-j NFQUEUE --queue-balance 0:65536                               | refused: NFQUEUE: bad value for option "--queue-balance" near "65536", or out of range (0-65535).
-j NFQUEUE --queue-balance -1:65535                              | refused: NFQUEUE: bad value for option "--queue-balance" near "-1:65535", or out of range (0-65535).
-j NFQUEUE --queue-balance 4                                     | refused: Bad range "4"
-j NFQUEUE --queue-balance 4:4                                   | refused: 4 should be less than 4
-j NFQUEUE --queue-balance 0:0                                   | refused: 0 should be less than 0
-j NFQUEUE --queue-balance 4:3                                   | refused: 4 should be less than 3
-j NFQUEUE --queue-balance 4:                                    | -j NFQUEUE --queue-balance 4:65535
-j NFQUEUE --queue-balance :4                                    | -j NFQUEUE --queue-balance 0:4
-j NFQUEUE --queue-balance 4:x                                   | refused: NFQUEUE: bad value for option "--queue-balance" near "x", or out of range (0-65535).
-j NFQUEUE --queue-num 10 --queue-bypass                         | =
-j NFQUEUE --queue-bypass                                        | -j NFQUEUE --queue-num 0 --queue-bypass
-j NFQUEUE --queue-balance 0:6 --queue-bypass                    | =
-j NFQUEUE --queue-balance 0:6 --queue-cpu-fanout                | =
-j NFQUEUE --queue-balance 0:6 --queue-cpu-fanout --queue-bypass | -j NFQUEUE --queue-balance 0:6 --queue-bypass --queue-cpu-fanout
-j NFQUEUE --queue-cpu-fanout                                    | refused: NFQUEUE: option "--queue-cpu-fanout" also requires "--queue-balance".
-j NFQUEUE --queue-num 1 --queue-cpu-fanout                      | refused: NFQUEUE: option "--queue-cpu-fanout" also requires "--queue-balance".
-j NFQUEUE --queue-num 1 --queue-balance 0:6                     | refused: NFQUEUE: option "--queue-num" cannot be used together with "--queue-balance".
-j NFQUEUE --queue-balance 0:6 --queue-num 1                     | refused: NFQUEUE: option "--queue-num" cannot be used together with "--queue-balance".
-j NFQUEUE --queue-bypass --queue-bypass                         | refused: NFQUEUE: option "--queue-bypass" can only be used once.
-j NFQUEUE --queue-num 10 --queue-num 12                         | refused: NFQUEUE: option "--queue-num" can only be used once.
@ipv4
-j NFQUEUE --queue-balance 4 --queue-balance 5 | refused: Bad range "4"
