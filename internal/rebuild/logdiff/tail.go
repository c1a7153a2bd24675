package logdiff

import (
	"context"
	"slices"

	"github.com/lastwrite/lastwrite/analyze/cowsql"
	"github.com/lastwrite/lastwrite/internal/rebuild"
	format "github.com/lastwrite/lastwrite/parse/cowsql"
)

// An Entry is a log entry with the head of its command.
type Entry struct {
	cowsql.EntryView
	Head       rebuild.Head // of commands
	Unread     bool         // there are no files to read the head from
	Damage     string       // why the head cannot be understood
	Artificial bool         // written by a recovery, not by a leader
}

// Describe reads the head of an entry where there are files.
func Describe(n rebuild.Node, e cowsql.EntryView) (Entry, error) {
	out := Entry{EntryView: e, Artificial: slices.Contains(n.View.Artificial(), e.Index)}
	var err error
	switch {
	case e.Type == format.Command && n.FS == nil:
		out.Unread = true
	case e.Type == format.Command:
		out.Head, out.Damage, err = rebuild.ReadHead(n.FS, e)
	}
	return out, err
}

// A Tail is what a log holds from an index on.
type Tail struct {
	Entries        uint64
	Barriers       uint64
	Configurations uint64
	Unread         uint64            // commands that there are no files to read from
	Other          uint64            // commands that change no data
	Transactions   map[string]uint64 // by database
	List           []Entry           // some of them, as asked for
}

// ReadTail counts the entries of n from first on and keeps those from listed
// on, at most limit of them; all if limit is 0.
func ReadTail(ctx context.Context, n rebuild.Node, first, listed uint64, limit int) (*Tail, error) {
	t := &Tail{Transactions: map[string]uint64{}}
	err := n.View.Walk(first, ^uint64(0), func(e cowsql.EntryView) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		d, err := Describe(n, e)
		if err != nil {
			return err
		}
		t.Entries++
		switch {
		case e.Type == format.Barrier:
			t.Barriers++
		case e.Type == format.Change:
			t.Configurations++
		case d.Unread:
			t.Unread++
		case d.Damage == "" && d.Head.Type == format.CommandFrames && d.Head.Commit:
			t.Transactions[d.Head.Database]++
		default:
			t.Other++
		}
		if e.Index >= listed && (limit == 0 || len(t.List) < limit) {
			t.List = append(t.List, d)
		}
		return nil
	})
	return t, err
}
