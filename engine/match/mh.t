# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:filter:INPUT
@ipv6
-m mh                                                           | refused: Invalid argument
-p mobility-header -m mh                                        | =
-p ipv6-mh -m mh                                                | -p mobility-header -m mh
-p mobility-header -m mh --mh-type 3                            | =
-p mobility-header -m mh --mh-type 1:3                          | =
-p mobility-header -m mh ! --mh-type 1:3                        | =
-p mobility-header -m mh --mh-type binding-refresh-request      | -p mobility-header -m mh --mh-type 0
-p mobility-header -m mh --mh-type brr                          | -p mobility-header -m mh --mh-type 0
-p mobility-header -m mh --mh-type binding-update:binding-error | -p mobility-header -m mh --mh-type 5:7
-p mobility-header -m mh --mh-type bu                           | -p mobility-header -m mh --mh-type 5
-p mobility-header -m mh --mh-type :3                           | -p mobility-header -m mh --mh-type 0:3
-p mobility-header -m mh --mh-type 3:                           | -p mobility-header -m mh --mh-type 3:255
-p mobility-header -m mh --mh-type :                            | -p mobility-header -m mh
-p mobility-header -m mh --mh-type 3:1                          | refused: Invalid MH type range (min > max)
-p mobility-header -m mh --mh-type 0:255                        | -p mobility-header -m mh
-p mobility-header -m mh ! --mh-type 0:255                      | -p mobility-header -m mh
-p mobility-header -m mh --mh-type 256                          | refused: Invalid MH type `256'
-p mobility-header -m mh --mh-type x                            | refused: Invalid MH type `x'
-p mobility-header -m mh --mh-type b                            | -p mobility-header -m mh --mh-type 0
-p mobility-header -m mh --mh-type ''                           | -p mobility-header -m mh --mh-type 0
-p 135 --mh-type 1                                              | refused: unknown option "--mh-type"
-p tcp -m mh --mh-type 1                                        | refused: Invalid argument
