# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:filter:INPUT
@both
-m connbytes                                                             | refused: connbytes: option "--connbytes" must be specified
-m connbytes --connbytes 0:1000 --connbytes-mode packets --connbytes-dir original | =
-m connbytes --connbytes 0:1000 --connbytes-mode packets --connbytes-dir reply | =
-m connbytes --connbytes 0:1000 --connbytes-mode packets --connbytes-dir both | =
-m connbytes --connbytes 0:1000 --connbytes-mode bytes --connbytes-dir original | =
-m connbytes --connbytes 0:1000 --connbytes-mode avgpkt --connbytes-dir both | =
-m connbytes --connbytes 1000: --connbytes-mode bytes --connbytes-dir both | -m connbytes --connbytes 1000 --connbytes-mode bytes --connbytes-dir both
-m connbytes --connbytes :1000 --connbytes-mode bytes --connbytes-dir both | -m connbytes --connbytes 0:1000 --connbytes-mode bytes --connbytes-dir both
-m connbytes --connbytes 1000 --connbytes-mode bytes --connbytes-dir both | =
-m connbytes --connbytes : --connbytes-mode bytes --connbytes-dir both   | -m connbytes --connbytes 0 --connbytes-mode bytes --connbytes-dir both
-m connbytes --connbytes 0 --connbytes-mode bytes --connbytes-dir both   | =
-m connbytes --connbytes 5:5 --connbytes-mode bytes --connbytes-dir both | =
-m connbytes --connbytes 0:0 --connbytes-mode bytes --connbytes-dir both | -m connbytes --connbytes 0 --connbytes-mode bytes --connbytes-dir both
-m connbytes ! --connbytes 0:1000 --connbytes-mode packets --connbytes-dir original | =
-m connbytes ! --connbytes 1000: --connbytes-mode packets --connbytes-dir original | -m connbytes ! --connbytes 1000 --connbytes-mode packets --connbytes-dir original
-m connbytes --connbytes 1000:0 --connbytes-mode packets --connbytes-dir original | refused: 1000 should be less than 0
-m connbytes --connbytes -1:0 --connbytes-mode packets --connbytes-dir original | refused: connbytes: bad value for option "--connbytes" near "-1:0", or out of range (0-18446744073709551615).
-m connbytes --connbytes 0:-1 --connbytes-mode packets --connbytes-dir original | refused: connbytes: bad value for option "--connbytes" near "-1", or out of range (0-18446744073709551615).
-m connbytes --connbytes x --connbytes-mode packets --connbytes-dir original | refused: connbytes: bad value for option "--connbytes" near "x", or out of range (0-18446744073709551615).
-m connbytes --connbytes 0:18446744073709551615 --connbytes-mode bytes --connbytes-dir both | -m connbytes --connbytes 0 --connbytes-mode bytes --connbytes-dir both
-m connbytes --connbytes 0:18446744073709551616 --connbytes-mode bytes --connbytes-dir both | refused: connbytes: bad value for option "--connbytes" near "18446744073709551616", or out of range (0-18446744073709551615).
-m connbytes --connbytes 1:2:3 --connbytes-mode bytes --connbytes-dir both | refused: connbytes: Too many components for option "--connbytes" (max: 2)
-m connbytes --connbytes 0:1000                                          | refused: connbytes: option "--connbytes-dir" must be specified
-m connbytes --connbytes 0:1000 --connbytes-dir original                 | refused: connbytes: option "--connbytes-mode" must be specified
-m connbytes --connbytes 0:1000 --connbytes-mode packets                 | refused: connbytes: option "--connbytes-dir" must be specified
-m connbytes --connbytes-dir original                                    | refused: connbytes: option "--connbytes" must be specified
-m connbytes --connbytes-mode packets                                    | refused: connbytes: option "--connbytes" must be specified
-m connbytes --connbytes-mode packets --connbytes-dir original           | refused: connbytes: option "--connbytes" must be specified
-m connbytes --connbytes 0:1000 --connbytes-mode wrong --connbytes-dir original | refused: Unknown --connbytes-mode `wrong'
-m connbytes --connbytes 0:1000 --connbytes-mode packets --connbytes-dir wrong | refused: Unknown --connbytes-dir `wrong'
-m connbytes --connbytes 0:1000 --connbytes-mode PACKETS --connbytes-dir both | refused: Unknown --connbytes-mode `PACKETS'
-m connbytes --connbytes 0:1000 ! --connbytes-mode packets --connbytes-dir both | refused: connbytes: option "--connbytes-mode" cannot be inverted.
-m connbytes --connbytes-dir both --connbytes-mode bytes --connbytes 7:  | -m connbytes --connbytes 7 --connbytes-mode bytes --connbytes-dir both
-m connbytes --connbytes '' --connbytes-mode bytes --connbytes-dir both  | -m connbytes --connbytes 0 --connbytes-mode bytes --connbytes-dir both
