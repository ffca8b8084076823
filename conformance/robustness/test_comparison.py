"""Two engines side by side: the same rules and packets, chosen by chance, must have the same effect on both."""

from conformance.vocabulary import case

RULESETS = 12
PACKETS = 30


@case("robust.compared-with-the-kernel", topology="host", needs=["control", "a-kernel-beside"], cites=["ROBUST-15"],
      rows={f"seeds-{first}": {"first": first} for first in (1000, 2000)})  # fmt: skip
def test_compared(firewall, first):
    """Verdicts, packets on the wire, every counter, the connections and what helpers expect: packet by packet as the
    kernel with iptables-legacy. More of the same: nflab fuzz."""
    from conformance.fuzz.fuzzer import open_fuzzer
    from conformance.fuzz.generate import generate

    with open_fuzzer(("kernel-legacy", firewall.engine)) as fuzzer:
        for seed in range(first, first + RULESETS):
            fuzzer.judge(generate(seed, fuzzer.left.world, PACKETS), small=False)
        assert fuzzer.tally.packets > RULESETS * PACKETS // 2
        for found, lines in fuzzer.tally.failures:
            raise AssertionError(f"nflab fuzz --seed {found.seed} --count 1\n" + "\n".join(lines))
