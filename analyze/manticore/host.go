package manticore

import (
	"cmp"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/parse"
	"github.com/lastwrite/lastwrite/parse/galera"
	"github.com/lastwrite/lastwrite/parse/manticore"
)

// zeroUUID is the state UUID of a node that never joined, or whose provider
// gave up on its data.
const zeroUUID = "00000000-0000-0000-0000-000000000000"

// A host is what the files of one server say.
type host struct {
	*evidence
	Name  string
	FS    fs.FS    // rooted at the host root
	Data  string   // data_dir below it
	Files []string // regular files below the host root, sorted
	sizes map[string]int64
	dirs  map[string]bool

	Node      *analyze.Node
	Config    *manticore.Config // the one that a start reads; nil if there is none
	Salvage   *manticore.Config // Config, or the sibling that tells more when Config does not parse
	Conf      *manticore.ServerConf
	Journal   *manticore.ServerLog
	DataDir   string   // as configured, the packages' default otherwise
	Addresses []string // of the node's API
	Memory    *manticore.SharedMemory
	Strangers []*manticore.SharedMemory // shared memory files of another data_dir
	Server    server

	BinlogDir   string // below the host root, "" if it is not in the copy
	BinlogOff   bool   // binlog_path is empty
	BinlogAway  bool   // configured outside of what was copied
	Meta        *manticore.BinlogMeta
	Logs        []*logFile
	Tables      map[string]*table
	Parts       []*part // the host in each of its clusters
	Orphans     []*part // directories of clusters that manticore.json does not name
	in          []seat  // the clusters that Judge put the host into
	Replay      replay
	SkippedDups []manticore.Cluster
}

// A logFile is one binlog.NNNN.
type logFile struct {
	*manticore.Log
	Number  uint64
	Listed  bool // binlog.meta names it
	Missing bool // binlog.meta names it and it is not there
	Path    string
}

// A table is one table of the host.
type table struct {
	Name    string
	Type    string
	Base    string // path of its files without their endings, below the host root; "" if outside
	Meta    *manticore.TableMeta
	Refused string // why the server does not serve it, "" if it does
	RAM     int64  // size of the RAM chunk, -1 without one
	Start   int64  // TID after the next start of the server
	Listed  int64  // TID with what the listed logs hold in front of damage
	Whole   int64  // TID with all valid records in front of damage, as a repair keeps them
	Known   bool   // the TIDs mean something
	Fresh   bool   // Whole comes from a log
}

// truncated reports whether the table looks as TRUNCATE leaves it: transactions
// were counted, and neither documents nor a RAM chunk nor disk chunks are there.
func (t *table) truncated() bool {
	return t.Meta != nil && t.Known && t.Meta.TID > 0 && t.Meta.TID == t.Whole && t.Meta.Documents == 0 && t.RAM < 0 && len(t.Meta.Chunks) == 0
}

// A part is one host in one cluster.
type part struct {
	Host    *host
	Entry   *manticore.Cluster // nil for an orphan
	Name    string
	Dir     string // of grastate.dat, below the host root; "" if it is outside or missing
	Outside bool   // the path leads out of the copy
	State   *galera.StateFile
	View    *galera.ViewFile
	Cache   *cache
	Memory  *manticore.Committed
	Left    []string // grastate.dat.new, grastate.dat.old
}

// build resolves the paths of the configuration.
func (h *host) build() {
	h.findConfig()
	h.findServerConf()
	h.findMemory()
	h.findTables()
	h.findLogs()
	h.findClusters()
	h.Server = h.findServer()
}

func (h *host) findConfig() {
	at := func(name string) *manticore.Config { return h.Configs[path.Join(h.Data, name)] }
	h.Config = at("manticore.json")
	h.Salvage = h.Config
	if h.broken() {
		for _, name := range []string{"manticore.json.new", "manticore.json.old"} {
			if c := at(name); c != nil && c.Whole {
				h.Salvage = c
				return
			}
		}
	}
}

// broken reports whether a start finds no usable manticore.json.
func (h *host) broken() bool {
	return h.Config == nil || len(h.Config.Damage) > 0 || h.Config.Empty
}

func (h *host) findServerConf() {
	h.DataDir = "/var/lib/manticore"
	for _, name := range sortedKeys(h.Confs) {
		if c := h.Confs[name]; c.Searchd && (h.Conf == nil || strings.Contains(name, "etc/manticoresearch")) {
			h.Conf = c
		}
	}
	for _, name := range sortedKeys(h.evidence.Journal) {
		if l := h.evidence.Journal[name]; h.Journal == nil || l.Starts > 0 {
			h.Journal = l
		}
	}
	if h.Conf == nil {
		return
	}
	if h.Conf.DataDir.Set && h.Conf.DataDir.Value != "" {
		h.DataDir = h.Conf.DataDir.Value
	}
	h.Addresses = h.Conf.Addresses()
}

// findMemory takes the shared memory file whose name belongs to the data_dir,
// or the only one there is when the configuration was not copied.
func (h *host) findMemory() {
	want := manticore.SharedMemoryName(h.DataDir)
	names := sortedKeys(h.evidence.Memory)
	for _, name := range names {
		m := h.evidence.Memory[name]
		if path.Base(name) == want || h.Conf == nil && len(names) == 1 {
			h.Memory = m
		} else {
			h.Strangers = append(h.Strangers, m)
		}
	}
}

// inTree maps an absolute path of the host into the copy: below data_dir, or
// below the host root where that is a host's tree.
func (h *host) inTree(p string) (string, bool) {
	p = path.Clean(p)
	dataDir := path.Clean(h.DataDir)
	if p == dataDir {
		return h.Data, true
	}
	if rest, ok := strings.CutPrefix(p, dataDir+"/"); ok {
		return path.Join(h.Data, rest), true
	}
	rest := strings.TrimPrefix(p, "/")
	if h.Data != "." && strings.TrimPrefix(dataDir, "/") == h.Data && fs.ValidPath(rest) {
		return rest, h.dirs[rest] || h.dirs[path.Dir(rest)] && rest != "."
	}
	return "", false
}

// inData joins a relative path to data_dir. ok is false if it leads out of the
// host's tree.
func (h *host) inData(rel string) (string, bool) {
	p := path.Join(h.Data, rel)
	return p, fs.ValidPath(p)
}

// dataDir is the configured data_dir without a slash at its end.
func (h *host) dataDir() string { return path.Clean(h.DataDir) }

func (h *host) findTables() {
	h.Tables = map[string]*table{}
	add := func(name, kind, base string) {
		t := &table{Name: name, Type: kind, Base: base, RAM: -1}
		if base != "" {
			t.Meta = h.evidence.Tables[base+".meta"]
			if size, ok := h.sizes[base+".ram"]; ok {
				t.RAM = size
			}
		}
		t.Refused = h.refused(t)
		h.Tables[name] = t
	}
	if h.Salvage != nil {
		for _, x := range h.Salvage.Tables {
			if _, twice := h.Tables[x.Name]; twice || x.Type == "distributed" || x.Type == "template" || x.Type == "shard" {
				continue
			}
			base := ""
			if strings.ContainsAny(x.Path, `/\`) {
				base, _ = h.inTree(strings.ReplaceAll(x.Path, `\`, "/"))
			} else if p, ok := h.inData(path.Join(x.Path, x.Path)); ok && x.Path != "" {
				base = p
			}
			add(x.Name, x.Type, base)
		}
	}
	if !h.broken() || h.Salvage != h.Config {
		return
	}
	for _, name := range sortedKeys(h.evidence.Tables) { // what the directories show
		dir, file := path.Split(name)
		base := strings.TrimSuffix(file, ".meta")
		if path.Base(dir) != base || path.Dir(path.Clean(dir)) != h.Data || h.Tables[base] != nil {
			continue
		}
		add(base, "", path.Join(dir, base))
	}
}

// refused says why a start leaves a table out, "" if it serves it.
func (h *host) refused(t *table) string {
	switch m := t.Meta; {
	case t.Base == "":
		return "its directory is not in the copy"
	case m == nil:
		return "it has no .meta"
	case m.Damage != nil && m.Damage.Kind == parse.BadVersion:
		return "its .meta is of another version: " + m.Damage.Got
	case m.Damage != nil:
		return "its .meta does not parse"
	default:
		for _, n := range m.Chunks {
			chunk := t.Base + "." + itoa(n)
			if _, ok := h.sizes[chunk+".sph"]; ok {
				continue
			}
			if _, ok := h.sizes[chunk+".sphi"]; !ok {
				return "disk chunk " + itoa(n) + " is missing"
			}
		}
	}
	return ""
}

func (h *host) findLogs() {
	h.BinlogDir = path.Join(h.Data, "binlog")
	if c := h.Conf; c != nil && c.BinlogPath.Set {
		switch v := c.BinlogPath.Value; {
		case v == "":
			h.BinlogOff = true
		case path.IsAbs(v):
			dir, ok := h.inTree(v)
			h.BinlogDir = dir
			h.BinlogAway = !ok || !h.dirs[dir]
		default:
			h.BinlogDir, _ = h.inData(v)
			h.BinlogAway = !h.dirs[h.BinlogDir]
		}
	}
	if h.BinlogOff || h.BinlogAway {
		return
	}
	h.Meta = h.Metas[path.Join(h.BinlogDir, "binlog.meta")]
	seen := map[uint64]*logFile{}
	for _, name := range sortedKeys(h.evidence.Logs) {
		if path.Dir(name) != h.BinlogDir {
			continue
		}
		number, _ := manticore.LogNumber(path.Base(name))
		seen[number] = &logFile{Log: h.evidence.Logs[name], Number: number, Path: name}
	}
	if h.Meta != nil {
		for _, n := range h.Meta.Files {
			l := seen[n]
			if l == nil {
				l = &logFile{Number: n, Listed: true, Missing: true, Path: path.Join(h.BinlogDir, logName(n, h.Meta))}
			}
			if !slices.Contains(h.Logs, l) {
				l.Listed = true
				h.Logs = append(h.Logs, l)
			}
		}
	}
	var rest []*logFile
	for _, l := range seen {
		if !l.Listed {
			rest = append(rest, l)
		}
	}
	slices.SortFunc(rest, func(a, b *logFile) int { return cmp.Compare(a.Number, b.Number) })
	h.Logs = append(h.Logs, rest...)
}

// logName is the name of a log as the server makes it.
func logName(n uint64, m *manticore.BinlogMeta) string {
	digits := 3
	if m.Version >= 15 {
		digits = int(m.Digits)
	}
	name := utoa(n)
	for len(name) < digits && len(name) < 20 {
		name = "0" + name
	}
	return "binlog." + name
}

func (h *host) findClusters() {
	used := map[string]bool{}
	if h.Salvage != nil {
		for i := range h.Salvage.Clusters {
			c := &h.Salvage.Clusters[i]
			if c.Skipped != "" {
				h.SkippedDups = append(h.SkippedDups, *c)
				continue
			}
			p := &part{Host: h, Entry: c, Name: c.Name}
			p.Dir, p.Outside = h.clusterDir(c.Path)
			h.fill(p)
			used[p.Dir] = true
			h.Parts = append(h.Parts, p)
		}
	}
	var dirs []string
	for _, name := range slices.Concat(sortedKeys(h.States), sortedKeys(h.Caches)) {
		if dir := path.Dir(name); !used[dir] {
			used[dir] = true
			dirs = append(dirs, dir)
		}
	}
	slices.Sort(dirs)
	for _, dir := range dirs {
		p := &part{Host: h, Dir: dir}
		h.fill(p)
		h.Orphans = append(h.Orphans, p)
	}
}

// clusterDir is the directory of a cluster: data_dir and the path of its entry
// (src/searchdconfig.cpp GetDatadirPath). An absolute path is looked for in
// the copy, and never followed out of it.
func (h *host) clusterDir(rel string) (dir string, outside bool) {
	if rel == "" {
		return h.Data, false
	}
	rel = path.Clean(strings.ReplaceAll(rel, `\`, "/"))
	p, ok := h.inData(strings.TrimPrefix(rel, "/"))
	if ok && h.dirs[p] {
		return p, false
	}
	if path.IsAbs(rel) {
		if q, inside := h.inTree(rel); inside && h.dirs[q] {
			return q, false
		}
		return "", true
	}
	return "", !ok
}

// fill puts what lies in the directory of a cluster into its part.
func (h *host) fill(p *part) {
	if p.Name != "" && h.Memory != nil && h.Memory.Damage == nil {
		for i := range h.Memory.Clusters {
			if c := &h.Memory.Clusters[i]; c.Name == p.Name {
				p.Memory = c
			}
		}
	}
	if p.Dir == "" {
		return
	}
	p.State = h.States[path.Join(p.Dir, "grastate.dat")]
	p.View = h.Views[path.Join(p.Dir, "gvwstate.dat")]
	p.Cache = h.Caches[path.Join(p.Dir, "galera.cache")]
	for _, name := range []string{"grastate.dat.new", "grastate.dat.old"} {
		if _, ok := h.sizes[path.Join(p.Dir, name)]; ok {
			p.Left = append(p.Left, path.Join(p.Dir, name))
		}
	}
}

// uuid is the history that the part belongs to, "" if no file tells.
func (p *part) uuid() string {
	if p.State != nil && !p.State.UUID.IsZero() {
		return p.State.UUID.String()
	}
	if p.Memory != nil && p.Memory.UUID != zeroUUID {
		return p.Memory.UUID
	}
	if p.Cache != nil && p.Cache.UUID != "" && p.Cache.UUID != zeroUUID {
		return p.Cache.UUID
	}
	return ""
}

// zeroed reports whether the provider marked the data as unsafe or
// inconsistent.
func (p *part) zeroed() bool {
	return p.State != nil && p.State.UUIDField.Present && p.State.UUID.IsZero() && p.Cache != nil && p.Cache.UUID != ""
}

// clean reports whether grastate.dat has a position.
func (p *part) clean() bool { return p.State != nil && !p.State.UUID.IsZero() && p.State.Seqno >= 0 }

// safe reports whether the provider lets this node begin a cluster. A missing
// line or file counts as yes.
func (p *part) safe() bool { return p.State == nil || p.State.SafeToBootstrap }

// crashed reports whether the node was not stopped.
func (p *part) crashed() bool { return p.State != nil && p.State.Seqno < 0 }
