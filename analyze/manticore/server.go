package manticore

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/parse/manticore"
)

// A version is that of searchd: major, minor, patch.
type version [3]int

func (v version) String() string { return fmt.Sprintf("%d.%d.%d", v[0], v[1], v[2]) }

func (v version) atLeast(w version) bool { return slices.Compare(v[:], w[:]) >= 0 }

// A server is the version that a start is forecast for. The files prove a
// lowest version; a log of the server may name it.
type server struct {
	Version version // the version, or the lowest that writes such files
	Exact   bool
	Why     string
}

// Versions at which something changed that a start depends on.
var (
	checksPeers  = version{27, 0, 0} // bootstrap flags ask the peers first (searchdreplication.cpp CheckRemotesVersions)
	keepsEntries = version{28, 3, 1} // a cluster whose start failed stays in manticore.json (PreserveFailedCluster)
)

func (s server) String() string {
	if s.Exact {
		return "searchd " + s.Version.String()
	}
	if s.Version == (version{}) {
		return "searchd"
	}
	return "searchd " + s.Version.String() + " or newer"
}

// binlogVersion is the version of the transaction log that the server writes
// and reads.
func (s server) binlogVersion() uint32 {
	for _, x := range []struct {
		since version
		log   uint32
	}{{version{27, 1, 1}, 16}, {version{7, 0, 0}, 15}, {version{6, 2, 0}, 14}, {version{5, 0, 0}, 12}} {
		if s.Version.atLeast(x.since) {
			return x.log
		}
	}
	return 0
}

// findServer concludes the version from what it left behind.
func (h *host) findServer() server {
	s := server{Why: "nothing tells its version"}
	atLeast := func(v version, why string) {
		if !s.Exact && v != s.Version && v.atLeast(s.Version) {
			s.Version, s.Why = v, why
		}
	}
	if h.Journal != nil {
		// Builds without a release number call themselves 0.0.0.
		if v, ok := parseVersion(h.Journal.Version); ok && v[0] > 0 {
			return server{Version: v, Exact: true, Why: h.Journal.File + " names it"}
		}
	}
	for _, l := range h.Logs {
		if !l.Missing {
			atLeast(logSince(l.Version), fmt.Sprintf("%s has version %d", l.Path, l.Version))
		}
	}
	if h.Meta != nil && h.Meta.Damage == nil {
		atLeast(logSince(h.Meta.Version), fmt.Sprintf("binlog.meta has version %d", h.Meta.Version))
	}
	if h.Memory != nil {
		atLeast(version{9, 5, 0}, "it keeps positions in shared memory")
	}
	if h.Salvage != nil {
		for _, c := range h.Salvage.Clusters {
			if c.Epoch > 0 {
				atLeast(version{24, 0, 0}, "manticore.json has cluster_epoch")
			}
			if c.SelfBootstrap {
				atLeast(version{28, 3, 1}, "manticore.json has self_bootstrap_on_startup")
			}
			if c.User != "" {
				atLeast(version{28, 4, 1}, "manticore.json has the cluster's user")
			}
		}
	}
	return s
}

// asked is the server of --server, with or without its name in front. ok is
// false if that is none.
func asked(o analyze.Options) (s server, ok bool) {
	if o.Server == "" {
		return s, true
	}
	v, ok := parseVersion(strings.TrimPrefix(o.Server, "searchd"))
	return server{Version: v, Exact: ok, Why: "--server asks for it"}, ok
}

func logSince(v uint32) version {
	switch {
	case v >= manticore.LogVersion:
		return version{27, 1, 1}
	case v == 15:
		return version{7, 0, 0}
	case v == 14:
		return version{6, 2, 0}
	case v == 12:
		return version{5, 0, 0}
	}
	return version{}
}

var versionPattern = regexp.MustCompile(`^(\d{1,4})\.(\d{1,4})\.(\d{1,4})\b`)

func parseVersion(text string) (v version, ok bool) {
	m := versionPattern.FindStringSubmatch(strings.TrimSpace(text))
	if m == nil {
		return v, false
	}
	for i := range v {
		v[i], _ = strconv.Atoi(m[i+1])
	}
	return v, true
}
