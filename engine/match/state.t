# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:filter:INPUT
@both
-m state                                                   | refused: state: option "--state" must be specified
-m state --state INVALID                                   | =
-m state --state NEW,RELATED                               | =
-m state --state UNTRACKED                                 | =
-m state --state RELATED,ESTABLISHED                       | =
-m state --state ESTABLISHED,RELATED                       | -m state --state RELATED,ESTABLISHED
-m state --state NEW,ESTABLISHED,RELATED,INVALID,UNTRACKED | -m state --state INVALID,NEW,RELATED,ESTABLISHED,UNTRACKED
-m state --state new                                       | -m state --state NEW
-m state --state New,established                           | -m state --state NEW,ESTABLISHED
-m state --state NEW,NEW                                   | -m state --state NEW
-m state ! --state NEW                                     | =
-m state ! --state ESTABLISHED,RELATED                     | -m state ! --state RELATED,ESTABLISHED
-m state ! --state INVALID                                 | =
-m state --state wrong                                     | refused: Bad state "wrong"
-m state --state NE                                        | -m state --state NEW
-m state --state SNAT                                      | refused: Bad state "SNAT"
-m state --state DNAT                                      | refused: Bad state "DNAT"
-m state --state ''                                        | refused: "--state" requires a list of states with no spaces, e.g. ESTABLISHED,RELATED
-m state --state ,                                         | refused: Bad state ","
-m state --state NEW,                                      | refused: "--state" requires a list of states with no spaces, e.g. ESTABLISHED,RELATED
-m state --state ,NEW                                      | refused: Bad state ",NEW"
-m state --state NEW,,RELATED                              | refused: Bad state ",RELATED"
-m state --state 'NEW, RELATED'                            | refused: Bad state " RELATED"
-m state --state NEW --state ESTABLISHED                   | refused: state: option "--state" can only be used once.
-m state --state NEW -m state --state ESTABLISHED          | =
-m state --state ANY                                       | refused: Bad state "ANY"
-m state --state NONE                                      | refused: Bad state "NONE"
-m state --ctstate NEW                                     | refused: unknown option "--ctstate"
-p tcp --dport 22 -m state --state NEW                     | -p tcp -m tcp --dport 22 -m state --state NEW
-p tcp -m state --state NEW --dport 22                     | -p tcp -m state --state NEW -m tcp --dport 22
-m state --state NEWX                                      | refused: Bad state "NEWX"

:raw:PREROUTING
@both
-m state --state NEW | =
