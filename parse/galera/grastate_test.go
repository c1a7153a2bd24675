package galera

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/parse"
)

func sample(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(t, err)
	return b
}

// flipped returns a copy of b with one bit turned.
func flipped(b []byte, at int, bit uint) []byte {
	out := bytes.Clone(b)
	out[at] ^= 1 << bit
	return out
}

func uuid(t testing.TB, text string) UUID {
	t.Helper()
	u, ok := ParseUUID(text)
	require.True(t, ok, text)
	return u
}

func parseState(text string) *StateFile {
	return ParseState("grastate.dat", []byte(text), int64(len(text)))
}

// fields lists what is damaged.
func fields(list []parse.Damage) []string {
	out := []string{}
	for _, d := range list {
		out = append(out, d.Field+" "+string(d.Kind))
	}
	return out
}

// requireInside fails if a span lies outside of a file of size bytes.
func requireInside(t *testing.T, list []parse.Damage, size int64) {
	t.Helper()
	for _, d := range list {
		require.GreaterOrEqual(t, d.Offset, int64(0))
		require.GreaterOrEqual(t, d.Length, int64(0))
		require.LessOrEqual(t, d.Offset+d.Length, size, d.String())
		require.NotEmpty(t, d.Kind)
		require.NotEmpty(t, d.File)
	}
}

const group = "847588e5-e604-11f1-8792-1f622605b655"

func TestUUID(t *testing.T) {
	u := uuid(t, group)
	assert.Equal(t, group, u.String())
	assert.Equal(t, u, uuid(t, strings.ToUpper(group)))
	at, ok := u.Time()
	require.True(t, ok)
	assert.WithinDuration(t, time.Date(2026, 11, 21, 23, 36, 0, 0, time.UTC), at, 10*time.Minute)
	assert.Equal(t, uint16(0x8792), u.Incarnation())
	next := u
	next[9]++
	assert.True(t, u.SameProcess(next))
	next[15]++
	assert.False(t, u.SameProcess(next))

	_, ok = UUID{}.Time()
	assert.False(t, ok)
	assert.True(t, UUID{}.IsZero())
	_, ok = uuid(t, "847588e5-e604-41f1-8792-1f622605b655").Time()
	assert.False(t, ok, "a random UUID has no time")
	for _, bad := range []string{"", group[1:], group + "0", "x" + group[1:], strings.ReplaceAll(group, "-", "0")} {
		_, ok := ParseUUID(bad)
		assert.False(t, ok, bad)
	}
}

// TestState: the provider's own streams were asked what they make of these
// texts.
func TestState(t *testing.T) {
	u := uuid(t, group)
	head := "# GALERA saved state\n"
	for _, c := range []struct {
		name, text string
		want       SavedState
		damage     []string
	}{
		{"Galera 4", head + "version: 2.1\nuuid:    " + group + "\nseqno:   1854\nsafe_to_bootstrap: 1\n", SavedState{"2.1", u, 1854, true}, nil},
		{"padded", head + "version: 2.1\nuuid:    " + group + "\nseqno:   -1\nsafe_to_bootstrap: 0\n     ", SavedState{"2.1", u, -1, false}, nil},
		{"Galera 2", head + "version: 2.1\nuuid:    " + group + "\nseqno:   7\ncert_index:\n", SavedState{"2.1", u, 7, true}, nil},
		{"version 1.0", "version: 1.0\nuuid: " + group + "\nseqno: 7\ncert_index:\n", SavedState{"1.0", u, 7, true}, nil},
		{"CRLF", "version: 2.0\r\nuuid:\t" + group + "\r\nseqno:   7\r\nsafe_to_bootstrap: 0\r\n", SavedState{"2.0", u, 7, false}, nil},
		{"blanks and order", "\n\nseqno:\t 7 \n  uuid: " + group + "  \n#uuid: x\n# seqno: 8\n", SavedState{"0.8", u, 7, true}, []string{"safe_to_bootstrap bad-text"}},
		{"empty", "", SavedState{"0.8", UUID{}, -1, true}, nil},
		{"only the comment", head, SavedState{"0.8", UUID{}, -1, true}, []string{"safe_to_bootstrap bad-text", "seqno bad-text", "uuid bad-text"}},
		{"no LF at the end", "uuid: " + group + "\nseqno: 7", SavedState{"0.8", u, -1, true}, []string{"safe_to_bootstrap bad-text", "seqno bad-text", "line truncated"}},
		{"no safe_to_bootstrap, cut", "uuid: " + group + "\nseqno: 7\nsafe_to_bootstrap: 0", SavedState{"0.8", u, 7, true}, []string{"safe_to_bootstrap bad-text", "line truncated"}},
		{"-1 without a sign", "uuid: " + group + "\nseqno: 18446744073709551615\n", SavedState{"0.8", u, math.MaxInt64, true}, []string{"safe_to_bootstrap bad-text", "seqno bad-text"}},
		{"below -1", "uuid: " + group + "\nseqno: -2\n", SavedState{"0.8", u, -2, true}, []string{"safe_to_bootstrap bad-text", "seqno bad-text"}},
		{"far below", "uuid: " + group + "\nseqno: -99999999999999999999\n", SavedState{"0.8", u, math.MinInt64, true}, []string{"safe_to_bootstrap bad-text", "seqno bad-text"}},
		{"digits and more", "uuid: " + group + "\nseqno: 12,345\n", SavedState{"0.8", u, 12, true}, []string{"safe_to_bootstrap bad-text", "seqno bad-text"}},
		{"hexadecimal", "uuid: " + group + "\nseqno: 0x10\n", SavedState{"0.8", u, 0, true}, []string{"safe_to_bootstrap bad-text", "seqno bad-text"}},
		{"no digits", "uuid: " + group + "\nseqno: unknown\n", SavedState{"0.8", u, 0, true}, []string{"safe_to_bootstrap bad-text", "seqno bad-text"}},
		{"no seqno", "uuid: " + group + "\nseqno:\n", SavedState{"0.8", u, -1, true}, []string{"safe_to_bootstrap bad-text", "seqno bad-text"}},
		{"two words", "uuid: " + group + "\nseqno: 12 13\n", SavedState{"0.8", u, 12, true}, []string{"safe_to_bootstrap bad-text", "seqno bad-text"}},
		{"plus", "uuid: " + group + "\nseqno: +12\n", SavedState{"0.8", u, 12, true}, []string{"safe_to_bootstrap bad-text"}},
		{"safe as a word", "uuid: " + group + "\nseqno: 7\nsafe_to_bootstrap: true\n", SavedState{"0.8", u, 7, false}, []string{"safe_to_bootstrap bad-text"}},
		{"safe as 2", "uuid: " + group + "\nseqno: 7\nsafe_to_bootstrap: 2\n", SavedState{"0.8", u, 7, true}, []string{"safe_to_bootstrap bad-text"}},
		{"safe without value", "uuid: " + group + "\nseqno: 7\nsafe_to_bootstrap:\n", SavedState{"0.8", u, 7, true}, []string{"safe_to_bootstrap bad-text"}},
		{"no blank behind the colon", "uuid: " + group + "\nseqno:7\n", SavedState{"0.8", u, -1, true}, []string{"safe_to_bootstrap bad-text", "seqno bad-text"}},
		{"short UUID", "uuid: " + group[:35] + "\nseqno: 7\n", SavedState{"0.8", UUID{}, 7, true}, []string{"safe_to_bootstrap bad-text", "uuid bad-text"}},
		{"no UUID", "uuid:\nseqno: 7\n", SavedState{"0.8", UUID{}, 7, true}, []string{"safe_to_bootstrap bad-text", "uuid bad-text"}},
		{"UUID and more", "uuid: " + group + "ab\nseqno: 7\n", SavedState{"0.8", u, 7, true}, []string{"safe_to_bootstrap bad-text", "uuid bad-text"}},
		{"UUID with a letter", "uuid: g" + group[1:] + "\nseqno: 7\n", SavedState{"0.8", UUID{}, 7, true}, []string{"safe_to_bootstrap bad-text", "uuid bad-text"}},
		{"upper case", "uuid: " + strings.ToUpper(group) + "\nseqno: 7\n", SavedState{"0.8", u, 7, true}, []string{"safe_to_bootstrap bad-text"}},
		{"twice", "uuid: " + group + "\nseqno: 7\nseqno: 8\n", SavedState{"0.8", u, 8, true}, []string{"safe_to_bootstrap bad-text", "seqno mismatch"}},
		{"NULs", strings.Repeat("\x00", 113), SavedState{"0.8", UUID{}, -1, true}, []string{"safe_to_bootstrap bad-text", "line truncated", "seqno bad-text", "text bad-text", "uuid bad-text"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := parseState(c.text)
			assert.Equal(t, c.want, s.SavedState)
			assert.ElementsMatch(t, c.damage, fields(s.Damage))
			requireInside(t, s.Damage, int64(len(c.text)))
		})
	}
}

func TestStateFields(t *testing.T) {
	text := string(sample(t, "grastate.dat"))
	s := parseState("seqna: x\n" + text)
	require.Empty(t, s.Damage)
	for raw, f := range map[string]Field{"2.1": s.VersionField, group: s.UUIDField, "-1": s.SeqnoField, "0": s.SafeField, "x": s.Unknown[0]} {
		assert.True(t, f.Present)
		assert.Equal(t, raw, f.Raw)
		assert.Equal(t, raw, ("seqna: x\n" + text)[f.Offset:f.Offset+f.Length])
	}
	assert.False(t, s.CertIndexField.Present)
	s = ParseState("grastate.dat", bytes.Repeat([]byte("#\n"), MaxText/2), MaxText+1)
	assert.ElementsMatch(t, []string{"size trailing", "uuid bad-text", "seqno bad-text", "safe_to_bootstrap bad-text"}, fields(s.Damage))
}

func TestEncodeState(t *testing.T) {
	b := sample(t, "grastate.dat")
	s := parseState(string(b))
	assert.Equal(t, b, s.Encode())
	s.Seqno, s.SafeToBootstrap = 999, true
	over := s.EncodeOver(int64(len(b)) + 5)
	assert.Equal(t, "  "+"  ", string(over[len(over)-4:]))
	assert.Len(t, over, len(b)+5)
	assert.Empty(t, parseState(string(over)).Damage)
	assert.Equal(t, s.SavedState, parseState(string(over)).SavedState)
	assert.Equal(t, s.Encode(), s.EncodeOver(3))
	assert.Equal(t, s.Encode(), s.EncodeOver(1<<40), "the provider cuts a long file")
}

func TestEveryStatePrefixAndBit(t *testing.T) {
	b := sample(t, "grastate.dat")
	whole := parseState(string(b))
	require.Empty(t, whole.Damage)
	for n := range b {
		s := parseState(string(b[:n]))
		requireInside(t, s.Damage, int64(n))
		require.Equal(t, n == 0, len(s.Damage) == 0, "prefix %d", n)
	}
	for at := range b {
		for bit := range uint(8) {
			bad := string(flipped(b, at, bit))
			s := parseState(bad)
			requireInside(t, s.Damage, int64(len(b)))
			if len(s.Damage) == 0 && s.SavedState == whole.SavedState {
				// What is no value may change its blanks, its case, or what it comments on.
				require.True(t, at < 21 || strings.ContainsAny(bad[at:at+1], blanks) || strings.ContainsAny(string(b[at:at+1]), "abcdef"), "bit %d of byte %d", bit, at)
			}
		}
	}
}

func FuzzState(f *testing.F) {
	f.Add(sample(f, "grastate.dat"))
	f.Add(sample(f, "gvwstate.dat"))
	f.Add([]byte("uuid: +4-58+8-588-e604-11f1-8792-1f622605b655\nseqno: -9223372036854775809\nsafe_to_bootstrap: 1x\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		s := ParseState("grastate.dat", b, int64(len(b)))
		requireInside(t, s.Damage, int64(len(b)))
		again := ParseState("grastate.dat", s.Encode(), int64(len(s.Encode())))
		if s.Seqno >= -1 {
			require.Empty(t, again.Damage)
		}
		again.Version = s.Version
		require.Equal(t, s.SavedState, again.SavedState)
	})
}
