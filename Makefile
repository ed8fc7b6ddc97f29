# One Makefile, no recursion; everything made goes under build/ (or, with
# SAN=1, build-san/).  Local settings such as CC=clang-14 go into config.mk.
-include config.mk

PKGS	 = sqlite3 jansson libconfig libsodium libarchive
WARN	 = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	   -Wconversion -Wno-sign-conversion -Wvla -Wformat=2 -Wundef \
	   -Wno-missing-field-initializers -Wwrite-strings -Wcast-qual -Wpointer-arith -fno-common
CPPFLAGS += -D_GNU_SOURCE -I. -include shared/banned.h
CFLAGS	?= -O2 -g
# Asked once: pkg-config costs as much as a tenth of what compiling a file does.
PKGCFLAGS := $(shell pkg-config --cflags $(PKGS) libcurl)
PKGLIBS	:= $(shell pkg-config --libs $(PKGS))
CFLAGS	+= -std=gnu17 $(WARN) -Werror -MMD -MP $(PKGCFLAGS)
# libunistring comes without a description for pkg-config.
LDLIBS	 = $(PKGLIBS) -lunistring -lpthread
VERSION	:= $(shell sed -n 's/^## \([0-9][0-9.]*\).*/\1/p;T;q' CHANGELOG.md 2>/dev/null)
CPPFLAGS += -DCRM_VERSION='"$(or $(VERSION),0.0.0)"'

ifdef SAN
B	 = build-san
# Less is optimized away before it can be watched, and it is compiled in half
# the time; lines are all that a stack needs to tell.
CFLAGS	+= -O1 -g1 -fsanitize=address,undefined \
	   -fno-sanitize-recover=undefined -fno-omit-frame-pointer
LDFLAGS	+= -fsanitize=address,undefined
else ifdef FUZZ
B	 = build-fuzz
CFLAGS	+= -fsanitize=fuzzer-no-link,address,undefined \
	   -fno-sanitize-recover=undefined -fno-omit-frame-pointer
LDFLAGS	+= -fsanitize=fuzzer,address,undefined
else ifdef COV
B	 = build-cov
CFLAGS	+= --coverage -O0
LDFLAGS	+= --coverage
else
B	 = build
CFLAGS	+= -fstack-protector-strong -fPIE
CPPFLAGS += -D_FORTIFY_SOURCE=2
LDFLAGS	+= -pie -Wl,-z,relro -Wl,-z,now
endif

obj	 = $(patsubst %.c,$(B)/%.o,$(wildcard $(1)/*.c))
SHARED	 = $(B)/libshared.a
MODEL	 = $(B)/libmodel.a
PARTS	 = $(B)/libparts.a
SCHEDD	 = $(filter-out $(B)/schedd/main.o,$(call obj,schedd) \
	   $(call obj,schedd/host) $(call obj,schedd/upstream))
FCGI	 = $(filter-out $(B)/fcgi/main.o,$(call obj,fcgi))
CLI	 = $(filter-out $(B)/cli/main.o,$(call obj,cli))
# What the engine is made of without a socket: the simulations link it.
ENGINE	 = $(filter-out $(addprefix $(B)/schedd/,loop.o transfer.o reach.o checkpoint.o), \
	   $(SCHEDD))

PROGRAMS = $(addprefix $(B)/,crm-fcgi crm-schedd crmctl)
HELPERS	 = $(patsubst tests/helpers/%.c,$(B)/%,\
	   $(filter-out tests/helpers/sim_%.c,$(wildcard tests/helpers/*.c)))
SIMSHELL = $(filter $(B)/tests/helpers/sim_%.o,$(call obj,tests/helpers))
UNITS	 = $(patsubst tests/unit/%.c,$(B)/%,$(wildcard tests/unit/test_*.c))
SIMS	 = $(patsubst tests/sim/%.c,$(B)/%,$(wildcard tests/sim/sim_*.c))
BENCHES	 = $(patsubst tests/bench/%.c,$(B)/%,$(wildcard tests/bench/bench_*.c))
OURS	 = $(wildcard shared/*.c fcgi/*.c schedd/*.c schedd/*/*.c cli/*.c)

all: $(PROGRAMS)
.PHONY: all programs tests check check-unit check-sim check-int check-hosts check-san san-tests \
	check-fresh analyze tidy coverage soak bench fuzz schema lint fmt install \
	clean

$(SHARED): $(call obj,shared) $(B)/migrations.o $(B)/verdict_data.o \
		$(B)/endpoints_data.o $(B)/model_data.o
	@rm -f $@
	$(AR) rcs $@ $^
$(MODEL): $(call obj,tests/model)
	@rm -f $@
	$(AR) rcs $@ $^
# What most tests take parts of.  Files of two folders have one name: none may
# replace the other.
$(PARTS): $(FCGI) $(ENGINE)
	@rm -f $@
	$(AR) qcs $@ $^

$(B)/migrations.c: $(sort $(wildcard migrations/*.sql)) scripts/embed-sql.sh
	@mkdir -p $(@D)
	scripts/embed-sql.sh $(sort $(wildcard migrations/*.sql)) >$@.tmp
	@mv $@.tmp $@
VERDICTS = provider gateway
$(B)/verdict_data.c: $(VERDICTS:%=shared/verdict/%.tsv) scripts/embed-text.sh
	@mkdir -p $(@D)
	scripts/embed-text.sh $(foreach v,$(VERDICTS),verdict_$(v)_tsv=shared/verdict/$(v).tsv) >$@.tmp
	@mv $@.tmp $@
$(B)/endpoints_data.c: packs/openai-cn-pack/endpoints.tsv scripts/embed-text.sh
	@mkdir -p $(@D)
	scripts/embed-text.sh pack_endpoints_tsv=$< >$@.tmp
	@mv $@.tmp $@
NAMES	 = packs/openai-cn-pack/model-names
TABLES	 = families words models aliases endpoints wires retired
$(B)/model_data.c: $(TABLES:%=$(NAMES)/%.tsv) scripts/embed-text.sh
	@mkdir -p $(@D)
	scripts/embed-text.sh $(foreach t,$(TABLES),model_$(t)_tsv=$(NAMES)/$(t).tsv) >$@.tmp
	@mv $@.tmp $@
$(addprefix $(B)/,migrations.o verdict_data.o endpoints_data.o model_data.o): $(B)/%.o: $(B)/%.c
	$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<
$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$(B)/crm-fcgi: $(B)/fcgi/main.o $(FCGI) $(SHARED)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS) -lfcgi -lcsv
$(B)/crm-schedd: $(B)/schedd/main.o $(SCHEDD) $(SHARED)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS) -lcurl
$(B)/crmctl: $(B)/cli/main.o $(CLI) $(SHARED)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS) -lcurl -lyaml -lcsv

# They run for a moment, and there are many: what counts is how soon they are
# compiled.
$(B)/tests/unit/%.o: CFLAGS += -O0 -g1 -U_FORTIFY_SOURCE
# A unit test links the parts of the programs, never a main().
$(B)/test_%: $(B)/tests/unit/test_%.o $(PARTS) $(MODEL) $(SHARED)
	$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(LDLIBS) -lfcgi -lcsv -lcmocka
# These go over real sockets.
$(B)/test_transfer $(B)/test_ways $(B)/test_loop: $(B)/test_%: $(B)/tests/unit/test_%.o \
		$(SCHEDD) $(SHARED)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS) -lcurl -lcmocka
$(addprefix $(B)/,test_cli test_cli_bodies test_site_file test_site_diff test_plan_file): $(B)/test_%: \
		$(B)/tests/unit/test_%.o $(CLI) $(SHARED)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS) -lcurl -lyaml -lcsv -lcmocka
SIMLIB	 = $(filter-out $(B)/tests/sim/sim_%,$(call obj,tests/sim))
# It lives in the simulated world, too.
$(B)/test_check_private: $(B)/test_%: $(B)/tests/unit/test_%.o $(SIMLIB) \
		$(PARTS) $(MODEL) $(SHARED)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS) -lfcgi -lcsv -lcmocka
$(B)/sim_%: $(B)/tests/sim/sim_%.o $(SIMLIB) $(PARTS) $(MODEL) $(SHARED)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)
$(B)/hostsim $(B)/providersim: $(B)/%: $(B)/tests/helpers/%.o $(SIMSHELL) \
		$(MODEL) $(SHARED)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS) -lmicrohttpd -lcurl
$(B)/proxysim: $(B)/tests/helpers/proxysim.o $(B)/tests/helpers/sim_options.o \
		$(SHARED)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)
$(B)/pool: $(B)/tests/helpers/pool.o $(B)/fcgi/listen.o $(SHARED)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)
$(B)/shapes: $(B)/tests/helpers/shapes.o $(SHARED)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)
$(B)/unseal: $(B)/tests/helpers/unseal.o $(SHARED)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)
# It is begun thousands of times: only what it needs.
$(B)/member: $(B)/tests/helpers/member.o $(B)/shared/own.o
	$(CC) $(LDFLAGS) -o $@ $^ -ljansson
$(B)/bench_%: $(B)/tests/bench/bench_%.o $(SHARED)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS) -lfcgi -lcurl

# The target of the fuzzer without a fuzzer: seeds and random changes.
$(B)/test_verdict_fuzz: $(B)/tests/fuzz/verdict.o
$(B)/test_csv_fuzz: $(B)/tests/fuzz/csv_rows.o
$(B)/test_model_name_fuzz: $(B)/tests/fuzz/model_name.o
$(B)/fuzz_csv_rows: $(B)/fuzz_%: $(B)/tests/fuzz/%.o $(FCGI) $(SHARED)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS) -lfcgi -lcsv
$(B)/fuzz_%: $(B)/tests/fuzz/%.o $(SHARED)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# Nobody gets these: any linker will do, and two hundred times the quicker one.
QUICKLD	:= $(shell command -v ld.gold >/dev/null && echo -fuse-ld=gold)
$(UNITS) $(SIMS): LDFLAGS += $(QUICKLD)

programs: $(PROGRAMS) $(HELPERS)
tests: programs $(UNITS) $(SIMS)

check: lint check-unit check-sim check-int
# Tests are independent: as many at a time as there are processors; those that
# mostly wait, in pairs.
check-unit: $(UNITS)
	JOBS=$$(nproc) scripts/run-tests.sh unit $(UNITS)
# FROM names the first seed.
SEEDS ?= 1000
check-sim: $(SIMS)
	scripts/run-sims.sh $(SEEDS) $(SIMS)
# The longest begin first; they mostly wait, so more run at once than there
# are processors.
LONG	 = $(addprefix tests/,integration/165-rollback.sh \
	   integration/130-changes.sh matrix/run.sh \
	   integration/160-drift-matrix.sh ownership/run.sh)
check-int: programs
	B=$(B) JOBS=3 scripts/run-tests.sh integration $(LONG) \
		$(filter-out $(LONG),$(sort $(wildcard tests/integration/[0-9]*.sh))) \
		tests/batch/run.sh tests/batch/kill.sh tests/contract/v1.sh
# These take simulated hosts, or real ones that REAL_HOSTS names.
check-hosts: programs
	B=$(B) TIMEOUT=1800 scripts/run-tests.sh hosts tests/matrix/run.sh tests/batch/run.sh \
		tests/ownership/run.sh \
		$(addprefix tests/integration/,090-break.sh 091-odd-user.sh 095-surfaces.sh \
		120-reuse.sh 130-changes.sh 150-provider-import.sh 155-channel.sh 156-shipped-pack.sh \
		160-drift-matrix.sh 161-reconcile.sh 163-export-keys.sh 165-rollback.sh 170-rotate-key.sh 171-foreign.sh \
		176-top-up.sh 181-plan.sh 185-two-crms.sh)
# What runs with sanitizers: not the programs themselves.
san-tests: $(UNITS) $(SIMS)
check-san:
	$(MAKE) SAN=1 san-tests
	$(MAKE) SAN=1 SEEDS=200 check-unit check-sim
soak: $(SIMS)
	scripts/run-sims.sh 10000 $(SIMS)
check-fresh:
	scripts/check-fresh.sh
bench: $(PROGRAMS) $(HELPERS) $(BENCHES)
	B=$(B) tests/bench/run.sh

# One fuzzer for each tests/fuzz/*.c, or those of FUZZERS.  Seeds are in the tree,
# in corpus (verdict) and corpus-NAME; what is found beside crashes stays in
# build-fuzz.
FUZZ_SECONDS ?= 600
FUZZERS ?= $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/*.c))
fuzz:
	$(MAKE) CC=clang-14 FUZZ=1 $(FUZZERS:%=build-fuzz/fuzz_%)
	@set -e; for name in $(FUZZERS); do \
		seeds=tests/fuzz/corpus-$$name; [ -d $$seeds ] || seeds=tests/fuzz/corpus; \
		mkdir -p build-fuzz/found-$$name; \
		build-fuzz/fuzz_$$name -max_total_time=$(FUZZ_SECONDS) -max_len=8192 \
			-timeout=10 -len_control=20 -print_final_stats=1 \
			-artifact_prefix=build-fuzz/ build-fuzz/found-$$name $$seeds; \
	done

# docs/schema is printed from the decoder's tables; a test compares them.
schema: $(B)/crmctl
	for kind in pack provider overlay; do \
		$(B)/crmctl pack schema $$kind >docs/schema/$$kind.schema.json; \
	done

lint:
	scripts/lint
fmt:
	clang-format-14 -i $(OURS)
analyze:
	scripts/analyze.py
tidy:
	scripts/tidy.sh
coverage:
	scripts/coverage.sh

DESTDIR	?=
PREFIX	?= /usr
install: $(PROGRAMS)
	scripts/install.sh "$(B)" "$(DESTDIR)" "$(PREFIX)"

clean:
	rm -rf build build-san build-cov build-fuzz

.SECONDARY:
-include $(shell find $(B) -name '*.d' 2>/dev/null)
