# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:raw:PREROUTING
@both
-j CT                                                                    | =
-j CT --notrack                                                          | =
-j CT --zone 0                                                           | -j CT
-j CT --zone 1                                                           | =
-j CT --zone 65535                                                       | =
-j CT --zone 65536                                                       | refused: Cannot parse 65536 as a zone ID
-j CT --zone -1                                                          | refused: Cannot parse -1 as a zone ID
-j CT --zone x                                                           | refused: Cannot parse x as a zone ID
-j CT --zone mark                                                        | =
-j CT --zone-orig 1                                                      | =
-j CT --zone-orig mark                                                   | =
-j CT --zone-reply 2                                                     | =
-j CT --zone-reply mark                                                  | =
-j CT --zone-reply 0                                                     | -j CT
-j CT --zone 1 --zone-orig 2                                             | -j CT --zone-orig 2
-j CT --zone-orig 2 --zone 1                                             | -j CT --zone-orig 1
-j CT --zone-orig 1 --zone-reply 2                                       | -j CT --zone 2
-j CT --notrack --zone 1                                                 | =
-j CT --zone 1 --notrack                                                 | -j CT --notrack --zone 1
-j CT --ctevents new                                                     | =
-j CT --ctevents new,destroy                                             | =
-j CT --ctevents new,related,destroy,reply,assured,protoinfo,helper,mark,natseqinfo,secmark | =
-j CT --ctevents label                                                   | refused: Unknown event type "label"
-j CT --ctevents foo                                                     | refused: Unknown event type "foo"
-j CT --ctevents ''                                                      | refused: Unknown event type ""
-j CT --ctevents new,                                                    | refused: Unknown event type ""
-j CT --ctevents new,,destroy                                            | refused: Unknown event type ""
-j CT --ctevents NEW                                                     | refused: Unknown event type "NEW"
-j CT --ctevents ne                                                      | refused: Unknown event type "ne"
-j CT --expevents new                                                    | =
-j CT --expevents foo                                                    | refused: Unknown event type "foo"
-j CT --expevents new,new                                                | -j CT --expevents new
-j CT --ctevents new --expevents new                                     | =
-j CT --notrack --ctevents new                                           | =
-j CT --helper ftp                                                       | refused: No chain/target/match by that name
-p tcp -j CT --helper ftp                                                | =
-p udp -j CT --helper ftp                                                | refused: No chain/target/match by that name
-p udp -j CT --helper tftp                                               | =
-p tcp -j CT --helper tftp                                               | refused: No chain/target/match by that name
-p tcp -j CT --helper sip                                                | =
-p udp -j CT --helper sip                                                | =
-p udp -j CT --helper amanda                                             | =
-p tcp -j CT --helper H.245                                              | refused: No chain/target/match by that name
-p udp -j CT --helper RAS                                                | =
-p udp -j CT --helper H.245                                              | =
-p tcp -j CT --helper Q.931                                              | =
-p tcp -j CT --helper sane                                               | =
-p tcp -j CT --helper nosuch                                             | refused: No chain/target/match by that name
-p tcp -j CT --helper ''                                                 | -p tcp -j CT
-p tcp -j CT --helper 1234567890123456                                   | refused: No chain/target/match by that name
-p tcp -j CT --helper 123456789012345                                    | refused: No chain/target/match by that name
! -p tcp -j CT --helper ftp                                              | refused: No chain/target/match by that name
-p tcp -m tcp --dport 21 -j CT --helper ftp                              | =
-p tcp -j CT --helper ftp --zone 3                                       | =
-p tcp -j CT --helper ftp --ctevents new --expevents new --zone 3        | =
-p tcp -j CT --helper ftp --helper irc                                   | refused: CT: option "--helper" can only be used once.
-p tcp -j CT --notrack --helper ftp                                      | =
-j CT --timeout foo                                                      | refused: Invalid argument
-p tcp -j CT --timeout foo                                               | refused: No chain/target/match by that name
-p tcp -j CT --timeout ''                                                | -p tcp -j CT
-j CT --zone 1 --zone 2                                                  | refused: CT: option "--zone" can only be used once.
-j CT --notrack --notrack                                                | refused: CT: option "--notrack" can only be used once.
@ipv4
-p tcp -j CT --helper irc                                         | =
-p tcp -j CT --helper pptp                                        | =
-p udp -j CT --helper snmp                                        | =
-p udp -j CT --helper netbios-ns                                  | =
-p udp -j CT --helper snmp_trap                                   | =
-j CT --zone mark --zone-orig 3                                   | -j CT --zone-orig mark
-j CT --zone-orig 3 --zone mark                                   | -j CT --zone-orig mark
-j CT --zone-orig 3 --zone-reply mark                             | -j CT --zone mark
-j CT --zone mark --zone 0                                        | refused: CT: option "--zone" can only be used once.
-j CT --zone-orig 0                                               | -j CT
-j CT --zone 0x10                                                 | -j CT --zone 16
-j CT --zone " 1"                                                 | -j CT --zone 1
-j CT --zone Mark                                                 | -j CT --zone mark
-j CT --zone ""                                                   | refused: Cannot parse  as a zone ID
-p tcp -j CT --notrack --helper nosuch                            | =
-j CT --notrack --timeout x                                       | =
-j CT --notrack --zone mark                                       | =
-p tcp -j CT --helper 12345678901234567890                        | refused: No chain/target/match by that name
-j CT --ctevents secmark,new                                      | -j CT --ctevents new,secmark
-j CT --ctevents reply --expevents new --zone-orig mark --notrack | -j CT --notrack --ctevents reply --expevents new --zone-orig mark
-m conntrack --ctstate NEW -p udp -j CT --helper tftp             | -p udp -m conntrack --ctstate NEW -j CT --helper tftp
-p all -j CT --helper ftp                                         | refused: No chain/target/match by that name
-j CT --zone x --zone 1                                           | refused: Cannot parse x as a zone ID
-j CT --zone x --ctevents y                                       | refused: Cannot parse x as a zone ID
-j CT --ctevents y --zone x                                       | refused: Unknown event type "y"
-j CT --ctevents y --helper a --helper b                          | refused: Unknown event type "y"
@ipv6
-p tcp -j CT --helper irc        | refused: No chain/target/match by that name
-p tcp -j CT --helper pptp       | refused: No chain/target/match by that name
-p udp -j CT --helper snmp       | refused: No chain/target/match by that name
-p udp -j CT --helper netbios-ns | refused: No chain/target/match by that name

:raw:OUTPUT
@both
-j CT --zone 1 | =

:filter:INPUT
@both
-j CT --zone 1 | refused: Invalid argument

:mangle:PREROUTING
@both
-j CT --notrack | refused: Invalid argument
