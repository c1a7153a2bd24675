package galera

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/lastwrite/lastwrite/parse"
)

// A ViewType says what kind of component a view was (galera
// gcomm/src/gcomm/view.hpp ViewType).
type ViewType int32

// The view types. Only primary views are saved.
const (
	ViewNone         ViewType = -1
	ViewRegular      ViewType = 0
	ViewTransitional ViewType = 1
	ViewNonPrimary   ViewType = 2
	ViewPrimary      ViewType = 3
)

// String returns the name that error logs print.
func (t ViewType) String() string {
	switch t {
	case ViewRegular:
		return "REG"
	case ViewTransitional:
		return "TRANS"
	case ViewNonPrimary:
		return "NON_PRIM"
	case ViewPrimary:
		return "PRIM"
	}
	return "UNKNOWN"
}

// A ViewMember is one process in a view.
type ViewMember struct {
	UUID    UUID  // of the process
	Segment uint8 // gmcast.segment
}

// A View is a component as the group communication saw it (galera
// gcomm/src/view.cpp View). It has nothing to do with the group UUID and the
// seqnos of the history.
type View struct {
	Type           ViewType
	Representative UUID         // the first member, which gave the view its name
	Seq            uint32       // grows with each view; comparable while components have members in common
	Bootstrap      bool         // made primary by pc.bootstrap
	Members        []ViewMember // in the order of the file, which is that of the UUIDs
}

// Has reports whether a process is a member, in whatever incarnation.
func (v *View) Has(u UUID) bool {
	return slices.ContainsFunc(v.Members, func(m ViewMember) bool { return m.UUID.SameProcess(u) })
}

// SameMembers reports whether v and w have the same members, incarnations
// aside, as the provider compares them (galera gcomm/src/pc_proto.cpp
// deliver_view, UUID_fixed_part_cmp_equal).
func (v *View) SameMembers(w *View) bool {
	return slices.EqualFunc(sortedMembers(v), sortedMembers(w), func(a, b ViewMember) bool { return a.UUID.SameProcess(b.UUID) })
}

// Same reports whether v and w are the same view: if all members of it start
// without bootstrap they restore the component (pc_proto.cpp deliver_view).
func (v *View) Same(w *View) bool {
	return v.Representative == w.Representative && v.Seq == w.Seq && v.SameMembers(w)
}

func sortedMembers(v *View) []ViewMember {
	return slices.SortedStableFunc(slices.Values(v.Members), func(a, b ViewMember) int { return bytes.Compare(a.UUID[:], b.UUID[:]) })
}

// Compare orders views as the provider does: by Seq, among equals the one
// with the younger representative first (galera gcomm/src/gcomm/view.hpp
// ViewId operator<).
func (v *View) Compare(w *View) int {
	return cmp.Or(cmp.Compare(v.Seq, w.Seq), -cmp.Compare(v.Representative.ticks(), w.Representative.ticks()))
}

// A ViewFile is the content of gvwstate.dat, or of gvwstate.dat.tmp.
type ViewFile struct {
	View
	MyUUID UUID // this node's process, in the incarnation that wrote the file
	File   string
	Size   int64

	MyUUIDField, ViewIDField, BootstrapField Field
	Complete                                 bool // all lines from my_uuid to #vwend, and none of them damaged
	Read                                     bool // the provider restores the view from this file, complete or not

	Damage []parse.Damage
}

// ParseView reads a gvwstate.dat of size bytes, of which buf holds all or the
// first MaxText (galera gcomm/src/view.cpp ViewState::read_stream,
// View::read_stream). The provider believes a file that ends early, and gives
// up at a UUID that does not parse and at a member that is there twice.
func ParseView(file string, buf []byte, size int64) *ViewFile {
	v := &ViewFile{File: file, Size: size, View: View{Type: ViewNone}, Read: true}
	text := string(buf[:min(len(buf), MaxText)])
	if size > MaxText {
		v.damage(parse.Trailing, MaxText, size-MaxText, "size", fmt.Sprintf("at most %d bytes", MaxText), fmt.Sprintf("%d bytes", size))
	}
	if d, ok := unprintable(file, text); ok {
		v.Damage = append(v.Damage, d)
	}
	begun, ended := false, false
	for _, l := range lines(text) {
		w := words{l.offset, l.text}
		key, at, _ := w.next()
		switch {
		case key == "my_uuid:" && !begun:
			v.MyUUID = v.readUUID(&w, v.field(&v.MyUUIDField, l, at, "my_uuid"), "my_uuid")
		case key == "#vwbeg":
			begun, ended = true, false
		case key == "#vwend":
			begun, ended = false, begun
		case key == "view_id:" && begun:
			v.readViewID(&w, v.field(&v.ViewIDField, l, at, "view_id"))
		case key == "bootstrap:" && begun:
			v.readBootstrap(&w, v.field(&v.BootstrapField, l, at, "bootstrap"))
		case key == "member:" && begun:
			v.readMember(&w, at)
		}
	}
	v.Complete = v.complete(ended)
	parse.SortDamage(v.Damage)
	return v
}

func (v *ViewFile) damage(kind parse.Kind, offset, n int64, field, want, got string) {
	v.Damage = append(v.Damage, parse.Damage{Span: parse.Span{File: v.File, Offset: offset, Length: n, Field: field}, Kind: kind, Want: want, Got: got})
}

// field fills f for the key at offset at of a line and returns the offset.
func (v *ViewFile) field(f *Field, l line, at int64, name string) int64 {
	key, value, _ := strings.Cut(l.text[at-l.offset:], ":")
	raw := strings.Trim(value, blanks)
	*f = Field{Present: true, Raw: raw, Span: parse.Span{File: v.File, Offset: at, Length: int64(len(key) + 1), Field: name}}
	if raw != "" {
		f.Offset += int64(len(key) + 1 + strings.Index(value, raw))
		f.Length = int64(len(raw))
	}
	return at
}

// readUUID reads a UUID; without one the provider gives up.
func (v *ViewFile) readUUID(w *words, at int64, field string) UUID {
	word, offset, ok := w.nextUUID()
	if !ok {
		v.damage(parse.Truncated, at, w.offset-at, field, "a UUID", "none")
		v.Read = false
		return UUID{}
	}
	u, ok := scanUUID(word)
	v.Read = v.Read && ok
	if _, strict := ParseUUID(word); !strict {
		v.damage(parse.BadText, offset, int64(len(word)), field, "a UUID", quote(word))
	}
	return u
}

// number reads a word; a missing one leaves the provider's memory as it was.
func (v *ViewFile) number(w *words, at int64, field string, read func(string) bool) {
	word, offset, ok := w.next()
	switch {
	case !ok:
		v.damage(parse.Truncated, at, w.offset-at, field, "a number", "none")
	case !read(word):
		v.damage(parse.BadText, offset, int64(len(word)), field, "a number", quote(word))
	}
}

func (v *ViewFile) readViewID(w *words, at int64) {
	v.number(w, at, "view_id.type", func(word string) bool {
		n, used, fits := scanInt(word, math.MinInt32, math.MaxInt32)
		v.Type = ViewType(n)
		return fits && used == len(word)
	})
	if v.Type != ViewPrimary {
		v.damage(parse.BadValue, at, w.offset-at, "view_id.type", "3, a primary view", fmt.Sprint(int32(v.Type)))
	}
	v.Representative = v.readUUID(w, at, "view_id.uuid")
	v.number(w, at, "view_id.seq", func(word string) (exact bool) {
		v.Seq, exact = scanUint32(word)
		return exact
	})
}

func (v *ViewFile) readBootstrap(w *words, at int64) {
	v.number(w, at, "bootstrap", func(word string) (exact bool) {
		v.Bootstrap, exact = scanBool(word)
		return exact
	})
}

func (v *ViewFile) readMember(w *words, at int64) {
	field := fmt.Sprintf("member[%d]", len(v.Members))
	m := ViewMember{UUID: v.readUUID(w, at, field+".uuid")}
	v.number(w, at, field+".segment", func(word string) bool {
		n, used, fits := scanInt(word, math.MinInt32, math.MaxInt32)
		m.Segment = uint8(n)
		return fits && used == len(word) && n == int64(m.Segment)
	})
	if slices.ContainsFunc(v.Members, func(other ViewMember) bool { return other.UUID == m.UUID }) {
		v.damage(parse.Mismatch, at, w.offset-at, field, "each member once", m.UUID.String())
		v.Read = false
		return
	}
	v.Members = append(v.Members, m)
}

// complete judges the whole and adds what is missing to the damage.
func (v *ViewFile) complete(ended bool) bool {
	for _, f := range []struct {
		name  string
		there bool
	}{
		{"my_uuid", v.MyUUIDField.Present}, {"view_id", v.ViewIDField.Present}, {"bootstrap", v.BootstrapField.Present},
		{"member", len(v.Members) > 0}, {"#vwend", ended},
	} {
		if !f.there {
			v.damage(parse.Truncated, v.Size, 0, f.name, "a line "+f.name, "none")
		}
	}
	if len(v.Damage) == 0 && !v.Has(v.MyUUID) {
		v.damage(parse.Mismatch, v.MyUUIDField.Offset, v.MyUUIDField.Length, "my_uuid", "one of the members", v.MyUUID.String())
	}
	return len(v.Damage) == 0
}

// Encode returns the text that the provider writes (galera gcomm/src/view.cpp
// ViewState::write_stream).
func (v *ViewFile) Encode() []byte {
	var b bytes.Buffer
	bootstrap := 0
	if v.Bootstrap {
		bootstrap = 1
	}
	fmt.Fprintf(&b, "my_uuid: %s\n#vwbeg\nview_id: %d %s %d\nbootstrap: %d\n", v.MyUUID, v.Type, v.Representative, v.Seq, bootstrap)
	for _, m := range v.Members {
		fmt.Fprintf(&b, "member: %s %d\n", m.UUID, m.Segment)
	}
	b.WriteString("#vwend\n")
	return b.Bytes()
}
