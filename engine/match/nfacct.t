# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:filter:INPUT
@ipv4
-m nfacct                                                    | refused: nfacct: option "--nfacct-name" must be specified
-m nfacct --nfacct-name x                                    | refused: accepted by iptables, not implemented here: match 'nfacct': the engine keeps no accounting objects (nfacct). ; legacy: refused: No chain/target/match by that name
-m nfacct ! --nfacct-name x                                  | refused: nfacct: option "--nfacct-name" cannot be inverted.
-m nfacct --nfacct-name abcdefghijklmnopqrstuvwxyz0123456789 | refused: accepted by iptables, not implemented here: match 'nfacct': the engine keeps no accounting objects (nfacct). ; legacy: refused: No chain/target/match by that name
