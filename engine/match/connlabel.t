# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:filter:INPUT
@both
-m connlabel                                          | refused: connlabel: option "--label" must be specified
-m connlabel --label 40                               | -m connlabel --label "40"
-m connlabel --label 0                                | -m connlabel --label "0"
-m connlabel --label 127                              | -m connlabel --label "127"
-m connlabel --label 128                              | refused: Numerical result out of range
-m connlabel --label -1                               | refused: label '-1' not found or invalid value
-m connlabel --label x                                | refused: label 'x' not found or invalid value
-m connlabel --label bit40                            | refused: label 'bit40' not found or invalid value
-m connlabel --label 0x5                              | -m connlabel --label "5"
-m connlabel ! --label 40                             | -m connlabel ! --label "40"
-m connlabel --label 40 --set                         | -m connlabel --label "40" --set
-m connlabel ! --label 40 --set                       | -m connlabel ! --label "40" --set
-m connlabel --set                                    | refused: connlabel: option "--label" must be specified
-m connlabel ! --set --label 1                        | refused: connlabel: option "--set" cannot be inverted.
-m connlabel --label 1 --label 2                      | refused: connlabel: option "--label" can only be used once.
-m connlabel --label ''                               | refused: Argument must have a minimum length of 1 characters
-m connlabel --label 40 -m connlabel --label 41 --set | -m connlabel --label "40" -m connlabel --label "41" --set

# an int of C, kept in 16 bits
:filter:INPUT
@both
-m connlabel --label 65536      | -m connlabel --label "0"
-m connlabel --label 4294967295 | refused: label '4294967295' not found or invalid value
