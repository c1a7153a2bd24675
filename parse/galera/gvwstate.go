package galera

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"slices"

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
		in := stream{offset: l.offset, rest: l.text}
		key := in.text()
		f := newField(file, key, in.rest)
		switch {
		case key.word == "my_uuid:" && !begun:
			v.MyUUIDField = f
			v.MyUUID = v.readUUID(&in, f, "my_uuid")
		case key.word == "#vwbeg":
			begun, ended = true, false
		case key.word == "#vwend":
			begun, ended = false, begun
		case key.word == "view_id:" && begun:
			v.ViewIDField = f
			v.readViewID(&in, f)
		case key.word == "bootstrap:" && begun:
			v.BootstrapField = f
			n, r := in.flag()
			v.judge(r, f, "bootstrap", func() { v.Bootstrap = n })
		case key.word == "member:" && begun:
			v.readMember(&in, f)
		}
	}
	v.Complete = v.complete(ended)
	parse.SortDamage(v.Damage)
	return v
}

func (v *ViewFile) damage(kind parse.Kind, offset, n int64, field, want, got string) {
	v.Damage = append(v.Damage, parse.Damage{Span: parse.Span{File: v.File, Offset: offset, Length: n, Field: field}, Kind: kind, Want: want, Got: got})
}

// readUUID reads a UUID; without one the provider gives up.
func (v *ViewFile) readUUID(in *stream, f Field, name string) UUID {
	u, r, ok := in.uuid()
	v.Read = v.Read && ok
	v.judge(r, f, name, func() {})
	return u
}

// judge tells damage, and sets the variable if the stream did; otherwise the
// provider goes on with what was in its memory.
func (v *ViewFile) judge(r reading, f Field, name string, set func()) {
	switch {
	case r.assigned && !r.exact:
		v.damage(parse.BadText, r.offset, int64(len(r.word)), name, "a value as the provider writes it", quote(r.word))
	case !r.assigned:
		v.damage(parse.Truncated, f.Offset, f.Length, name, "a value", "none")
	}
	if r.assigned {
		set()
	}
}

func (v *ViewFile) readViewID(in *stream, f Field) {
	n, r := in.integer(math.MinInt32, math.MaxInt32)
	v.judge(r, f, "view_id.type", func() { v.Type = ViewType(n) })
	if v.Type != ViewPrimary {
		v.damage(parse.BadValue, f.Offset, f.Length, "view_id.type", "3, a primary view", fmt.Sprint(int32(v.Type)))
	}
	v.Representative = v.readUUID(in, f, "view_id.uuid")
	seq, r := in.uint32()
	v.judge(r, f, "view_id.seq", func() { v.Seq = seq })
}

func (v *ViewFile) readMember(in *stream, f Field) {
	name := fmt.Sprintf("member[%d]", len(v.Members))
	m := ViewMember{UUID: v.readUUID(in, f, name+".uuid")}
	n, r := in.integer(math.MinInt32, math.MaxInt32)
	m.Segment = uint8(n)
	r.exact = r.exact && n == int64(m.Segment)
	v.judge(r, f, name+".segment", func() {})
	if slices.ContainsFunc(v.Members, func(other ViewMember) bool { return other.UUID == m.UUID }) {
		v.damage(parse.Mismatch, f.Offset, f.Length, name, "each member once", m.UUID.String())
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
