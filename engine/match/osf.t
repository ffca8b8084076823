# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:filter:INPUT
@ipv4
-m osf                                                         | refused: osf: option "--genre" must be specified
-m osf --genre Linux                                           | refused: accepted by iptables, not implemented here: match 'osf': the engine has no table of fingerprints (nfnl_osf). ; legacy: refused: Invalid argument
-p tcp -m osf                                                  | refused: osf: option "--genre" must be specified
-p tcp -m osf --genre Linux                                    | refused: accepted by iptables, not implemented here: match 'osf': the engine has no table of fingerprints (nfnl_osf). ; legacy: =
-p tcp -m osf ! --genre Linux                                  | refused: accepted by iptables, not implemented here: match 'osf': the engine has no table of fingerprints (nfnl_osf). ; legacy: =
-p tcp -m osf --genre Linux --ttl 0                            | refused: accepted by iptables, not implemented here: match 'osf': the engine has no table of fingerprints (nfnl_osf). ; legacy: =
-p tcp -m osf --genre Linux --ttl 2                            | refused: accepted by iptables, not implemented here: match 'osf': the engine has no table of fingerprints (nfnl_osf). ; legacy: =
-p tcp -m osf --genre Linux --ttl 3                            | refused: osf: bad value for option "--ttl", or out of range (0-2).
-p tcp -m osf --genre Linux --log 0                            | refused: accepted by iptables, not implemented here: match 'osf': the engine has no table of fingerprints (nfnl_osf). ; legacy: =
-p tcp -m osf --genre Linux --log 2                            | refused: accepted by iptables, not implemented here: match 'osf': the engine has no table of fingerprints (nfnl_osf). ; legacy: =
-p tcp -m osf --genre Linux --log 3                            | refused: osf: bad value for option "--log", or out of range (0-2).
-p tcp -m osf --genre Linux --ttl 1 --log 1                    | refused: accepted by iptables, not implemented here: match 'osf': the engine has no table of fingerprints (nfnl_osf). ; legacy: =
-p tcp -m osf --genre "a b"                                    | refused: accepted by iptables, not implemented here: match 'osf': the engine has no table of fingerprints (nfnl_osf). ; legacy: -p tcp -m osf --genre a b
-p tcp -m osf --genre verylongverylongverylongverylongverylong | refused: accepted by iptables, not implemented here: match 'osf': the engine has no table of fingerprints (nfnl_osf). ; legacy: -p tcp -m osf --genre verylongverylongverylongverylon
-p tcp -m osf --genre Linux --genre Linux                      | refused: osf: option "--genre" can only be used once.
-p tcp -m osf --ttl 1                                          | refused: osf: option "--genre" must be specified
-p udp -m osf --genre Linux                                    | refused: accepted by iptables, not implemented here: match 'osf': the engine has no table of fingerprints (nfnl_osf). ; legacy: refused: Invalid argument
-m osf --genre x -p tcp --log 1                                | refused: accepted by iptables, not implemented here: match 'osf': the engine has no table of fingerprints (nfnl_osf). ; legacy: -p tcp -m osf --genre x --log 1

:filter:OUTPUT
@ipv4
-p tcp -m osf --genre Linux | refused: accepted by iptables, not implemented here: match 'osf': the engine has no table of fingerprints (nfnl_osf). ; legacy: refused: Invalid argument

:filter:INPUT
@ipv4
-m osf --genre Linux | refused: accepted by iptables, not implemented here: match 'osf': the engine has no table of fingerprints (nfnl_osf). ; legacy: refused: Invalid argument

:filter:INPUT
@ipv6
-p tcp -m osf --genre Linux | refused: Couldn't load match `osf':No such file or directory
