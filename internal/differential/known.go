package differential

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/lastwrite/lastwrite/internal/reallib"
)

// A Known difference is one that is explained.
type Known struct {
	Name    string
	Why     string
	Servers []string // forecasts that it applies to, empty for all
	Match   func(f Forecast, real reallib.Load, differences []string) bool
}

// KnownDifferences lists all that is explained.
func KnownDifferences() []Known {
	return nil
}

// A Tally counts results.
type Tally struct {
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
