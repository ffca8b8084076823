# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:mangle:FORWARD
@both
-j TOS                                | refused: TOS: An action is required
-j TOS --set-tos 0x1f                 | -j TOS --set-tos 0x1f/0xff
-j TOS --set-tos 0x1f/0x1f            | =
-j TOS --set-tos 31                   | -j TOS --set-tos 0x1f/0xff
-j TOS --set-tos 0x10/0x3f            | =
-j TOS --set-tos 255                  | -j TOS --set-tos 0xff/0xff
-j TOS --set-tos 256                  | refused: Symbolic name "256" is unknown
-j TOS --set-tos -1                   | refused: Symbolic name "-1" is unknown
-j TOS --set-tos 1/256                | refused: Illegal value: "1/256"
-j TOS --set-tos 1/                   | refused: Illegal value: "1/"
-j TOS --set-tos x                    | refused: Symbolic name "x" is unknown
-j TOS --set-tos Minimize-Delay       | -j TOS --set-tos 0x10/0x3f
-j TOS --set-tos Maximize-Throughput  | -j TOS --set-tos 0x08/0x3f
-j TOS --set-tos Maximize-Reliability | -j TOS --set-tos 0x04/0x3f
-j TOS --set-tos Minimize-Cost        | -j TOS --set-tos 0x02/0x3f
-j TOS --set-tos Normal-Service       | -j TOS --set-tos 0x00/0x3f
-j TOS --set-tos minimize-delay       | -j TOS --set-tos 0x10/0x3f
-j TOS --set-tos Minimize             | refused: Symbolic name "Minimize" is unknown
-j TOS --set-tos Minimize-Delay/0xff  | refused: Symbolic name "Minimize-Delay/0xff" is unknown
-j TOS --set-tos 0x10                 | -j TOS --set-tos 0x10/0xff
-j TOS --set-tos 0x08                 | -j TOS --set-tos 0x08/0xff
-j TOS --set-tos 0x02                 | -j TOS --set-tos 0x02/0xff
-j TOS --set-tos 0x10/0xff            | =
-j TOS --and-tos 0x3f                 | -j TOS --set-tos 0x00/0xc0
-j TOS --or-tos 0x3f                  | -j TOS --set-tos 0x3f/0x3f
-j TOS --xor-tos 0x3f                 | -j TOS --set-tos 0x3f/0x00
-j TOS --xor-tos 0                    | -j TOS --set-tos 0x00/0x00
-j TOS --and-tos 256                  | refused: TOS: bad value for option "--and-tos", or out of range (0-255).
-j TOS --or-tos x                     | refused: TOS: bad value for option "--or-tos", or out of range (0-255).
-j TOS --set-tos 1 --or-tos 1         | refused: TOS: option "--set-tos" cannot be used together with "--or-tos".
-j TOS --set-tos 1 --set-tos 1        | refused: TOS: option "--set-tos" can only be used once.
-j TOS --set-xtos 1                   | refused: unknown option "--set-xtos"
@ipv4
-j TOS --set-tos 0x1f/0x0f | =
-j TOS --set-tos 0x00/0xff | =
-j TOS --and-tos 0         | -j TOS --set-tos 0x00/0xff
-j TOS --set-tos 0x02/0x3f | =
-j TOS --set-tos 0x01/0x3f | =

:filter:FORWARD
@both
-j TOS --set-tos 1 | refused: Invalid argument
