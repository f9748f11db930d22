# Everything that is done with Latchkey. `make run` to see it, `make test` to check it.

GO ?= go
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.7.0
# Left out: G101, which takes names of errors and SQL for passwords, and folders of which nothing is in the program: the
# build of the client, and what only tests call. Every other exception has its reason beside the code.
GOSEC = github.com/securego/gosec/v2/cmd/gosec@v2.22.10
GOSECFLAGS = -quiet -exclude-generated -exclude G101 \
	-exclude-dir testdata -exclude-dir web/bundle -exclude-dir server/internal/pgtest -exclude-dir server/internal/storetest
GOVULNCHECK = golang.org/x/vuln/cmd/govulncheck@v1.9.0
# Node gets a bare environment: Go's start script takes arguments and environment of at most 8 kB.
WASM_EXEC = env -i PATH=$(PATH) HOME=$(HOME) $(shell $(GO) env GOROOT)/lib/wasm/go_js_wasm_exec

# The tools from npm that judge the running server, and the scripts that drive them.
AUDIT = server/internal/audittest/testdata

.PHONY: run build client test audit needs lint vulncheck generate bench soak certificate

# With TLS=1 run serves https://localhost:8443, with a certificate that signs itself: browsers ask whether to trust it.
CERTIFICATE ?= bin/localhost
run: build $(if $(TLS),certificate) ## serve http://localhost:8080 on an SQLite file, with a demo account; TLS=1: https
	bin/latchkey serve --demo $(if $(TLS),--addr localhost:8443 --tls-cert $(CERTIFICATE)/cert.pem --tls-key $(CERTIFICATE)/key.pem)

certificate: $(CERTIFICATE)/cert.pem ## for localhost, with its key, which only its owner reads

# Go brings the program. It writes into the folder it is run in, for a year.
$(CERTIFICATE)/cert.pem:
	@mkdir -p $(CERTIFICATE)
	cd $(CERTIFICATE) && $(GO) run "$$($(GO) env GOROOT)/src/crypto/tls/generate_cert.go" -ecdsa-curve P256 -host localhost,127.0.0.1,::1

build: client ## bin/latchkey, one binary with every asset inside
	$(GO) build -trimpath -o bin/latchkey ./server

client: ## the browser client, built into web/dist
	$(GO) run ./web/bundle

test: needs client ## all tests: unit, race detector, js/wasm, both databases, the browser
	$(GO) test -race -timeout 20m ./... # the browser takes up to ten minutes beside the others
	$(GO) test ./server/internal/simulation # thousands of histories, which the race detector would make hundreds
	GOOS=js GOARCH=wasm CGO_ENABLED=0 $(GO) test -exec "$(WASM_EXEC)" ./shared/... ./wasm/hub

audit: needs client ## axe, Lighthouse, csp_evaluator and jose on every page of a running server, with their figures
	@LATCHKEY_AUDIT=1 $(GO) test -count=1 -timeout 20m -v ./server/internal/audittest

# What the tests need beside Go and a C compiler comes from Debian's packages, and the tools of the audit from npm.
needs:
	@missing=""; \
	command -v chromium >/dev/null || missing="$$missing chromium"; \
	command -v node >/dev/null || missing="$$missing nodejs"; \
	command -v npm >/dev/null || missing="$$missing npm"; \
	ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null || missing="$$missing postgresql"; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $$missing >/dev/null; \
	else \
		echo "make test needs packages that are not installed: apt-get install$$missing" >&2; exit 1; \
	fi
	@cd $(AUDIT) && { cmp -s package-lock.json node_modules/installed || { npm ci && cp package-lock.json node_modules/installed; }; }

lint: ## static checks
	@unformatted="$$(gofmt -l $$(git ls-files '*.go'))"; \
	if [ -n "$$unformatted" ]; then echo "gofmt would change: $$unformatted" >&2; exit 1; fi
	$(GO) mod tidy -diff
	$(GO) vet ./...
	GOOS=js GOARCH=wasm $(GO) vet ./shared/... ./wasm/...
	GOBIN="$(CURDIR)/bin" $(GO) install $(STATICCHECK)
	bin/staticcheck ./...
	GOOS=js GOARCH=wasm bin/staticcheck ./wasm/... ./shared/...
	GOBIN="$(CURDIR)/bin" $(GO) install $(GOSEC)
	bin/gosec $(GOSECFLAGS) ./...
	GOOS=js GOARCH=wasm bin/gosec $(GOSECFLAGS) ./wasm/...

# Not part of lint: what it finds changes from day to day, and it needs the network.
vulncheck: ## known vulnerabilities of what the program calls
	@GOBIN="$(CURDIR)/bin" $(GO) install $(GOVULNCHECK)
	@bin/govulncheck ./... > bin/vulncheck.txt 2>&1; status=$$?; \
	if grep -q 'fetching vulnerabilities' bin/vulncheck.txt; then \
		echo "make vulncheck: the database at https://vuln.go.dev cannot be reached, so nothing is checked" >&2; \
	else \
		cat bin/vulncheck.txt; \
	fi; exit $$status

generate: ## the executor and the components; their output is committed
	$(GO) generate ./...

bench: needs client ## the benchmarks, with their figures as a table
	@mkdir -p bin
	@$(GO) test -run '^$$' -bench . -benchmem ./server/... ./shared/... > bin/bench.txt || { cat bin/bench.txt; exit 1; }
	@awk 'BEGIN { print "| benchmark | ns | bytes | allocations | other |"; print "|---|---:|---:|---:|---|" } \
		/^Benchmark/ { sub(/^Benchmark/, "", $$1); sub(/-[0-9]+$$/, "", $$1); split("", v); other = ""; \
			for (i = 3; i < NF; i += 2) if ($$(i+1) ~ /^(ns|B|allocs)\/op$$/) v[$$(i+1)] = $$i; else other = other $$i " " $$(i+1) " "; \
			print "| " $$1 " | " v["ns/op"] " | " v["B/op"] " | " v["allocs/op"] " | " other "|" }' bin/bench.txt

# The long forms of tests, each of which is short in `make test`: what they measure, and nothing of their course. One
# package at a time (-p 1): it has the machine for itself, as its bounds on time suppose, and is heard as it goes on.
FUZZTIME ?= 1m
soak: SHELL := /bin/bash
soak: .SHELLFLAGS := -o pipefail -c
soak: needs client ## faults, simulations, growth and fuzzing for long: tens of minutes, with their figures
	@LATCHKEY_SOAK=1 $(GO) test -count=1 -p 1 -timeout 60m -v ./server/internal/faulttest ./server/internal/simulation 2>&1 | \
		grep --line-buffered -E '\.go:[0-9]+|^ *--- |^(ok|FAIL|panic|#)'
	@LATCHKEY_SOAK=1 $(GO) test -count=1 -timeout 60m -v -run Growth ./server/internal/store 2>&1 | \
		grep --line-buffered -E '\.go:[0-9]+|^ *--- |^(ok|FAIL|panic|#)'
	@mkdir -p bin
	@for file in $$(git grep -lE '^func Fuzz' -- '*_test.go'); do \
		for name in $$(sed -nE 's/^func (Fuzz[A-Za-z0-9]+)\(.*/\1/p' $$file); do \
			$(GO) test -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1x ./$$(dirname $$file) > bin/fuzz.txt 2>&1 \
				|| { cat bin/fuzz.txt; exit 1; }; \
			echo "$$name: $$(grep -oE 'execs: [0-9]+' bin/fuzz.txt | tail -1) in $(FUZZTIME), no failure"; \
		done; \
	done
