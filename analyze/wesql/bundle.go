package wesql

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/lastwrite/lastwrite/parse"
	"github.com/lastwrite/lastwrite/parse/binlog"
	"github.com/lastwrite/lastwrite/parse/optionfile"
	"github.com/lastwrite/lastwrite/parse/smartengine"
	"github.com/lastwrite/lastwrite/parse/wesql"
)

// kept is what a bundle holds of a node.
type kept struct {
	LogDir, Base, IndexPath string
	HasIndex                bool
	Index                   binlog.Index
	IndexRaw                []byte
	Logs                    map[string]*keptLog // files of the log, by path
	Auto                    wesql.AutoConf
	HasAuto                 bool
	ConfFile                string
	Conf                    optionfile.Server
	HasConf                 bool
	Rows                    *wesql.Rows
	Redo                    redoState
	Store                   *keptStore
	Engine                  *keptEngine
	Damage                  []parse.Damage
	Heads                   map[string][]byte
}

// A keptLog is one log file with its entries.
type keptLog struct {
	Log    *wesql.Log
	Ledger *ledger
	Term   uint64
	Ends   uint64
}

// A keptStore is an object store without the entries of its slices: those of
// all together are in Runs.
type keptStore struct {
	store
	Large map[uint64]bool
}

// A keptEngine has what an engine hides behind names of its own.
type keptEngine struct {
	Files  *smartengine.Engine
	Rest   engine
	Mended *keptEngine
}

func keepEngine(e *engine) *keptEngine {
	if e == nil {
		return nil
	}
	k := &keptEngine{e.Engine, *e, keepEngine(e.Mended)}
	k.Rest.Engine = nil
	return k
}

// engine is what was kept, with what it is when it is mended.
func (k *keptEngine) engine() (*engine, error) {
	if k == nil {
		return nil, nil
	}
	if k.Files == nil {
		return nil, errors.New("nothing is known of the engine's files")
	}
	e := &k.Rest
	e.Engine = k.Files
	var err error
	e.Mended, err = k.Mended.engine()
	return e, err
}

// maxKept is how many of the newest entries of a node keep their digests in a
// bundle.
const maxKept = 1 << 18

// heads are the files of which Judge reads the first bytes: a position of the
// redo log, and the stage of a rebuild.
func (m *model) heads() []string {
	return []string{m.in("ibdata"), m.in("ibdata1"), m.in("#status_snapshot_recovery")}
}

// headSize is how many bytes of these files count.
const headSize = 34

// Evidence implements analyze.Keeper.
func (r *reading) Evidence(text func(string) string) any {
	m := r.m
	k := kept{
		LogDir: m.LogDir, Base: m.Base, IndexPath: m.IndexPath, HasIndex: m.HasIndex, Index: m.Index, IndexRaw: m.IndexRaw, Auto: m.Auto, HasAuto: m.HasAuto,
		ConfFile: m.ConfFile, Conf: m.Conf, HasConf: m.HasConf, Rows: m.Rows, Redo: m.Redo, Damage: m.Damage, Logs: map[string]*keptLog{}, Heads: map[string][]byte{},
	}
	if t := text(string(m.IndexRaw)); t != string(m.IndexRaw) {
		k.IndexRaw = []byte(t)
	}
	room := maxKept
	for _, l := range slices.Backward(m.Chain) {
		x := &keptLog{Log: l.Log}
		if l.Ledger != nil {
			ledger := *l.Ledger
			x.Ledger, x.Term, x.Ends = &ledger, ledger.term, ledger.ends
			ledger.Behind = newest(ledger.Behind, &room)
			ledger.Runs = newest(ledger.Runs, &room)
		}
		k.Logs[l.Path] = x
	}
	if m.Store != nil {
		s := *m.Store
		s.Runs = newest(s.Runs, &room)
		s.Slices, s.Unlisted, s.Wrong = withoutEntries(s.Slices), withoutEntries(s.Unlisted), withoutEntries(s.Wrong)
		k.Store = &keptStore{s, s.large}
	}
	k.Engine = keepEngine(m.Engine)
	for _, name := range m.heads() {
		if b, err := m.read(name, headSize); err == nil {
			k.Heads[name] = b
		}
	}
	return k
}

// newest takes room for the entries of runs, beginning with the last, and cuts
// off what has none.
func newest(runs []run, room *int) []run {
	out := slices.Clone(runs)
	for i := len(out) - 1; i >= 0; i-- {
		x := &out[i]
		if n := len(x.Digests); n > *room {
			cut := n - *room
			x.First, x.Digests = x.First+uint64(cut), x.Digests[cut:]
		}
		*room -= len(x.Digests)
	}
	return slices.DeleteFunc(out, func(x run) bool { return len(x.Digests) == 0 })
}

func withoutEntries(list []slice) []slice {
	out := slices.Clone(list)
	for i := range out {
		out[i].Log, out[i].Ledger = nil, nil
	}
	return out
}

// Missing implements analyze.Partial.
func (r *reading) Missing() []string {
	n := 0
	count := func(runs []run) {
		for _, x := range runs {
			n += len(x.Digests)
		}
	}
	for _, l := range r.m.Chain {
		if l.Ledger != nil {
			count(l.Ledger.Runs)
			count(l.Ledger.Behind)
		}
	}
	if r.m.Store != nil {
		count(r.m.Store.Runs)
	}
	if n > maxKept {
		return []string{fmt.Sprintf("the digests of the oldest %d log entries", n-maxKept)}
	}
	return nil
}

// Recall implements analyze.Keeper.
func (r *reading) Recall(data []byte) error {
	var k kept
	if err := json.Unmarshal(data, &k); err != nil {
		return err
	}
	m := r.m
	m.LogDir, m.Base, m.IndexPath, m.HasIndex, m.Index, m.IndexRaw = k.LogDir, k.Base, k.IndexPath, k.HasIndex, k.Index, k.IndexRaw
	m.Auto, m.HasAuto, m.ConfFile, m.Conf, m.HasConf = k.Auto, k.HasAuto, k.ConfFile, k.Conf, k.HasConf
	m.Rows, m.Redo, m.Damage, m.stored = k.Rows, k.Redo, k.Damage, k.Heads
	if m.stored == nil {
		m.stored = map[string][]byte{}
	}
	for _, name := range slices.Sorted(maps.Keys(k.Logs)) {
		x := k.Logs[name]
		if x == nil {
			return fmt.Errorf("%s: nothing is known of it", name)
		}
		if x.Log != nil {
			m.Logs[name] = x.Log
		}
		if x.Ledger != nil {
			x.Ledger.term, x.Ledger.ends = x.Term, x.Ends
			m.ledgers[name] = x.Ledger
		}
	}
	if k.Store != nil {
		m.Store = &k.Store.store
		m.Store.large = k.Store.Large
		if c := m.Store.Current; c != nil { // it stands in the list too
			i := slices.IndexFunc(m.Store.Indexes, func(x archiveIndex) bool { return x.File == c.File })
			if i < 0 {
				return errors.New("the current index of the archive is missing")
			}
			m.Store.Current = &m.Store.Indexes[i]
		}
	}
	if m.Layout == layoutStore && m.Store == nil {
		return errors.New("nothing is known of the object store")
	}
	var err error
	m.Engine, err = k.Engine.engine()
	return err
}

// recalled puts together what comes from a bundle.
func (m *model) recalled() {
	switch m.Layout {
	case layoutStore:
		m.runs, m.bad, m.large = m.Store.Runs, m.Store.Bad, m.Store.large
	case layoutPlain:
	default:
		m.assemble()
	}
}
