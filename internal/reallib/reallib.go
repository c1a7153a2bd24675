// Package reallib puts data directories through the real raft and cowsql or
// dqlite libraries, so that tests can compare a forecast with what a server
// does. It is test support: nothing of the product imports it.
//
// A driver written in C (folder driver) is compiled on demand with cc into the
// user's cache directory and runs as a child process, because damaged
// directories crash the libraries or make them loop. By default it is linked
// with the libraries of the system, on Debian the packages libraft-dev,
// libdqlite-dev and libuv1-dev. To point the same tests at another build:
//
//	LASTWRITE_REALLIB_CFLAGS   compiler flags, such as -DREALLIB_COWSQL -I…/include
//	LASTWRITE_REALLIB_LDFLAGS  linker flags, such as -L…/lib -Wl,-rpath,…/lib -lcowsql -lraft -luv
//
// -DREALLIB_COWSQL selects the API of cowsql and its raft; -DREALLIB_BUNDLED_RAFT
// a dqlite (1.17 and later) that carries its own raft, whose internal raft.h
// must be found with -I and whose static library must be linked whole, as it does
// not export the raft functions.
//
// Every function here changes the directories that it is given, exactly as a
// server would: pass copies.
package reallib

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

//go:embed driver
var source embed.FS

// Environment variables that point the driver at another build of the libraries.
const (
	CFlagsVariable  = "LASTWRITE_REALLIB_CFLAGS"
	LDFlagsVariable = "LASTWRITE_REALLIB_LDFLAGS"
)

const (
	defaultLDFlags = "-ldqlite -lraft -luv"
	compileTimeout = 2 * time.Minute
)

// A Flavour tells the implementations apart whose behaviour differs.
type Flavour string

// The flavours.
const (
	Cowsql             Flavour = "cowsql"               // cowsql with the raft of the cowsql project
	Dqlite             Flavour = "dqlite"               // dqlite 1.17 and later, raft inside
	DqliteSeparateRaft Flavour = "dqlite-separate-raft" // dqlite up to 1.16 with canonical/raft, as Debian 12 has it
)

// A Library is a compiled driver.
type Library struct {
	driver  string
	Flavour Flavour
	Version string // as the header says, which is not always what the package is called
}

// Available returns the library, compiling the driver when that was not done
// before. It skips the test when compiler or headers are missing.
func Available(t testing.TB) *Library {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), compileTimeout)
	defer cancel()
	lib, err := open(ctx)
	if m := (missingError{}); errors.As(err, &m) {
		t.Skipf("the real libraries are not here (%s): install the Debian packages gcc, libraft-dev, libdqlite-dev and libuv1-dev, or set %s and %s",
			m.what, CFlagsVariable, LDFlagsVariable)
	}
	if err != nil {
		t.Fatalf("driver of the real libraries: %v", err)
	}
	return lib
}

// missingError says what the machine lacks.
type missingError struct{ what string }

func (e missingError) Error() string { return e.what }

func open(ctx context.Context) (*Library, error) {
	cflags := strings.Fields(os.Getenv(CFlagsVariable))
	ldflags := strings.Fields(os.Getenv(LDFlagsVariable))
	if len(ldflags) == 0 {
		ldflags = strings.Fields(defaultLDFlags)
	}
	driver, err := compile(ctx, cflags, ldflags)
	if err != nil {
		return nil, err
	}
	out, err := exec.CommandContext(ctx, driver, "version").Output()
	if err != nil {
		return nil, fmt.Errorf("driver version: %w", err)
	}
	lib := &Library{driver: driver}
	return lib, json.Unmarshal(out, lib)
}

// compile returns the path of the driver for these flags.
func compile(ctx context.Context, cflags, ldflags []string) (string, error) {
	files, err := fs.Glob(source, "driver/*")
	if err != nil {
		return "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	sum := sha256.New()
	fmt.Fprintf(sum, "%q %q\n", cflags, ldflags)
	for _, name := range files {
		data, err := source.ReadFile(name)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(sum, "%s %x\n", name, sha256.Sum256(data))
	}
	cache = filepath.Join(cache, "lastwrite-reallib")
	driver := filepath.Join(cache, hex.EncodeToString(sum.Sum(nil)[:8]))
	if _, err := os.Stat(driver); err == nil {
		return driver, nil
	}

	cc, err := exec.LookPath("cc")
	if err != nil {
		return "", missingError{"no cc"}
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", err
	}
	work, err := os.MkdirTemp(cache, "build-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	if err := os.CopyFS(work, source); err != nil {
		return "", err
	}
	units, err := filepath.Glob(filepath.Join(work, "driver", "*.c"))
	if err != nil {
		return "", err
	}
	// The preprocessor alone tells a missing header from a broken driver.
	for _, unit := range units {
		out, err := exec.CommandContext(ctx, cc, append(append([]string{"-E", "-o", os.DevNull}, cflags...), unit)...).CombinedOutput()
		if err != nil {
			return "", missingError{firstError(out)}
		}
	}
	built := filepath.Join(work, "built")
	args := append([]string{"-std=gnu11", "-O1", "-g", "-Wall", "-Wextra", "-pthread"}, cflags...)
	args = append(append(append(args, "-o", built), units...), ldflags...)
	if out, err := exec.CommandContext(ctx, cc, args...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("cc %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return driver, os.Rename(built, driver) // atomic, other test processes may do the same
}

// firstError is the line of the compiler's output that names the problem.
func firstError(out []byte) string {
	for line := range bytes.Lines(out) {
		if _, text, ok := bytes.Cut(line, []byte("error: ")); ok {
			return string(bytes.TrimSpace(text))
		}
	}
	return "the preprocessor failed"
}
