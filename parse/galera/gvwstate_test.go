package galera

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func parseView(text string) *ViewFile {
	return ParseView("gvwstate.dat", []byte(text), int64(len(text)))
}

func TestView(t *testing.T) {
	b := sample(t, "gvwstate.dat")
	v := parseView(string(b))
	require.Empty(t, v.Damage)
	first, mine := uuid(t, "84738047-e604-11f1-b253-eafecd97094f"), uuid(t, "859d5d6b-e604-11f1-9350-eabe43d7f4c7")
	assert.Equal(t, View{
		Type: ViewPrimary, Representative: first, Seq: 3,
		Members: []ViewMember{{first, 0}, {mine, 0}, {uuid(t, "8935ebc9-e604-11f1-a106-4a5b2bb1944e"), 0}},
	}, v.View)
	assert.Equal(t, mine, v.MyUUID)
	assert.True(t, v.Complete)
	assert.True(t, v.Read)
	assert.Equal(t, b, v.Encode())
	assert.Equal(t, "3 84738047-e604-11f1-b253-eafecd97094f 3", v.ViewIDField.Raw)
	assert.Equal(t, v.ViewIDField.Raw, string(b[v.ViewIDField.Offset:v.ViewIDField.Offset+v.ViewIDField.Length]))
	assert.Equal(t, "PRIM", v.Type.String())
}

func TestViewDamage(t *testing.T) {
	good := string(sample(t, "gvwstate.dat"))
	replace := func(old, new string) string {
		require.Contains(t, good, old)
		return strings.Replace(good, old, new, 1)
	}
	for _, c := range []struct {
		name, text     string
		complete, read bool
		damage         []string
	}{
		{"CRLF", strings.ReplaceAll(good, "\n", "\r\n"), true, true, nil},
		{"no LF at the end", strings.TrimSuffix(good, "\n"), true, true, nil},
		{"segment 255", replace("d7f4c7 0", "d7f4c7 255"), true, true, nil},
		{"segment 256", replace("d7f4c7 0", "d7f4c7 256"), false, true, []string{"member[1].segment bad-text"}},
		{"no segment", replace("d7f4c7 0", "d7f4c7"), false, true, []string{"member[1].segment truncated"}},
		{"short UUID", replace("member: 859d5d6b", "member: 859d5d6"), false, false, []string{"member[1].uuid bad-text"}},
		{"bootstrap", replace("bootstrap: 0", "bootstrap: 1"), true, true, nil},
		{"bootstrap yes", replace("bootstrap: 0", "bootstrap: yes"), false, true, []string{"bootstrap bad-text"}},
		{"not primary", replace("view_id: 3", "view_id: 2"), false, true, []string{"view_id.type bad-value"}},
		{"no end", replace("#vwend\n", ""), false, true, []string{"#vwend truncated"}},
		{"not a member", replace("my_uuid: 859d5d6b", "my_uuid: 859d5d6c"), false, true, []string{"my_uuid mismatch"}},
		{"another incarnation", replace("my_uuid: 859d5d6b-e604-11f1-9350", "my_uuid: 859d5d6b-e604-11f1-9351"), true, true, nil},
		{"a member twice", replace("member: 859d5d6b-e604-11f1-9350-eabe43d7f4c7", "member: 84738047-e604-11f1-b253-eafecd97094f"), false, false, []string{"member[1] mismatch"}},
		{"empty", "", false, true, []string{"#vwend truncated", "bootstrap truncated", "member truncated", "my_uuid truncated", "view_id truncated"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := parseView(c.text)
			assert.Equal(t, c.complete, v.Complete)
			assert.Equal(t, c.read, v.Read)
			assert.ElementsMatch(t, c.damage, fields(v.Damage))
			requireInside(t, v.Damage, int64(len(c.text)))
		})
	}
}

func TestViewComparison(t *testing.T) {
	read := func(old, new string) *View {
		return &parseView(strings.ReplaceAll(string(sample(t, "gvwstate.dat")), old, new)).View
	}
	v := read("", "")
	assert.True(t, v.Same(read("11f1-9350", "11f1-9357")), "another incarnation of a member")
	assert.False(t, v.Same(read("view_id: 3 84738047", "view_id: 3 84738048")), "another representative")
	assert.False(t, v.Same(read(" 3\n", " 4\n")))
	assert.True(t, v.SameMembers(read(" 3\n", " 4\n")))
	assert.False(t, v.SameMembers(read("member: 859d5d6b", "member: 859d5d6c")))
	assert.Negative(t, v.Compare(read(" 3\n", " 4\n")))
	assert.Positive(t, v.Compare(read("view_id: 3 84738047", "view_id: 3 84738048")), "the younger representative is lower")
	assert.Zero(t, v.Compare(v))
	assert.True(t, v.Has(v.Members[1].UUID))
	assert.False(t, v.Has(UUID{}))
}

func TestEveryViewPrefixAndBit(t *testing.T) {
	b := sample(t, "gvwstate.dat")
	whole := parseView(string(b))
	for n := range len(b) - 1 {
		v := parseView(string(b[:n]))
		requireInside(t, v.Damage, int64(n))
		require.False(t, v.Complete, "prefix %d", n)
	}
	for at := range b {
		for bit := range uint(8) {
			bad := flipped(b, at, bit)
			v := parseView(string(bad))
			requireInside(t, v.Damage, int64(len(b)))
			if v.Complete && assert.ObjectsAreEqual(whole.View, v.View) && v.MyUUID == whole.MyUUID {
				require.True(t, strings.ContainsAny(string(bad[at])+string(b[at]), blanks+"abcdef0"), "bit %d of byte %d", bit, at)
			}
		}
	}
}

func FuzzView(f *testing.F) {
	f.Add(sample(f, "gvwstate.dat"))
	f.Add(sample(f, "grastate.dat"))
	f.Fuzz(func(t *testing.T, b []byte) {
		v := ParseView("gvwstate.dat", b, int64(len(b)))
		requireInside(t, v.Damage, int64(len(b)))
		require.Equal(t, v.Complete, len(v.Damage) == 0)
		if v.Complete {
			require.True(t, v.Read)
			text := v.Encode()
			again := ParseView("gvwstate.dat", text, int64(len(text)))
			require.Empty(t, again.Damage)
			require.Equal(t, v.View, again.View)
		}
	})
}
