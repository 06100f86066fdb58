# Every target installs the Debian packages that it needs, then does its work. Only Rust itself must be there.
.DEFAULT_GOAL := help
.PHONY: help demo demo-once board build models test test-board bench fuzz appliance test-appliance packages-build packages-test packages-npm packages-bench packages-appliance

PROGRAMS := target/release
DENY := target/tools/bin/cargo-deny
LIGHTHOUSE := target/tools/lighthouse/node_modules/lighthouse/cli/index.js
SCHEMATHESIS := target/tools/schemathesis/bin/schemathesis

help: ## what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

demo: build ## the sample township, from photographs to the kiosk and the phone page; stays up until stopped
	@$(PROGRAMS)/mingbai-demo

demo-once: build ## the same; writes the screens' pictures to demo-data/shots and ends
	@$(PROGRAMS)/mingbai-demo --once

board: build ## the demo's township on an emulated board, in a window; without a display its pictures in demo-data/shots
	@firmware/build --window
	@$(PROGRAMS)/mingbai-demo --board

build: packages-build models ## every program, into target/release
	@cargo build --release --locked --workspace

models: packages-build ## what reads printed words, into target/release/models; without it the rest works
	@uploader/models $(PROGRAMS)/models

test: packages-build packages-test models $(DENY) $(SCHEMATHESIS) $(LIGHTHOUSE) ## formatting, lints, licences, every test
	cargo fmt --all --check
	cargo clippy --release --locked --workspace --all-targets -- -D warnings
	$(DENY) --log-level error check bans licenses sources
	@if $(DENY) --log-level error fetch db 2>/dev/null; then $(DENY) --log-level error check --disable-fetch advisories; \
	 else echo "advisories: the database cannot be fetched here, skipped"; fi
	cargo build --release --locked --workspace
	firmware/test $(DENY)
	cargo test --release --locked --workspace

test-board: build packages-test $(DENY) ## of these the boards': the emulated one in QEMU against the real server, and what is tried on the host
	firmware/test $(DENY)
	cargo test --release --locked -p mingbai-tests --test whole emulated

bench: packages-build packages-bench models ## figures of speed beside nginx, rsync, Chromium and other readers of codes; PART=uploader, office or kiosk for one
	@cargo build --release --locked --workspace
	@$(PROGRAMS)/mingbai-bench $(PART)

appliance: packages-appliance ## the kiosk's read-only image, into target/appliance (needs root)
	@kiosk/appliance/build.sh

test-appliance: build appliance ## boots it in QEMU, touches it, pulls its plug 20 times (PLUGS=1: once), crashes and hangs it
	@kiosk/appliance/run.py --plugs $(or $(PLUGS),20)

fuzz: ## each parser of the ledger, photos and codes, and a board's flash, for a minute (needs nightly Rust and cargo-fuzz)
	@for crate in ledger uploader firmware; do cd $(CURDIR)/$$crate && for target in $$(cargo +nightly fuzz list); do \
	 cargo +nightly fuzz run $$target -- -max_total_time=60 -print_final_stats=0 || exit 1; done; done

$(DENY):
	cargo install --quiet --locked --root target/tools cargo-deny@0.20.2

$(SCHEMATHESIS): | packages-test
	python3 -m venv target/tools/schemathesis
	target/tools/schemathesis/bin/pip install --quiet schemathesis==4.32.5

$(LIGHTHOUSE): | packages-test
	npm install --silent --no-audit --no-fund --prefix target/tools/lighthouse lighthouse@13.5.0

# Installs those of the named Debian packages that are missing.
define install
	@missing=$$(for package in $(1); do \
	   dpkg-query -W -f '$${Status}' $$package 2>/dev/null | grep -q 'ok installed' || echo $$package; done); \
	 if [ -n "$$missing" ]; then echo "installing" $$missing; \
	   sudo=; [ "$$(id -u)" = 0 ] || sudo=sudo; \
	   $$sudo apt-get update -qq && \
	   DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -y -qq --no-install-recommends $$missing >/dev/null; fi
endef

packages-build:
	$(call install,build-essential pkg-config nasm libfontconfig-dev fonts-noto-cjk python3-pip zenity poppler-utils \
	  zinnia-utils tegaki-zinnia-simplified-chinese espeak-ng alsa-utils)

packages-test: packages-build
	@tests/axe
	$(call install,chromium chromium-driver golang-go golang-golang-x-mod-dev openssl xvfb openbox xdotool python3-venv nodejs)
	@command -v npm >/dev/null || $(MAKE) --no-print-directory packages-npm

# Debian's own npm; a nodejs from elsewhere brings one along and refuses this.
packages-npm:
	$(call install,npm)

packages-bench:
	$(call install,nginx-light wrk rsync zbar-tools zxing-cpp-tools chromium xvfb openbox xdotool)

packages-appliance: packages-build
	$(call install,mmdebstrap squashfs-tools busybox-static cpio zstd e2fsprogs libinput-dev libudev-dev libxkbcommon-dev \
	  zbar-tools)
	@kiosk/appliance/qemu
