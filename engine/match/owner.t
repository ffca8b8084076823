# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:filter:INPUT
@both
-m owner --uid-owner 0 | refused: Invalid argument
@ipv4
-m owner                              | refused: owner: At least one of --uid-owner, --gid-owner or --socket-exists is required
-m owner --socket-exists              | refused: Invalid argument
-m owner --suppl-groups --gid-owner 1 | refused: owner: Bad value for "--suppl-groups" option: "you need to use --gid-owner first"

:filter:OUTPUT
@ipv4
-m owner                                                         | refused: owner: At least one of --uid-owner, --gid-owner or --socket-exists is required
-m owner --uid-owner root                                        | -m owner --uid-owner 0
-m owner --uid-owner 0                                           | =
-m owner --uid-owner 0-10                                        | =
-m owner --uid-owner 10-0                                        | refused: Invalid argument
-m owner --uid-owner 5-5                                         | -m owner --uid-owner 5
-m owner --uid-owner nosuchuser                                  | refused: owner: Bad value for "--uid-owner" option: "nosuchuser"
-m owner --uid-owner daemon                                      | -m owner --uid-owner 1
-m owner --uid-owner ''                                          | refused: owner: Bad value for "--uid-owner" option: ""
-m owner --uid-owner -1                                          | refused: owner: Bad value for "--uid-owner" option: "-1"
-m owner --uid-owner 4294967295                                  | refused: owner: Bad value for "--uid-owner" option: "4294967295"
-m owner --uid-owner 4294967294                                  | =
-m owner --uid-owner 4294967296                                  | refused: owner: Bad value for "--uid-owner" option: "4294967296"
-m owner --uid-owner 0-4294967295                                | refused: owner: Bad value for "--uid-owner" option: "0-4294967295"
-m owner --uid-owner root-daemon                                 | refused: owner: Bad value for "--uid-owner" option: "root-daemon"
-m owner --uid-owner 5-                                          | refused: owner: Bad value for "--uid-owner" option: "5-"
-m owner --uid-owner 0x10                                        | -m owner --uid-owner 16
-m owner ! --uid-owner 0                                         | =
-m owner ! --uid-owner 5-6                                       | =
-m owner --gid-owner 0                                           | =
-m owner --gid-owner root                                        | -m owner --gid-owner 0
-m owner --gid-owner 0-10                                        | =
-m owner --gid-owner nosuch                                      | refused: owner: Bad value for "--gid-owner" option: "nosuch"
-m owner ! --gid-owner 0-10                                      | =
-m owner --gid-owner 5 --suppl-groups                            | =
-m owner ! --gid-owner 5 --suppl-groups                          | =
-m owner --suppl-groups                                          | refused: owner: Bad value for "--suppl-groups" option: "you need to use --gid-owner first"
-m owner --uid-owner 1 --suppl-groups                            | refused: owner: Bad value for "--suppl-groups" option: "you need to use --gid-owner first"
-m owner --socket-exists                                         | =
-m owner ! --socket-exists                                       | =
-m owner --uid-owner 0-10 --gid-owner 0-10                       | =
-m owner ! --uid-owner 0-10 ! --gid-owner 0-10 ! --socket-exists | -m owner ! --socket-exists ! --uid-owner 0-10 ! --gid-owner 0-10
-m owner --gid-owner 1 --uid-owner 2 --socket-exists             | -m owner --socket-exists --uid-owner 2 --gid-owner 1
-m owner --pid-owner 5                                           | refused: unknown option "--pid-owner"
-m owner --sid-owner 5                                           | refused: unknown option "--sid-owner"
-m owner --cmd-owner x                                           | refused: unknown option "--cmd-owner"
-m owner --uid-owner 1 --uid-owner 2                             | refused: owner: option "--uid-owner" can only be used once.
-m owner --uid-owner 1.5                                         | refused: owner: Bad value for "--uid-owner" option: "1.5"
-m owner --gid-owner 0-10 --suppl-groups --uid-owner 3           | -m owner --uid-owner 3 --gid-owner 0-10 --suppl-groups

:filter:FORWARD
@ipv4
-m owner --uid-owner 0 | refused: Invalid argument

:mangle:POSTROUTING
@ipv4
-m owner --uid-owner 0 | =

:mangle:PREROUTING
@ipv4
-m owner --uid-owner 0 | refused: Invalid argument

:nat:OUTPUT
@ipv4
-m owner --uid-owner 0 | =

:raw:OUTPUT
@ipv4
-m owner --uid-owner 0 | =

:filter:OUTPUT
@both
-m owner --gid-owner 1:2 | -m owner --gid-owner 1-2
