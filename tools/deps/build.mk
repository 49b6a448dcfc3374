# What the build needs from Debian: packages, sources at pinned versions, newlib, a Linux kernel.
# Each step has a stamp, so that a build on a prepared machine does and says nothing.

DEPS := $(BUILD)/deps
DEPS_STAMP := $(DEPS)/packages.stamp
DEPS_SRC := $(DEPS)/src
DEPS_SRC_STAMP := $(DEPS)/src.stamp
NEWLIB := $(DEPS)/newlib
NEWLIB_STAMP := $(DEPS)/newlib.stamp
LINUX := $(DEPS)/linux
LINUX_STAMP := $(DEPS)/linux.stamp
# Links with fixed names to what the package calls by its version.
LINUX_VMLINUZ := $(LINUX)/vmlinuz
LINUX_MODULES := $(LINUX)/modules

.PHONY: deps
deps: $(DEPS_STAMP) $(DEPS_SRC_STAMP) $(NEWLIB_STAMP) $(LINUX_STAMP)
	@echo 'deps: everything is here'

$(DEPS_STAMP): tools/deps/install-packages tools/deps/packages.txt
	$(MAKE_DIR)
	$(quiet)tools/deps/install-packages tools/deps/packages.txt
	$(quiet)touch $@

$(DEPS_SRC_STAMP): tools/deps/fetch-sources tools/deps/sources.txt tools/deps/apt-private.sh | $(DEPS_STAMP)
	$(quiet)tools/deps/fetch-sources tools/deps/sources.txt $(DEPS)
	$(quiet)touch $@

$(NEWLIB_STAMP): tools/deps/build-newlib | $(DEPS_STAMP)
	$(quiet)tools/deps/build-newlib $(DEPS) '$(NEWLIB_DEFINES)'
	$(quiet)touch $@

$(LINUX_STAMP): tools/deps/fetch-linux tools/deps/linux.txt tools/deps/apt-private.sh | $(DEPS_STAMP)
	$(quiet)tools/deps/fetch-linux tools/deps/linux.txt $(DEPS)
	$(quiet)touch $@

$(LINUX_VMLINUZ) $(LINUX_MODULES): $(LINUX_STAMP) ;

# Files in them that rules elsewhere name.
$(DEPS_SRC)/%.c $(DEPS_SRC)/%.h: $(DEPS_SRC_STAMP) ;
$(NEWLIB)/lib/%.a: $(NEWLIB_STAMP) ;
