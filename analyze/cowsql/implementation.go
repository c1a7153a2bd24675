package cowsql

import "strings"

// An Implementation is one of the code bases that load a raft directory, with
// the differences that matter to a start.
type Implementation struct {
	Name string // as --server takes it and the report prints it
	// Fallback: when the newest snapshot cannot be loaded the next older one
	// is tried (cowsql/raft src/uv.c uvLoadSnapshotAndEntries).
	Fallback bool
	// LZ4Only: snapshot data that is not an LZ4 frame is refused (canonical/
	// dqlite since 1.18.3, src/raft/uv_fs.c).
	LZ4Only bool
	// TermOne: a reconfigure writes its entry with term 1 instead of the term
	// of the last entry.
	TermOne bool
	// Asserts: assertions of the raft layer end the process.
	Asserts bool
	// BeginsWithChange: a log without snapshot that does not begin with a
	// configuration ends the process.
	BeginsWithChange bool
	// ShortProducts: releases that this one stands for restore a snapshot with
	// products of 32 bits (canonical/dqlite up to 1.14, src/vfs.c).
	ShortProducts bool
	// OpensAtStart: two open segments are prepared as soon as the node runs.
	OpensAtStart bool
}

// implementations lists what --server accepts; the first is the default when
// the files do not tell.
var implementations = []Implementation{
	{Name: "cowsql", Fallback: true, OpensAtStart: true},
	{Name: "dqlite", LZ4Only: true, BeginsWithChange: true, TermOne: true, Asserts: true},
	{Name: "dqlite-1.17", TermOne: true, Asserts: true},
	{Name: "raft", TermOne: true, ShortProducts: true},
}

// Servers returns the names that --server accepts for this family.
func Servers() []string {
	var out []string
	for _, i := range implementations {
		out = append(out, i.Name)
	}
	return out
}

func implementation(name string) (Implementation, bool) {
	for _, i := range implementations {
		if i.Name == strings.ToLower(name) {
			return i, true
		}
	}
	return Implementation{}, false
}

// describe is the implementation as the report names it.
func (i Implementation) describe() string {
	switch i.Name {
	case "cowsql":
		return "cowsql 1.15 (cowsql/raft 0.22)"
	case "dqlite":
		return "dqlite 1.18.3 to 1.18.6"
	case "dqlite-1.17":
		return "dqlite 1.17 to 1.18.2"
	}
	return "canonical raft up to 0.18 (dqlite up to 1.16)"
}
