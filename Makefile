# What people and CI call. Everything is built here and installed into .venv; nothing needs root or Graphviz.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Rust's own tests link no Python; the extension is tested by pytest, but for parts of it that need none.
RUST := --workspace --exclude refroots-embed

SOURCES := $(shell find crates -name '*.rs' -o -name '*.py' -o -name '*.pyi' -o -name '*.pth' -o -name '*.toml' -o -name '*.js' -o -name '*.css' -o -name '*.html' | grep -v _native) \
           Cargo.toml Cargo.lock pyproject.toml README.md LICENSE THIRD-PARTY-NOTICES.md

.PHONY: demo test test-rust test-python test-browser test-objgraph test-all test-real lint format notices docs-pictures gallery \
        fuzz bench bench-capture bench-analysis bench-objgraph bench-snapshot bench-export bench-pictures clean

demo: $(VENV)/installed
	$(BIN)/python fixtures/leaks/foo.py
	@echo "foo_refs.png: what holds one Foo (back-references); sample-graph.png: what the dict refers to"
	@echo "both in $(CURDIR)"

test: test-rust test-python

test-rust: $(VENV)/python
	cargo test --locked $(RUST)
	PYO3_PYTHON=$(CURDIR)/$(BIN)/python cargo test --locked -p refroots-embed --lib

# Snapshots of damaged contents for a minute, on stable Rust; REFROOTS_FUZZ_SEED=N repeats one (target/fuzz.txt says which).
fuzz:
	REFROOTS_FUZZ_SECONDS=$${REFROOTS_FUZZ_SECONDS:-60} cargo test --locked -p refroots-core --test snapshot_fuzz
	@cat target/fuzz.txt

test-python: $(VENV)/installed $(VENV)/tools
	$(BIN)/python -m pytest

# One wheel on CPython 3.10 to 3.14; fetches what the machine lacks, and says what it could not get.
test-all: $(VENV)/installed $(VENV)/tools
	$(BIN)/python tools/test_all.py

# objgraph's own suite, fetched from PyPI, against its drop-in; needs the network and Graphviz.
test-objgraph: $(VENV)/installed $(VENV)/tools
	$(BIN)/python -m pytest tests/test_objgraph_suite.py tests/test_objgraph.py tests/test_objgraph_pictures.py

# The fixtures that need matplotlib, Django and Flask, exports that DuckDB and networkx read, and a notebook; `make test`
# runs them too where those are installed. memlab comes from npm, where that is there.
test-real: $(VENV)/installed $(VENV)/tools $(VENV)/real
	$(BIN)/python -m pytest tests/test_real.py tests/test_export.py tests/test_notebook.py

# The interactive page in Debian's Chromium, by clicks and keys; `make test` skips it where chromium or playwright is missing.
test-browser: $(VENV)/installed $(VENV)/tools $(VENV)/browser
	$(BIN)/python -m pytest tests/browser

# The pictures of docs/pictures.md.
docs-pictures:
	cargo run --locked -p refroots-render --example pictures -- docs/pictures

# docs/gallery.md and its pictures, of real programs; needs Graphviz, for objgraph's pictures.
gallery: $(VENV)/installed $(VENV)/gallery
	$(BIN)/python tools/gallery.py

lint: $(VENV)/tools
	cargo fmt --all --check
	cargo clippy --locked $(RUST) --all-targets -- -D warnings
	cargo clippy --locked -p refroots-render --no-default-features --all-targets -- -D warnings
	cargo clippy --locked -p refroots-core -p refroots-cli --no-default-features --all-targets -- -D warnings
	PYO3_PYTHON=$(CURDIR)/$(BIN)/python cargo clippy --locked -p refroots-embed -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps $(RUST)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python tools/rooms.py
	$(BIN)/python tools/licences.py --check

format: $(VENV)/tools
	cargo fmt --all
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

notices: $(VENV)/tools
	$(BIN)/python tools/licences.py --write

# Every benchmark there is.
bench: bench-capture bench-analysis bench-objgraph bench-snapshot bench-export bench-pictures

# Capture beside gc.collect() at 100,000, 1,000,000 and 10,000,000 instances; the last takes 8 GB.
bench-capture: $(VENV)/installed
	$(BIN)/python benches/capture.py

# Every analysis beside gc.collect(), at the same sizes and on heaps of a hard shape; the largest takes 13 GB.
bench-analysis: $(VENV)/installed
	$(BIN)/python benches/analysis.py

# refroots.objgraph beside objgraph, which is stopped at 100 s a function: 100,000, 1,000,000 and 3,000,000 objects.
bench-objgraph: $(VENV)/installed $(VENV)/tools
	$(BIN)/python benches/beside_objgraph.py

# Snapshots saved and loaded beside gc.collect(), at 100,000, 1,000,000 and 10,000,000 instances; the last takes 12 GB.
bench-snapshot: $(VENV)/installed
	$(BIN)/python benches/snapshot.py

# Every format of an export beside gc.collect(), at 100,000 and 1,000,000 instances; the larger takes 1.5 GB.
bench-export: $(VENV)/installed
	$(BIN)/python benches/export.py

# Pictures of 15 to 1,000 objects beside Graphviz's dot, which must be installed: times, and figures of the geometry.
bench-pictures:
	cargo run --locked --release -p refroots-render --example beside_dot

clean:
	rm -rf target $(VENV) foo_refs.png sample-graph.png

$(VENV)/python:
	$(PYTHON) -m venv $(VENV)
	touch $@

$(VENV)/tools: $(VENV)/python tests/requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -r tests/requirements.txt
	touch $@

$(VENV)/real: $(VENV)/python tests/requirements-real.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -r tests/requirements-real.txt
	touch $@

$(VENV)/browser: $(VENV)/python tests/requirements-browser.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -r tests/requirements-browser.txt
	touch $@

$(VENV)/gallery: $(VENV)/python tests/requirements-gallery.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -r tests/requirements-gallery.txt
	touch $@

# Programs that use objgraph; `make test` runs them with refroots.objgraph where they are installed.
$(VENV)/users: $(VENV)/python tests/requirements-objgraph.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -r tests/requirements-objgraph.txt
	touch $@

$(VENV)/installed: $(VENV)/python $(SOURCES)
	$(BIN)/pip install --quiet --disable-pip-version-check --force-reinstall --no-deps .
	touch $@
