"""What several targets share: values of marks, ranges of NAT, answers of REJECT, log text."""
