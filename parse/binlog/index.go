package binlog

import (
	"bytes"
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/lastwrite/lastwrite/parse"
)

// Limits of an index file.
const (
	maxIndex = 64 << 20 // bytes
	maxFiles = 1 << 20
	fnRefLen = 512 // the server's limit of a path
)

// An Entry is one line of an index file.
type Entry struct {
	parse.Span
	Path   string // as written
	Number int64  // of the suffix, -1 if it is not ".NNNNNN"
}

// Base returns the name of the file without directories.
func (e Entry) Base() string { return path.Base(strings.ReplaceAll(e.Path, `\`, "/")) }

// Absolute reports whether the path names a place outside of the data
// directory, or inside of it from the root.
func (e Entry) Absolute() bool {
	return strings.HasPrefix(e.Path, "/") || len(e.Path) > 2 && e.Path[1] == ':' && (e.Path[2] == '\\' || e.Path[2] == '/')
}

// An Index is the list of the logs that count, oldest first.
type Index struct {
	Entries []Entry
	Damage  []parse.Damage
}

// ParseIndex reads an index file: one path a line, relative ones from the data
// directory. A line without line feed is cut off by a crash; the path is kept.
// Lines that cannot be paths are damage and are left out, and so are numbers
// that do not grow.
func ParseIndex(file string, data []byte) Index {
	var out Index
	bad := func(off, n int64, field string, kind parse.Kind, want, got string) {
		if len(out.Damage) < 100 {
			out.Damage = append(out.Damage, parse.Damage{Span: parse.Span{File: file, Offset: off, Length: n, Field: field}, Kind: kind, Want: want, Got: got})
		}
	}
	if len(data) > maxIndex {
		bad(maxIndex, 0, "", parse.BadValue, fmt.Sprintf("up to %d bytes", maxIndex), fmt.Sprintf("%d bytes", len(data)))
		data = data[:maxIndex]
	}
	for off := int64(0); off < int64(len(data)) && len(out.Entries) < maxFiles; {
		line, _, ended := bytes.Cut(data[off:], []byte("\n"))
		at := off
		off += int64(len(line))
		if ended {
			off++
		}
		field := fmt.Sprintf("entry[%d]", len(out.Entries))
		text := bytes.TrimRight(line, "\r")
		switch {
		case len(text) == 0:
			continue
		case bytes.IndexByte(text, 0) >= 0 || len(text) >= fnRefLen || !printable(text):
			bad(at, int64(len(line)), field, parse.BadText, "a path", "other bytes")
			continue
		case !ended:
			bad(at, int64(len(line)), field, parse.Truncated, "a line feed", "the end of the file")
		}
		e := Entry{Span: parse.Span{File: file, Offset: at, Length: int64(len(text)), Field: field}, Path: string(text), Number: suffix(string(text))}
		if last := len(out.Entries) - 1; last >= 0 && e.Number >= 0 && e.Number <= out.Entries[last].Number {
			bad(at, int64(len(line)), field, parse.BadValue, fmt.Sprintf("a number above %d", out.Entries[last].Number), strconv.FormatInt(e.Number, 10))
		}
		out.Entries = append(out.Entries, e)
	}
	return out
}

// Last returns the newest log.
func (x Index) Last() (Entry, bool) {
	if len(x.Entries) == 0 {
		return Entry{}, false
	}
	return x.Entries[len(x.Entries)-1], true
}

func printable(text []byte) bool {
	for _, c := range text {
		if c < ' ' || c == 0x7f {
			return false
		}
	}
	return true
}

// suffix returns the number of "base.000012".
func suffix(name string) int64 {
	dot := strings.LastIndexByte(name, '.')
	digits := name[dot+1:]
	if dot < 0 || len(digits) < 6 || len(digits) > 10 || strings.Trim(digits, "0123456789") != "" {
		return -1
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return -1
	}
	return n
}
