# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:mangle:FORWARD
@both
-j HMARK                                                                 | refused: --hmark-mod is mandatory
-j HMARK --hmark-tuple ct --hmark-mod 10 --hmark-rnd 1                   | -j HMARK --hmark-rnd 0x00000001 --hmark-mod 10 --hmark-tuple ct
-j HMARK --hmark-tuple src --hmark-mod 10                                | refused: --hmark-rnd is mandatory
-j HMARK --hmark-tuple src --hmark-rnd 1                                 | refused: --hmark-mod is mandatory
-j HMARK --hmark-mod 10 --hmark-rnd 1                                    | refused: you have to specify --hmark-tuple at least
-j HMARK --hmark-tuple src --hmark-mod 0 --hmark-rnd 1                   | refused: HMARK: bad value for option "--hmark-mod", or out of range (1-4294967295).
-j HMARK --hmark-tuple spi --hmark-mod 10 --hmark-rnd 1                  | -j HMARK --hmark-spi-mask 0xffffffff --hmark-rnd 0x00000001 --hmark-mod 10
-j HMARK --hmark-tuple sport --hmark-mod 10 --hmark-rnd 1                | -j HMARK --hmark-sport-mask 0xffff --hmark-rnd 0x00000001 --hmark-mod 10
-j HMARK --hmark-tuple src,x --hmark-mod 10 --hmark-rnd 1                | refused: Bad type "x"
-j HMARK --hmark-src-prefix 24 --hmark-mod 10 --hmark-rnd 1              | -j HMARK --hmark-src-prefix 24 --hmark-rnd 0x00000001 --hmark-mod 10
-j HMARK --hmark-tuple src --hmark-src-prefix 24 --hmark-mod 10 --hmark-rnd 1 | refused: HMARK: option "--hmark-src-prefix" can only be used once.
-j HMARK --hmark-tuple src,dst --hmark-dst-prefix 24 --hmark-mod 10 --hmark-rnd 1 | refused: HMARK: option "--hmark-dst-prefix" can only be used once.
-j HMARK --hmark-tuple src,dst --hmark-src-prefix 0 --hmark-mod 10 --hmark-rnd 1 | refused: HMARK: option "--hmark-src-prefix" can only be used once.
-j HMARK --hmark-tuple src,dst --hmark-src-prefix 33 --hmark-mod 10 --hmark-rnd 1 | refused: HMARK: option "--hmark-src-prefix" can only be used once.
-j HMARK --hmark-tuple src,sport --hmark-sport-mask 0xff --hmark-mod 10 --hmark-rnd 1 | refused: HMARK: option "--hmark-sport-mask" can only be used once.
-j HMARK --hmark-spi 0xf --hmark-mod 10 --hmark-rnd 1                    | -j HMARK --hmark-spi 0x0000000f --hmark-rnd 0x00000001 --hmark-mod 10
-j HMARK --hmark-spi-mask 0xf --hmark-mod 10 --hmark-rnd 1               | -j HMARK --hmark-spi-mask 0x0000000f --hmark-rnd 0x00000001 --hmark-mod 10
-j HMARK --hmark-tuple src --hmark-mod 4294967296 --hmark-rnd 1          | refused: HMARK: bad value for option "--hmark-mod", or out of range (1-4294967295).
-j HMARK --hmark-tuple src --hmark-mod x --hmark-rnd 1                   | refused: HMARK: bad value for option "--hmark-mod", or out of range (1-4294967295).
-j HMARK --hmark-tuple '' --hmark-mod 1 --hmark-rnd 1                    | refused: "--hmark-tuple" requires a list of types with no spaces, e.g. src,dst,sport,dport,proto
-j HMARK --hmark-src-prefix 24 --hmark-dst-prefix 16 --hmark-sport-mask 0xf0 --hmark-dport-mask 0xf --hmark-proto-mask 0xff --hmark-rnd 3 --hmark-mod 9 --hmark-offset 8 | -j HMARK --hmark-src-prefix 24 --hmark-dst-prefix 16 --hmark-sport-mask 0x00f0 --hmark-dport-mask 0x000f --hmark-proto-mask 0xff --hmark-rnd 0x00000003 --hmark-mod 9 --hmark-offset 8
-p tcp -j HMARK --hmark-sport 1 --hmark-dport 2 --hmark-rnd 3 --hmark-mod 9 | -p tcp -j HMARK --hmark-sport 0x0001 --hmark-dport 0x0002 --hmark-rnd 0x00000003 --hmark-mod 9
-p esp -j HMARK --hmark-spi 1 --hmark-rnd 3 --hmark-mod 9                | -p esp -j HMARK --hmark-spi 0x00000001 --hmark-rnd 0x00000003 --hmark-mod 9
-p esp -j HMARK --hmark-tuple spi --hmark-rnd 3 --hmark-mod 9            | -p esp -j HMARK --hmark-spi-mask 0xffffffff --hmark-rnd 0x00000003 --hmark-mod 9
-p tcp -j HMARK --hmark-sport 1 --hmark-sport-mask 2 --hmark-rnd 3 --hmark-mod 9 | -p tcp -j HMARK --hmark-sport-mask 0x0002 --hmark-sport 0x0001 --hmark-rnd 0x00000003 --hmark-mod 9
-j HMARK --hmark-tuple proto --hmark-mod 10 --hmark-rnd 1                | -j HMARK --hmark-proto-mask 0xffff --hmark-rnd 0x00000001 --hmark-mod 10
-j HMARK --hmark-tuple sport --hmark-sport-mask 3 --hmark-mod 10 --hmark-rnd 1 | refused: HMARK: option "--hmark-sport-mask" can only be used once.
-j HMARK --hmark-sport-mask 3 --hmark-tuple sport --hmark-mod 10 --hmark-rnd 1 | -j HMARK --hmark-sport-mask 0xffff --hmark-rnd 0x00000001 --hmark-mod 10
-j HMARK --hmark-tuple src --hmark-tuple dst --hmark-mod 10 --hmark-rnd 1 | refused: HMARK: option "--hmark-tuple" can only be used once.
-j HMARK --hmark-tuple ct --hmark-tuple src,dst --hmark-mod 10 --hmark-rnd 1 | refused: HMARK: option "--hmark-tuple" can only be used once.
-j HMARK --hmark-proto-mask 0xff --hmark-mod 10 --hmark-rnd 1            | -j HMARK --hmark-proto-mask 0xff --hmark-rnd 0x00000001 --hmark-mod 10
-j HMARK --hmark-proto-mask 0xff --hmark-src-prefix 3 --hmark-mod 10 --hmark-rnd 1 | -j HMARK --hmark-src-prefix 3 --hmark-proto-mask 0xff --hmark-rnd 0x00000001 --hmark-mod 10
-j HMARK --hmark-proto-mask 0x1ff --hmark-src-prefix 3 --hmark-mod 10 --hmark-rnd 1 | -j HMARK --hmark-src-prefix 3 --hmark-proto-mask 0x1ff --hmark-rnd 0x00000001 --hmark-mod 10
-j HMARK --hmark-proto-mask 65536 --hmark-src-prefix 3 --hmark-mod 10 --hmark-rnd 1 | refused: HMARK: bad value for option "--hmark-proto-mask", or out of range (0-65535).
-j HMARK --hmark-sport http --hmark-src-prefix 3 --hmark-mod 10 --hmark-rnd 1 | refused: HMARK: bad value for option "--hmark-sport", or out of range (0-65535).
-j HMARK --hmark-sport 65536 --hmark-src-prefix 3 --hmark-mod 10 --hmark-rnd 1 | refused: HMARK: bad value for option "--hmark-sport", or out of range (0-65535).
-j HMARK --hmark-src-prefix 32 --hmark-mod 10 --hmark-rnd 1              | -j HMARK --hmark-src-prefix 32 --hmark-rnd 0x00000001 --hmark-mod 10
-j HMARK --hmark-src-prefix 0 --hmark-mod 10 --hmark-rnd 1               | -j HMARK --hmark-src-prefix 0 --hmark-rnd 0x00000001 --hmark-mod 10
-j HMARK --hmark-spi 1 --hmark-sport 2 --hmark-mod 10 --hmark-rnd 1      | refused: Invalid argument
-j HMARK --hmark-spi-mask 1 --hmark-sport 2 --hmark-mod 10 --hmark-rnd 1 | -j HMARK --hmark-spi-mask 0x00000001 --hmark-sport 0x0002 --hmark-rnd 0x00000001 --hmark-mod 10
-j HMARK --hmark-spi-mask 1 --hmark-sport-mask 2 --hmark-mod 10 --hmark-rnd 1 | refused: you cannot use --hmark-spi-mask and --hmark-?port-mask,at the same time
-j HMARK --hmark-spi 1 --hmark-sport-mask 2 --hmark-mod 10 --hmark-rnd 1 | -j HMARK --hmark-sport-mask 0x0002 --hmark-spi 0x00000001 --hmark-rnd 0x00000001 --hmark-mod 10
-j HMARK --hmark-tuple ct,spi --hmark-mod 10 --hmark-rnd 1               | -j HMARK --hmark-spi-mask 0xffffffff --hmark-rnd 0x00000001 --hmark-mod 10 --hmark-tuple ct
-j HMARK --hmark-tuple ct --hmark-mod 10 --hmark-rnd 1 --hmark-offset 0  | -j HMARK --hmark-rnd 0x00000001 --hmark-mod 10 --hmark-offset 0 --hmark-tuple ct
-j HMARK --hmark-tuple ct --hmark-mod 10 --hmark-rnd 0 --hmark-offset 10 | -j HMARK --hmark-rnd 0x00000000 --hmark-mod 10 --hmark-offset 10 --hmark-tuple ct
-j HMARK --hmark-tuple "src,dst " --hmark-mod 10 --hmark-rnd 1           | refused: Bad type "dst "
-j HMARK --hmark-tuple ",src" --hmark-mod 10 --hmark-rnd 1               | refused: Bad type ",src"
-j HMARK --hmark-offset 3 --hmark-mod 10 --hmark-rnd 1                   | refused: you have to specify --hmark-tuple at least
@ipv4
-j HMARK --hmark-tuple src --hmark-mod 1 --hmark-rnd 1                   | -j HMARK --hmark-src-prefix 32 --hmark-rnd 0x00000001 --hmark-mod 1
-j HMARK --hmark-tuple src,dst,sport,dport --hmark-mod 10 --hmark-offset 1 --hmark-rnd 0xfeedcafe | -j HMARK --hmark-src-prefix 32 --hmark-dst-prefix 32 --hmark-sport-mask 0xffff --hmark-dport-mask 0xffff --hmark-rnd 0xfeedcafe --hmark-mod 10 --hmark-offset 1
-j HMARK --hmark-tuple src,dst --hmark-mod 10 --hmark-rnd 1              | -j HMARK --hmark-src-prefix 32 --hmark-dst-prefix 32 --hmark-rnd 0x00000001 --hmark-mod 10
-j HMARK --hmark-tuple ct,src --hmark-mod 10 --hmark-rnd 1               | -j HMARK --hmark-src-prefix 32 --hmark-rnd 0x00000001 --hmark-mod 10 --hmark-tuple ct
-j HMARK --hmark-tuple src,spi --hmark-mod 10 --hmark-rnd 1              | -j HMARK --hmark-src-prefix 32 --hmark-spi-mask 0xffffffff --hmark-rnd 0x00000001 --hmark-mod 10
-j HMARK --hmark-tuple src,dst --hmark-src-prefix 129 --hmark-mod 10 --hmark-rnd 1 | refused: HMARK: option "--hmark-src-prefix" can only be used once.
-j HMARK --hmark-tuple src,sport --hmark-dport-mask 0xff --hmark-mod 10 --hmark-rnd 1 | -j HMARK --hmark-src-prefix 32 --hmark-sport-mask 0xffff --hmark-dport-mask 0x00ff --hmark-rnd 0x00000001 --hmark-mod 10
-j HMARK --hmark-tuple src,sport,dport --hmark-sport 80 --hmark-mod 10 --hmark-rnd 1 | -j HMARK --hmark-src-prefix 32 --hmark-sport-mask 0xffff --hmark-dport-mask 0xffff --hmark-sport 0x0050 --hmark-rnd 0x00000001 --hmark-mod 10
-j HMARK --hmark-tuple src,sport,dport --hmark-dport 80 --hmark-mod 10 --hmark-rnd 1 | -j HMARK --hmark-src-prefix 32 --hmark-sport-mask 0xffff --hmark-dport-mask 0xffff --hmark-dport 0x0050 --hmark-rnd 0x00000001 --hmark-mod 10
-j HMARK --hmark-tuple src --hmark-sport 80 --hmark-mod 10 --hmark-rnd 1 | -j HMARK --hmark-src-prefix 32 --hmark-sport 0x0050 --hmark-rnd 0x00000001 --hmark-mod 10
-j HMARK --hmark-tuple src --hmark-spi-mask 0xf --hmark-mod 10 --hmark-rnd 1 | -j HMARK --hmark-src-prefix 32 --hmark-spi-mask 0x0000000f --hmark-rnd 0x00000001 --hmark-mod 10
-j HMARK --hmark-tuple src --hmark-spi 0xf --hmark-mod 10 --hmark-rnd 1  | -j HMARK --hmark-src-prefix 32 --hmark-spi 0x0000000f --hmark-rnd 0x00000001 --hmark-mod 10
-j HMARK --hmark-tuple src --hmark-proto-mask 0xff --hmark-mod 10 --hmark-rnd 1 | -j HMARK --hmark-src-prefix 32 --hmark-proto-mask 0xff --hmark-rnd 0x00000001 --hmark-mod 10
-j HMARK --hmark-tuple src --hmark-proto-mask 17 --hmark-mod 10 --hmark-rnd 1 | -j HMARK --hmark-src-prefix 32 --hmark-proto-mask 0x11 --hmark-rnd 0x00000001 --hmark-mod 10
-j HMARK --hmark-tuple src --hmark-offset 5 --hmark-mod 10 --hmark-rnd 1 | -j HMARK --hmark-src-prefix 32 --hmark-rnd 0x00000001 --hmark-mod 10 --hmark-offset 5
-j HMARK --hmark-tuple src,dst,proto --hmark-mod 10 --hmark-rnd 1        | -j HMARK --hmark-src-prefix 32 --hmark-dst-prefix 32 --hmark-proto-mask 0xffff --hmark-rnd 0x00000001 --hmark-mod 10
-j HMARK --hmark-src-prefix 24 --hmark-tuple src --hmark-mod 10 --hmark-rnd 1 | -j HMARK --hmark-src-prefix 32 --hmark-rnd 0x00000001 --hmark-mod 10
-j HMARK --hmark-tuple src,src --hmark-mod 10 --hmark-rnd 1              | -j HMARK --hmark-src-prefix 32 --hmark-rnd 0x00000001 --hmark-mod 10
-j HMARK --hmark-src-prefix 255.255.0.0 --hmark-mod 10 --hmark-rnd 1     | -j HMARK --hmark-src-prefix 16 --hmark-rnd 0x00000001 --hmark-mod 10
-j HMARK --hmark-src-prefix ffff:: --hmark-mod 10 --hmark-rnd 1          | refused: HMARK: bad value for option "--hmark-src-prefix", neither a valid network mask nor valid CIDR (0-32).
-j HMARK --hmark-src-prefix 33 --hmark-mod 10 --hmark-rnd 1              | -j HMARK --hmark-src-prefix 32 --hmark-rnd 0x00000001 --hmark-mod 10
-j HMARK --hmark-src-prefix 127 --hmark-mod 10 --hmark-rnd 1             | -j HMARK --hmark-src-prefix 32 --hmark-rnd 0x00000001 --hmark-mod 10
-j HMARK --hmark-src-prefix 128 --hmark-mod 10 --hmark-rnd 1             | -j HMARK --hmark-src-prefix 32 --hmark-rnd 0x00000001 --hmark-mod 10
-j HMARK --hmark-src-prefix x --hmark-mod 10 --hmark-rnd 1               | refused: HMARK: bad value for option "--hmark-src-prefix", neither a valid network mask nor valid CIDR (0-32).
-j HMARK --hmark-tuple "SRC" --hmark-mod 10 --hmark-rnd 1                | -j HMARK --hmark-src-prefix 32 --hmark-rnd 0x00000001 --hmark-mod 10
@ipv6
-j HMARK --hmark-tuple src --hmark-mod 1 --hmark-rnd 1                   | -j HMARK --hmark-src-prefix 128 --hmark-rnd 0x00000001 --hmark-mod 1
-j HMARK --hmark-tuple src,dst,sport,dport --hmark-mod 10 --hmark-offset 1 --hmark-rnd 0xfeedcafe | -j HMARK --hmark-src-prefix 128 --hmark-dst-prefix 128 --hmark-sport-mask 0xffff --hmark-dport-mask 0xffff --hmark-rnd 0xfeedcafe --hmark-mod 10 --hmark-offset 1
-j HMARK --hmark-tuple src,dst --hmark-mod 10 --hmark-rnd 1              | -j HMARK --hmark-src-prefix 128 --hmark-dst-prefix 128 --hmark-rnd 0x00000001 --hmark-mod 10
-j HMARK --hmark-tuple ct,src --hmark-mod 10 --hmark-rnd 1               | -j HMARK --hmark-src-prefix 128 --hmark-rnd 0x00000001 --hmark-mod 10 --hmark-tuple ct
-j HMARK --hmark-tuple src,spi --hmark-mod 10 --hmark-rnd 1              | -j HMARK --hmark-src-prefix 128 --hmark-spi-mask 0xffffffff --hmark-rnd 0x00000001 --hmark-mod 10
-j HMARK --hmark-tuple src,dst --hmark-src-prefix 129 --hmark-mod 10 --hmark-rnd 1 | refused: HMARK: option "--hmark-src-prefix" can only be used once.
-j HMARK --hmark-tuple src,sport --hmark-dport-mask 0xff --hmark-mod 10 --hmark-rnd 1 | -j HMARK --hmark-src-prefix 128 --hmark-sport-mask 0xffff --hmark-dport-mask 0x00ff --hmark-rnd 0x00000001 --hmark-mod 10
-j HMARK --hmark-tuple src,sport,dport --hmark-sport 80 --hmark-mod 10 --hmark-rnd 1 | -j HMARK --hmark-src-prefix 128 --hmark-sport-mask 0xffff --hmark-dport-mask 0xffff --hmark-sport 0x0050 --hmark-rnd 0x00000001 --hmark-mod 10
-j HMARK --hmark-tuple src,sport,dport --hmark-dport 80 --hmark-mod 10 --hmark-rnd 1 | -j HMARK --hmark-src-prefix 128 --hmark-sport-mask 0xffff --hmark-dport-mask 0xffff --hmark-dport 0x0050 --hmark-rnd 0x00000001 --hmark-mod 10
-j HMARK --hmark-tuple src --hmark-sport 80 --hmark-mod 10 --hmark-rnd 1 | -j HMARK --hmark-src-prefix 128 --hmark-sport 0x0050 --hmark-rnd 0x00000001 --hmark-mod 10
-j HMARK --hmark-tuple src --hmark-spi-mask 0xf --hmark-mod 10 --hmark-rnd 1 | -j HMARK --hmark-src-prefix 128 --hmark-spi-mask 0x0000000f --hmark-rnd 0x00000001 --hmark-mod 10
-j HMARK --hmark-tuple src --hmark-spi 0xf --hmark-mod 10 --hmark-rnd 1  | -j HMARK --hmark-src-prefix 128 --hmark-spi 0x0000000f --hmark-rnd 0x00000001 --hmark-mod 10
-j HMARK --hmark-tuple src --hmark-proto-mask 0xff --hmark-mod 10 --hmark-rnd 1 | -j HMARK --hmark-src-prefix 128 --hmark-proto-mask 0xff --hmark-rnd 0x00000001 --hmark-mod 10
-j HMARK --hmark-tuple src --hmark-proto-mask 17 --hmark-mod 10 --hmark-rnd 1 | -j HMARK --hmark-src-prefix 128 --hmark-proto-mask 0x11 --hmark-rnd 0x00000001 --hmark-mod 10
-j HMARK --hmark-tuple src --hmark-offset 5 --hmark-mod 10 --hmark-rnd 1 | -j HMARK --hmark-src-prefix 128 --hmark-rnd 0x00000001 --hmark-mod 10 --hmark-offset 5
-j HMARK --hmark-tuple src,dst,proto --hmark-mod 10 --hmark-rnd 1        | -j HMARK --hmark-src-prefix 128 --hmark-dst-prefix 128 --hmark-proto-mask 0xffff --hmark-rnd 0x00000001 --hmark-mod 10
-j HMARK --hmark-src-prefix 24 --hmark-tuple src --hmark-mod 10 --hmark-rnd 1 | -j HMARK --hmark-src-prefix 128 --hmark-rnd 0x00000001 --hmark-mod 10
-j HMARK --hmark-tuple src,src --hmark-mod 10 --hmark-rnd 1              | -j HMARK --hmark-src-prefix 128 --hmark-rnd 0x00000001 --hmark-mod 10
-j HMARK --hmark-src-prefix 255.255.0.0 --hmark-mod 10 --hmark-rnd 1     | refused: HMARK: bad value for option "--hmark-src-prefix", neither a valid network mask nor valid CIDR (0-128).
-j HMARK --hmark-src-prefix ffff:: --hmark-mod 10 --hmark-rnd 1          | -j HMARK --hmark-src-prefix 16 --hmark-rnd 0x00000001 --hmark-mod 10
-j HMARK --hmark-src-prefix 33 --hmark-mod 10 --hmark-rnd 1              | -j HMARK --hmark-src-prefix 33 --hmark-rnd 0x00000001 --hmark-mod 10
-j HMARK --hmark-src-prefix 127 --hmark-mod 10 --hmark-rnd 1             | -j HMARK --hmark-src-prefix 127 --hmark-rnd 0x00000001 --hmark-mod 10
-j HMARK --hmark-src-prefix 128 --hmark-mod 10 --hmark-rnd 1             | -j HMARK --hmark-src-prefix 128 --hmark-rnd 0x00000001 --hmark-mod 10
-j HMARK --hmark-src-prefix x --hmark-mod 10 --hmark-rnd 1               | refused: HMARK: bad value for option "--hmark-src-prefix", neither a valid network mask nor valid CIDR (0-128).
-j HMARK --hmark-tuple "SRC" --hmark-mod 10 --hmark-rnd 1                | -j HMARK --hmark-src-prefix 128 --hmark-rnd 0x00000001 --hmark-mod 10

:filter:FORWARD
@ipv4
-j HMARK --hmark-tuple src --hmark-mod 10 --hmark-rnd 1 | -j HMARK --hmark-src-prefix 32 --hmark-rnd 0x00000001 --hmark-mod 10
@ipv6
-j HMARK --hmark-tuple src --hmark-mod 10 --hmark-rnd 1 | -j HMARK --hmark-src-prefix 128 --hmark-rnd 0x00000001 --hmark-mod 10

:raw:PREROUTING
@ipv4
-j HMARK --hmark-tuple src --hmark-mod 10 --hmark-rnd 1 | -j HMARK --hmark-src-prefix 32 --hmark-rnd 0x00000001 --hmark-mod 10
@ipv6
-j HMARK --hmark-tuple src --hmark-mod 10 --hmark-rnd 1 | -j HMARK --hmark-src-prefix 128 --hmark-rnd 0x00000001 --hmark-mod 10

:nat:OUTPUT
@ipv4
-j HMARK --hmark-tuple src --hmark-mod 10 --hmark-rnd 1 | -j HMARK --hmark-src-prefix 32 --hmark-rnd 0x00000001 --hmark-mod 10
@ipv6
-j HMARK --hmark-tuple src --hmark-mod 10 --hmark-rnd 1 | -j HMARK --hmark-src-prefix 128 --hmark-rnd 0x00000001 --hmark-mod 10

# types may be shortened
:mangle:PREROUTING
@ipv4
-j HMARK --hmark-tuple sp --hmark-mod 10 --hmark-rnd 1 | -j HMARK --hmark-sport-mask 0xffff --hmark-rnd 0x00000001 --hmark-mod 10
-j HMARK --hmark-tuple s,d --hmark-mod 10 --hmark-rnd 1 | -j HMARK --hmark-src-prefix 32 --hmark-dst-prefix 32 --hmark-rnd 0x00000001 --hmark-mod 10
