package galera

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/fixtures/gcachering"
	"github.com/lastwrite/lastwrite/parse/galera"
	"github.com/lastwrite/lastwrite/parse/innodb"
)

// The clusters of these tests are made up: evidence as the parsers would
// report it, with real bytes for the write-set caches.

const (
	historyA = "9bf0ddff-e604-11f1-9b6b-02ee1c0faeaa"
	historyB = "2b1183cb-e605-11f1-920c-fff1254907e5"
)

func uuid(t *testing.T, text string) galera.UUID {
	t.Helper()
	u, ok := galera.ParseUUID(text)
	require.True(t, ok)
	return u
}

// An action is one ordered event of a history.
type action struct {
	data string   // content of a write set, "" for a view
	toi  bool     // a schema change
	view []string // members
}

// writes returns n write sets whose content differs by their label.
func writes(label string, n int) []action {
	var out []action
	for i := range n {
		out = append(out, action{data: fmt.Sprintf("%s %d", label, i)})
	}
	return out
}

func schema(statement string) []action { return []action{{data: statement, toi: true}} }

func members(names ...string) []action { return []action{{view: names}} }

// A maker makes the model of one node.
type maker struct {
	t *testing.T
	*model
}

// node makes a node that was shut down at the end of events, the first of
// which has seqno first.
func node(t *testing.T, name string, first int64, events ...[]action) maker {
	t.Helper()
	m := &model{
		Node: &analyze.Node{Name: name, Product: "mariadb", System: "galera", Role: "data"}, Data: ".",
		Layout: layout{Data: ".", States: ".", Cache: "galera.cache", System: ".", Redo: ".", Undo: ".", Binlog: "."},
		FS:     fstest.MapFS{}, Dirs: map[string]bool{".": true, "mysql": true},
	}
	for _, name := range []string{"ibdata1", "ib_logfile0", "galera.cache", "grastate.dat", "mysql/db.frm", "t/a.ibd"} {
		m.Files = append(m.Files, file{name, 1 << 20})
	}
	m.Node.Model = m
	out := maker{t, m}
	list := slices.Concat(events...)
	out.cache(historyA, first, list)
	last := first + int64(len(list)) - 1
	m.Engine = &engine{UUID: uuid(t, historyA), Seqno: last, Printed: fmt.Sprintf("%s:%d", historyA, last), From: "redo", Exact: true, Clean: true}
	return out.state(historyA, last, false)
}

// cache gives the node a write-set cache.
func (m maker) cache(history string, first int64, list []action) maker {
	m.t.Helper()
	ring := gcachering.Ring{GID: history, Size: 1 << 18}
	for i, a := range list {
		b := gcachering.Buffer{Seqno: first + int64(i), Flags: 1}
		if a.view != nil {
			b.Type, b.Payload = 3, gcachering.Change{Group: history, Seqno: b.Seqno, ConfID: b.Seqno, Members: a.view}.Encode()
		} else {
			w := gcachering.WriteSet{Version: 6, Flags: 0x4001, Seqno: b.Seqno, Keys: "k", Data: a.data}
			if a.toi {
				w.Flags |= 4
			}
			b.Payload = w.Encode()
		}
		ring.New = append(ring.New, b)
	}
	data := ring.Encode()
	c, err := readCache(bytes.NewReader(data), "galera.cache", int64(len(data)))
	require.NoError(m.t, err)
	m.Cache, m.Sightings = c, nil
	m.sight()
	return m
}

// state gives the node a grastate.dat.
func (m maker) state(history string, seqno int64, safe bool) maker {
	s := galera.SavedState{UUID: uuid(m.t, history), Seqno: seqno, SafeToBootstrap: safe}
	text := s.Encode()
	m.State = galera.ParseState("grastate.dat", text, int64(len(text)))
	return m
}

// crashed makes the node one that was killed after it committed seqno.
func (m maker) crashed(seqno int64) maker {
	m.Engine.Clean, m.Engine.Seqno, m.Engine.Printed = false, seqno, fmt.Sprintf("%s:%d", m.Engine.UUID, seqno)
	return m.state(m.Engine.UUID.String(), -1, false)
}

// within makes the position a lower bound.
func (m maker) within(lower int64) maker {
	m.crashed(lower)
	m.Engine.Exact, m.Engine.Printed, m.Engine.From = false, "", "pages"
	m.Engine.Doubts = []doubt{{Text: string(innodb.LogMissing)}}
	return m
}

// in gives the node a gvwstate.dat: member number i of a view of n.
func (m maker) in(seq uint32, i, n int) maker {
	v := galera.ViewFile{MyUUID: process(m.t, i), View: galera.View{Type: galera.ViewPrimary, Representative: process(m.t, 0), Seq: seq}}
	for k := range n {
		v.Members = append(v.Members, galera.ViewMember{UUID: process(m.t, k)})
	}
	text := v.Encode()
	m.View = galera.ParseView("gvwstate.dat", text, int64(len(text)))
	return m
}

// process is the UUID that gcachering gives to member i.
func process(t *testing.T, i int) galera.UUID {
	return uuid(t, fmt.Sprintf("00000000-e604-11f1-8792-%012d", i))
}

// with changes the model.
func (m maker) with(change func(*model)) maker {
	change(m.model)
	return m
}

// judged returns the clusters, the largest first.
func judged(t *testing.T, o analyze.Options, list ...maker) []analyze.Cluster {
	t.Helper()
	var nodes []*analyze.Node
	for _, m := range list {
		nodes = append(nodes, m.Node)
	}
	clusters, err := System{}.Judge(t.Context(), nodes, o)
	require.NoError(t, err)
	return clusters
}
