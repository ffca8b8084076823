# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:filter:INPUT
@ipv6
-m ipv6header                                                            | refused: ipv6header: option "--header" must be specified
-m ipv6header --header hop-by-hop                                        | =
-m ipv6header --header hop                                               | -m ipv6header --header hop-by-hop
-m ipv6header --header hop-by-hop --soft                                 | =
-m ipv6header --soft                                                     | refused: ipv6header: option "--header" must be specified
-m ipv6header --header ipv6-nonxt                                        | =
-m ipv6header --header none                                              | -m ipv6header --header ipv6-nonxt
-m ipv6header --header dst,route,frag,auth,esp,none,prot                 | -m ipv6header --header ipv6-opts,ipv6-route,ipv6-frag,ah,esp,ipv6-nonxt,protocol
-m ipv6header --header ipv6-opts,ipv6-route,ipv6-frag,ah,esp,ipv6-nonxt,protocol --soft | =
-m ipv6header --header 0,60,43,44,51,50,59                               | -m ipv6header --header hop-by-hop,ipv6-opts,ipv6-route,ipv6-frag,ah,esp,ipv6-nonxt
-m ipv6header --header 0,60,43,44,51,50,59,255                           | -m ipv6header --header hop-by-hop,ipv6-opts,ipv6-route,ipv6-frag,ah,esp,ipv6-nonxt,protocol
-m ipv6header --header 6                                                 | refused: unknown header `6' specified
-m ipv6header --header 256                                               | refused: unknown header `256' specified
-m ipv6header --header wrong                                             | refused: unknown header `wrong' specified
-m ipv6header --header ''                                                | refused: ip6t_ipv6header: cannot parse header names
-m ipv6header --header ,                                                 | refused: ip6t_ipv6header: cannot parse header names
-m ipv6header --header hop,                                              | -m ipv6header --header hop-by-hop
-m ipv6header --header HOP                                               | refused: unknown header `HOP' specified
-m ipv6header --header protocol                                          | =
-m ipv6header --header proto                                             | refused: unknown header `proto' specified
-m ipv6header --header hop,hop                                           | -m ipv6header --header hop-by-hop
-m ipv6header ! --header frag                                            | -m ipv6header ! --header ipv6-frag
-m ipv6header ! --header frag --soft                                     | -m ipv6header ! --header ipv6-frag --soft
-m ipv6header --header frag --header hop                                 | refused: ipv6header: option "--header" can only be used once.
-m ipv6header ! --soft --header hop                                      | refused: ipv6header: option "--soft" cannot be inverted.
-m ipv6header --soft --soft --header hop                                 | refused: ipv6header: option "--soft" can only be used once.
-m ipv6header --header tcp                                               | refused: unknown header `6' specified
-m ipv6header --header ah                                                | =
-m ipv6header --header auth --soft                                       | -m ipv6header --header ah --soft
-m ipv6header --header hop,esp                                           | -m ipv6header --header hop-by-hop,esp
