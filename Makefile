# Hookgate: everything a person types. `make help` lists the targets.

SWIFT_FLAGS := --explicit-target-dependency-import-check error
# The runtime is linked in, so that the target machine needs only libssl and libcrypt. Dynamic exclusivity checks cost
# 4 of 39 µs an event on a bare NIO gateway; debug builds, and so the tests, keep them. Optimised across modules, an event
# over HTTP/2 costs 3 % less and a handshake 2 %.
RELEASE_FLAGS := -c release --static-swift-stdlib -Xswiftc -enforce-exclusivity=unchecked \
	-Xswiftc -cross-module-optimization $(SWIFT_FLAGS)
HOOKGATE := .build/release/hookgate
PREFIX ?= /usr/local
DESTDIR ?=
CONFIG ?= config/hookgate.yaml

.DEFAULT_GOAL := help
.PHONY: help deps build run test lint format bench certs install clean fuzz asan valgrind tls-conformance clients \
	crash-test power-cut-test disk-test damage-test outage-test decide-test durable-bench page-test alerts-test \
	renewal-test http2-test http2-conformance strangers-test docs restart-test setups-test unit-test man deb deb-test

help: ## list the targets
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 26

deps: ## install the missing system packages (Debian), or say which they are
	@sh scripts/deps.sh

build: deps ## build the release binary, .build/release/hookgate
	swift build $(RELEASE_FLAGS) --product hookgate

run: build certs ## build, make a development certificate if there is none, start gateway and development backend
	@sh scripts/run.sh $(HOOKGATE) $(CONFIG)

test: deps ## build and run all tests
	swift build --build-tests $(SWIFT_FLAGS)
	@SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=16 sh scripts/test.sh $(SWIFT_FLAGS)

lint: ## check the format of all sources
	swift format lint --strict --parallel --recursive Sources Tests Package.swift

format: ## format all sources
	swift format --in-place --parallel --recursive Sources Tests Package.swift

docs: build ## make docs/reasons.md from the code
	$(HOOKGATE) reasons > docs/reasons.md

certs: build ## make a development certificate in certs/ if there is none
	@test -e certs/server.pem || $(HOOKGATE) cert generate --out certs

bench: build ## measure beside nginx, haproxy and others: make bench PEERS="hookgate:direct nginx:lua"
	@sh scripts/bench.sh $(PEERS)

install: build ## install binary, manual pages, completions, systemd units and documents below $(PREFIX)
	@sh scripts/install.sh "$(DESTDIR)" "$(PREFIX)" $(HOOKGATE)

tls-conformance: build ## examine TLS beside nginx: our own conversations, testssl.sh and sslyze
	@sh scripts/tls-conformance.sh $(HOOKGATE)

http2-conformance: build ## examine HTTP/2 frame by frame beside nginx
	@sh scripts/deps.sh conformance
	python3 Tests/Conformance/http2.py $(HOOKGATE)

clients: ## push with curl, openssl, Python, Node and Java to the gateway of `make run`
	@sh scripts/clients.sh

fuzz: deps ## fuzz the decoders of pushes, credentials and decisions, ten minutes each (SECONDS=n)
	sh Fuzz/run FuzzPush $(or $(SECONDS),600)
	sh Fuzz/run FuzzAuthorization $(or $(SECONDS),600)
	sh Fuzz/run FuzzDecision $(or $(SECONDS),600)

asan: deps ## run the tests of TLS, edge and delivery under AddressSanitizer
	@# Leaks are looked for by make valgrind, in the gateway: XCTest leaks, and tests end without tearing down.
	ASAN_OPTIONS=detect_leaks=0 swift test --scratch-path .build-asan --sanitize=address $(SWIFT_FLAGS) \
		--filter "OpenSSLTests|TLSTests|EdgeTests|AuthTests|DeliveryTests|SipgateTests|WebhooksTests"

valgrind: build ## look for leaks while clients die at every point of handshake and request
	@sh scripts/valgrind.sh $(HOOKGATE)

crash-test: build ## kill the gateway under load 100 times and look for what was acknowledged (ROUNDS=n)
	python3 Tests/Trials/crash.py --rounds $(or $(ROUNDS),100) $(HOOKGATE)

power-cut-test: build ## the same, and take back every write that was not synced; then prove that losses are found
	python3 Tests/Trials/crash.py --power-cut --rounds $(or $(ROUNDS),30) $(HOOKGATE)
	python3 Tests/Trials/crash.py --power-cut --lie --rounds 5 $(HOOKGATE)

disk-test: build ## failing syncs and writes and a full disk under load
	python3 Tests/Trials/disk.py $(HOOKGATE)

damage-test: build ## start on 200 damaged journals (ROUNDS=n)
	python3 Tests/Trials/damage.py --rounds $(or $(ROUNDS),200) $(HOOKGATE)

alerts-test: ## check and test the alert rules with Prometheus' promtool
	promtool check rules packaging/prometheus/hookgate.rules.yml
	cd packaging/prometheus && promtool test rules hookgate.rules.test.yml

page-test: build ## look at the operators' page in a headless Chromium, with hostile callers
	/usr/bin/python3 Tests/Trials/page.py $(HOOKGATE)

outage-test: build ## a backend that is down for an hour of events (EVENTS=n)
	python3 Tests/Trials/outage.py --events $(or $(EVENTS),720000) $(HOOKGATE)

decide-test: build ## callers wait while a dead, slow, dripping, lying or late backend is asked (CALLS=n)
	python3 Tests/Trials/decide.py --calls $(or $(CALLS),12000) $(HOOKGATE)

renewal-test: build ## renew certificates 200 times under load, in every order (RENEWALS=n)
	python3 Tests/Trials/renewal.py --renewals $(or $(RENEWALS),200) $(HOOKGATE)

http2-test: build ## abuse HTTP/2 frame by frame while others push (ATTACK=seconds for each)
	python3 Tests/Trials/http2.py --seconds $(or $(ATTACK),10) $(HOOKGATE)

strangers-test: build ## stalled handshakes, idle connections and floods while others push: their replies may not wait
	python3 Tests/Trials/strangers.py $(HOOKGATE)

restart-test: build ## restart under load 20 times with passed sockets, then with kill -9 (RESTARTS=n)
	python3 Tests/Trials/restart.py --hang --restarts $(or $(RESTARTS),20) $(HOOKGATE)
	python3 Tests/Trials/restart.py --kill --restarts $(or $(RESTARTS),20) $(HOOKGATE)

setups-test: build ## ten broken set-ups: what is wrong, where, and what to do has to be said
	python3 Tests/Trials/setups.py $(HOOKGATE)

unit-test: build ## verify the systemd units, say what they leave, and run the gateway under their filter
	python3 Tests/Trials/unit.py $(HOOKGATE)

man: build ## make the manual pages from the program's help and docs/configuration.md
	@python3 scripts/man.py $(HOOKGATE)

deb: build ## build hookgate_VERSION_ARCHITECTURE.deb
	@sh scripts/deb.sh $(HOOKGATE)

deb-test: deb ## install, upgrade, serve, remove and purge the package in a bare Debian
	@sh scripts/deb-test.sh

durable-bench: build ## CPU time of an accepted and delivered event, without and beside a backlog (BACKLOG=n); needs wrk
	python3 Benchmarks/durable/measure.py --backlog $(or $(BACKLOG),1000000) $(HOOKGATE)

clean: ## remove what was built; certificates and var/ stay
	rm -rf .build .build-*
