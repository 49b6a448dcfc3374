# Host unit tests. Each tests/unit/<module>_test.c is a cmocka program; a comment among its first
# lines names the sources that it tests, which are compiled for the host with sanitizers:
#
#   /* units: guests/vmm/uart.c guests/vmm/pit.c */

UNIT_SOURCES := $(sort $(wildcard tests/unit/*_test.c))
UNIT_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(UNIT_SOURCES))
UNIT_ENVIRONMENT := ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1 \
    CMOCKA_MESSAGE_OUTPUT=TAP

.PHONY: unit
unit: $(UNIT_TESTS)
	$(quiet)$(UNIT_ENVIRONMENT) $(RUN_TAP) $(UNIT_TESTS)

# One rule a test, written from those comments.
ifneq ($(UNIT_SOURCES),)
ifeq ($(filter clean distclean help deps,$(MAKECMDGOALS)),)
-include $(BUILD)/unit/units.mk
endif
endif

$(BUILD)/unit/units.mk: $(UNIT_SOURCES) $(wildcard tests/*/*.units) tools/check/unit-rules
	$(MAKE_DIR)
	$(quiet)tools/check/unit-rules $(UNIT_SOURCES) >$@

$(UNIT_TESTS): $(BUILD)/unit/%: $(BUILD)/unit/obj/tests/unit/%.o
	$(call say,LINK,$@)$(CC) $(SANITIZE) -o $@ $(sort $^) -lcmocka
