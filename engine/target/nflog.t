# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:filter:INPUT
@both
-j NFLOG                                                                 | =
-j NFLOG --nflog-group 1                                                 | =
-j NFLOG --nflog-group 0                                                 | -j NFLOG
-j NFLOG --nflog-group 65535                                             | =
-j NFLOG --nflog-group 65536                                             | refused: NFLOG: bad value for option "--nflog-group", or out of range (0-65535).
-j NFLOG --nflog-group -1                                                | refused: NFLOG: bad value for option "--nflog-group", or out of range (0-65535).
-j NFLOG --nflog-group x                                                 | refused: NFLOG: bad value for option "--nflog-group", or out of range (0-65535).
-j NFLOG --nflog-range 1                                                 | = ; nft: -j NFLOG
-j NFLOG --nflog-range 0                                                 | -j NFLOG
-j NFLOG --nflog-range 4294967295                                        | = ; nft: -j NFLOG
-j NFLOG --nflog-range 4294967296                                        | refused: NFLOG: bad value for option "--nflog-range", or out of range (0-4294967295).
-j NFLOG --nflog-range -1                                                | refused: NFLOG: bad value for option "--nflog-range", or out of range (0-4294967295).
-j NFLOG --nflog-size 0                                                  | =
-j NFLOG --nflog-size 1                                                  | =
-j NFLOG --nflog-size 4294967295                                         | =
-j NFLOG --nflog-size 4294967296                                         | refused: NFLOG: bad value for option "--nflog-size", or out of range (0-4294967295).
-j NFLOG --nflog-size -1                                                 | refused: NFLOG: bad value for option "--nflog-size", or out of range (0-4294967295).
-j NFLOG --nflog-size 1 --nflog-range 2                                  | refused: NFLOG: option "--nflog-range" cannot be used together with "--nflog-size".
-j NFLOG --nflog-prefix xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx | =
-j NFLOG --nflog-prefix xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx | -j NFLOG --nflog-prefix xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx ; nft: =
-j NFLOG --nflog-prefix xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx | -j NFLOG --nflog-prefix xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx ; nft: =
-j NFLOG --nflog-prefix ''                                               | refused: Argument must have a minimum length of 1 characters
-j NFLOG --nflog-prefix "a b"                                            | =
-j NFLOG --nflog-prefix 'a"b'                                            | -j NFLOG --nflog-prefix "a\"b"
-j NFLOG --nflog-threshold 1                                             | =
-j NFLOG --nflog-threshold 0                                             | -j NFLOG
-j NFLOG --nflog-threshold 20                                            | =
-j NFLOG --nflog-threshold 65535                                         | =
-j NFLOG --nflog-threshold 65536                                         | refused: NFLOG: bad value for option "--nflog-threshold", or out of range (0-65535).
-j NFLOG --nflog-threshold 4294967296                                    | refused: NFLOG: bad value for option "--nflog-threshold", or out of range (0-65535).
-j NFLOG --nflog-prefix "x " --nflog-group 3 --nflog-range 5 --nflog-threshold 7 | = ; nft: -j NFLOG --nflog-prefix "x " --nflog-group 3 --nflog-threshold 7
-j NFLOG --nflog-prefix "x " --nflog-group 3 --nflog-size 5 --nflog-threshold 7 | =
-j NFLOG --nflog-group 3 --nflog-group 4                                 | refused: NFLOG: option "--nflog-group" can only be used once.
-j NFLOG --nflog-prefix a --nflog-prefix b                               | refused: NFLOG: option "--nflog-prefix" can only be used once.
