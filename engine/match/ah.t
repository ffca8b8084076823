# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:filter:INPUT
@both
-p ah --ahspi 1 | -p ah -m ah --ahspi 1
@ipv4
-m ah                              | refused: Invalid argument
-m ah --ahspi 0                    | refused: Invalid argument
-p ah -m ah                        | =
-p ah -m ah --ahspi 0              | =
-p ah -m ah --ahspi 0:4294967295   | -p ah -m ah
-p ah -m ah --ahspi 4294967295     | =
-p ah -m ah --ahspi 4294967296     | refused: ah: bad value for option "--ahspi" near "4294967296", or out of range (0-4294967295).
-p ah -m ah --ahspi 0:3            | =
-p ah -m ah --ahspi 5:3            | =
-p ah -m ah --ahspi 3:3            | -p ah -m ah --ahspi 3
-p ah -m ah --ahspi :3             | -p ah -m ah --ahspi 0:3
-p ah -m ah --ahspi 3:             | -p ah -m ah --ahspi 3:4294967295
-p ah -m ah --ahspi :              | -p ah -m ah
-p ah -m ah ! --ahspi 3            | =
-p ah -m ah ! --ahspi 0:4294967295 | -p ah -m ah
-p ah -m ah ! --ahspi 3:5          | =
-p ah -m ah --ahspi x              | refused: ah: bad value for option "--ahspi" near "x", or out of range (0-4294967295).
-p ah -m ah --ahspi 0x10:0x20      | -p ah -m ah --ahspi 16:32
-p ah -m ah --ahspi 1 --ahspi 2    | refused: ah: option "--ahspi" can only be used once.
-p 51 --ahspi 1                    | -p ah -m ah --ahspi 1
-p ah -m ah --ahres                | refused: unknown option "--ahres"
-p ah -m ah --ahlen 12             | refused: unknown option "--ahlen"
-p tcp -m ah --ahspi 1             | refused: Invalid argument
-p all -m ah --ahspi 1             | refused: Invalid argument
! -p ah -m ah --ahspi 1            | refused: Invalid argument
@ipv6
-m ah                                  | =
-m ah --ahspi 0                        | =
-p tcp -m ah --ahspi 1                 | =
-m ah --ahspi 0:4294967295             | -m ah
-m ah ! --ahspi 0:4294967295           | -m ah
-m ah --ahspi 0 --ahres                | =
-m ah --ahspi 0 --ahlen 32             | =
-m ah --ahspi 0 ! --ahlen 32           | =
-m ah --ahspi 0:4 ! --ahlen 32 --ahres | =
-m ah ! --ahspi 0:4 --ahlen 0          | -m ah ! --ahspi 0:4
-m ah --ahres                          | =
-m ah --ahres --ahres                  | refused: ah: option "--ahres" can only be used once.
-m ah ! --ahres                        | refused: ah: option "--ahres" cannot be inverted.
-m ah --ahlen 32                       | =
-m ah --ahlen 4294967296               | refused: ah: bad value for option "--ahlen", or out of range (0-4294967295).
-m ah --ahlen x                        | refused: ah: bad value for option "--ahlen", or out of range (0-4294967295).
-m ah --ahspi 5:3                      | =
-m ah --ahspi 4294967296               | refused: ah: bad value for option "--ahspi" near "4294967296", or out of range (0-4294967295).
-m ah --ahspi 1 --ahspi 2              | refused: ah: option "--ahspi" can only be used once.
-m ah --ahlen 1 --ahlen 2              | refused: ah: option "--ahlen" can only be used once.
-p ah -m ah --ahspi 1                  | =

:filter:INPUT
@ipv6
-m ah ! --ahlen 0 | =
