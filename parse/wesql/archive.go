package wesql

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/lastwrite/lastwrite/parse"
)

// MaxText is the most that is read of a small text file, bytes.
const MaxText = 16 << 20

const maxLines = 1 << 20

// A SliceName is what the name of an archived slice says.
type SliceName struct {
	Log  string // name of the archived log: "binlog.000001"
	Term uint64 // of the leader that wrote it
	End  int64  // offset behind its last byte in the log
}

// ParseSliceName reads "binlog.000001.00000000000000000003.0000004701".
func ParseSliceName(name string) (s SliceName, ok bool) {
	parts := strings.Split(name, ".")
	if len(parts) < 4 {
		return s, false
	}
	n := len(parts)
	number, term, end := parts[n-3], parts[n-2], parts[n-1]
	if len(number) < 6 || len(term) != 20 || len(end) < 10 || !digits(number) || !digits(term) || !digits(end) {
		return s, false
	}
	var err1, err2 error
	s.Log = strings.Join(parts[:n-2], ".")
	s.Term, err1 = strconv.ParseUint(term, 10, 64)
	s.End, err2 = strconv.ParseInt(end, 10, 64)
	return s, err1 == nil && err2 == nil
}

// ParseIndexName reads "binlog-index.00000000000000000003.index" and returns
// the term.
func ParseIndexName(name string) (term uint64, ok bool) {
	rest, ok1 := strings.CutPrefix(name, "binlog-index.")
	text, ok2 := strings.CutSuffix(rest, ".index")
	if !ok1 || !ok2 || len(text) != 20 || !digits(text) {
		return 0, false
	}
	term, err := strconv.ParseUint(text, 10, 64)
	return term, err == nil
}

func digits(text string) bool { return text != "" && strings.Trim(text, "0123456789") == "" }

// A Slice is one line of an index of the archive.
type Slice struct {
	parse.Span
	SliceName
	Name     string
	Last     uint64 // last index that is in the log up to here
	Previous uint64 // last index in front of the log
}

// An ArchiveIndex is the list of the slices of one leader and those before.
type ArchiveIndex struct {
	File   string
	Slices []Slice
	Damage []parse.Damage
}

// ParseArchiveIndex reads an index of the archive.
func ParseArchiveIndex(file string, data []byte) ArchiveIndex {
	x := ArchiveIndex{File: file}
	x.Damage = lines(file, data, func(span parse.Span, line string) string {
		parts := strings.Split(line, "|")
		if len(parts) != 3 {
			return "three fields"
		}
		name, ok := ParseSliceName(parts[0][strings.LastIndexByte(parts[0], '/')+1:])
		last, err1 := strconv.ParseUint(parts[1], 10, 64)
		previous, err2 := strconv.ParseUint(parts[2], 10, 64)
		if !ok || err1 != nil || err2 != nil {
			return "slice|last index|previous index"
		}
		x.Slices = append(x.Slices, Slice{span, name, parts[0][strings.LastIndexByte(parts[0], '/')+1:], last, previous})
		return ""
	})
	return x
}

// A Snapshot is one line of snapshot.index.
type Snapshot struct {
	parse.Span
	Time       time.Time
	InnoDB     string // key of the clone, below the bucket
	Engine     string // key of the smartengine part
	Log        string // archived log
	Position   int64  // in it
	Index      uint64
	SnapshotID string
}

// ParseSnapshotIndex reads snapshot.index, oldest first.
func ParseSnapshotIndex(file string, data []byte) (list []Snapshot, damage []parse.Damage) {
	damage = lines(file, data, func(span parse.Span, line string) string {
		parts := strings.Split(line, "|")
		if len(parts) != 7 {
			return "seven fields"
		}
		when, err := time.Parse(time.DateTime, parts[0])
		position, err1 := strconv.ParseInt(parts[4], 10, 64)
		index, err2 := strconv.ParseUint(parts[5], 10, 64)
		if err != nil || err1 != nil || err2 != nil {
			return "time|innodb|smartengine|log|position|index|id"
		}
		list = append(list, Snapshot{span, when, parts[1], parts[2], parts[3], position, index, parts[6]})
		return ""
	})
	return list, damage
}

// lines calls take for every line; what take returns is what it wanted.
func lines(file string, data []byte, take func(span parse.Span, line string) string) (damage []parse.Damage) {
	n := 0
	for off := 0; off < len(data) && n < maxLines; n++ {
		line, _, ended := bytes.Cut(data[off:], []byte("\n"))
		span := parse.Span{File: file, Offset: int64(off), Length: int64(len(line)), Field: fmt.Sprintf("line[%d]", n)}
		off += len(line) + 1
		text := strings.TrimRight(string(line), "\r")
		if text == "" {
			continue
		}
		want := "text"
		if clean(text) {
			want = take(span, text)
		}
		switch {
		case len(damage) == maxDamage:
		case want != "":
			damage = append(damage, parse.Damage{Span: span, Kind: parse.BadText, Want: want, Got: "another line"})
		case !ended:
			damage = append(damage, parse.Damage{Span: span, Kind: parse.Truncated, Want: "a line feed", Got: "the end of the file"})
		}
	}
	return damage
}

// clean reports whether a line is short printable text.
func clean(text string) bool {
	if len(text) > 1<<14 {
		return false
	}
	for i := range len(text) {
		if text[i] < ' ' || text[i] == 0x7f {
			return false
		}
	}
	return strings.ToValidUTF8(text, "") == text
}

// ClusterInfo is the copy of the membership in the object store.
type ClusterInfo struct {
	File     string
	Index    uint64 // of the last membership entry that is in it
	Members  Members
	Learners string
	Damage   []parse.Damage
}

// ParseClusterInfo reads a cluster_info object: the number of its lines, index,
// members, and learners if there are four (consensus_meta.cc). The server
// refuses to start if the number is wrong.
func ParseClusterInfo(file string, data []byte) ClusterInfo {
	c := ClusterInfo{File: file}
	bad := func(field, want, got string) {
		c.Damage = append(c.Damage, parse.Damage{Span: parse.Span{File: file, Length: int64(len(data)), Field: field}, Kind: parse.BadText, Want: want, Got: got})
	}
	text := strings.Split(string(data), "\n")
	if len(text) > 1 && text[len(text)-1] == "" {
		text = text[:len(text)-1]
	}
	if len(text) < 3 || len(data) > 1<<16 || !clean(strings.Join(text, "")) {
		bad("", "3 or 4 lines", fmt.Sprintf("%d", len(text)))
		return c
	}
	n, err := strconv.Atoi(text[0])
	if err != nil || n != len(text) && n != len(text)+1 {
		bad("lines", strconv.Itoa(len(text)), strconv.Quote(text[0]))
	}
	index, err := strconv.ParseUint(text[1], 10, 64)
	if err != nil {
		bad("index", "a number", strconv.Quote(text[1]))
	}
	c.Index = index
	m, ok := ParseMembers(text[2])
	if !ok {
		bad("members", "ip:port;…@k", strconv.Quote(text[2]))
	}
	c.Members = m
	if len(text) > 3 {
		c.Learners = text[3]
	}
	return c
}

// AutoConf is auto.cnf.
type AutoConf struct {
	UUID   string // "" if there is none
	At     parse.Span
	Damage []parse.Damage
}

// ParseAutoConf reads auto.cnf: server-uuid in the group auto.
func ParseAutoConf(file string, data []byte) AutoConf {
	var a AutoConf
	off := 0
	for line := range strings.Lines(string(data[:min(len(data), 1<<16)])) {
		key, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if ok && strings.TrimSpace(strings.ReplaceAll(key, "_", "-")) == "server-uuid" {
			value = strings.TrimSpace(value)
			a.At = parse.Span{File: file, Offset: int64(off), Length: int64(len(line)), Field: "server-uuid"}
			if isUUID(value) {
				a.UUID = strings.ToLower(value)
			} else {
				a.Damage = append(a.Damage, parse.Damage{Span: a.At, Kind: parse.BadText, Want: "a UUID", Got: "another text"})
			}
		}
		off += len(line)
	}
	if a.At.Field == "" {
		a.At = parse.Span{File: file, Field: "server-uuid"}
		a.Damage = append(a.Damage, parse.Damage{Span: a.At, Kind: parse.BadText, Want: "server-uuid", Got: "nothing"})
	}
	return a
}

func isUUID(text string) bool {
	if len(text) != 36 {
		return false
	}
	for i, c := range []byte(text) {
		if dash := i == 8 || i == 13 || i == 18 || i == 23; dash != (c == '-') || !dash && !strings.ContainsRune("0123456789abcdefABCDEF", rune(c)) {
			return false
		}
	}
	return true
}
