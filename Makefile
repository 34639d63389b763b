# stsweep: everything is built here. `make demo` and `make test` are complete on a fresh machine; see README.md.
#
# Each floor of the house (scanner/base, scanner/facts, ..., workers, output, datasets) becomes a library of its own, and a
# test links only what its floor may include, so the include rules hold at link time too.

SHELL := /bin/bash
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:

VARIANT ?= release
B := build/$(VARIANT)
VERSION := 0.1.0

SCANNER_FLOORS := base facts record steps judge stats commands
OUTER_FLOORS := workers output datasets
FLOORS := $(SCANNER_FLOORS) $(OUTER_FLOORS)

# What a test of a floor links: the floor itself and what it may include, in link order.
LINKS_base := base
LINKS_facts := facts base
LINKS_record := record facts base
LINKS_steps := steps record facts base
LINKS_judge := judge record facts base
LINKS_stats := stats record facts base
LINKS_output := output record facts base
LINKS_datasets := datasets record facts base
LINKS_workers := workers judge steps record facts base
LINKS_fuzz := workers output datasets stats judge steps record facts base
LINKS_commands := commands workers output datasets stats judge steps record facts base

PACKAGES := libevent libevent_openssl libssl libcrypto libnghttp2 libidn2 libpsl libzstd zlib jansson ck libsodium \
	$(shell pkg-config --exists msgpack-c 2>/dev/null && echo msgpack-c || echo msgpack)
# libldns, libcsv and inih ship no usable .pc file on every supported system.
LIBS := $(shell pkg-config --libs $(PACKAGES) 2>/dev/null) -lldns -lcsv -linih
PACKAGE_FLAGS := $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null)

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wswitch-enum -Wvla -Wundef \
	-Wstrict-prototypes -Wmissing-prototypes -Wcast-qual -Wformat=2 -Wnull-dereference -Wimplicit-fallthrough
ifdef WERROR
WARNINGS += -Werror
endif

HARDENING := -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection
ifeq ($(shell uname -m),x86_64)
HARDENING += -fcf-protection
endif

CFLAGS_release := -O2 -g $(HARDENING)
CFLAGS_clang := -O2 -g
CFLAGS_asan := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined
CFLAGS_tsan := -O1 -g -fno-omit-frame-pointer -fsanitize=thread
CFLAGS_fuzz := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=undefined
LDFLAGS_release := -pie -Wl,-z,relro,-z,now
ifneq ($(filter $(VARIANT),clang asan tsan fuzz),)
CC := clang
endif

CFLAGS ?= $(CFLAGS_$(VARIANT))
ALL_CFLAGS := -std=gnu17 -D_GNU_SOURCE -DSTSWEEP_VERSION='"$(VERSION)"' -fPIE -Iscanner -I. $(WARNINGS) $(CFLAGS) $(PACKAGE_FLAGS) -MMD -MP
ALL_LDFLAGS := $(CFLAGS) $(LDFLAGS_$(VARIANT)) $(LDFLAGS) -pthread

# One short line a file; the whole command with V=1, nothing with -s.
Q := $(if $(V),,@)
say = $(if $(V)$(findstring s,$(firstword -$(MAKEFLAGS))),,@printf '  %-5s %s\n' $(1) $(2))

sources = $(wildcard $(if $(filter $(1),$(SCANNER_FLOORS)),scanner/$(1),$(1))/*.c)
objects = $(patsubst %.c,$(B)/%.o,$(call sources,$(1)))

.PHONY: all
all: $(B)/stsweep

# build/stsweep is the program that people run; other variants stay in their folders.
ifeq ($(VARIANT),release)
all: build/stsweep
build/stsweep: $(B)/stsweep
	$(Q)ln -sf $(VARIANT)/stsweep $@
endif

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(ALL_CFLAGS) -c -o $@ $<

# The provider table is part of its reader, which the compiler's dependency files do not show.
$(B)/datasets/providers.o: datasets/providers.csv

define floor_library
$(B)/lib$(1).a: $$(call objects,$(1))
	@rm -f $$@
	$$(call say,AR,$$@)
	$(Q)$$(AR) rcs $$@ $$^
endef
$(foreach floor,$(FLOORS),$(eval $(call floor_library,$(floor))))

.PHONY: libs
libs: $(foreach floor,$(FLOORS),$(B)/lib$(floor).a)

$(B)/stsweep: $(B)/scanner/main.o $(foreach floor,$(LINKS_commands),$(B)/lib$(floor).a)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

# --- unit tests: tests/<floor>/test_<file>.c, one program each -------------------------------------------------------

define floor_tests
TESTS_$(1) := $$(patsubst %.c,$(B)/%,$$(wildcard tests/$(1)/test_*.c))
$(B)/tests/$(1)/test_%: $(B)/tests/$(1)/test_%.o $$(patsubst %.c,$(B)/%.o,$$(wildcard tests/$(1)/helper_*.c)) $$(foreach floor,$$(LINKS_$(1)),$(B)/lib$$(floor).a)
	$$(call say,LINK,$$@)
	$(Q)$$(CC) $$(ALL_LDFLAGS) -o $$@ $$^ $$(LIBS) -lcmocka
TESTS += $$(TESTS_$(1))
endef
$(foreach floor,$(FLOORS),$(eval $(call floor_tests,$(floor))))

.PHONY: compile unit unit-%
# The program and every test, nothing run.
compile: $(B)/stsweep $(TESTS)
unit: $(TESTS)
	@scripts/run-tests $(TESTS)
# One floor only: make unit-facts
$(foreach floor,$(FLOORS),$(eval unit-$(floor): $$(TESTS_$(floor)) ; @scripts/run-tests $$(TESTS_$(floor))))

# --- what people ask for ---------------------------------------------------------------------------------------------
#
# Each target installs what it needs first, so the build is a make of its own: pkg-config is asked anew. It takes all
# processors unless the caller has said how many.
QUICK_MAKE = $(MAKE) --no-print-directory $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc))

.PHONY: test demo e2e e2e-full asan tsan fuzz lint format install
test:
	@scripts/deps build test
	@$(QUICK_MAKE) all unit

demo:
	@scripts/deps build lab
	@$(QUICK_MAKE) VARIANT=release all
	@scripts/demo build/demo

# Every field that the world's table names, against the real servers of the lab: make e2e VARIANT=asan
e2e:
	@scripts/deps build lab
	@$(QUICK_MAKE) all
	@tests/e2e/run --program $(B)/stsweep $(E2E)

# The same, others' answers to the same questions, and the tens of thousands of real domains of the corpus.
e2e-full: e2e
	@tests/e2e/oracles --program $(B)/stsweep
	@scripts/corpus-scan $(B)/stsweep build/corpus-scan

asan tsan:
	@scripts/deps build test check
	@$(QUICK_MAKE) VARIANT=$@ unit

FUZZ_SECONDS ?= 20
FUZZERS := $(patsubst tests/fuzz/%.c,build/fuzz/tests/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
fuzz:
	@scripts/deps build check
	@$(QUICK_MAKE) VARIANT=fuzz fuzzers
	@scripts/fuzz $(FUZZ_SECONDS) $(FUZZERS)

.PHONY: fuzzers
fuzzers: $(FUZZERS)
$(B)/tests/fuzz/fuzz_%: $(B)/tests/fuzz/fuzz_%.o $(foreach floor,$(LINKS_fuzz),$(B)/lib$(floor).a)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(LIBS)

lint:
	@scripts/deps build test check
	@$(QUICK_MAKE) compile_flags.txt
	@scripts/lint

# How a file is compiled, one flag a line, for clang-tidy and for editors.
compile_flags.txt: Makefile
	@printf '%s\n' $(filter-out -MMD -MP -g -O2 $(HARDENING),$(ALL_CFLAGS)) >$@

format:
	clang-format -i $$(git ls-files --cached --others --exclude-standard '*.c' '*.h')

# The tables of the program, written for people; tests/output/test_generated.c fails while they are out of date.
.PHONY: generated
generated: all
	build/stsweep schema --format csv >datasets/codebook.csv
	build/stsweep schema --format markdown >docs/RECORD.md

PREFIX ?= /usr/local
install: all
	install -D -m 755 $(B)/stsweep $(DESTDIR)$(PREFIX)/bin/stsweep
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/doc/stsweep README.md LICENSE CHANGES.md docs/*.md

.PHONY: clean
clean:
	rm -rf build/release build/clang build/asan build/tsan build/fuzz build/stsweep

.SECONDARY:
-include $(shell find $(B) -name '*.d' 2>/dev/null)
