# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:mangle:FORWARD
@both
-j DSCP                                   | refused: DSCP target: Parameter --set-dscp is required
-j DSCP --set-dscp 0                      | -j DSCP --set-dscp 0x00
-j DSCP --set-dscp 0x3f                   | =
-j DSCP --set-dscp 63                     | -j DSCP --set-dscp 0x3f
-j DSCP --set-dscp 64                     | refused: DSCP: bad value for option "--set-dscp", or out of range (0-63).
-j DSCP --set-dscp -1                     | refused: DSCP: bad value for option "--set-dscp", or out of range (0-63).
-j DSCP --set-dscp x                      | refused: DSCP: bad value for option "--set-dscp", or out of range (0-63).
-j DSCP --set-dscp 010                    | -j DSCP --set-dscp 0x08
-j DSCP --set-dscp-class BE               | -j DSCP --set-dscp 0x00
-j DSCP --set-dscp-class EF               | -j DSCP --set-dscp 0x2e
-j DSCP --set-dscp-class ef               | -j DSCP --set-dscp 0x2e
-j DSCP --set-dscp-class AF11             | -j DSCP --set-dscp 0x0a
-j DSCP --set-dscp-class AF12             | -j DSCP --set-dscp 0x0c
-j DSCP --set-dscp-class AF13             | -j DSCP --set-dscp 0x0e
-j DSCP --set-dscp-class AF21             | -j DSCP --set-dscp 0x12
-j DSCP --set-dscp-class AF22             | -j DSCP --set-dscp 0x14
-j DSCP --set-dscp-class AF23             | -j DSCP --set-dscp 0x16
-j DSCP --set-dscp-class AF31             | -j DSCP --set-dscp 0x1a
-j DSCP --set-dscp-class AF32             | -j DSCP --set-dscp 0x1c
-j DSCP --set-dscp-class AF33             | -j DSCP --set-dscp 0x1e
-j DSCP --set-dscp-class AF41             | -j DSCP --set-dscp 0x22
-j DSCP --set-dscp-class AF42             | -j DSCP --set-dscp 0x24
-j DSCP --set-dscp-class AF43             | -j DSCP --set-dscp 0x26
-j DSCP --set-dscp-class CS0              | -j DSCP --set-dscp 0x00
-j DSCP --set-dscp-class CS1              | -j DSCP --set-dscp 0x08
-j DSCP --set-dscp-class CS2              | -j DSCP --set-dscp 0x10
-j DSCP --set-dscp-class CS3              | -j DSCP --set-dscp 0x18
-j DSCP --set-dscp-class CS4              | -j DSCP --set-dscp 0x20
-j DSCP --set-dscp-class CS5              | -j DSCP --set-dscp 0x28
-j DSCP --set-dscp-class CS6              | -j DSCP --set-dscp 0x30
-j DSCP --set-dscp-class CS7              | -j DSCP --set-dscp 0x38
-j DSCP --set-dscp-class CS8              | refused: Invalid DSCP value `CS8'
-j DSCP --set-dscp-class AF44             | refused: Invalid DSCP value `AF44'
-j DSCP --set-dscp 1 --set-dscp-class CS1 | refused: DSCP: option "--set-dscp" cannot be used together with "--set-dscp-class".
-j DSCP --set-dscp 1 --set-dscp 2         | refused: DSCP: option "--set-dscp" can only be used once.
-j DSCP --set-dscp-class VA               | refused: Invalid DSCP value `VA'
-j DSCP --set-dscp-class LE               | refused: Invalid DSCP value `LE'
@ipv4
-j DSCP --set-dscp-class x --set-dscp 1 | refused: Invalid DSCP value `x'

:filter:FORWARD
@both
-j DSCP --set-dscp 1 | refused: Invalid argument

# a name may go on: only its beginning is looked at
:mangle:FORWARD
@both
-j DSCP --set-dscp-class CS0, | -j DSCP --set-dscp 0x00
