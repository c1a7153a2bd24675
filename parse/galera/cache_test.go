package galera

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/fixtures/gcachering"
	"github.com/lastwrite/lastwrite/parse"
)

func readCache(t testing.TB, b []byte) *Cache {
	t.Helper()
	c, err := ReadCache(bytes.NewReader(b), "galera.cache", int64(len(b)), nil)
	require.NoError(t, err)
	return c
}

// real is a small cache with buffers of a real one in it.
func real(t testing.TB, name string) []byte {
	t.Helper()
	r := gcachering.Ring{GID: group, Size: 8 << 10, Galera3: name == "galera3.ring"}
	b := r.Encode()
	copy(b[ringStart:], sample(t, name))
	return b
}

// writeSet is a write set that its node has certified.
func writeSet(seqno int64) gcachering.WriteSet {
	return gcachering.WriteSet{
		Version: 6, Flags: uint16(Commit | Certified), PARange: 1, Seqno: seqno, Timestamp: 1e9 + seqno,
		Source: [16]byte{0x84, 0x73}, Connection: 7, Transaction: uint64(seqno),
		Keys: fmt.Sprintf("key %d", seqno), Data: fmt.Sprintf("binlog events of %d", seqno),
	}
}

func buffer(seqno int64) gcachering.Buffer {
	return gcachering.Buffer{Seqno: seqno, Depends: seqno - 1, Flags: 1, Payload: writeSet(seqno).Encode()}
}

// buffers returns the buffers of seqnos first to last; all have the same size.
func buffers(first, last int64) []gcachering.Buffer {
	var out []gcachering.Buffer
	for seqno := first; seqno <= last; seqno++ {
		out = append(out, buffer(seqno))
	}
	return out
}

// each is the size of such a buffer in a ring of Galera 4.
var each = len(buffer(10).Encode(false, 1))

func change(seqno int64, members ...string) gcachering.Buffer {
	return gcachering.Buffer{Seqno: seqno, Flags: 1, Type: 3, Payload: gcachering.Change{Group: group, Seqno: seqno, ConfID: 3, Members: members}.Encode()}
}

func TestRealBuffers(t *testing.T) {
	c := readCache(t, real(t, "galera4.ring"))
	require.Empty(t, c.Damage)
	assert.Equal(t, []any{Galera4, Recovered, int64(1), int64(10)}, []any{c.Layout, c.Outcome, c.First, c.Last})
	assert.Equal(t, 12, c.Buffers)
	require.Len(t, c.Changes, 3)
	ch := c.Changes[2]
	assert.Equal(t, Change{ReplProto: 11, ApplProto: 4, Group: uuid(t, group), Seqno: 8, ConfID: 3, VoteSeqno: -1, Members: ch.Members}, ch)
	assert.Equal(t, ChangeMember{uuid(t, "859d5d6b-e604-11f1-9350-eabe43d7f4c7"), "node2", "127.0.0.3:22112", 2, 5}, ch.Members[1])
	assert.Equal(t, "SYNCED", ch.Members[1].State.String())
	e, ok := c.Index.Find(2)
	require.True(t, ok)
	assert.True(t, e.TOI())
	assert.Equal(t, int64(1440), e.Offset())
	assert.Equal(t, uint32(488), e.Size)
	source, ok := c.Index.Source(e)
	assert.True(t, ok)
	assert.Equal(t, "84738047-e604-11f1-b253-eafecd97094f", source.String())
	e, _ = c.Index.Find(7)
	assert.Equal(t, ConfigurationEvent, e.Type())
	assert.False(t, e.TOI())
	_, ok = c.Index.Source(e)
	assert.False(t, ok)
	assert.Equal(t, int64(160+488+4*576+224+296+432+552), c.Index.Bytes(1, 10))
	assert.Equal(t, int64(488+576), c.Index.Bytes(2, 3))

	c = readCache(t, real(t, "galera3.ring"))
	require.Empty(t, c.Damage)
	assert.Equal(t, []any{Galera3, Recovered, int64(1), int64(6)}, []any{c.Layout, c.Outcome, c.First, c.Last})
}

func TestVisit(t *testing.T) {
	b := real(t, "galera4.ring")
	var seqnos []int64
	c, err := ReadCache(bytes.NewReader(b), "galera.cache", int64(len(b)), func(b *Buffer) error {
		seqnos = append(seqnos, b.Seqno)
		assert.Equal(t, b.Seqno > 0 && b.Type == WriteSetAction, b.WriteSet != nil)
		assert.Equal(t, b.Seqno > 0 && b.Type == ConfigurationEvent, b.Change != nil)
		if b.WriteSet != nil {
			assert.True(t, b.WriteSet.Valid && b.WriteSet.Certified())
			assert.Equal(t, b.Seqno, b.WriteSet.Seqno)
		}
		return nil
	})
	require.NoError(t, err)
	assert.Equal(t, []int64{1, 2, 3, 4, 5, 6, 7, -1, 8, -1, 9, 10}, seqnos)
	assert.Equal(t, 10, c.Ordered)

	enough := errors.New("enough")
	_, err = ReadCache(bytes.NewReader(b), "galera.cache", int64(len(b)), func(*Buffer) error { return enough })
	assert.Equal(t, enough, err)
}

// failing is a file with a bad sector.
type failing struct {
	io.ReaderAt
	at int64
}

func (f failing) ReadAt(b []byte, at int64) (int, error) {
	if at <= f.at && f.at < at+int64(len(b)) {
		return 0, errors.New("input/output error")
	}
	return f.ReaderAt.ReadAt(b, at)
}

func TestReadError(t *testing.T) {
	b := real(t, "galera4.ring")
	for _, at := range []int64{0, ringStart, 3000} {
		_, err := ReadCache(failing{bytes.NewReader(b), at}, "galera.cache", int64(len(b)), nil)
		assert.EqualError(t, err, "input/output error")
	}
}

// TestRings: what the provider makes of rings in every state.
func TestRings(t *testing.T) {
	const ring = 16 << 10
	old := gcachering.Start + ring - 20*each // where a wrapped ring has its oldest buffer
	other := func(seqno int64) gcachering.Buffer {
		w := writeSet(seqno)
		w.Data = strings.Replace(w.Data, "events", "EVENTS", 1)
		b := buffer(seqno)
		b.Payload = w.Encode()
		return b
	}
	void := func(seqno int64, n int) gcachering.Buffer {
		return gcachering.Buffer{Seqno: seqno, Depends: -1, Flags: 1, Payload: make([]byte, n)}
	}
	join := slices.Concat[[]gcachering.Buffer]
	one := func(b ...gcachering.Buffer) []gcachering.Buffer { return b }
	for _, tt := range []struct {
		name        string
		ring        gcachering.Ring
		outcome     Outcome
		first, last int64
		index       int
		damage      []string
	}{
		{"new", gcachering.Ring{}, Reset, 0, 0, 0, nil},
		{"no history", gcachering.Ring{GID: UUID{}.String(), New: buffers(10, 19)}, NoHistory, 0, 0, 10, nil},
		{"unreadable history", gcachering.Ring{GID: group[1:], New: buffers(10, 19)}, Unreadable, 0, 0, 10, []string{"preamble.GID bad-text"}},
		{"one segment", gcachering.Ring{New: buffers(10, 19)}, Recovered, 10, 19, 10, nil},
		{"one segment, clean", gcachering.Ring{Preamble: gcachering.Clean(group, 1280), New: buffers(10, 19)}, Recovered, 10, 19, 10, nil},
		{"wrapped", gcachering.Ring{New: buffers(30, 39), Old: buffers(12, 29), OldAt: old}, Recovered, 12, 39, 28, nil},
		{"wrapped, clean", gcachering.Ring{Preamble: gcachering.Clean(group, int64(old)), New: buffers(30, 39), Old: buffers(12, 29), OldAt: old}, Recovered, 12, 39, 28, nil},
		{"wrapped, bytes in between", gcachering.Ring{New: buffers(30, 39), Old: buffers(12, 29), OldAt: old, Junk: 0xff}, Recovered, 12, 39, 28, nil},
		{"wrapped, ones in between", gcachering.Ring{New: buffers(30, 39), Old: buffers(12, 29), OldAt: old, Junk: 1}, Recovered, 12, 39, 28, nil},
		{"wrapped, discarded buffers first", gcachering.Ring{New: buffers(30, 39), Old: join(one(void(-1, 40), void(-1, 80)), buffers(12, 20), one(void(0, 8)), buffers(21, 29)), OldAt: old}, Recovered, 12, 39, 28, nil},
		{"the offset of another ring", gcachering.Ring{Preamble: gcachering.Clean(group, int64(old+each)), New: buffers(30, 39), Old: buffers(12, 29), OldAt: old}, Recovered, 13, 39, 27, nil},
		{"an offset that is none", gcachering.Ring{Preamble: gcachering.Clean(group, int64(old+4)), New: buffers(30, 39), Old: buffers(12, 29), OldAt: old}, Recovered, 12, 39, 28, []string{"preamble.offset bad-value"}},
		{"an offset behind the end", gcachering.Ring{Preamble: gcachering.Clean(group, 1<<40), New: buffers(10, 19)}, Recovered, 10, 19, 10, []string{"preamble.offset bad-value"}},
		{"an offset in the preamble", gcachering.Ring{Preamble: gcachering.Clean(group, 8), New: buffers(10, 19)}, Recovered, 10, 19, 10, nil},
		{"one segment behind discarded ones", gcachering.Ring{Preamble: gcachering.Clean(group, int64(gcachering.Start+128)), New: join(one(void(-1, 104)), buffers(10, 19))}, Recovered, 10, 19, 10, nil},
		{"a gap", gcachering.Ring{New: join(buffers(10, 14), buffers(16, 19))}, Recovered, 16, 19, 9, nil},
		{"out of order", gcachering.Ring{New: join(buffers(10, 13), buffers(15, 16), buffers(14, 14), buffers(17, 19))}, Recovered, 10, 19, 10, nil},
		{"equal twice", gcachering.Ring{New: join(buffers(10, 19), buffers(15, 16))}, Recovered, 10, 19, 10, nil},
		{"different twice", gcachering.Ring{New: join(buffers(10, 19), one(other(15)))}, Recovered, 16, 19, 9, []string{"buffer[15] mismatch"}},
		{"different twice, then equal", gcachering.Ring{New: join(buffers(10, 19), one(other(15), buffer(15)))}, Recovered, 16, 19, 9, []string{"buffer[15] mismatch"}},
		{"the last is different twice", gcachering.Ring{New: join(buffers(10, 19), one(other(19)))}, Reset, 0, 0, 9, []string{"buffer[19] mismatch"}},
		{"the last but one is different twice", gcachering.Ring{New: join(buffers(10, 19), one(other(18)))}, Reset, 0, 0, 9, []string{"buffer[18] mismatch"}},
		{"seqnos far apart", gcachering.Ring{New: join(buffers(10, 19), buffers(1<<40, 1<<40))}, Reset, 0, 0, 11, nil},
		{"seqnos apart", gcachering.Ring{New: join(buffers(10, 19), buffers(1<<20, 1<<20))}, Recovered, 1 << 20, 1 << 20, 11, nil},
		{"only discarded", gcachering.Ring{New: one(void(-1, 8), void(0, 16))}, Reset, 0, 0, 0, nil},
		{"a skipped one without content", gcachering.Ring{New: join(buffers(10, 14), one(gcachering.Buffer{Seqno: 15, Flags: 3, Payload: make([]byte, 8)}), buffers(16, 19))}, Recovered, 10, 19, 10, nil},
		{"a size that leads nowhere", gcachering.Ring{New: join(buffers(10, 14), one(gcachering.Buffer{Seqno: 15, Flags: 1, Payload: writeSet(15).Encode(), Size: 1 << 20}), buffers(16, 19))}, Recovered, 16, 19, 9, []string{"buffer.size bad-value"}},
		{"another seqno in the header", gcachering.Ring{New: join(buffers(10, 14), one(gcachering.Buffer{Seqno: 15, Flags: 1, Payload: writeSet(16).Encode()}), buffers(16, 19))}, Recovered, 10, 19, 10, []string{"buffer[15].seqno mismatch"}},
		{"changes", gcachering.Ring{New: join(one(change(9, "a")), buffers(10, 14), one(change(15, "a", "b")), buffers(16, 19))}, Recovered, 9, 19, 11, nil},
		{"a change of another seqno", gcachering.Ring{New: join(buffers(10, 14), one(gcachering.Buffer{Seqno: 15, Flags: 1, Type: 3, Payload: change(14).Payload}))}, Recovered, 10, 15, 6, []string{"buffer[15].seqno mismatch"}},
		{"an unknown type", gcachering.Ring{New: join(buffers(10, 14), one(gcachering.Buffer{Seqno: 15, Flags: 1, Type: 5, Payload: make([]byte, 100)}))}, Recovered, 10, 15, 6, []string{"buffer[15].type bad-value"}},
		{"no key of ours", gcachering.Ring{Preamble: "Version: 2\nGID: " + group + "\nenc_version: 1\nsynced: 0\n\n", New: buffers(10, 19)}, Recovered, 10, 19, 10, []string{"preamble.key bad-text"}},
		{"an unknown version", gcachering.Ring{Preamble: "Version: 17\nGID: " + group + "\nsynced: 0\n\n", New: buffers(10, 19)}, Recovered, 10, 19, 10, []string{"preamble.Version bad-version"}},
	} {
		for _, galera3 := range []bool{false, true} {
			if galera3 && (strings.Contains(tt.name, "change") || strings.Contains(tt.name, "type") || strings.Contains(tt.name, "skipped") || strings.Contains(tt.name, "discarded")) {
				continue // Galera 3 has no such thing
			}
			t.Run(fmt.Sprintf("%s/%v", tt.name, galera3), func(t *testing.T) {
				r := tt.ring
				r.Size, r.Galera3 = ring, galera3
				if r.GID == "" {
					r.GID = group
				}
				if galera3 { // its buffers are 16 bytes longer
					for _, at := range []int{old, old + each} {
						r.Preamble = strings.Replace(r.Preamble, fmt.Sprint("offset: ", at, "\n"), fmt.Sprint("offset: ", at+(at-old)/each*16, "\n"), 1)
					}
				}
				b := r.Encode()
				c := readCache(t, b)
				assert.Equal(t, tt.outcome, c.Outcome)
				assert.Equal(t, []int64{tt.first, tt.last}, []int64{c.First, c.Last})
				assert.Equal(t, tt.index, c.Index.Len())
				assert.ElementsMatch(t, tt.damage, fields(c.Damage))
				assert.Zero(t, c.Extended)
				requireCache(t, c, b)
			})
		}
	}
}

// TestCut: a file of gcache.size bytes that was cut is made whole with zeros
// by the provider, and a buffer that was cut counts.
func TestCut(t *testing.T) {
	whole := gcachering.Ring{GID: group, Size: 4 << 10, New: buffers(10, 19)}.Encode()
	for n := range len(whole) {
		c := readCache(t, whole[:n])
		requireCache(t, c, whole[:n])
		if n < ringStart || (n-ringStart-24)%1024 == 0 { // not a ring, or as long as a whole one can be
			continue
		}
		complete, rest := (n-ringStart)/each, (n-ringStart)%each
		last := 9 + int64(complete)
		switch {
		case complete >= 10:
			last = 19
		case rest >= 23: // all of a header but the type, which is 0
			last++
		case rest > 0: // what is left of it is no header, and so there is no buffer before it
			last--
		}
		want := []any{Recovered, int64(10), last}
		if last < 10 {
			want = []any{Reset, int64(0), int64(0)}
		}
		require.Equal(t, want, []any{c.Outcome, c.First, c.Last}, "cut at %d", n)
		if n >= ringStart+23 { // before, nothing tells that it was a header
			require.Equal(t, complete < 10 && rest > 0, c.DamageTotal > 0, "cut at %d, %v", n, c.Damage)
		}
	}
}

// requireCache checks what holds for every cache.
func requireCache(t *testing.T, c *Cache, b []byte) {
	t.Helper()
	size := int64(len(b))
	requireInside(t, c.Damage, size)
	requireIndex(t, &c.Index, size)
	require.LessOrEqual(t, len(c.Damage), maxDamage)
	require.LessOrEqual(t, len(c.Damage), c.DamageTotal)
	require.LessOrEqual(t, c.Index.Len(), c.Ordered)
	require.LessOrEqual(t, c.Ordered, c.Buffers)
	require.Equal(t, c.Outcome == Recovered, c.Last > 0)
	if c.Outcome == Recovered {
		require.Positive(t, c.First)
		require.LessOrEqual(t, c.First, c.Last)
		require.Equal(t, c.Last, c.Index.At(c.Index.Len()-1).Seqno)
		n := c.First
		for e := range c.Index.Range(c.First, c.Last) {
			require.Equal(t, n, e.Seqno)
			n++
		}
		require.Equal(t, c.Last+1, n)
	}
}

func requireIndex(t *testing.T, x *Index, size int64) {
	t.Helper()
	sum := int64(0)
	for i := range x.Len() {
		e := x.At(i)
		if e.Seqno <= 0 || i > 0 && x.At(i-1).Seqno >= e.Seqno || e.Offset() < 0 || e.Offset() >= size {
			t.Fatalf("entry %d is %+v", i, e)
		}
		sum += int64(e.Size)
		if found, ok := x.Find(e.Seqno); !ok || found != e || x.Bytes(0, e.Seqno) != sum {
			t.Fatalf("entry %d is not found", i)
		}
	}
	require.Equal(t, sum, x.Bytes(-1, 1<<63-1))
}

func TestDigest(t *testing.T) {
	read := func(change func(*gcachering.WriteSet)) Entry {
		w := writeSet(10)
		w.Unordered, w.Annotation = "unordered", "annotation"
		change(&w)
		b := gcachering.Ring{GID: group, Size: 32 << 10, New: []gcachering.Buffer{{Seqno: 10, Flags: 1, Payload: w.Encode()}}}.Encode()
		c := readCache(t, b)
		require.Empty(t, c.Damage)
		return c.Index.At(0)
	}
	e := read(func(*gcachering.WriteSet) {})
	for name, f := range map[string]func(*gcachering.WriteSet){
		"pa_range":      func(w *gcachering.WriteSet) { w.PARange = 12 },
		"not certified": func(w *gcachering.WriteSet) { w.Flags, w.Seqno = uint16(Commit), 4 },
		"no keys":       func(w *gcachering.WriteSet) { w.Keys, w.Unordered = "", "" },
	} {
		assert.False(t, e.Differs(read(f)), name)
	}
	for name, f := range map[string]func(*gcachering.WriteSet){
		"timestamp":  func(w *gcachering.WriteSet) { w.Timestamp++ },
		"source":     func(w *gcachering.WriteSet) { w.Source[15] = 1 },
		"connection": func(w *gcachering.WriteSet) { w.Connection++ },
		"data":       func(w *gcachering.WriteSet) { w.Data += "." },
		"annotation": func(w *gcachering.WriteSet) { w.Annotation = "Annotation" },
		"long":       func(w *gcachering.WriteSet) { w.Long, w.Data = true, strings.Repeat("x", 20000) },
	} {
		assert.True(t, e.Differs(read(f)), name)
	}
}

func TestFirstDifference(t *testing.T) {
	read := func(list ...gcachering.Buffer) *Index {
		return &readCache(t, gcachering.Ring{GID: group, Size: 16 << 10, New: list}.Encode()).Index
	}
	other := func(seqno int64, flags uint32) gcachering.Buffer {
		w := writeSet(seqno)
		w.Connection++
		return gcachering.Buffer{Seqno: seqno, Flags: flags, Payload: w.Encode()}
	}
	x := read(buffers(10, 19)...)
	seqno, ok := x.FirstDifference(read(append(buffers(5, 15), other(17, 1), other(18, 1))...))
	assert.True(t, ok)
	assert.Equal(t, int64(17), seqno)
	_, ok = x.FirstDifference(read(append(buffers(5, 15), other(17, 3), other(20, 1))...))
	assert.False(t, ok, "skipped and later ones prove nothing")
	bad := other(17, 1)
	bad.Payload[100] ^= 1
	_, ok = x.FirstDifference(read(append(buffers(5, 15), bad)...))
	assert.False(t, ok, "damaged ones prove nothing")
	_, ok = x.FirstDifference(read())
	assert.False(t, ok)
}

func TestEveryCacheBit(t *testing.T) {
	for _, name := range []string{"galera4.ring", "galera3.ring"} {
		b := real(t, name)
		whole := readCache(t, b)
		in := map[int64]Entry{}
		for i := range whole.Index.Len() {
			in[whole.Index.At(i).Offset()] = whole.Index.At(i)
		}
		header := whole.Layout.header()
		var at int64 // the buffer that i is in
		for i := range int64(ringStart + len(sample(t, name))) {
			if _, ok := in[i]; ok {
				at = i
			}
			for bit := range uint(8) {
				bad := flipped(b, int(i), bit)
				c := readCache(t, bad)
				requireCache(t, c, bad)
				if e, ok := in[at]; ok && i >= at+header && i < at+int64(e.Size) {
					require.NotZero(t, c.DamageTotal, "%s: bit %d of byte %d in the content of %d", name, bit, i, e.Seqno)
				}
			}
		}
	}
}

func TestWriteSetHeader(t *testing.T) {
	good := writeSet(10).Encode()
	for _, tt := range []struct {
		at     int
		value  byte
		field  string
		kind   parse.Kind
		common bool // there is a WriteSet all the same
	}{
		{0, 'H', "magic", parse.BadMagic, false},
		{1, 0x23, "version", parse.BadVersion, false},
		{1, 0x67, "version", parse.BadVersion, false},
		{2, 32, "header-size", parse.BadValue, false},
		{60, good[60] ^ 1, "checksum", parse.BadChecksum, true},
	} {
		b := bytes.Clone(good)
		b[tt.at] = tt.value
		c := readCache(t, gcachering.Ring{GID: group, Size: 4 << 10, New: []gcachering.Buffer{{Seqno: 10, Flags: 1, Payload: b}}}.Encode())
		require.Len(t, c.Damage, 1)
		assert.Equal(t, "buffer[10].write-set."+tt.field, c.Damage[0].Field)
		assert.Equal(t, tt.kind, c.Damage[0].Kind)
		_, ok := c.Index.Source(c.Index.At(0))
		assert.Equal(t, tt.common, ok)
		assert.True(t, c.Index.At(0).Damaged())
	}
}

func TestRecordSets(t *testing.T) {
	for n := range 3000 {
		for _, long := range []bool{false, true} {
			if !long && n > 1000 && n%7 != 0 {
				continue
			}
			b := gcachering.Set(strings.Repeat("r", n+1), long)
			s, _, problem := parseRecordSet(b[:min(len(b), maxSetHeader)], int64(len(b)))
			require.Empty(t, problem, n)
			require.Equal(t, int64(len(b)), s.size, n)
			require.Len(t, s.stored, 16)
		}
	}
	for _, b := range [][]byte{nil, make([]byte, 48), bytes.Repeat([]byte{0xff}, 48), append([]byte{0x23}, bytes.Repeat([]byte{0x80}, 47)...), append([]byte{0x13, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}, make([]byte, 38)...)} {
		_, _, problem := parseRecordSet(b, int64(len(b)))
		assert.NotEmpty(t, problem)
	}
}

func TestHashes(t *testing.T) {
	b := make([]byte, 2000)
	for i := range b {
		b[i] = byte(i*7 + i>>3)
	}
	for n := range longHash {
		want := gcachering.Murmur128(b[:n])
		require.Equal(t, binary.LittleEndian.Uint64(want[:]), fastHash(b[:n]), n)
		require.Equal(t, gcachering.Murmur32(b[:n]), mmh32(b[:n]), n)
		parts := newMMH()
		for at := 0; at < n; at += at%13 + 1 {
			parts.append(b[at:min(n, at+at%13+1)])
		}
		h1, h2 := parts.sum()
		require.Equal(t, want[:], binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, h1), h2), n)
	}
}

// The provider's own code gave these.
func TestLongHash(t *testing.T) {
	b := make([]byte, 2000)
	for i := range b {
		b[i] = byte(i*7 + i>>3)
	}
	for n, want := range map[int]uint64{512: 0x1966794556364384, 513: 0x323f238183595caa, 575: 0xb1aea86182da1f6b, 576: 0x725056ef6b184af1, 1000: 0x013a3f88b992d6e1, 1999: 0x609c6be634a41794} {
		assert.Equal(t, want, fastHash(b[:n]), n)
	}
}

func TestIndex(t *testing.T) {
	r := gcachering.Ring{GID: group, Size: 400 << 10, New: buffers(100, 1099)}
	c := readCache(t, r.Encode())
	x := &c.Index
	require.Equal(t, 1000, x.Len())
	for _, p := range [][2]int64{{100, 100}, {100, 1099}, {355, 356}, {356, 868}, {0, 5000}, {1099, 1099}, {500, 400}} {
		var sum int64
		for e := range x.Range(p[0], p[1]) {
			sum += int64(e.Size)
		}
		assert.Equal(t, sum, x.Bytes(p[0], p[1]), p)
	}
	_, ok := x.Find(99)
	assert.False(t, ok)
	assert.Equal(t, 0, x.Search(0))
	assert.Equal(t, 1000, x.Search(2000))
}
