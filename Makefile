# SPDX-License-Identifier: MIT
# The front door. Meson and Ninja do the work; `make help` lists what there is.

BUILD = build
TEST  = build-test
DEB   = build-deb
FUZZ  = build-fuzz
TSAN  = build-tsan
VALGRIND = build-valgrind
COVERAGE = build-coverage

PREFIX  ?= /usr/local
ARGS    ?=
SEED    ?= 1
NODES   ?= 20
MINUTES ?= 1
SUITE   ?=
NAME    ?=

MESON = meson setup $(if $(wildcard $(@D)/build.ninja),--reconfigure)
RUN_TESTS = tools/run-tests $(addprefix --suite ,$(SUITE)) $(addprefix --name ,$(NAME))

.NOTPARALLEL:
.PHONY: build run test bench soak sim fuzz tsan valgrind coverage install uninstall deb format \
	clean help deps-build deps-deb deps-fuzz deps-test deps-valgrind built-test built-fuzz \
	built-tsan built-valgrind built-coverage

build: $(BUILD)/build.ninja ## build the release binary, build/kith
	@ninja -C $(BUILD)
	@ln -sfn src/bin/kith $(BUILD)/kith

run: build ## build, then run a node and print the address of its page; more flags in ARGS="…"
	$(BUILD)/kith up --open $(ARGS)

test: deps-test build built-test built-fuzz ## build with sanitizers and run all tests; SUITE=unit NAME=reader narrow it
	@$(RUN_TESTS) $(TEST) $(FUZZ)

bench: build ## measure, beside raw references, and write docs/BENCHMARKS.md; NAME=latency runs one case
	@tools/bench $(addprefix --name ,$(NAME)) $(BUILD)

soak: deps-test deps-deb build built-test ## the long forms of the scenario and system tests
	@tools/run-tests --soak --timeout-factor 20 $(addprefix --suite ,$(or $(SUITE),scenario system soak)) \
		$(addprefix --name ,$(NAME)) $(TEST)

sim: build ## one simulated run: SEED=1 NODES=20
	@$(BUILD)/sim/kith-sim --seed $(SEED) --nodes $(NODES) $(ARGS)

fuzz: deps-fuzz built-fuzz ## fuzz every decoder, MINUTES=1 each, one on each core; NAME=reader narrows it
	@tools/fuzz --minutes $(MINUTES) $(FUZZ) $(NAME)

# System tests in which threads of a node meet: checkpoints, signatures, UPnP, name resolution.
TSAN_SYSTEM = backup chat doctor mapping search two_nodes

tsan: export TSAN_OPTIONS = halt_on_error=1 suppressions=$(CURDIR)/tools/tsan.suppress
tsan: deps-test built-tsan ## unit tests and some system tests under ThreadSanitizer
	@tools/run-tests --timeout-factor 20 $(addprefix --suite ,$(or $(SUITE),unit)) \
		$(addprefix --name ,$(NAME)) $(TSAN)
	@$(if $(SUITE)$(NAME),,tools/run-tests --timeout-factor 20 $(TSAN_SYSTEM:%=--name system-%) $(TSAN))

# Thirty times slower, handshakes and routers miss the deadlines that these hold them to.
VALGRIND_NOT = net_portmap net_tunnel net_tunnel_strangers

valgrind: deps-valgrind built-valgrind ## unit tests under valgrind; NAME=reader narrows them
	@tools/run-tests --timeout-factor 60 --suite unit $(addprefix --name ,$(NAME)) \
		$(VALGRIND_NOT:%=--except %) --wrapper "valgrind -q --error-exitcode=99 --leak-check=full \
		--errors-for-leak-kinds=definite --show-leak-kinds=definite \
		--suppressions=$(CURDIR)/tools/valgrind.suppress" $(VALGRIND)

coverage: deps-test built-coverage ## what unit and scenario tests run; fails where they miss a line of core or proto
	@tools/coverage --forget $(COVERAGE)
	@tools/run-tests --suite unit --suite scenario --timeout-factor 20 $(COVERAGE)
	@tools/coverage $(COVERAGE) core proto

install: build ## install below PREFIX=/usr/local, staged in DESTDIR
	@meson configure $(BUILD) -Dprefix=$(abspath $(PREFIX))
	@DESTDIR=$(DESTDIR) meson install -C $(BUILD)

deb: deps-deb ## make Debian packages, into build-deb
	@tools/deb $(DEB)

uninstall: ## remove what `make install` installed last
	@ninja -C $(BUILD) uninstall

format: deps-test ## lay out every C file by .clang-format
	@find include src sim tests fuzz bench examples -name '*.[ch]' -exec clang-format -i {} +

clean: ## remove every build directory
	rm -rf $(BUILD) $(TEST) $(FUZZ) $(TSAN) $(VALGRIND) $(COVERAGE) $(DEB)

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1\t\2/p' Makefile | expand -t 16

# Configured anew when the flags below change.
$(BUILD)/build.ninja: Makefile | deps-build
	@$(MESON) $(BUILD) -Dtests=false
$(TEST)/build.ninja: Makefile | deps-test
	@$(MESON) $(TEST) -Dbuildtype=debugoptimized -Db_sanitize=address,undefined
$(FUZZ)/build.ninja: Makefile | deps-fuzz
	@CC=clang $(MESON) $(FUZZ) -Dfuzz=true -Dbuildtype=debugoptimized \
		-Db_sanitize=address,undefined -Db_lundef=false

$(TSAN)/build.ninja: Makefile | deps-test
	@$(MESON) $(TSAN) -Dbuildtype=debugoptimized -Db_sanitize=thread
$(VALGRIND)/build.ninja: Makefile | deps-valgrind
	@$(MESON) $(VALGRIND) -Dbuildtype=debugoptimized
$(COVERAGE)/build.ninja: Makefile | deps-test
	@$(MESON) $(COVERAGE) -Dbuildtype=debug -Db_coverage=true

built-test: $(TEST)/build.ninja
	@ninja -C $(TEST)
built-fuzz: $(FUZZ)/build.ninja
	@ninja -C $(FUZZ)
built-tsan: $(TSAN)/build.ninja
	@ninja -C $(TSAN)
built-valgrind: $(VALGRIND)/build.ninja
	@ninja -C $(VALGRIND)
built-coverage: $(COVERAGE)/build.ninja
	@ninja -C $(COVERAGE)

deps-build deps-deb deps-fuzz deps-test deps-valgrind:
	@tools/deps $(@:deps-%=%)
