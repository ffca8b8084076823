# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:filter:INPUT
@both
-m tos                            | refused: tos: option "--tos" must be specified
-m tos --tos Minimize-Delay       | -m tos --tos 0x10/0x3f
-m tos --tos minimize-delay       | -m tos --tos 0x10/0x3f
-m tos --tos Maximize-Throughput  | -m tos --tos 0x08/0x3f
-m tos --tos Maximize-Reliability | -m tos --tos 0x04/0x3f
-m tos --tos Minimize-Cost        | -m tos --tos 0x02/0x3f
-m tos --tos Normal-Service       | -m tos --tos 0x00/0x3f
-m tos --tos 0xff                 | -m tos --tos 0xff/0xff
-m tos --tos 0                    | -m tos --tos 0x00/0xff
-m tos --tos 16                   | -m tos --tos 0x10/0xff
-m tos --tos 0x10                 | -m tos --tos 0x10/0xff
-m tos --tos 0x10/0x3f            | =
-m tos --tos 0x10/0xff            | =
-m tos --tos 5                    | -m tos --tos 0x05/0xff
-m tos --tos 255/0                | -m tos --tos 0xff/0x00
-m tos --tos 256                  | refused: Symbolic name "256" is unknown
-m tos --tos 1/256                | refused: Illegal value: "1/256"
-m tos --tos -1                   | refused: Symbolic name "-1" is unknown
-m tos --tos x                    | refused: Symbolic name "x" is unknown
-m tos --tos ''                   | refused: Symbolic name "" is unknown
-m tos --tos Minimize             | refused: Symbolic name "Minimize" is unknown
-m tos --tos Min                  | refused: Symbolic name "Min" is unknown
-m tos --tos Minimize-Delay/0x3f  | refused: Symbolic name "Minimize-Delay/0x3f" is unknown
-m tos ! --tos Minimize-Delay     | -m tos ! --tos 0x10/0x3f
-m tos ! --tos 0xff               | -m tos ! --tos 0xff/0xff
-m tos ! --tos 0x4/0x3f           | -m tos ! --tos 0x04/0x3f
-m tos --tos 1 --tos 2            | refused: tos: option "--tos" can only be used once.
-m tos --tos 0x1e                 | -m tos --tos 0x1e/0xff
-m tos --tos 0x3f/0x3f            | =
