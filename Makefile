# Ormos. What is longer than a line lives in tools/.
.DEFAULT_GOAL := help
.PHONY: help build up hello test soak bench generate fmt vuln clean
TOOL := go tool -modfile=tools/go.mod

help: ## shows this
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

build: ## builds the commands and the examples into bin/, without libc: agents run them, too
	@echo "building bin/"
	@mkdir -p bin && CGO_ENABLED=0 go build -o bin/ ./cmd/... ./examples/...

up: build ## runs Ormos: a cluster, the scheduler, its API and a web server that says hello, until Ctrl-C
	@exec ./bin/ormos up

hello: build ## starts a local cluster and a web server on it, until Ctrl-C
	@exec ./bin/hello

test: ## runs every check that a change has to pass
	@tools/install
	@tools/test

SEEDS ?= 10000
KILLS ?= 200
soak: ## tries a framework with 10,000 seeds of faults and kills ormos up 200 times; SEEDS=100 with fewer, SEED=17 with that one
	ORMOS_KILLS=$(KILLS) go test ./cmd/ormos -run='^TestKilledAtAnyMoment$$' -count=1 -timeout=12h
	EVERY_BYTE=1 go test ./scheduler -run='^TestRecordingsCutAnywhere$$' -count=1
	SEED=$(SEED) SEEDS=$(SEEDS) go test ./local/trial -run='^TestFramework$$' -count=1 -timeout=12h

bench: ## runs the benchmarks, the stock protobuf runtime as a peer among them
	go run ./internal/gen -stock
	go test -tags stock -run='^$$' -bench=. -benchmem ./...

generate: ## writes the generated code from schema/
	go run ./internal/gen

fmt: ## formats the code
	$(TOOL) gofumpt -w .

vuln: ## asks vuln.go.dev about known vulnerabilities; needs the internet
	$(TOOL) govulncheck ./...

clean: ## removes what make built
	rm -rf bin
