# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:filter:INPUT
@both
-m set --match-set                                      | refused: option "--match-set" requires an argument
-m set --match-set x src,dst,src,dst,src,dst,src        | refused: accepted by iptables, not implemented here: match 'set': the engine has no sets (ipset). ; legacy: refused: Set x doesn't exist.
-m set --match-set aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa src | refused: accepted by iptables, not implemented here: match 'set': the engine has no sets (ipset). ; legacy: refused: setname `aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' too long, max 31 characters.
-m set --set x src                                      | refused: accepted by iptables, not implemented here: match 'set': the engine has no sets (ipset). ; legacy: refused: Set x doesn't exist.
@ipv4
-m set                                    | refused: You must specify `--match-set' with proper arguments
-m set --match-set x src                  | refused: accepted by iptables, not implemented here: match 'set': the engine has no sets (ipset). ; legacy: refused: Set x doesn't exist.
-m set --match-set x                      | refused: --match-set requires two args.
-m set --match-set x wrong                | refused: accepted by iptables, not implemented here: match 'set': the engine has no sets (ipset). ; legacy: refused: Set x doesn't exist.
-m set --match-set x src,dst              | refused: accepted by iptables, not implemented here: match 'set': the engine has no sets (ipset). ; legacy: refused: Set x doesn't exist.
-m set ! --match-set x src                | refused: accepted by iptables, not implemented here: match 'set': the engine has no sets (ipset). ; legacy: refused: Set x doesn't exist.
-m set --match-set x src --return-nomatch | refused: accepted by iptables, not implemented here: match 'set': the engine has no sets (ipset). ; legacy: refused: Set x doesn't exist.
