package differential_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/fixtures/damage"
	"github.com/lastwrite/lastwrite/internal/differential"
	"github.com/lastwrite/lastwrite/internal/reallib"
)

var (
	long   = flag.Bool("long", false, "damage thousands of directories instead of a few hundred")
	trials = flag.Int("trials", 0, "number of damaged directories (default 400, or 12000 with -long)")
	seed   = flag.Uint64("seed", 1, "seed of the run")
	only   = flag.Int("trial", -1, "run this one trial of the seed")
)

const (
	shortTrials = 400
	longTrials  = 12000
	batch       = 64
	// A library that does not end gets this long where that is the forecast,
	// and much longer where it is not.
	hangTime = 3 * time.Second
	loadTime = time.Minute
)

// A trial is one damaged directory.
type trial struct {
	number   int
	base     string
	damage   []string
	dir      string
	forecast differential.Forecast
}

func (x trial) String() string {
	return fmt.Sprintf("trial %d of seed %d: %s: %s", x.number, *seed, x.base, strings.Join(x.damage, "; "))
}

// TestDifferential damages directories by chance and compares the forecast of
// the load with what the library does.
func TestDifferential(t *testing.T) {
	lib := reallib.Available(t)
	server := differential.Server(lib)
	bases := realBases(t)
	n := shortTrials
	if *long {
		n = longTrials
	}
	if *trials > 0 {
		n = *trials
	}
	first := 0
	if *only >= 0 {
		first, n = *only, *only+1
	}
	tally := differential.NewTally()
	for ; first < n; first += batch {
		run(t, lib, server, bases, first, min(first+batch, n), tally)
	}
	t.Logf("%s %s, forecast for %s, seed %d\n%s", lib.Flavour, lib.Version, server, *seed, tally)
}

// run carries out the trials from first to last, last excluded.
func run(t *testing.T, lib *reallib.Library, server string, bases []*base, first, last int, tally *differential.Tally) {
	root, err := os.MkdirTemp(t.TempDir(), "trials-")
	require.NoError(t, err)
	list := make([]trial, last-first)
	group, ctx := errgroup.WithContext(t.Context())
	group.SetLimit(runtime.NumCPU())
	for i := range list {
		group.Go(func() (err error) {
			if list[i], err = prepare(ctx, root, server, bases, first+i); err != nil {
				err = fmt.Errorf("%s: %w", list[i], err)
			}
			return err
		})
	}
	require.NoError(t, group.Wait())
	for _, hangs := range []bool{false, true} {
		var some []trial
		var dirs []string
		for _, x := range list {
			if (x.forecast.Outcome == analyze.Hangs) == hangs {
				some, dirs = append(some, x), append(dirs, x.dir)
			}
		}
		limit := loadTime
		if hangs {
			limit = hangTime
		}
		loads, err := lib.LoadAll(t.Context(), dirs, reallib.LoadOptions{Timeout: limit})
		require.NoError(t, err)
		for i, x := range some {
			files, err := differential.Names(x.dir)
			require.NoError(t, err)
			differences := tally.Count(server, x.forecast, loads[i], files)
			if len(differences) > 0 {
				t.Errorf("%s\n\t%s\n\tstderr: %s", x, strings.Join(differences, "\n\t"), loads[i].Stderr)
			}
		}
	}
	require.NoError(t, os.RemoveAll(root))
}

// prepare makes one damaged directory and its forecast.
func prepare(ctx context.Context, root, server string, bases []*base, number int) (trial, error) {
	r := rand.New(rand.NewPCG(*seed, uint64(number)))
	b := builtBase(r)
	if len(bases) > 0 && r.IntN(2) == 0 {
		b = bases[r.IntN(len(bases))]
	}
	x := trial{number: number, base: b.name, dir: filepath.Join(root, fmt.Sprint(number))}
	if err := b.write(x.dir); err != nil {
		return x, err
	}
	for range 1 + r.IntN(3) {
		what, err := damage.Apply(x.dir, r)
		if err != nil {
			break // nothing left to damage
		}
		x.damage = append(x.damage, what)
	}
	var err error
	x.forecast, err = predict(ctx, x.dir, server)
	return x, err
}

// predict makes a panic an error, so that the trial can be named.
func predict(ctx context.Context, dir, server string) (f differential.Forecast, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the forecast panics: %v\n%s", p, debug.Stack())
		}
	}()
	return differential.Predict(ctx, dir, server)
}
