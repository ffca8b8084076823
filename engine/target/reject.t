# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:filter:INPUT
@both
-j REJECT --reject-with tcp-reset          | refused: Invalid argument
-p tcp -j REJECT --reject-with tcp-reset   | =
-p tcp -j REJECT --reject-with tcp         | -p tcp -j REJECT --reject-with tcp-reset
-p tcp -j REJECT --reject-with t           | -p tcp -j REJECT --reject-with tcp-reset
-p udp -j REJECT --reject-with tcp-reset   | refused: Invalid argument
-j REJECT --reject-with echo-reply         | refused: unknown reject type "echo-reply"
-j REJECT --reject-with foo                | refused: unknown reject type "foo"
-j REJECT --reject-with                    | refused: option "--reject-with" requires an argument
-j REJECT --reject-with help               | refused: unknown reject type "help"
-j REJECT ! --reject-with tcp-reset        | refused: REJECT: option "--reject-with" cannot be inverted.
-j REJECT foo                              | refused: Bad argument `foo'
! -p tcp -j REJECT --reject-with tcp-reset | refused: Invalid argument
-j REJECT --reject-with port-unreachx      | refused: unknown reject type "port-unreachx"
@ipv4
-j REJECT                                                                | -j REJECT --reject-with icmp-port-unreachable
-j REJECT --reject-with icmp-net-unreachable                             | =
-j REJECT --reject-with net-unreach                                      | -j REJECT --reject-with icmp-net-unreachable
-j REJECT --reject-with icmp-host-unreachable                            | =
-j REJECT --reject-with host-unreach                                     | -j REJECT --reject-with icmp-host-unreachable
-j REJECT --reject-with icmp-proto-unreachable                           | =
-j REJECT --reject-with proto-unreach                                    | -j REJECT --reject-with icmp-proto-unreachable
-j REJECT --reject-with icmp-port-unreachable                            | =
-j REJECT --reject-with port-unreach                                     | -j REJECT --reject-with icmp-port-unreachable
-j REJECT --reject-with icmp-net-prohibited                              | =
-j REJECT --reject-with net-prohib                                       | -j REJECT --reject-with icmp-net-prohibited
-j REJECT --reject-with icmp-host-prohibited                             | =
-j REJECT --reject-with host-prohib                                      | -j REJECT --reject-with icmp-host-prohibited
-j REJECT --reject-with icmp-admin-prohibited                            | =
-j REJECT --reject-with admin-prohib                                     | -j REJECT --reject-with icmp-admin-prohibited
-j REJECT --reject-with tcp-rst                                          | refused: Invalid argument
-p tcp -j REJECT --reject-with tcp-rst                                   | -p tcp -j REJECT --reject-with tcp-reset
-j REJECT --reject-with icmp6-no-route                                   | refused: unknown reject type "icmp6-no-route"
-j REJECT --reject-with no-route                                         | refused: unknown reject type "no-route"
-j REJECT --reject-with icmp6-adm-prohibited                             | refused: unknown reject type "icmp6-adm-prohibited"
-j REJECT --reject-with adm-prohibited                                   | refused: unknown reject type "adm-prohibited"
-j REJECT --reject-with icmp6-addr-unreachable                           | refused: unknown reject type "icmp6-addr-unreachable"
-j REJECT --reject-with addr-unreach                                     | refused: unknown reject type "addr-unreach"
-j REJECT --reject-with icmp6-port-unreachable                           | refused: unknown reject type "icmp6-port-unreachable"
-j REJECT --reject-with icmp6-policy-fail                                | refused: unknown reject type "icmp6-policy-fail"
-j REJECT --reject-with policy-fail                                      | refused: unknown reject type "policy-fail"
-j REJECT --reject-with icmp6-reject-route                               | refused: unknown reject type "icmp6-reject-route"
-j REJECT --reject-with reject-route                                     | refused: unknown reject type "reject-route"
-j REJECT --reject-with i                                                | -j REJECT --reject-with icmp-net-unreachable
-j REJECT --reject-with icmp-n                                           | -j REJECT --reject-with icmp-net-unreachable
-j REJECT --reject-with ICMP-HOST-unreach                                | -j REJECT --reject-with icmp-host-unreachable
-j REJECT --reject-with icmp-net-prohibited --reject-with icmp-host-prohibited | refused: REJECT: option "--reject-with" can only be used once.
-j REJECT --reject icmp-net-prohibited                                   | -j REJECT --reject-with icmp-net-prohibited
-j REJECT --reject-with ""                                               | -j REJECT --reject-with icmp-net-unreachable
-j REJECT --reject-with icmp-p                                           | -j REJECT --reject-with icmp-proto-unreachable
-j REJECT --reject-with icmp-port                                        | -j REJECT --reject-with icmp-port-unreachable
-j REJECT --reject-with icmp-h                                           | -j REJECT --reject-with icmp-host-unreachable
-j REJECT --reject-with h                                                | -j REJECT --reject-with icmp-host-unreachable
-j REJECT --reject-with n                                                | -j REJECT --reject-with icmp-net-unreachable
-j REJECT --reject-with p                                                | -j REJECT --reject-with icmp-proto-unreachable
-j REJECT --reject-with a                                                | -j REJECT --reject-with icmp-admin-prohibited
-j REJECT --reject-with icmp-a                                           | -j REJECT --reject-with icmp-admin-prohibited
-j REJECT --reject-with icmp6                                            | refused: unknown reject type "icmp6"
-j REJECT --reject-with icmp6-a                                          | refused: unknown reject type "icmp6-a"
-j REJECT --reject-with ad                                               | -j REJECT --reject-with icmp-admin-prohibited
-j REJECT --reject-with r                                                | refused: unknown reject type "r"
-j REJECT --reject-with icmp-host-p                                      | -j REJECT --reject-with icmp-host-prohibited
-j REJECT --reject-with icmp6-p                                          | refused: unknown reject type "icmp6-p"
-j REJECT --reject-with foo --reject-with bar                            | refused: unknown reject type "foo"
-j REJECT --reject-with echoreply                                        | refused: unknown reject type "echoreply"
-j REJECT --reject-with echo-r                                           | refused: unknown reject type "echo-r"
-j REJECT --reject-with Echo-Reply                                       | refused: unknown reject type "Echo-Reply"
-j REJECT --reject-with echo                                             | refused: unknown reject type "echo"
@ipv6
-j REJECT                                                                | -j REJECT --reject-with icmp6-port-unreachable
-j REJECT --reject-with icmp-net-unreachable                             | refused: unknown reject type "icmp-net-unreachable"
-j REJECT --reject-with net-unreach                                      | refused: unknown reject type "net-unreach"
-j REJECT --reject-with icmp-host-unreachable                            | refused: unknown reject type "icmp-host-unreachable"
-j REJECT --reject-with host-unreach                                     | refused: unknown reject type "host-unreach"
-j REJECT --reject-with icmp-proto-unreachable                           | refused: unknown reject type "icmp-proto-unreachable"
-j REJECT --reject-with proto-unreach                                    | refused: unknown reject type "proto-unreach"
-j REJECT --reject-with icmp-port-unreachable                            | refused: unknown reject type "icmp-port-unreachable"
-j REJECT --reject-with port-unreach                                     | -j REJECT --reject-with icmp6-port-unreachable
-j REJECT --reject-with icmp-net-prohibited                              | refused: unknown reject type "icmp-net-prohibited"
-j REJECT --reject-with net-prohib                                       | refused: unknown reject type "net-prohib"
-j REJECT --reject-with icmp-host-prohibited                             | refused: unknown reject type "icmp-host-prohibited"
-j REJECT --reject-with host-prohib                                      | refused: unknown reject type "host-prohib"
-j REJECT --reject-with icmp-admin-prohibited                            | refused: unknown reject type "icmp-admin-prohibited"
-j REJECT --reject-with admin-prohib                                     | refused: unknown reject type "admin-prohib"
-j REJECT --reject-with tcp-rst                                          | refused: unknown reject type "tcp-rst"
-p tcp -j REJECT --reject-with tcp-rst                                   | refused: unknown reject type "tcp-rst"
-j REJECT --reject-with icmp6-no-route                                   | =
-j REJECT --reject-with no-route                                         | -j REJECT --reject-with icmp6-no-route
-j REJECT --reject-with icmp6-adm-prohibited                             | =
-j REJECT --reject-with adm-prohibited                                   | -j REJECT --reject-with icmp6-adm-prohibited
-j REJECT --reject-with icmp6-addr-unreachable                           | =
-j REJECT --reject-with addr-unreach                                     | -j REJECT --reject-with icmp6-addr-unreachable
-j REJECT --reject-with icmp6-port-unreachable                           | =
-j REJECT --reject-with icmp6-policy-fail                                | =
-j REJECT --reject-with policy-fail                                      | -j REJECT --reject-with icmp6-policy-fail
-j REJECT --reject-with icmp6-reject-route                               | =
-j REJECT --reject-with reject-route                                     | -j REJECT --reject-with icmp6-reject-route
-j REJECT --reject-with i                                                | -j REJECT --reject-with icmp6-no-route
-j REJECT --reject-with icmp-n                                           | refused: unknown reject type "icmp-n"
-j REJECT --reject-with ICMP-HOST-unreach                                | refused: unknown reject type "ICMP-HOST-unreach"
-j REJECT --reject-with icmp-net-prohibited --reject-with icmp-host-prohibited | refused: unknown reject type "icmp-net-prohibited"
-j REJECT --reject icmp-net-prohibited                                   | refused: unknown reject type "icmp-net-prohibited"
-j REJECT --reject-with ""                                               | -j REJECT --reject-with icmp6-no-route
-j REJECT --reject-with icmp-p                                           | refused: unknown reject type "icmp-p"
-j REJECT --reject-with icmp-port                                        | refused: unknown reject type "icmp-port"
-j REJECT --reject-with icmp-h                                           | refused: unknown reject type "icmp-h"
-j REJECT --reject-with h                                                | refused: unknown reject type "h"
-j REJECT --reject-with n                                                | -j REJECT --reject-with icmp6-no-route
-j REJECT --reject-with p                                                | -j REJECT --reject-with icmp6-port-unreachable
-j REJECT --reject-with a                                                | -j REJECT --reject-with icmp6-adm-prohibited
-j REJECT --reject-with icmp-a                                           | refused: unknown reject type "icmp-a"
-j REJECT --reject-with icmp6                                            | -j REJECT --reject-with icmp6-no-route
-j REJECT --reject-with icmp6-a                                          | -j REJECT --reject-with icmp6-adm-prohibited
-j REJECT --reject-with ad                                               | -j REJECT --reject-with icmp6-adm-prohibited
-j REJECT --reject-with r                                                | -j REJECT --reject-with icmp6-reject-route
-j REJECT --reject-with icmp-host-p                                      | refused: unknown reject type "icmp-host-p"
-j REJECT --reject-with icmp6-p                                          | -j REJECT --reject-with icmp6-port-unreachable

:nat:PREROUTING
@both
-j REJECT | refused: Invalid argument

:mangle:PREROUTING
@both
-j REJECT | refused: Invalid argument

:mangle:FORWARD
@both
-p tcp -j REJECT --reject-with tcp-reset | refused: Invalid argument

:raw:PREROUTING
@both
-j REJECT | refused: Invalid argument
