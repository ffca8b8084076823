# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:filter:INPUT
@both
-m esp                                | refused: Invalid argument
-p esp -m esp                         | =
-p esp -m esp --espspi 0              | =
-p esp -m esp --espspi :32            | -p esp -m esp --espspi 0:32
-p esp -m esp --espspi 0:4294967295   | -p esp -m esp
-p esp -m esp ! --espspi 0:4294967295 | -p esp -m esp
-p esp -m esp ! --espspi 0:4294967294 | =
-p esp -m esp --espspi -1             | refused: esp: bad value for option "--espspi" near "-1", or out of range (0-4294967295).
-p esp -m esp --espspi 5              | =
-p esp -m esp --espspi 5:5            | -p esp -m esp --espspi 5
-p esp -m esp --espspi 5:4            | =
-p esp -m esp --espspi 4294967296     | refused: esp: bad value for option "--espspi" near "4294967296", or out of range (0-4294967295).
-p esp -m esp --espspi x              | refused: esp: bad value for option "--espspi" near "x", or out of range (0-4294967295).
-p esp -m esp --espspi 1 --espspi 1   | refused: esp: option "--espspi" can only be used once.
-p esp --espspi 77                    | -p esp -m esp --espspi 77
-p 50 --espspi 0x10                   | -p esp -m esp --espspi 16
-p udp -m esp --espspi 1              | refused: Invalid argument
! -p esp -m esp --espspi 1            | refused: Invalid argument
@ipv4
-m esp --espspi 1 | refused: Invalid argument
