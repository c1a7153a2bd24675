package differential

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/internal/reallib"
)

// A Known difference is one that is explained.
type Known struct {
	Name    string
	Why     string
	Servers []string // forecasts that it applies to, empty for all
	Match   func(f Forecast, real reallib.Load, differences []string) bool
}

// KnownDifferences lists all that is explained of loads: nothing. Every load
// has to be as forecast.
func KnownDifferences() []Known { return nil }

// A KnownStart is an explained difference of a whole start.
type KnownStart struct {
	Name    string
	Why     string
	Servers []string // forecasts that it applies to, empty for all
	Match   func(f Forecast, real reallib.Start) bool
}

// KnownStarts lists all that is explained of whole starts.
func KnownStarts() []KnownStart {
	return []KnownStart{
		{
			Name: "reads past the end of the snapshot",
			Why: "Stated sizes reach behind the end of the buffer, and no code checks that: mostly the process dies, " +
				"but if the memory behind the buffer can be read the restore goes on with what happens to be there, and starts or refuses.",
			Match: func(f Forecast, real reallib.Start) bool {
				return f.PastEnd && f.Start.Outcome == analyze.Crashes && (real.Outcome == reallib.Starts || silent(real))
			},
		},
		{
			Name: "not forecast",
			Why: "What the restore does depends on the memory of the machine or on the release, and the forecast says that it does not know: " +
				"a size that no file has, stated sizes or another page size before SQLite's own check that lead behind the end, a damaged log behind the pages.",
			Match: func(f Forecast, real reallib.Start) bool {
				return f.Start.Outcome == analyze.Unknown && (real.Outcome == reallib.Crashes || real.Outcome == reallib.Starts || silent(real))
			},
		},
		{
			Name:    "quick_check",
			Why:     "Since 1.18.3 dqlite runs PRAGMA quick_check; the forecast goes by the header and single pages, and SQLite finds more by following them.",
			Servers: []string{"dqlite"},
			Match: func(f Forecast, real reallib.Start) bool {
				return f.Unsound && f.Start.Outcome == analyze.Clean && silent(real)
			},
		},
	}
}

// silent is a refusal without a text, as all of the database layer are.
func silent(real reallib.Start) bool {
	return real.Outcome == reallib.Refuses && real.Error == "raft_start(): "
}

// A Tally counts results.
type Tally struct {
	mu            sync.Mutex
	Trials, Equal int
	Outcomes      map[string]int // forecast outcomes
	Known         map[string]int // by name
	Unexplained   int
}

// NewTally returns a tally of nothing.
func NewTally() *Tally { return &Tally{Outcomes: map[string]int{}, Known: map[string]int{}} }

// Count compares one forecast with the library's result and returns the
// differences that nothing explains.
func (t *Tally) Count(server string, f Forecast, real reallib.Load, files []string) []string {
	t.Trials++
	t.Outcomes[string(outcome(f.Outcome))]++
	differences := Differences(f, real, files)
	if len(differences) == 0 {
		t.Equal++
		return nil
	}
	for _, k := range KnownDifferences() {
		if (len(k.Servers) == 0 || slices.Contains(k.Servers, server)) && k.Match(f, real, differences) {
			t.Known[k.Name]++
			return nil
		}
	}
	t.Unexplained++
	return differences
}

// CountStart compares the forecast of a whole start with the library's and
// returns the differences that nothing explains.
func (t *Tally) CountStart(server string, f Forecast, real reallib.Start) []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.Trials++
	forecast := outcome(f.Start.Outcome)
	if forecast == reallib.Loads {
		forecast = reallib.Starts
	}
	t.Outcomes[string(forecast)]++
	var differences []string
	if forecast != real.Outcome {
		differences = append(differences, fmt.Sprintf("outcome: forecast %s, real %s", forecast, real.Outcome))
	}
	if f.Start.Error != real.Error {
		differences = append(differences, fmt.Sprintf("error: forecast %s, real %s", f.Start.Error, real.Error))
	}
	if len(differences) == 0 {
		t.Equal++
		return nil
	}
	for _, k := range KnownStarts() {
		if (len(k.Servers) == 0 || slices.Contains(k.Servers, server)) && k.Match(f, real) {
			t.Known[k.Name]++
			return nil
		}
	}
	t.Unexplained++
	return differences
}

// String lists the figures.
func (t *Tally) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d damaged directories, %d as forecast, %d with an explained difference, %d unexplained\n",
		t.Trials, t.Equal, t.Trials-t.Equal-t.Unexplained, t.Unexplained)
	for _, o := range slices.Sorted(maps.Keys(t.Outcomes)) {
		fmt.Fprintf(&b, "  %6d forecast %s\n", t.Outcomes[o], o)
	}
	for _, name := range slices.Sorted(maps.Keys(t.Known)) {
		fmt.Fprintf(&b, "  %6d explained: %s\n", t.Known[name], name)
	}
	return strings.TrimSuffix(b.String(), "\n")
}
