"""Random rulesets and packets through two engines, compared: what came out, every counter, the conntrack table."""
