package galera

import (
	"bytes"
	"fmt"
	"math"
	"strings"

	"github.com/lastwrite/lastwrite/parse"
)

// StateVersion is what the provider has written as the version of grastate.dat
// since Galera 2 (galera/src/saved_state.cpp VERSION).
const StateVersion = "2.1"

// maxState is the size in bytes from which the provider cuts the file to the
// text when it starts (saved_state.cpp MAX_SIZE).
const maxState = 256

// MaxText is how much in bytes is looked at of a small text file of this
// family. Real ones have less than 1 KiB.
const MaxText = 64 << 10

// A SavedState is what the provider believes after it has read grastate.dat
// (galera galera/src/saved_state.cpp SavedState).
type SavedState struct {
	Version         string // read, and used for nothing; "0.8" if there is none
	UUID            UUID   // group UUID; zero: unsafe, inconsistent, or never joined
	Seqno           int64  // last committed seqno, -1 if it is not known
	SafeToBootstrap bool   // true if there is no such line
}

// DefaultState is what the provider believes without a file, and for each line
// that is missing in it.
func DefaultState() SavedState { return SavedState{Version: "0.8", Seqno: -1, SafeToBootstrap: true} }

// String returns "uuid:seqno", as servers print positions.
func (s SavedState) String() string { return fmt.Sprintf("%s:%d", s.UUID, s.Seqno) }

// Encode returns the text that the provider writes (saved_state.cpp
// write_file), whatever Version is.
func (s SavedState) Encode() []byte {
	safe := 0
	if s.SafeToBootstrap {
		safe = 1
	}
	return fmt.Appendf(nil, "# GALERA saved state\nversion: %s\nuuid:    %s\nseqno:   %d\nsafe_to_bootstrap: %d\n",
		StateVersion, s.UUID, s.Seqno, safe)
}

// EncodeOver returns the content of a file of size bytes after the provider
// wrote s to it in place: what is left of a longer text becomes blanks, unless
// the file is so long that the provider cuts it.
func (s SavedState) EncodeOver(size int64) []byte {
	out := s.Encode()
	if size <= maxState && int(size) > len(out) {
		out = append(out, bytes.Repeat([]byte{' '}, int(size)-len(out))...)
	}
	return out
}

// A Field is what a text file says of one key.
type Field struct {
	parse.Span        // of the value; of the key if there is no value
	Present    bool   // the key stands there, in a line that the provider reads
	Raw        string // the value as it is written, without blanks around it
}

// newField makes a Field of a key and the rest of its line.
func newField(file string, key reading, rest string) Field {
	f := Field{Present: true, Raw: strings.Trim(rest, blanks)}
	f.Span = parse.Span{File: file, Offset: key.offset, Length: int64(len(key.word)), Field: strings.TrimSuffix(key.word, ":")}
	if f.Raw != "" {
		f.Offset += f.Length + int64(strings.Index(rest, f.Raw))
		f.Length = int64(len(f.Raw))
	}
	return f
}

// A StateFile is the content of grastate.dat: the state that the provider
// reads from it, and what is written. Galera 2 wrote a line cert_index without
// a value and none of safe_to_bootstrap.
type StateFile struct {
	SavedState
	File string
	Size int64 // of the file in bytes; empty files belong to nodes that never finished a state transfer

	VersionField, UUIDField, SeqnoField, SafeField, CertIndexField Field
	Unknown                                                        []Field // other keys, which the provider skips

	Damage []parse.Damage
}

// ParseState reads a grastate.dat of size bytes, of which buf holds all or the
// first MaxText. It takes and skips what the provider takes and skips (galera
// galera/src/saved_state.cpp SavedState::SavedState): lines in any order, the
// last of equal ones; not a line that does not end.
func ParseState(file string, buf []byte, size int64) *StateFile {
	s := &StateFile{SavedState: DefaultState(), File: file, Size: size}
	text := string(buf[:min(len(buf), MaxText)])
	if size > MaxText {
		s.damage(parse.Trailing, MaxText, size-MaxText, "size", fmt.Sprintf("at most %d bytes", MaxText), fmt.Sprintf("%d bytes", size))
	}
	if d, ok := unprintable(file, text); ok {
		s.Damage = append(s.Damage, d)
	}
	for _, l := range lines(text) {
		if !l.ended {
			if strings.Trim(l.text, blanks) != "" {
				s.damage(parse.Truncated, l.offset, int64(len(l.text)), "line", "a line that ends with LF, others are not read", quote(l.text))
			}
			break
		}
		s.readLine(l)
	}
	if size > 0 && !s.UUIDField.Present {
		s.damage(parse.BadText, 0, 0, "uuid", "a line uuid:", "none")
	}
	if size > 0 && !s.SeqnoField.Present {
		s.damage(parse.BadText, 0, 0, "seqno", "a line seqno:", "none")
	}
	if size > 0 && !s.SafeField.Present && !s.CertIndexField.Present { // Galera 3.19 put the one in place of the other
		s.damage(parse.BadText, 0, 0, "safe_to_bootstrap", "a line safe_to_bootstrap:", "none")
	}
	parse.SortDamage(s.Damage)
	return s
}

func (s *StateFile) damage(kind parse.Kind, offset, n int64, field, want, got string) {
	s.Damage = append(s.Damage, parse.Damage{Span: parse.Span{File: s.File, Offset: offset, Length: n, Field: field}, Kind: kind, Want: want, Got: got})
}

func (s *StateFile) readLine(l line) {
	in := stream{offset: l.offset, rest: l.text}
	key := in.text()
	if !key.assigned || key.word[0] == '#' {
		return
	}
	f := newField(s.File, key, in.rest)
	switch key.word {
	case "version:":
		s.once(&s.VersionField, f)
		if r := in.text(); r.assigned {
			s.Version = r.word
		}
	case "uuid:":
		s.once(&s.UUIDField, f)
		var r reading
		if s.UUID, r, _ = in.uuid(); !r.exact || r.word != f.Raw {
			s.misread(f, "a UUID", s.UUID.String())
		}
	case "seqno:":
		s.once(&s.SeqnoField, f)
		n, r := in.integer(math.MinInt64, math.MaxInt64)
		if r.assigned {
			s.Seqno = n
		}
		if !r.exact || s.Seqno < -1 || r.word != f.Raw {
			s.misread(f, "a seqno, or -1", fmt.Sprint(s.Seqno))
		}
	case "safe_to_bootstrap:":
		s.once(&s.SafeField, f)
		v, r := in.flag()
		if r.assigned {
			s.SafeToBootstrap = v
		}
		if !r.exact || r.word != f.Raw {
			s.misread(f, "0 or 1", fmt.Sprint(s.SafeToBootstrap))
		}
	case "cert_index:":
		s.once(&s.CertIndexField, f)
	default:
		s.Unknown = append(s.Unknown, f)
	}
}

// once keeps the last of equal keys.
func (s *StateFile) once(have *Field, f Field) {
	if have.Present {
		s.damage(parse.Mismatch, f.Offset, f.Length, f.Field, "one line of this key", "another one")
	}
	*have = f
}

// misread tells that the provider makes something else of a value than it
// says, or of one that says nothing.
func (s *StateFile) misread(f Field, want, believed string) {
	s.damage(parse.BadText, f.Offset, f.Length, f.Field, want, quote(f.Raw))
	s.Damage[len(s.Damage)-1].Note = "the provider goes on with " + believed
}
