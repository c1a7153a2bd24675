package cowsql

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/parse"
	"github.com/lastwrite/lastwrite/parse/cowsql"
	"github.com/lastwrite/lastwrite/parse/sqlite"
)

// TestRestore holds what each restore makes of a database in a snapshot to the
// source of the servers; internal/differential holds it to the servers.
func TestRestore(t *testing.T) {
	const (
		at   = 40 // where the pages begin
		log  = walHeader + 2*serverFrame
		main = 3 * serverPage
	)
	soundLog := sqlite.WAL{Header: sqlite.WALHeader{PageSize: serverPage}, Slots: 2, Frames: 2, Committed: 2, Commits: 1}
	tests := []struct {
		name   string
		change func(d *cowsql.DatabaseImage)
		cut    int64 // bytes at the end of the payload that are not there
		// What cowsql and dqlite up to 1.18.2 do, what the oldest of those may
		// do, and what dqlite does since.
		image, old, pages analyze.Outcome
	}{
		{name: "sound", image: analyze.Clean, old: analyze.Clean, pages: analyze.Clean},
		{
			name: "no name", change: func(d *cowsql.DatabaseImage) { d.Name = "" },
			image: analyze.Crashes, old: analyze.Crashes, pages: analyze.Crashes,
		},
		{
			name: "impossible page size", change: func(d *cowsql.DatabaseImage) { d.Header.PageSize = 0; d.WALSize = 0 },
			image: analyze.Crashes, old: analyze.Crashes, pages: analyze.Discards,
		},
		{
			name: "other page size", change: func(d *cowsql.DatabaseImage) { d.Header.PageSize = 512; d.WALSize = 0 },
			image: analyze.Crashes, old: analyze.Crashes, pages: analyze.Unknown,
		},
		{
			name: "page count 0", change: func(d *cowsql.DatabaseImage) { d.Header.Pages = 0 },
			image: analyze.Refuses, old: analyze.Refuses, pages: analyze.Clean,
		},
		{
			name: "more pages than stated bytes", change: func(d *cowsql.DatabaseImage) { d.Header.Pages = 1000; d.WALSize = 0 },
			image: analyze.Refuses, old: analyze.Refuses, pages: analyze.Refuses,
		},
		{
			name: "pages of 4 GiB and a bit", change: func(d *cowsql.DatabaseImage) { d.Header.Pages = 1<<20 + 1 },
			image: analyze.Refuses, old: analyze.Unknown, pages: analyze.Clean,
		},
		{
			name: "fewer pages than the main part", change: func(d *cowsql.DatabaseImage) { d.Header.Pages = 2 },
			image: analyze.Crashes, old: analyze.Crashes, pages: analyze.Clean,
		},
		{
			name: "main part said to be empty", change: func(d *cowsql.DatabaseImage) { d.MainSize = 0; d.WALSize = main },
			image: analyze.Clean, old: analyze.Clean, pages: analyze.Crashes,
		},
		{
			name: "nothing stated", change: func(d *cowsql.DatabaseImage) { d.MainSize, d.WALSize = 0, 0 },
			image: analyze.Refuses, old: analyze.Refuses, pages: analyze.Refuses,
		},
		{
			name: "main part no multiple of pages", change: func(d *cowsql.DatabaseImage) { d.MainSize--; d.WALSize++ },
			image: analyze.Clean, old: analyze.Clean, pages: analyze.Crashes,
		},
		{
			name: "log no multiple of frames", change: func(d *cowsql.DatabaseImage) { d.WALSize-- },
			image: analyze.Crashes, old: analyze.Crashes, pages: analyze.Crashes,
		},
		{
			name: "log a header and nothing else", change: func(d *cowsql.DatabaseImage) { d.WALSize = walHeader },
			image: analyze.Crashes, old: analyze.Crashes, pages: analyze.Clean,
		},
		{
			name: "sizes whose sum wraps around", change: func(d *cowsql.DatabaseImage) { d.MainSize, d.WALSize = math.MaxUint64-4095, 4096 },
			image: analyze.Refuses, old: analyze.Refuses, pages: analyze.Refuses,
		},
		{
			name: "main part of an exbibyte", change: func(d *cowsql.DatabaseImage) { d.MainSize = 1 << 60; d.WALSize = 0 },
			image: analyze.Crashes, old: analyze.Crashes, pages: analyze.Refuses,
		},
		{
			name: "main part of two tebibytes", change: func(d *cowsql.DatabaseImage) { d.MainSize = 1 << 41; d.WALSize = 0 },
			image: analyze.Crashes, old: analyze.Crashes, pages: analyze.Unknown,
		},
		{
			name: "log cut", cut: 1,
			image: analyze.Crashes, old: analyze.Crashes, pages: analyze.Unknown,
		},
		{
			name: "damaged frame", change: func(d *cowsql.DatabaseImage) {
				d.WAL.Frames, d.WAL.Committed, d.WAL.Damage = 1, 1, []parse.Damage{{Kind: parse.BadChecksum}}
			},
			image: analyze.Discards, old: analyze.Discards, pages: analyze.Unknown,
		},
		{
			name: "damaged page", change: func(d *cowsql.DatabaseImage) {
				d.WALSize = 0
				d.StructuralProblems = []parse.Damage{{Kind: parse.BadValue}}
			},
			image: analyze.Clean, old: analyze.Clean, pages: analyze.Refuses,
		},
		{
			name: "free list of one page in no place", change: func(d *cowsql.DatabaseImage) { d.WALSize = 0; d.Header.FreePages = 1 },
			image: analyze.Clean, old: analyze.Clean, pages: analyze.Refuses,
		},
		{
			name: "schema cookie 0", change: func(d *cowsql.DatabaseImage) { d.WALSize = 0; d.Header.SchemaCookie = 0 },
			image: analyze.Clean, old: analyze.Clean, pages: analyze.Refuses,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := cowsql.DatabaseImage{
				Name: "demo", MainOffset: at, MainSize: main, WALSize: log, WAL: soundLog, PageSize: serverPage, MainPages: 3,
				Header: sqlite.Header{PageSize: serverPage, Pages: 3, ReadVersion: 2, SchemaCookie: 1, SchemaFormat: 4},
			}
			if tt.change != nil {
				tt.change(&d)
			}
			size := at + main + log - tt.cut
			assert.Equal(t, tt.image, restoreImage(d, size, false), "cowsql")
			assert.Equal(t, tt.old, restoreImage(d, size, true), "raft")
			assert.Equal(t, tt.pages, restorePages(d, size), "dqlite")
		})
	}
}
