# PARTH. `make demo` and `make test` do all set-up themselves on a fresh Debian or Ubuntu with Swift 6.

SWIFT ?= swift
BUILD = $(SWIFT) build -c release
BIN = .build/release/parth
ARGS ?=

.PHONY: setup build demo test test-swift test-oracle bench format lint clean

setup:
	@Scripts/setup.sh

build: setup
	$(BUILD) --product parth

demo: build
	$(BIN) demo $(ARGS)

# Kernels are 50 to 100 times slower without optimisation, so tests run in release.
test: test-swift test-oracle

test-swift: setup
	$(BUILD) --build-tests
	$(SWIFT) test -c release --skip-build

test-oracle: build
	Tests/Oracle/run.sh $(BIN)

bench: build
	$(BIN) bench combine --threads 1 --runs 7
	$(BIN) bench combine --threads 2 --runs 7
	$(BIN) bench kernels

format:
	$(SWIFT) format -i -r Package.swift Sources Tests

lint:
	$(SWIFT) format lint -s -r Package.swift Sources Tests

clean:
	rm -rf .build
