package differential

import (
	"fmt"
	"os"
	"regexp"
	"slices"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/internal/reallib"
)

// Server returns the name under which the product forecasts for a library.
func Server(lib *reallib.Library) string {
	switch lib.Flavour {
	case reallib.Cowsql:
		return "cowsql"
	case reallib.Dqlite:
		return "dqlite"
	default:
		return "raft"
	}
}

// Differences says in which points the library did something else than was
// forecast. files is the listing after the load.
func Differences(f Forecast, real reallib.Load, files []string) []string {
	var out []string
	check := func(what string, forecast, real any) {
		if forecast != real {
			out = append(out, fmt.Sprintf("%s: forecast %v, real %v", what, forecast, real))
		}
	}
	check("outcome", outcome(f.Outcome), real.Outcome)
	check("error", f.Error, real.Error)
	if f.Outcome == analyze.Clean && real.Outcome == reallib.Loads {
		check("term", f.Term, real.Term)
		check("vote", f.VotedFor, real.VotedFor)
		check("start index", f.StartIndex, real.StartIndex)
		check("last index", f.LastIndex, real.LastIndex)
		check("last term", f.LastTerm, real.LastTerm)
		check("digest of the entries", f.Digest, real.Digest)
		check("snapshot", f.Snapshot != nil, real.Snapshot != nil)
		if f.Snapshot != nil && real.Snapshot != nil {
			check("snapshot term", f.Snapshot.Term, real.Snapshot.Term)
			check("snapshot index", f.Snapshot.Index, real.Snapshot.Index)
			check("snapshot bytes", uint64(f.Snapshot.Bytes), real.Snapshot.Bytes)
		}
	}
	if files := normal(files); !slices.Equal(f.Files, files) {
		out = append(out, fmt.Sprintf("files: forecast %q, real %q", f.Files, files))
	}
	return out
}

func outcome(o analyze.Outcome) reallib.Outcome {
	switch o {
	case analyze.Clean, analyze.Discards:
		return reallib.Loads
	}
	return reallib.Outcome(o)
}

// Names lists a directory.
func Names(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out, err
}

var setAside = regexp.MustCompile(`^corrupt-(\d+|<time>)-`)

// normal sorts names and takes the time out of corrupt-*.
func normal(names []string) []string {
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = setAside.ReplaceAllString(name, "corrupt-")
	}
	slices.Sort(out)
	return out
}
