# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:filter:INPUT
@both
-m dscp                           | refused: DSCP match: Parameter --dscp is required
-m dscp --dscp 0                  | -m dscp --dscp 0x00
-m dscp --dscp 0x3f               | =
-m dscp --dscp 63                 | -m dscp --dscp 0x3f
-m dscp --dscp 64                 | refused: dscp: bad value for option "--dscp", or out of range (0-63).
-m dscp --dscp -1                 | refused: dscp: bad value for option "--dscp", or out of range (0-63).
-m dscp --dscp 0x40               | refused: dscp: bad value for option "--dscp", or out of range (0-63).
-m dscp --dscp x                  | refused: dscp: bad value for option "--dscp", or out of range (0-63).
-m dscp --dscp ''                 | refused: dscp: bad value for option "--dscp", or out of range (0-63).
-m dscp --dscp 010                | -m dscp --dscp 0x08
-m dscp ! --dscp 0x0              | -m dscp ! --dscp 0x00
-m dscp --dscp-class be           | -m dscp --dscp 0x00
-m dscp --dscp-class BE           | -m dscp --dscp 0x00
-m dscp --dscp-class EF           | -m dscp --dscp 0x2e
-m dscp --dscp-class CS0          | -m dscp --dscp 0x00
-m dscp --dscp-class cs1          | -m dscp --dscp 0x08
-m dscp --dscp-class CS2          | -m dscp --dscp 0x10
-m dscp --dscp-class CS3          | -m dscp --dscp 0x18
-m dscp --dscp-class CS4          | -m dscp --dscp 0x20
-m dscp --dscp-class CS5          | -m dscp --dscp 0x28
-m dscp --dscp-class CS6          | -m dscp --dscp 0x30
-m dscp --dscp-class CS7          | -m dscp --dscp 0x38
-m dscp --dscp-class AF11         | -m dscp --dscp 0x0a
-m dscp --dscp-class AF12         | -m dscp --dscp 0x0c
-m dscp --dscp-class AF13         | -m dscp --dscp 0x0e
-m dscp --dscp-class AF21         | -m dscp --dscp 0x12
-m dscp --dscp-class AF22         | -m dscp --dscp 0x14
-m dscp --dscp-class AF23         | -m dscp --dscp 0x16
-m dscp --dscp-class AF31         | -m dscp --dscp 0x1a
-m dscp --dscp-class AF32         | -m dscp --dscp 0x1c
-m dscp --dscp-class AF33         | -m dscp --dscp 0x1e
-m dscp --dscp-class AF41         | -m dscp --dscp 0x22
-m dscp --dscp-class AF42         | -m dscp --dscp 0x24
-m dscp --dscp-class AF43         | -m dscp --dscp 0x26
-m dscp --dscp-class AF44         | refused: Invalid DSCP value `AF44'
-m dscp --dscp-class CS8          | refused: Invalid DSCP value `CS8'
-m dscp --dscp-class ''           | refused: Invalid DSCP value `'
-m dscp --dscp-class wrong        | refused: Invalid DSCP value `wrong'
-m dscp ! --dscp-class cs1        | -m dscp ! --dscp 0x08
-m dscp --dscp 1 --dscp-class cs1 | refused: dscp: option "--dscp" cannot be used together with "--dscp-class".
-m dscp --dscp 1 --dscp 2         | refused: dscp: option "--dscp" can only be used once.
-m dscp --dscp-class VA           | refused: Invalid DSCP value `VA'
-m dscp --dscp-class LE           | refused: Invalid DSCP value `LE'
-m dscp --dscp 1/2                | refused: dscp: bad value for option "--dscp", or out of range (0-63).
@ipv4
-m dscp --dscp-class CS1 --dscp-class CS2 | refused: dscp: option "--dscp-class" can only be used once.

# a name may go on: only its beginning is looked at
:filter:INPUT
@both
-m dscp --dscp-class cs1x  | -m dscp --dscp 0x08
-m dscp --dscp-class AF420 | -m dscp --dscp 0x24
-m dscp --dscp-class CS8   | refused: Invalid DSCP value `CS8'
-m dscp --dscp-class af4   | refused: Invalid DSCP value `af4'
