# The targets that people use. CI runs .ci/run, which needs no make.

PREFIX   ?= /usr/local
VERSION  ?= $(shell git describe --tags --dirty 2>/dev/null || echo devel)
COMMIT   ?= $(shell git rev-parse HEAD 2>/dev/null)
FUZZTIME ?= 60s
DIFFERENTIAL ?=
CRASHES  ?= 20
CRASHLOOP ?=

package := github.com/lastwrite/lastwrite/cmd/lastwrite/command
ldflags := -s -w -X $(package).version=$(VERSION:v%=%) -X $(package).commit=$(COMMIT)

export CGO_ENABLED = 0

.PHONY: build test ci lint fuzz bench differential crashloop update man install snapshot clean

build:
	go build -trimpath -ldflags '$(ldflags)' -o lastwrite ./cmd/lastwrite

test:
	go test ./...

ci:
	bash .ci/run

# What go vet does not see, and known holes in what the program is built from.
# Needs golangci-lint 2 and govulncheck, which asks vuln.go.dev.
lint:
	golangci-lint run ./...
	govulncheck ./...

# Every fuzz target for FUZZTIME.
fuzz:
	FUZZTIME=$(FUZZTIME) .ci/fuzz

bench:
	go test -run '^$$' -bench . -benchmem ./...

# The forecasts against the real libraries, on many more damaged copies than
# the ordinary tests have time for: docs/differential.md. See internal/reallib
# for what it needs; for another run: make differential DIFFERENTIAL='-seed 7'
differential:
	go test -count=1 -timeout 12h -v -run '^TestDifferential' ./internal/differential -long $(DIFFERENTIAL)

# Real MariaDB servers with Galera, killed under load CRASHES times in each
# configuration, more often than the ordinary tests have time for. See
# internal/realserver for what it needs; for another run: make crashloop
# CRASHLOOP='-crash-seed 7 -crash-keep /var/tmp/wrong'
crashloop:
	go test -count=1 -timeout 12h -v -run '^TestGaleraCrashes$$' ./cmd/lastwrite -crashes $(CRASHES) $(CRASHLOOP)

# Rewrites the recorded outputs. Read the difference before it is committed.
update:
	go test ./report/text ./report/markdown ./cmd/lastwrite ./internal/arch -update

man: build
	rm -rf dist/man
	./lastwrite man --dir dist/man

install: build man
	install -D -m 755 lastwrite $(DESTDIR)$(PREFIX)/bin/lastwrite
	install -d $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 644 dist/man/*.1 $(DESTDIR)$(PREFIX)/share/man/man1

# All files of a release, without a tag and without publishing. A release is
# the same with: goreleaser release --clean. Needs goreleaser 2, and for the
# bills of materials of a release syft.
snapshot:
	goreleaser release --snapshot --clean --skip=publish,sbom

clean:
	rm -rf lastwrite dist dist-extra
