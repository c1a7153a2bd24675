package galera

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/analyze/catalog"
)

// An expected is where a finding is expected: its node, and a file that it
// quotes. Node "" is the cluster.
type expected struct{ id, node, file string }

// corpusSightings tells which finding stands for which case.
func corpusSightings() map[string][]expected {
	return map[string][]expected{
		"all-killed-binlog-on":                      {{"LWG024", "node1", "galera.cache"}, {"LWG028", "node1", "undo001"}},
		"all-killed-under-load":                     {{"LWG001", "node2", "grastate.dat"}, {"LWG004", "", "grastate.dat"}, {"LWG036", "", "grastate.dat"}},
		"clean-stop-one-by-one":                     {{"LWG002", "node3", "grastate.dat"}, {"LWG003", "node1", "grastate.dat"}, {"LWG023", "node2", "ibdata1"}},
		"damaged-checkpoints-and-system-tablespace": {{"LWG025", "node1", "ib_logfile0"}, {"LWG027", "node2", ""}},
		"damaged-redo-and-undo-files":               {{"LWG025", "node3", "ib_logfile0"}, {"LWG027", "node1", ""}},
		"donor-killed-while-paused":                 {{"LWG005", "node3", "sst_in_progress"}, {"LWG006", "node2", "grastate.dat"}, {"LWG012", "node1", "gvwstate.dat"}},
		"grastate-deleted":                          {{"LWG010", "node1", "grastate.dat"}, {"LWG030", "node1", "grastate.dat"}},
		"hand-edited-grastate":                      {{"LWG011", "node2", "grastate.dat"}, {"LWG018", "node2", "grastate.dat"}},
		"idle-power-loss-pc-recovery":               {{"LWG031", "", "gvwstate.dat"}},
		"joiner-killed-during-sst":                  {{"LWG005", "node3", "sst_in_progress"}},
		"killed-during-ddl":                         {{"LWG008", "node2", "grastate.dat"}, {"LWG038", "node1", "gcache.page.000000"}},
		"mariabackup-sst-then-crash":                {{"LWG039", "node2", ""}},
		"minority-pc-bootstrap":                     {{"LWG019", "node1", "gvwstate.dat"}, {"LWG033", "node1", "gvwstate.dat"}},
		"node-voted-out-inconsistent":               {{"LWG007", "node3", "error.log"}, {"LWG007", "node3", "GRA_1_443_v2.log"}},
		"regenerated-uuid":                          {{"LWG014", "", "ibdata1"}},
		"split-brain-isolated-pc-bootstrap":         {{"LWG015", "", "galera.cache"}},
		"split-brain-two-bootstraps-same-uuid":      {{"LWG015", "", "galera.cache"}, {"LWG017", "", "grastate.dat"}},
		"stale-backup-copy":                         {{"LWG020", "node2", "error.log"}, {"LWG022", "node2", "ibdata1"}},
		"tassta-a-lion-disappears":                  {{"LWG032", "node1", "galera.cache"}, {"LWG034", "garbd", ""}},
		"tassta-b-brother-and-arbitrator-disappear": {{"LWG043", "node1", "error.log"}},
		"torn-pages":                                {{"LWG029", "node1", "ibdata1"}, {"LWG035", "", "error.log"}},
		"two-killed-one-stopped":                    {{"LWG043", "node3", "error.log"}},
	}
}

func assertExpected(t *testing.T, c analyze.Cluster, s expected) {
	t.Helper()
	assert.True(t, slices.ContainsFunc(c.Findings, func(f analyze.Finding) bool {
		return f.ID == s.id && f.Node == s.node && f.Detail != "" && slices.ContainsFunc(f.Evidence, func(e analyze.Evidence) bool { return s.file == "" || e.File == s.file })
	}), "no %s on %q that quotes %q", s.id, s.node, s.file)
}

// TestEveryFindingIsProvoked keeps corpusSightings and provocations complete.
func TestEveryFindingIsProvoked(t *testing.T) {
	seen := map[string]bool{}
	for _, list := range corpusSightings() {
		for _, s := range list {
			seen[s.id] = true
		}
	}
	for _, p := range provocations(t) {
		seen[p.id] = true
	}
	for _, e := range catalog.All() {
		if strings.HasPrefix(e.ID, "LWG") {
			assert.True(t, seen[e.ID], "%s: nothing shows it", e.ID)
		}
	}
}
