package galera

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/parse"
	"github.com/lastwrite/lastwrite/parse/galera"
	"github.com/lastwrite/lastwrite/parse/innodb"
	"github.com/lastwrite/lastwrite/parse/optionfile"
)

// A provocation is a made-up cluster that shows a finding.
type provocation struct {
	id, node string
	nodes    []maker
}

// provocations are for the findings that no case of the corpus shows, and for
// others that a clean clone should test too.
func provocations(t *testing.T) []provocation {
	three := members("n1", "n2", "n3")
	common := slices.Concat(three, writes("w", 20))
	n := func(name string) maker { return node(t, name, 1, common) }
	options := func(change func(*optionfile.Server)) func(*model) {
		return func(m *model) { change(&m.Layout.Server) }
	}
	at := parse.Span{File: "etc/mysql/my.cnf", Offset: 10, Length: 20}
	return []provocation{
		{"LWG001", "n1", []maker{n("n1").crashed(21).in(3, 0, 3)}},
		{"LWG002", "n1", []maker{n("n1")}},
		{"LWG003", "n1", []maker{n("n1")}},
		{"LWG005", "n2", []maker{n("n1"), n("n2").with(func(m *model) { m.SST = "sst_in_progress" })}},
		{"LWG006", "n2", []maker{n("n1"), n("n2").with(empty)}},
		{"LWG007", "n2", []maker{n("n1"), n("n2").state(zero, -1, false)}},
		{"LWG008", "n1", []maker{node(t, "n1", 1, common, schema("alter")).crashed(21).in(3, 0, 3).state(zero, -1, false)}},
		{"LWG009", "n1", []maker{n("n1").crashed(21).in(3, 0, 3).state(zero, -1, false)}},
		{"LWG010", "n1", []maker{n("n1").with(func(m *model) { m.State = nil })}},
		{"LWG011", "n1", []maker{n("n1").state(historyA, 999999, true)}},
		{"LWG013", "n1", []maker{n("n1").with(func(m *model) {
			text := "# GALERA saved state\nversion: 2.1\nuuid:    " + historyA + "\nseqno:   21x\nsafe_to_bootstrap: 0\n"
			m.State = galera.ParseState("grastate.dat", []byte(text), int64(len(text)))
		})}},
		{"LWG015", "", []maker{node(t, "n1", 1, common, writes("l", 2)), node(t, "n2", 1, common, writes("r", 2))}},
		{"LWG016", "", []maker{node(t, "n1", 1, common).state(historyA, 21, true), node(t, "n2", 100, writes("w", 9)).state(historyA, 108, true)}},
		{"LWG020", "n2", []maker{
			node(t, "n1", 1, common, members("n1", "n2"), writes("w", 3)),
			node(t, "n2", 1, common).with(func(m *model) { m.Log.Name, m.Log.UUID = "n2", uuid(t, "11111111-e604-11f1-8792-000000000001") }),
		}},
		{"LWG021", "", []maker{n("n1").crashed(21).in(3, 0, 3), n("n1-copy").crashed(20).in(3, 0, 3)}},
		{"LWG026", "n1", []maker{n("n1").crashed(10).in(3, 0, 3).with(beyond), n("n2").crashed(21).in(3, 1, 3)}},
		{"LWG037", "n1", []maker{n("n1").with(func(m *model) { m.Cache = nil })}},
		{"LWG037", "n1", []maker{n("n1").cache(historyB, 1, common)}},
		{"LWG037", "n1", []maker{n("n1").cache(historyA, 1, common[:9])}},
		{"LWG040", "n1", []maker{n("n1").with(func(m *model) { m.Failed = []failedSet{{"GRA_1_7.log", 7}} })}},
		{"LWG041", "n1", []maker{n("n1").with(alter)}},
		{"LWG042", "n1", []maker{node(t, "n1", 1, common, members("n1"), members("n1"), members("n1")), node(t, "n2", 1, common, writes("x", 2))}},
		{"LWG044", "n1", []maker{n("n1").with(options(func(s *optionfile.Server) {
			s.ClusterAddress = optionfile.Value[optionfile.ClusterAddress]{At: at, Set: true, V: optionfile.ParseClusterAddress("gcomm://")}
		}))}},
		{"LWG044", "n1", []maker{n("n1").with(options(func(s *optionfile.Server) { s.WsrepNewCluster = optionfile.Value[bool]{At: at, Set: true, V: true} }))}},
		{"LWG045", "n1", []maker{n("n1").with(options(func(s *optionfile.Server) { s.ForceRecovery = optionfile.Value[int64]{At: at, Set: true, V: 3} }))}},
		{"LWG045", "n1", []maker{n("n1").with(options(func(s *optionfile.Server) { s.Provider.PCRecovery = optionfile.Value[bool]{At: at, Set: true} }))}},
		{"LWG046", "n2", []maker{n("n1"), n("n2").with(empty).state(historyA, 21, false).with(func(m *model) { m.Engine.Missing = true })}},
		{"LWG047", "", []maker{n("n1"), node(t, "x", 1, writes("x", 9)).with(func(m *model) { m.Engine.UUID = uuid(t, historyB) }).cache(historyB, 1, writes("x", 9)).state(historyB, 9, true)}},
		{"LWG048", "n1", []maker{n("n1").crashed(21).in(3, 0, 3).with(func(m *model) {
			m.Engine.Broken, m.Engine.Exact, m.Engine.Doubts = true, false, []doubt{{Text: string(innodb.PageUnreadable)}}
			m.Engine.Damage = []parse.Damage{{Span: parse.Span{File: "ibdata1", Offset: 16384}, Kind: parse.BadChecksum}}
		})}},
		{"LWG049", "n1", []maker{n("n1").with(pages(func(r *innodb.Result) { badPage(r, innodb.BadSum) }))}},
		{"LWG050", "n1", []maker{n("n1").with(func(m *model) {
			pages(func(r *innodb.Result) { badPage(r, innodb.Torn) })(m)
			m.Pages[0].Check.Mended = 1
		})}},
		{"LWG051", "n1", []maker{n("n1").with(pages(func(r *innodb.Result) { badPage(r, innodb.Misplaced); r.Displaced = 1 }))}},
		{"LWG053", "n1", []maker{n("n1").crashed(21).in(3, 0, 3).with(lacking(19, 20))}},
		{"LWG052", "n1", []maker{n("n1").with(pages(func(r *innodb.Result) { r.Newest = []innodb.PageLSN{{Number: 3, LSN: 2000}} }))}},
	}
}

// pages gives a node a checked tablespace, and a redo log that ends at LSN 1000.
func pages(change func(*innodb.Result)) func(*model) {
	return func(m *model) {
		r := innodb.Result{File: "t/a.ibd", Pages: 9, Space: innodb.Space{ID: 5, Physical: 16384}}
		change(&r)
		m.Pages = []tablespace{newTablespace(r)}
		m.Engine.End = 1000
	}
}

func badPage(r *innodb.Result, p innodb.Problem) {
	r.Damaged = 1
	r.BadPages = []innodb.BadPage{{Number: 3, Offset: 49152, Verdict: innodb.Verdict{Problem: p}}}
	r.Damage = []parse.Damage{{Span: parse.Span{File: r.File, Offset: 49152, Length: 16384}, Kind: parse.BadChecksum}}
}

func TestProvocations(t *testing.T) {
	for _, p := range provocations(t) {
		t.Run(p.id, func(t *testing.T) {
			found := slices.ContainsFunc(judged(t, analyze.Options{}, p.nodes...), func(c analyze.Cluster) bool {
				return slices.ContainsFunc(c.Findings, func(f analyze.Finding) bool {
					return f.ID == p.id && f.Node == p.node && f.Detail != "" && len(f.Evidence) > 0
				})
			})
			assert.True(t, found, "%s does not show on %q", p.id, p.node)
		})
	}
}
