# Two commands do everything on a fresh Debian or Ubuntu machine:
#
#     make conformance    the suite on all engines of this machine, a matrix, and out/report.html
#     make test           unit tests, then the same suite
#
# Others: make check (ruff, mypy), make compiled (engine/ with mypyc), make bench, make clean.

PYTHON  ?= python3
VENV    ?= .venv
WORKERS ?= 2
# Scenarios wait for the kernel more than they compute.
SUITE_WORKERS ?= 4
BIN     := $(VENV)/bin
STAMP   := $(VENV)/.ready

# What the kernel engines need: command -> Debian package.
COMMANDS := ip:iproute2 iptables-legacy:iptables nft:nftables conntrack:conntrack tcpdump:tcpdump

.PHONY: conformance test unit suite setup packages check compiled test-compiled bench clean

conformance: setup
	$(BIN)/python -m pytest conformance --engine=all -n $(SUITE_WORKERS) -q

test: setup unit suite

unit: setup
	$(BIN)/python -m pytest tests -n $(WORKERS) -q

suite: setup
	$(BIN)/python -m pytest conformance --engine=all -n $(SUITE_WORKERS) -q

setup: packages $(STAMP)

packages:
	@missing=""; \
	for pair in $(COMMANDS); do \
	    command -v "$${pair%%:*}" >/dev/null 2>&1 || [ -x "/usr/sbin/$${pair%%:*}" ] || missing="$$missing $${pair##*:}"; \
	done; \
	if ! [ -x $(BIN)/python ] && ! $(PYTHON) -c 'import ensurepip' 2>/dev/null; then missing="$$missing python3-venv"; fi; \
	if [ -n "$$missing" ]; then \
	    if [ "$$(id -u)" = 0 ]; then \
	        apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing; \
	    else \
	        echo "nflab: missing Debian packages:$$missing (as root: apt-get install$$missing); going on with what is here"; \
	    fi; \
	fi

$(STAMP): pyproject.toml
	[ -x $(BIN)/python ] || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	touch $@

check: setup
	$(BIN)/ruff check .
	$(BIN)/mypy

compiled: setup
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'mypy[mypyc]' setuptools
	$(BIN)/python bench/build_compiled.py

# The unit tests and the suite on the compiled engine. `-p` imports it before the checkout comes first on the path.
test-compiled: compiled
	NFLAB_ENGINE=compiled PYTHONPATH=build/compiled $(BIN)/python -P -m pytest -p engine.core.hooks tests -n $(WORKERS) -q
	NFLAB_ENGINE=compiled $(BIN)/python -m pytest conformance --engine=userspace -n $(WORKERS) -q

bench: setup
	for each in bench/[!b]*.py; do $(BIN)/python $$each || exit 1; done

clean:
	rm -rf out build .mypy_cache .ruff_cache .pytest_cache .hypothesis
