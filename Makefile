# `make run` and `make test` do all of their set-up. Needed: Python 3.11-3.13 with pip and venv, git, make.
# MEDIA=/folder registers and scans a folder; TESTS='-k word' narrows the suite; PYTHON=/path chooses the interpreter.

SETUP := sh deploy/setup.sh
TESTS ?=
export MEDIA PYTHON TESTS

.PHONY: run test check lock migration clean

run:
	@exec $(SETUP) run

test:
	@exec $(SETUP) test

check:
	@exec $(SETUP) check

# after a change of pyproject.toml
lock:
	@exec $(SETUP) lock

# make migration NAME='what changes'
migration:
	@exec $(SETUP) migration "$(NAME)"

clean:
	rm -rf .make .venv node_modules static/dist
