# Thin: each target is one command, or a script in scripts/. `make` alone lists the targets.
.DEFAULT_GOAL := help
.PHONY: help setup lib server examples header docs abi size test test-full test-sanitizers lint fuzz soak bench reliability demo deny clean

MAKEFLAGS += --no-print-directory

# rustup puts cargo there; a shell that was open before does not know it yet.
export PATH := $(PATH):$(HOME)/.cargo/bin

CARGO ?= cargo
BUILD := build/c_examples

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' Makefile

setup: ## Install what building and testing need (Debian), or say what is missing
	@scripts/setup.sh test

lib: ## Build the C library: target/release/libotc.so and libotc.a
	@scripts/build-lib.sh

server: ## Build the server: target/release/otc-server
	$(CARGO) build --release --locked -p otc-server

examples: ## Build the C programs, and the library and the server with them, in build/c_examples
	cmake -S c_examples -B $(BUILD)
	cmake --build $(BUILD)

header: ## Write include/otc.h anew from src/ffi
	OTC_WRITE_HEADER=1 $(CARGO) build -p otc

docs: ## Make the reference and the guide: build/docs/html/index.html
	@scripts/docs.sh

abi: ## Record what programs are compiled with in abi/, after an addition to the header
	@scripts/record-abi.sh

size: lib ## Record how large the library is in abi/size.txt
	@scripts/check-size.sh record

test: ## Run every test: Rust, C, a real browser, server SDKs
	@scripts/test.sh

test-full: ## Run what takes hours: a soak (SOAK_S), long fuzzing (SECONDS_EACH), panics in release
	@scripts/test-full.sh

test-sanitizers: ## Run the C tests under ASan, UBSan, LSan, TSan and valgrind
	@scripts/test-sanitizers.sh

lint: ## Check formatting, lints, documentation and scripts
	@scripts/lint.sh

fuzz: ## Run the fuzz targets, SECONDS_EACH=60 for each
	fuzz/run.sh $(or $(SECONDS_EACH),60)

soak: ## Let clients, server and a failing network run for SOAK_S=1800 seconds
	@scripts/soak.sh

bench: ## Measure the library and the server beside a bare WebSocket pair (BENCH=--quick)
	$(CARGO) build --release --locked -p otc-server -p otc-bench
	target/release/otc-bench $(BENCH)

reliability: ## Try every fault on real sockets, measure, and write docs/reliability.md (twenty minutes)
	@scripts/reliability.sh

demo: ## See two C programs talk over a server of their own
	@scripts/demo.sh

deny: ## Check licences, bans and sources of the dependencies
	@scripts/deny.sh

clean: ## Remove everything that was built
	$(CARGO) clean
	rm -rf build fuzz/target tests/interop/node_modules tests/interop/python/.venv web_examples/call/node_modules
