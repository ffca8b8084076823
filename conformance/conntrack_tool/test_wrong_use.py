"""What conntrack(8) says to command lines that it does not take: the words and the exit code, as conntrack 1.4.7 has them."""

from typing import Final

from conformance.conntrack_tool.asking import ask
from conformance.vocabulary import Failed, case

TOOL: Final = "conntrack v1.4.7 (conntrack-tools): "
TRY: Final = "Try `conntrack -h' or 'conntrack --help' for more information."
EXPECT: Final = ("-p tcp -s 1.1.1.1 -d 1.1.1.2 --sport 1 --dport 2 --tuple-src 1.1.1.1 --tuple-dst 1.1.1.2 "
                 "--tuple-port-src 1 --tuple-port-dst 2 --mask-src 255.255.255.255 --mask-dst 255.255.255.255 "
                 "--mask-port-src 1 --mask-port-dst 1 -t 50")  # fmt: skip

# `command line | exit code: complaint`
SHEETS: Final[dict[str, dict[str, object]]] = {
    "commands": {"requirement": "One command at a time", "cites": ["CTTOOL-26"], "sheet": r"""
        -E -L                  | 2: Invalid commands combination
        -L -E                  | 2: Invalid commands combination
        -L -D                  | 2: Invalid commands combination
        -LD                    | 0: 0 flow entries have been shown.
        -LL                    | 0: 0 flow entries have been shown.
        -L -L                  | 2: Invalid commands combination
        -I -U                  | 2: Invalid commands combination
        -F -C                  | 2: Invalid commands combination
        --dump --flush         | 2: Invalid commands combination
        -L conntrack -L expect | 2: Invalid commands combination
        -C -S                  | 2: Invalid commands combination
        -L -V                  | 2: Invalid commands combination
        -h -L                  | 2: Invalid commands combination
        -E -E                  | 2: Invalid commands combination
        -R - -L                | 0:
    """},
    "no-command": {"requirement": "Without a command nothing happens", "cites": ["CTTOOL-26"], "sheet": r"""
        -s 1.1.1.1 | 2: Illegal option `--src' with this command
        -p tcp     | 2: Illegal option `--protonum' with this command
        -o xml     | 2: Illegal option `--output' with this command
        -z         | 2: Illegal option `--zero' with this command
        -e NEW     | 2: Illegal option `--event-mask' with this command
        word       | 0: (help)
    """},
    "tables": {"requirement": "Tables", "cites": ["CTTOOL-27"], "sheet": r"""
        -L nosuch      | 2: unknown type `nosuch'
        -L filter      | 2: unknown type `filter'
        -L Conntrack   | 2: unknown type `Conntrack'
        -D nosuch      | 2: unknown type `nosuch'
        -E nosuch      | 2: unknown type `nosuch'
        -G dying       | 2: Can't do that command with tables `dying' and `unconfirmed'
        -D unconfirmed | 2: Can't do that command with tables `dying' and `unconfirmed'
        -F dying       | 2: Can't do that command with tables `dying' and `unconfirmed'
        -C unconfirmed | 2: Can't do that command with tables `dying' and `unconfirmed'
        -E dying       | 2: Can't do that command with tables `dying' and `unconfirmed'
        -U expect      | 2: Can't do --update on expectations
        -A expect      | 2: Can't do --add on expectations
        -L conntracks  | 2: unknown type `conntracks'
        -L -1          | 2: unknown option `-1'
    """},
    "options": {"requirement": "Options that there are not", "cites": ["CTTOOL-27"], "sheet": r"""
        --bogus            | 2: unknown option `--bogus'
        -L --bogus         | 2: unknown option `--bogus'
        -L --bogus=5       | 2: unknown option `--bogus=5'
        -L -x              | 2: unknown option `-x'
        -L -K 5            | 2: unknown option `-K'
        -L -Q              | 2: unknown option `-Q'
        -L --stat ASSURED  | 2: unknown option `--stat'
        -L --mar 5         | 0: 0 flow entries have been shown.
        -L --zo 5          | 0: 0 flow entries have been shown.
        -L --zero=5        | 2: unknown option `--zero=5'
        -L --orig 1.1.1.1  | 2: unknown option `--orig'
        -L --reply 1.1.1.1 | 2: unknown option `--reply'
        -L --label- foo    | 2: unknown option `--label-'
        -L --s             | 2: unknown option `--s'
        -L --              | 0: 0 flow entries have been shown.
        -L --sport 5       | 2: unknown option `--sport'
        -L --icmp-type 8   | 2: unknown option `--icmp-type'
        -L --srckey 5      | 2: unknown option `--srckey'
        -L -t              | 2: option `-t' requires an argument
        -L -s              | 2: option `-s' requires an argument
        -L -p              | 2: option `-p' requires an argument
        -L -o              | 2: option `-o' requires an argument
        -L --src           | 2: option `--src' requires an argument
        -I -t              | 2: option `-t' requires an argument
    """},
    "timeout": {"requirement": "A timeout belongs to -I and -U alone", "cites": ["CTTOOL-22"], "sheet": r"""
        -L --timeout 3                                           | 2: Illegal option `--timeout' with this command
        -L -t 3                                                  | 2: Illegal option `--timeout' with this command
        -G -p udp -s 1.1.1.1 -d 1.1.1.2 --sport 1 --dport 2 -t 3 | 2: Illegal option `--timeout' with this command
        -F -t 3                                                  | 2: Illegal option `--timeout' with this command
        -C -t 3                                                  | 2: Illegal option `--timeout' with this command
        -S -t 3                                                  | 2: Illegal option `--timeout' with this command
        -E -t 3                                                  | 2: Illegal option `--timeout' with this command
        -L expect -t 3                                           | 2: Illegal option `--timeout' with this command
        -D expect -p tcp -s 1.1.1.1 -d 1.1.1.2 -t 3              | 2: Illegal option `--timeout' with this command
        -D -t 3                                                  | 1: 0 flow entries have been deleted.
        -U -t 3 -s 9.9.9.9                                       | 1: 0 flow entries have been updated.
    """},
    "illegal": {"requirement": "Options that do not belong to the command", "cites": ["CTTOOL-22", "CTTOOL-27"], "sheet": r"""
        -C -p tcp                                                    | 2: Illegal option `--protonum' with this command
        -C -s 1.1.1.1                                                | 2: Illegal option `--src' with this command
        -C -f ipv6                                                   | 2: Illegal option `--family' with this command
        -S -o xml                                                    | 2: Illegal option `--output' with this command
        -F -s 1.1.1.1                                                | 2: Illegal option `--src' with this command
        -F -p tcp                                                    | 2: Illegal option `--protonum' with this command
        -F -m 5                                                      | 2: Illegal option `--mark' with this command
        -L -e NEW                                                    | 2: Illegal option `--event-mask' with this command
        -L -b 100                                                    | 2: Illegal option `--buffer-size' with this command
        -L -i 5                                                      | 2: Illegal option `--id' with this command
        -L --tuple-src 1.1.1.1                                       | 2: Illegal option `--tuple-src' with this command
        -G -p udp -s 1.1.1.1 -d 1.1.1.2 --sport 1 --dport 2 -m 5     | 2: Illegal option `--mark' with this command
        -G -p udp -s 1.1.1.1 -d 1.1.1.2 --sport 1 --dport 2 -u ASSURED | 2: Illegal option `--status' with this command
        -G -p udp -s 1.1.1.1 -d 1.1.1.2 --sport 1 --dport 2 -f ipv4  | 2: Illegal option `--family' with this command
        -D -z                                                        | 2: Illegal option `--zero' with this command
        -D -e NEW                                                    | 2: Illegal option `--event-mask' with this command
        -D -b 5                                                      | 2: Illegal option `--buffer-size' with this command
        -D -j                                                        | 2: Illegal option `--any-nat' with this command
        -D --label-add x                                             | 2: nfct_labelmap_new: No such file or directory / unknown label 'x'
        -U -z                                                        | 2: Illegal option `--zero' with this command
        -U -w 5                                                      | 2: Illegal option `--zone' with this command
        -U -e NEW                                                    | 2: Illegal option `--event-mask' with this command
        -U -j                                                        | 2: Illegal option `--any-nat' with this command
        -I -z                                                        | 2: You need to supply the `--protonum' option for this command
        -I -o xml                                                    | 2: You need to supply the `--protonum' option for this command
        -I -f ipv4                                                   | 2: You need to supply the `--protonum' option for this command
        -I -e NEW                                                    | 2: You need to supply the `--protonum' option for this command
        -E -z                                                        | 2: Illegal option `--zero' with this command
        -E -i 5                                                      | 2: Illegal option `--id' with this command
        -E -u ASSURED                                                | 2: Illegal option `--status' with this command
        -L expect -s 1.1.1.1                                         | 2: Illegal option `--src' with this command
        -L expect -p tcp                                             | 2: Illegal option `--protonum' with this command
        -L expect -m 5                                               | 2: Illegal option `--mark' with this command
        -F expect -f ipv6                                            | 2: Illegal option `--family' with this command
        -C expect -o xml                                             | 2: Illegal option `--output' with this command
        -E expect -s 1.1.1.1                                         | 2: Illegal option `--src' with this command
        -E expect -e NEW                                             | 2: Illegal option `--event-mask' with this command
        -V -s 1.1.1.1                                                | 2: Illegal option `--src' with this command
        -h -s 1.1.1.1                                                | 2: Illegal option `--src' with this command
    """},
    "values": {"requirement": "Values that make no sense", "cites": ["CTTOOL-27"], "sheet": r"""
        -L -o nosuch                                                 | 2: Bad parameter `nosuch'
        -L -o xml,nosuch                                             | 2: Bad parameter `nosuch'
        -L -o ''                                                     | 2: Bad parameter `'
        -L -o xml,                                                   | 2: Bad parameter `'
        -L -o save,id                                                | 1: cannot combine save output with any other output type, use -o save only
        -L -o save,xml                                               | 1: cannot combine save output with any other output type, use -o save only
        -L -o id -o save                                             | 1: cannot combine save output with any other output type, use -o save only
        -E -e NOSUCH                                                 | 2: Bad parameter `NOSUCH'
        -E -e NEW,NOSUCH                                             | 2: Bad parameter `NOSUCH'
        -E -e ''                                                     | 2: Bad parameter `'
        -L -f ipx                                                    | 2: `ipx' unsupported protocol
        -L -f ''                                                     | 2: `' unsupported protocol
        -L -f inet                                                   | 2: `inet' unsupported protocol
        -I -u NOSUCH                                                 | 2: Bad parameter `NOSUCH'
        -I -p nosuch                                                 | 2: `nosuch' unsupported protocol
        -I -p 300                                                    | 2: `300' unsupported protocol
        -L -n 1.1.1.1/24                                             | 2: CIDR notation unavailable for `--src-nat'
        -L -n 1.1.1.1:x                                              | 2: Invalid port `x'
        -L -n 1.1.1.1:                                               | 2: No port specified after `:'
        -L -n [::1                                                   | 2: No closing ']' around IPv6 address
        -L -n []:5                                                   | 2: No IPv6 address specified
        -L -s 1.1.1.1 -d ::1                                         | 2: mismatched address family
        -L -s ::1 -f ipv4                                            | 2: mismatched address family
        -L --mask-src 255.0.0.0                                      | 2: Can't use --mask-src without --src
        -D --mask-dst 255.0.0.0                                      | 2: Can't use --mask-dst without --dst
        -U --mask-dst 255.0.0.0                                      | 2: Can't use --mask-dst without --dst
        -E --mask-src 255.0.0.0                                      | 2: Can't use --mask-src without --src
        -I -p udp -s 1.1.1.1 -d 1.1.1.2 --sport 1 --dport 2 -t 9 --label-add x | 2: nfct_labelmap_new: No such file or directory / unknown label 'x'
        -U --label-add x --label-del                                 | 2: nfct_labelmap_new: No such file or directory / unknown label 'x'
        -U --label-del --label-add x                                 | 1: nfct_labelmap_new: No such file or directory / nfct_labelmap_new: No such file or directory / cannot use --label-add and --label-del at the same time
        -p tcp --state FOO                                           | 2: unknown TCP state `FOO'
        -p dccp --state FOO                                          | 2: Unknown DCCP state `FOO'
        -p dccp --role FOO                                           | 2: Unknown DCCP role `FOO'
    """},
    "expectations": {"requirement": "An expectation needs its tuple, masks, master and timeout", "cites": ["CTTOOL-30"], "sheet": r"""
        -I expect EXPECT                                             | 1: Operation failed: master conntrack not found
        -I expect -p tcp                                             | 2: You need to supply the `--src' option for this command
        -I expect -s 1.1.1.1 -d 1.1.1.2                              | 2: You need to supply the `--protonum' option for this command
        -I expect -s 1.1.1.1 -d 1.1.1.2 -p tcp                       | 2: You need to supply the `--timeout' option for this command
        -I expect -s 1.1.1.1 -d 1.1.1.2 -p tcp -t 50                 | 2: You need to supply the `--tuple-src' option for this command
        -I expect -s 1.1.1.1 -d 1.1.1.2 -p tcp -t 50 --tuple-src 1.1.1.1 | 2: You need to supply the `--tuple-dst' option for this command
        -I expect -s 1.1.1.1 -d 1.1.1.2 -p tcp -t 50 --tuple-src 1.1.1.1 --tuple-dst 1.1.1.2 | 2: You need to supply the `--mask-src' option for this command
        -I expect -s 1.1.1.1 -d 1.1.1.2 -p tcp -t 50 --tuple-src 1.1.1.1 --tuple-dst 1.1.1.2 --mask-src 255.0.0.0 | 2: You need to supply the `--mask-dst' option for this command
        -I expect -s 1.1.1.1 -d 1.1.1.2 -p tcp -t 50 --tuple-src 1.1.1.1 --tuple-dst 1.1.1.2 --mask-src 255.0.0.0 --mask-dst 255.0.0.0 | 2: You need to supply the `--sport' option for this command
        -I expect -s 1.1.1.1 -d 1.1.1.2 -p tcp -t 50 --tuple-src 1.1.1.1 --tuple-dst 1.1.1.2 --mask-src 255.0.0.0 --mask-dst 255.0.0.0 --sport 1 --dport 2 | 2: You need to supply the `--mask-port-src' option for this command
        -I expect -s 1.1.1.1 -d 1.1.1.2 -p tcp -t 50 --tuple-src 1.1.1.1 --tuple-dst 1.1.1.2 --mask-src 255.0.0.0 --mask-dst 255.0.0.0 --sport 1 --dport 2 --tuple-port-src 1 --tuple-port-dst 2 | 2: You need to supply the `--mask-port-src' option for this command
        -I expect -d 1.1.1.2 -p tcp                                  | 2: You need to supply the `--src' option for this command
        -I expect EXPECT -m 5                                        | 2: Illegal option `--mark' with this command
        -I expect EXPECT -w 5                                        | 2: Illegal option `--zone' with this command
        -I expect EXPECT -z                                          | 2: Illegal option `--zero' with this command
        -D expect                                                    | 2: You need to supply the `--src' option for this command
        -D expect -p tcp -s 1.1.1.1                                  | 2: You need to supply the `--dst' option for this command
        -D expect -p tcp -s 1.1.1.1 -d 1.1.1.2                       | 2: You need to supply the `--sport' option for this command
        -D expect -p tcp -s 1.1.1.1 -d 1.1.1.2 --sport 1 --dport 2   | 2: You need to supply the `--reply-port-src' option for this command
        -G expect                                                    | 2: You need to supply the `--src' option for this command
        -G expect -p tcp -s 1.1.1.1 -d 1.1.1.2                       | 2: You need to supply the `--sport' option for this command
        -G expect -p tcp -s 1.1.1.1 -d 1.1.1.2 --sport 1 --dport 2   | 2: You need to supply the `--reply-port-src' option for this command
        -L expect                                                    | 0: 0 expectations have been shown.
        -C expect                                                    | 0: 0
        -F expect                                                    | 0: expectation table has been emptied.
    """},
    "load-file": {"requirement": "What a file of commands may not hold", "cites": ["CTTOOL-26"], "sheet": r"""
        -R                       | 2: unknown option `-R'
        -R /nonexistent          | 2: Failed to open file /nonexistent for reading
        -R /nonexistent -L       | 2: Failed to open file /nonexistent for reading
        --load-file /nonexistent | 2: Failed to open file /nonexistent for reading
        -L -R /nonexistent       | 2: unknown option `-R'
    """},
}


@case("conntrack-tool.wrong-use", topology="host", needs=["conntrack", "conntrack-tool"], rows=SHEETS)
def test_wrong_use(firewall, sheet):
    """A command line that makes no sense is refused with the reason; nothing is done."""
    firewall.loads("*filter\n-A FORWARD -m conntrack --ctstate NEW\nCOMMIT")
    rows = [row.strip().split(" | ", 1) for row in sheet.strip().splitlines()]
    outputs = ask(firewall, [f"conntrack {line.strip().replace('EXPECT', EXPECT)}" for line, _ in rows])
    wrong = [f"conntrack {line.strip()}: {said(output)}, not {wanted}"
             for (line, wanted), output in zip(rows, outputs, strict=True) if said(output) != wanted]  # fmt: skip
    if wrong:
        raise Failed(("should say", "what the sheet says"), ("but", "\n".join(wrong)))


def said(output):
    lines = [line.removeprefix(TOOL) for line in output.err.splitlines() if line != TRY]
    advised = TRY in output.err.splitlines()
    if advised != (output.exit == 2):
        lines.append("(advice to read the help)" if advised else "(no advice)")
    printed = ["(help)"] if output.out.startswith("Command line interface") else output.lines
    return f"{output.exit}: {' / '.join(lines + printed)}".rstrip()
