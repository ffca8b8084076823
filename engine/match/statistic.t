# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:filter:INPUT
@both
-m statistic                                                             | refused: --probability must be specified when using random mode
-m statistic --mode random                                               | refused: --probability must be specified when using random mode
-m statistic --mode random --probability 0.5                             | -m statistic --mode random --probability 0.50000000000
-m statistic --mode random ! --probability 0.5                           | -m statistic --mode random ! --probability 0.50000000000
-m statistic --mode random --probability 0                               | -m statistic --mode random --probability 0.00000000000
-m statistic --mode random --probability 1                               | -m statistic --mode random --probability 1.00000000000
-m statistic --mode random --probability 1.0                             | -m statistic --mode random --probability 1.00000000000
-m statistic --mode random --probability 1.1                             | refused: statistic: bad value for option "--probability", or out of range (0-1).
-m statistic --mode random --probability -0.1                            | refused: statistic: bad value for option "--probability", or out of range (0-1).
-m statistic --mode random --probability 0.0                             | -m statistic --mode random --probability 0.00000000000
-m statistic --mode random --probability 0.1                             | -m statistic --mode random --probability 0.10000000009
-m statistic --mode random --probability 0.123456789012345               | -m statistic --mode random --probability 0.12345678918
-m statistic --mode random --probability 0.333                           | -m statistic --mode random --probability 0.33300000010
-m statistic --mode random --probability 0.0000000001                    | -m statistic --mode random --probability 0.00000000000
-m statistic --mode random --probability 0.9999999999                    | -m statistic --mode random --probability 1.00000000000
-m statistic --mode random --probability 1e-3                            | -m statistic --mode random --probability 0.00100000016
-m statistic --mode random --probability 0x0.8                           | -m statistic --mode random --probability 0.50000000000
-m statistic --mode random --probability .5                              | -m statistic --mode random --probability 0.50000000000
-m statistic --mode random --probability x                               | refused: statistic: bad value for option "--probability", or out of range (0-1).
-m statistic --mode random --probability ''                              | refused: statistic: bad value for option "--probability", or out of range (0-1).
-m statistic --mode random --probability 0.5x                            | refused: statistic: bad value for option "--probability", or out of range (0-1).
-m statistic --mode random --probability nan                             | -m statistic --mode random --probability 0.00000000000
-m statistic --mode random --probability 0.5 --every 3                   | refused: statistic: option "--probability" cannot be used together with "--every".
-m statistic --mode nth                                                  | refused: --every and --packet must be specified when using nth mode
-m statistic --mode nth --every 3                                        | refused: statistic: option "--every" also requires "--packet".
-m statistic --mode nth --every 3 --packet 0                             | =
-m statistic --mode nth --every 3 --packet 2                             | =
-m statistic --mode nth --every 3 --packet 3                             | refused: the --packet p must be 0 <= p <= n-1
-m statistic --mode nth ! --every 3 --packet 0                           | =
-m statistic --mode nth --every 0 --packet 0                             | refused: statistic: bad value for option "--every", or out of range (1-4294967295).
-m statistic --mode nth --every 1 --packet 0                             | =
-m statistic --mode nth --every 4294967295 --packet 0                    | =
-m statistic --mode nth --every 4294967296 --packet 0                    | refused: statistic: bad value for option "--every", or out of range (1-4294967295).
-m statistic --mode nth --every 5 --packet -1                            | refused: statistic: bad value for option "--packet", or out of range (0-4294967295).
-m statistic --mode nth --packet 0                                       | refused: statistic: option "--packet" also requires "--every".
-m statistic --mode nth --probability 0.5                                | refused: --every and --packet must be specified when using nth mode
-m statistic --mode nth --every 2 --packet 1 --probability 0.5           | refused: statistic: option "--probability" cannot be used together with "--every".
-m statistic --mode random --packet 2 --probability 0.5                  | refused: statistic: option "--probability" cannot be used together with "--packet".
-m statistic --mode wrong                                                | refused: Bad mode "wrong"
-m statistic --mode RANDOM --probability 0.5                             | refused: Bad mode "RANDOM"
-m statistic --probability 0.5                                           | refused: statistic: option "--mode" must be specified
-m statistic --every 3                                                   | refused: --probability must be specified when using random mode
-m statistic --every 3 --packet 0                                        | refused: --probability must be specified when using random mode
-m statistic --mode nth --every 3 --every 4 --packet 0                   | refused: statistic: option "--every" can only be used once.
-m statistic --mode nth --mode random                                    | refused: statistic: option "--mode" can only be used once.
-m statistic ! --mode random --probability 0.2                           | refused: statistic: option "--mode" cannot be inverted.
-m statistic --mode nth --every 10 --packet 9 -m statistic --mode random --probability 0.25 | -m statistic --mode nth --every 10 --packet 9 -m statistic --mode random --probability 0.25000000000
-m statistic --mode nth --every 3 --packet 0 --probability 1             | refused: statistic: option "--probability" cannot be used together with "--every".

:filter:INPUT
@both
-m statistic --mode nth --packet 127                       | refused: the --packet p must be 0 <= p <= n-1
-m statistic --mode nth --packet 0                         | refused: statistic: option "--packet" also requires "--every".
