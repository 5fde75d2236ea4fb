# Everything runs in a virtual environment of its own, made on the first call.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

# What needs torch, in an environment of its own: the default suite does without.
MODELS := .venv-models

# A file's tests stay in one process, since they share what they set up.
SIDE_BY_SIDE := --numprocesses auto --maxprocesses 4 --dist loadfile

.PHONY: demo test test-slow test-models check format clean

demo: $(VENV)/installed
	$(BIN)/earwitness transcribe examples/episode.flac --model demo --output-dir demo-output
	@$(BIN)/python scripts/show_demo.py demo-output/episode.json

test: $(VENV)/installed-test
	$(BIN)/python -m pytest $(SIDE_BY_SIDE)

test-slow: $(VENV)/installed-test
	$(BIN)/python -m pytest -m slow

test-models: $(MODELS)/installed
	$(MODELS)/bin/python -m pytest -rs tests/engines/test_transformers.py tests/engines/test_conversion.py \
		tests/engines/test_seq2seq.py tests/engines/test_sentences.py tests/with_torch

check: $(VENV)/installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest $(SIDE_BY_SIDE)

format: $(VENV)/installed-test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) $(MODELS) demo-output build dist

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) install --constraint constraints.txt --editable .
	@touch $@

$(VENV)/installed-test: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) install --constraint constraints.txt --editable ".[test]"
	@touch $@ $(VENV)/installed

$(MODELS)/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(MODELS)
	$(MODELS)/bin/python -m pip --disable-pip-version-check --quiet install --constraint constraints.txt --editable ".[test,models]"
	@touch $@
