# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:filter:INPUT
@both
-j IDLETIMER                                  | refused: IDLETIMER: option "--timeout" must be specified
-j IDLETIMER --timeout                        | refused: option "--timeout" requires an argument
-j IDLETIMER --timeout 42                     | refused: IDLETIMER: option "--label" must be specified
-j IDLETIMER --timeout 42 --label foo         | =
-j IDLETIMER --timeout 0 --label foo          | refused: Invalid argument
-j IDLETIMER --timeout 42 --label foo --alarm | =
-j IDLETIMER --timeout 42 --label ''          | refused: Invalid argument
-j IDLETIMER --timeout x --label foo          | refused: IDLETIMER: bad value for option "--timeout", or out of range (0-4294967295).
-j IDLETIMER --label foo                      | refused: IDLETIMER: option "--timeout" must be specified
@ipv4
-j IDLETIMER --timeout 42 --label 1234567890123456789012345678 | -j IDLETIMER --timeout 42 --label 123456789012345678901234567
-j IDLETIMER --timeout 42 --label 123456789012345678901234567  | =
-j IDLETIMER --timeout 4294967295 --label x                    | refused: Invalid argument
-j IDLETIMER --timeout 2147483 --label x                       | refused: Invalid argument
-j IDLETIMER --timeout 2147484 --label x                       | refused: Invalid argument
-j IDLETIMER --timeout 4 --label "a b"                         | -j IDLETIMER --timeout 4 --label a b

:filter:INPUT
@both
-j IDLETIMER --timeout 42 --label a/b | refused: Invalid argument
