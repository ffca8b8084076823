# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:filter:INPUT
@ipv6
-m srh                                                                   | =
-m srh --srh-next-hdr 17                                                 | =
-m srh ! --srh-next-hdr 17                                               | =
-m srh --srh-next-hdr udp                                                | refused: srh: bad value for option "--srh-next-hdr", or out of range (0-255).
-m srh --srh-next-hdr 256                                                | refused: srh: bad value for option "--srh-next-hdr", or out of range (0-255).
-m srh --srh-hdr-len-eq 8                                                | =
-m srh --srh-hdr-len-gt 8                                                | =
-m srh --srh-hdr-len-lt 8                                                | =
-m srh ! --srh-hdr-len-eq 8                                              | =
-m srh ! --srh-hdr-len-gt 8                                              | =
-m srh ! --srh-hdr-len-lt 8                                              | =
-m srh --srh-hdr-len-eq 8 --srh-hdr-len-gt 8                             | =
-m srh --srh-segs-left-eq 1                                              | =
-m srh --srh-segs-left-gt 1                                              | =
-m srh --srh-segs-left-lt 1                                              | =
-m srh ! --srh-segs-left-eq 1                                            | =
-m srh --srh-last-entry-eq 4                                             | =
-m srh --srh-last-entry-gt 4                                             | =
-m srh --srh-last-entry-lt 4                                             | =
-m srh ! --srh-last-entry-lt 4                                           | =
-m srh --srh-tag 3                                                       | =
-m srh ! --srh-tag 65535                                                 | =
-m srh --srh-tag 65536                                                   | refused: srh: bad value for option "--srh-tag", or out of range (0-65535).
-m srh --srh-next-hdr 17 --srh-segs-left-eq 1 --srh-last-entry-eq 4 --srh-tag 3 | =
-m srh --srh-psid a::/64 --srh-nsid b::/128 --srh-lsid c::/0             | =
-m srh --srh-psid a::                                                    | -m srh --srh-psid a::/128
-m srh ! --srh-psid a::/64                                               | =
-m srh --srh-psid a::/64,b::                                             | refused: srh: bad value for option "--srh-psid", neither a valid network mask nor valid CIDR (0-128).
-m srh --srh-psid 1.2.3.4                                                | refused: getaddrinfo: Address family for hostname not supported
-m srh --srh-next-hdr 17 --srh-next-hdr 17                               | refused: srh: option "--srh-next-hdr" can only be used once.

# one number for -eq, -gt and -lt of a field
:filter:INPUT
@ipv6
-m srh --srh-hdr-len-eq 5 --srh-hdr-len-gt 8               | -m srh --srh-hdr-len-eq 8 --srh-hdr-len-gt 8
-m srh --srh-segs-left-lt 3 ! --srh-segs-left-eq 1         | -m srh ! --srh-segs-left-eq 1 --srh-segs-left-lt 1
