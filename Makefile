# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Seed Sentinel authors
#
# `make` says what there is. Every target does all of its own set-up; on a bare Debian 12 Swift is all that
# has to be there.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DELETE_ON_ERROR:
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

# A release carries Swift's runtime within it. CONFIGURATION=debug is what the tests are built as: it needs the
# toolchain to run.
CONFIGURATION ?= release
PREFIX ?= /usr
DESTDIR ?=
# A release is installed without its debugging symbols. A package that keeps them apart says STRIP=.
STRIP ?= --strip
sbindir := $(PREFIX)/sbin
bindir := $(PREFIX)/bin
libexecdir := $(PREFIX)/libexec/seed-sentinel
datadir := $(PREFIX)/share/seed-sentinel
docdir := $(PREFIX)/share/doc/seed-sentinel
mandir := $(PREFIX)/share/man
bashdir := $(PREFIX)/share/bash-completion/completions
zshdir := $(PREFIX)/share/zsh/vendor-completions
fishdir := $(PREFIX)/share/fish/vendor_completions.d
unitdir := $(PREFIX)/lib/systemd/system
sysusersdir := $(PREFIX)/lib/sysusers.d
tmpfilesdir := $(PREFIX)/lib/tmpfiles.d
configuration := /etc/sentinel/sentinel.toml

# sudo forgets where Swift is: its own PATH has no place for it.
SWIFT ?= $(or $(shell command -v swift),\
	$(if $(SUDO_USER),$(shell su -l $(SUDO_USER) -c 'command -v swift' </dev/null 2>/dev/null)))
PYTHON := /usr/bin/python3
VENV := $(CURDIR)/.build/venv
SOURCES := Sources Tests Examples Package.swift
PRODUCTS := sentineld sentinelctl sentinel-config

# Debian packages, and who needs them.
# To build: git and its certificates for the packages, a C compiler, libnftnl, libmnl and SQLite.
PACKAGES := git ca-certificates make gcc libc6-dev libstdc++-12-dev pkg-config libmnl-dev libnftnl-dev libsqlite3-dev
# To test and to show: network namespaces, nft as the witness, which names protocols by netbase's /etc/protocols,
# and a systemd to boot.
PACKAGES += iproute2 nftables netbase procps util-linux systemd systemd-container
# To measure: what others load their sets with.
PACKAGES += ipset
# To show the manual, and to complete a command line.
PACKAGES += man-db groff mandoc bash-completion zsh fish
# A browser, which looks at reports, and letters for it.
PACKAGES += chromium fonts-dejavu-core
# Python, which speaks varlink and libp2p to us. fastecdsa is built from source.
PACKAGES += python3 python3-venv python3-dev libgmp-dev
# To try other kernels, for test-kernels alone: an emulator, and what a kernel's modules and first files are packed with.
KERNEL_PACKAGES := qemu-system-x86 busybox-static kmod cpio xz-utils

# To make a Debian package.
DEB_PACKAGES := dpkg-dev debhelper

# The packages of the kernels that test-kernels boots. linux-image-6.12-amd64 is another one of Debian 12's.
KERNELS ?= linux-image-amd64

##@ Begin here

help: ## This list
	@echo "Seed Sentinel: what a node denies, the kernel refuses."
	awk -F ':.*## ' '
		/^##@ / { printf "\n%s\n", substr($$0, 5) }
		/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile
	echo
	echo "sudo is needed for what touches the kernel or installs packages: demo, run, test, bench, install, deps."

demo: deps build ## A seed node under a flood, without and with the kernel plane, in namespaces of its own
	@$(SWIFT) build --configuration $(CONFIGURATION) $(static) --product seed-node
	CONFIGURATION=$(CONFIGURATION) Examples/demo/demo.sh

run: deps build ## sentineld in the foreground, with the default configuration
	@install -d /run/sentinel
	install -d -m 0700 /var/lib/sentinel
	# A copy: sentineld refuses a configuration that others than root could have written.
	install -m 0644 systemd/sentinel.toml /run/sentinel/run.toml
	exec $(BUILT)/sentineld --config /run/sentinel/run.toml

##@ To work on it

build: swift ## sentineld, sentinelctl and sentinel-config, as they are installed
	@for product in $(PRODUCTS); do
		$(SWIFT) build --configuration $(CONFIGURATION) $(static) --product "$$product"
	done

test: PACKAGES += $(DEB_PACKAGES) lintian
test: deps $(VENV)/ready swift ## Everything that is tested; a skipped test is a failed one
	@$(SWIFT) build --build-tests
	SWIFT=$(SWIFT) PATH=$(VENV)/bin:$$PATH Tests/run

format: swift ## Have the formatter lay out all Swift files
	@$(SWIFT) format format --in-place --recursive $(wildcard $(SOURCES))

lint: swift ## Refuse what the formatter would lay out differently
	@$(SWIFT) format lint --strict --recursive $(wildcard $(SOURCES))

check-systemd: ## Verify the units, and hold their exposure to 1.2
	@Tests/systemd/check-units

test-systemd: CONFIGURATION := debug
test-systemd: deps swift ## sentineld as a service of a systemd that is booted for it
	@SWIFT=$(SWIFT) CONFIGURATION=$(CONFIGURATION) Tests/systemd/run

test-deb: PACKAGES += $(DEB_PACKAGES) lintian
test-deb: deps swift ## The Debian package: checked, installed, upgraded under fire, removed and purged
	@SWIFT=$(SWIFT) CONFIGURATION=$(CONFIGURATION) Tests/package/run

test-manual: CONFIGURATION := debug
test-manual: deps swift ## The manual's pages and the shells' completions say what the programs know
	@SWIFT=$(SWIFT) CONFIGURATION=$(CONFIGURATION) Tests/manual/run

test-session: CONFIGURATION := debug
test-session: deps $(VENV)/ready swift ## sentinelctl top at a pseudo-terminal, under attack; recorded in .build/session
	@$(SWIFT) build
	CONFIGURATION=$(CONFIGURATION) PATH=$(VENV)/bin:$$PATH Tests/session/run

test-kernels: CONFIGURATION := debug
test-kernels: PACKAGES += $(KERNEL_PACKAGES)
test-kernels: deps swift ## Enforcement, renewal, ownership and restart on Debian 12's own kernel, and on this one
	@for product in sentineld sentinel-config kernel-scenario; do
		$(SWIFT) build --configuration $(CONFIGURATION) $(static) --product "$$product"
	done
	CONFIGURATION=$(CONFIGURATION) KERNELS='$(KERNELS)' Tests/kernels/run

torture: deps $(VENV)/ready build ## Hours of faults; what was lost is in .build/torture.json
	@SWIFT=$(SWIFT) PATH=$(VENV)/bin:$$PATH Tests/torture/run $(TORTURE)

bench: deps build ## Measure, side by side with a plain C loop, nft and ipset
	@$(SWIFT) build --configuration $(CONFIGURATION) $(static) --product sentinel-bench
	make -C Benchmarks/c-floor
	CONFIGURATION=$(CONFIGURATION) Benchmarks/run

simulate: swift ## Attacks in virtual time, against our policies, a plain limiter and permanent bans
	@$(SWIFT) build --configuration $(CONFIGURATION) $(static) --product sentinel-simulate
	$(BUILT)/sentinel-simulate $(SIMULATE)

clean: ## Remove all that was built
	@rm -rf .build Benchmarks/c-floor/.build

##@ To use it

install: build ## Install below DESTDIR and PREFIX; a configuration that is there is kept
	@install -d $(addprefix $(DESTDIR),$(sbindir) $(bindir) $(libexecdir) $(unitdir) $(sysusersdir) $(tmpfilesdir) \
		$(datadir)/rules $(docdir)/third-party $(bashdir) $(zshdir) $(fishdir) $(dir $(configuration)))
	strip=$(if $(filter release,$(CONFIGURATION)),$(STRIP))
	install $$strip $(BUILT)/sentineld $(DESTDIR)$(sbindir)/
	install $$strip $(BUILT)/sentinelctl $(DESTDIR)$(bindir)/
	install $$strip $(BUILT)/sentinel-config $(DESTDIR)$(libexecdir)/
	ln -sfr $(DESTDIR)$(libexecdir)/sentinel-config $(DESTDIR)$(bindir)/sentinel-config
	install -m 0644 rules/*.nft $(DESTDIR)$(datadir)/rules/
	install -m 0644 Examples/policies.toml Examples/grafana/seed-sentinel.json Docs/sentinelctl.schema.json $(DESTDIR)$(datadir)/
	install -m 0644 README.md Docs/*.md $(DESTDIR)$(docdir)/
	# What the programs have within them asks for its notices to go with it.
	for package in .build/checkouts/*/; do
		find "$$package" -maxdepth 1 \( -name 'LICENSE*' -o -name 'NOTICE*' \) | sort | xargs cat \
			>$(DESTDIR)$(docdir)/third-party/$$(basename "$$package").txt
	done
	# What each program knows of itself: the manual's pages and the shells' completions.
	man/pages --programs $(BUILT) $(DESTDIR)$(mandir)
	for program in $(PRODUCTS); do
		$(BUILT)/$$program --generate-completion-script bash | sed '1{/^#!/d}' >$(DESTDIR)$(bashdir)/$$program
		$(BUILT)/$$program --generate-completion-script zsh >$(DESTDIR)$(zshdir)/_$$program
		$(BUILT)/$$program --generate-completion-script fish >$(DESTDIR)$(fishdir)/$$program.fish
	done
	install -m 0644 systemd/*.service systemd/*.socket systemd/*.timer $(DESTDIR)$(unitdir)/
	sed -i 's|/usr/sbin/sentineld|$(sbindir)/sentineld|; s|/usr/bin/sentinelctl|$(bindir)/sentinelctl|' \
		$(DESTDIR)$(unitdir)/sentineld.service $(DESTDIR)$(unitdir)/sentinel-metrics.service
	sed -i 's|/usr/libexec/seed-sentinel|$(libexecdir)|' \
		$(DESTDIR)$(unitdir)/sentineld.service
	install -m 0644 systemd/sysusers.d/* $(DESTDIR)$(sysusersdir)/
	install -m 0644 systemd/tmpfiles.d/* $(DESTDIR)$(tmpfilesdir)/
	target=$(DESTDIR)$(configuration)
	if [[ ! -e $$target ]]; then
		install -m 0644 systemd/sentinel.toml "$$target"
	elif ! cmp --quiet systemd/sentinel.toml "$$target"; then
		install -m 0644 systemd/sentinel.toml "$$target.new"
		echo "$$target is yours and was kept; this version's defaults are in $$target.new"
	fi
	if [[ -z "$(DESTDIR)" && -d /run/systemd/system ]]; then
		systemd-sysusers $(sysusersdir)/seed-sentinel.conf
		systemd-tmpfiles --create $(tmpfilesdir)/seed-sentinel.conf
		systemctl daemon-reload
		echo "Look through $(configuration), then: systemctl enable --now sentineld.service"
	fi

deb: PACKAGES += $(DEB_PACKAGES)
deb: deps build ## A Debian package, in .build/deb; Swift isn't needed where it is installed
	@rm -rf $(DEB)
	mkdir -p $(DEB)
	SWIFT=$(SWIFT) CONFIGURATION=$(CONFIGURATION) DEB_DIRECTORY=$(CURDIR)/$(DEB) dpkg-buildpackage --build=binary \
		--no-sign --post-clean --buildinfo-option=-u$(DEB) --changes-option=-u$(DEB) \
		--buildinfo-file=$(DEB)/seed-sentinel.buildinfo --changes-file=$(DEB)/seed-sentinel.changes \
		>$(DEB)/log 2>&1 || { cat $(DEB)/log >&2; exit 1; }
	ls $(DEB)/*.deb

deps: ## Install the Debian packages that are missing
	@missing=()
	for package in $(PACKAGES); do
		[[ $$(dpkg-query -W -f '$${db:Status-Status}' "$$package" 2>/dev/null) == installed ]] || missing+=("$$package")
	done
	[[ $${#missing[@]} -gt 0 ]] || exit 0
	if [[ $$EUID != 0 ]]; then
		echo "Missing packages. As root: apt-get install --no-install-recommends $${missing[*]}" >&2
		exit 1
	fi
	export DEBIAN_FRONTEND=noninteractive
	apt-get update -q
	apt-get install -q -y --no-install-recommends "$${missing[@]}"

# What is below has no help: it is there for the targets above.

BUILT = .build/$(CONFIGURATION)
# Where packages go. What isn't a release is for the tests: stripped of nothing, and it needs the toolchain.
DEB = .build/deb$(addprefix -,$(filter-out release,$(CONFIGURATION)))
static = $(if $(filter release,$(CONFIGURATION)),--static-swift-stdlib)

swift:
	@[[ -n "$(SWIFT)" ]] && exit
	echo "Swift 6.2 or later is needed: https://www.swift.org/install/linux. Where it is in no usual place," \
		"say make SWIFT=/path/to/swift" >&2
	exit 1

REQUIREMENTS := $(wildcard Tests/requirements.txt Examples/*/requirements.txt)

$(VENV)/ready: $(REQUIREMENTS)
	@$(PYTHON) -m venv --clear $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check $(addprefix --requirement ,$(REQUIREMENTS))
	touch $@

.PHONY: help demo run build test format lint check-systemd test-systemd test-deb test-manual test-session test-kernels torture bench simulate clean install deb deps swift
