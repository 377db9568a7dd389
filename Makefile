# Every target sets up what it needs first; a fresh machine needs Python 3.11 or newer, git and make.
.PHONY: run test fmt bench chaos fuzz setup

run:  ## set up, migrate, add the demo data, serve
	@scripts/setup --no-dev --inexact
	@.venv/bin/postroom migrate && .venv/bin/postroom demo && exec .venv/bin/postroom serve

test:  ## every check and every test; PYTEST_ARGS="-k words tests/rfc" narrows the tests
	@scripts/setup
	@.venv/bin/python scripts/test.py $(PYTEST_ARGS)

fmt:  ## format, and repair what ruff can
	@scripts/setup
	@.venv/bin/ruff format && .venv/bin/ruff check --fix

bench:  ## measure beside the peers; BENCH_ARGS=--write keeps them in benchmarks/RESULTS.md
	@scripts/setup --group bench
	@.venv/bin/python -m benchmarks $(BENCH_ARGS)

chaos:  ## kill, freeze and cut off what delivers, and show that nothing is lost; CHAOS_ARGS=--quick takes a minute
	@scripts/setup
	@.venv/bin/postroom chaos $(CHAOS_ARGS)

fuzz:  ## throw what Atheris makes up at the parsers of mail; FUZZ_ARGS="60 mime" is a minute of one of them
	@scripts/setup --group fuzz
	@.venv/bin/python scripts/fuzz.py $(FUZZ_ARGS)

setup:  ## only the virtual environment
	@scripts/setup
