package hostlayout

import (
	"bytes"
	"strings"

	"github.com/lastwrite/lastwrite/parse"
)

// maxListing is the largest number of lines that are kept of a listing.
const maxListing = 100_000

// A Listed is one file of a listing: its name and its size as "ls -lh" prints
// it, rounded.
type Listed struct {
	Name string
	Size string
}

// ParseListing reads the list.out of a MicroK8s inspection report: the output
// of "ls -lh" on the database directory (scripts/inspect.sh
// store_dqlite_info). Only regular files are returned.
func ParseListing(file string, data []byte) ([]Listed, []parse.Damage) {
	if len(data) > maxText {
		return nil, []parse.Damage{tooLarge(file, maxText)}
	}
	var out []Listed
	off := 0
	for line := range bytes.Lines(data) {
		at := parse.Span{File: file, Offset: int64(off), Length: int64(len(line))}
		off += len(line)
		text := strings.TrimSuffix(string(line), "\n")
		fields := strings.Fields(text)
		switch {
		case len(fields) == 0 || fields[0] == "total" || text[0] != '-':
			continue
		case len(fields) < 9: // mode, links, owner, group, size, month, day, time, name
			return out, []parse.Damage{{Span: at, Kind: parse.BadText, Want: "nine columns", Got: quote(text)}}
		case len(out) == maxListing:
			return out, []parse.Damage{{Span: at, Kind: parse.BadValue, Want: "at most 100000 files", Got: "more"}}
		}
		out = append(out, Listed{Name: strings.Join(fields[8:], " "), Size: fields[4]})
	}
	return out, nil
}
