"""The commands of nflab, one module each: `arguments(parser)` and `run(options) -> exit status`."""
