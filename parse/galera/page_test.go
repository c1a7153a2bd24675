package galera

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/fixtures/gcachering"
	"github.com/lastwrite/lastwrite/parse"
)

func readPage(t testing.TB, b []byte) *Page {
	t.Helper()
	p, err := ReadPage(bytes.NewReader(b), "gcache.page.000000", int64(len(b)), nil)
	require.NoError(t, err)
	return p
}

func TestPage(t *testing.T) {
	for _, galera3 := range []bool{false, true} {
		list := append(buffers(20, 24), gcachering.Buffer{Seqno: -1, Depends: -1, Flags: 1, Payload: make([]byte, 80)}, buffer(30))
		p := readPage(t, gcachering.Page(galera3, 4096, list))
		assert.Empty(t, p.Damage)
		assert.Equal(t, []int64{20, 30}, []int64{p.First, p.Last})
		assert.Equal(t, []int{7, 6}, []int{p.Buffers, p.Index.Len()})
		assert.Equal(t, galera3, p.Layout == Galera3)
	}
	full := gcachering.Page(false, 5*each, buffers(20, 24))
	p := readPage(t, full)
	assert.Empty(t, p.Damage, "the last buffer ends where the file does")
	assert.Equal(t, int64(len(full)), p.Used)

	p = readPage(t, full[:len(full)-1])
	assert.Equal(t, []string{"buffer[24] truncated"}, fields(p.Damage))

	p = readPage(t, make([]byte, 4096))
	assert.Equal(t, Page{File: p.File, Size: 4096, Damage: p.Damage}, *p)
	assert.Empty(t, p.Damage)

	p = readPage(t, append(gcachering.Page(false, each, buffers(20, 20)), bytes.Repeat([]byte{0xff}, 100)...))
	assert.Equal(t, []string{"buffer.header bad-value"}, fields(p.Damage))
	assert.Equal(t, int64(20), p.Last)
}

func TestEveryPagePrefixAndBit(t *testing.T) {
	b := gcachering.Page(false, 6*each, buffers(20, 24))
	for n := range b {
		p := readPage(t, b[:n])
		requireInside(t, p.Damage, int64(n))
		requireIndex(t, &p.Index, int64(n))
	}
	for at := range b {
		for bit := range uint(8) {
			p := readPage(t, flipped(b, at, bit))
			requireInside(t, p.Damage, int64(len(b)))
			requireIndex(t, &p.Index, int64(len(b)))
			if at%each >= 24 && at < 5*each {
				require.NotZero(t, p.DamageTotal, "bit %d of byte %d", bit, at)
			}
		}
	}
}

func FuzzPage(f *testing.F) {
	f.Add(gcachering.Page(false, 4*each, buffers(20, 22)))
	f.Add(gcachering.Page(true, 5*each, buffers(20, 22)))
	f.Add(append(gcachering.Page(true, 3*each, buffers(20, 21)), gcachering.Page(false, 4*each, buffers(20, 22))...))
	f.Fuzz(func(t *testing.T, b []byte) {
		p := readPage(t, b)
		requireInside(t, p.Damage, int64(len(b)))
		requireIndex(t, &p.Index, int64(len(b)))
		require.LessOrEqual(t, p.Used, int64(len(b)))
	})
}

func TestChange(t *testing.T) {
	b := gcachering.Change{Group: group, Seqno: 7, ConfID: 2, Members: []string{"n1", "n2", "garb"}}.Encode()
	ch, damage := parseChange("galera.cache", "change", 1304, b)
	require.Nil(t, damage)
	assert.Equal(t, []string{"n1", "n2", "garb"}, []string{ch.Members[0].Name, ch.Members[1].Name, ch.Members[2].Name})
	for n := range b {
		_, damage := parseChange("galera.cache", "change", 1304, b[:n])
		require.NotNil(t, damage, "prefix %d", n)
		requireInside(t, []parse.Damage{*damage}, 1304+int64(n))
	}
	for at := range b {
		for bit := range uint(8) {
			got, damage := parseChange("galera.cache", "change", 1304, flipped(b, at, bit))
			require.NotNil(t, damage, "bit %d of byte %d", bit, at)
			requireInside(t, []parse.Damage{*damage}, 1304+int64(len(b)))
			if at >= len(b)-8 {
				require.Equal(t, ch, got, "readable, although the checksum is damaged")
			}
		}
	}
}

// A configuration change of 520 bytes and more has SpookyHash for a checksum.
func TestLongChange(t *testing.T) {
	b := sample(t, "change-of-12.bin")
	ch, damage := parseChange("galera.cache", "change", 0, b)
	require.Nil(t, damage)
	assert.Len(t, ch.Members, 12)
}

func FuzzChange(f *testing.F) {
	f.Add(gcachering.Change{Group: group, Seqno: 7, ConfID: 2, Members: []string{"n1", "n2"}}.Encode())
	f.Add(gcachering.Change{Group: group, Seqno: 1 << 60, ConfID: -1}.Encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		ch, damage := parseChange("galera.cache", "change", 0, b)
		require.NotNil(t, ch)
		if damage != nil {
			requireInside(t, []parse.Damage{*damage}, int64(len(b)))
		}
		sum := gcachering.Murmur128(b)
		if whole := append(bytes.Clone(b), sum[:8]...); len(b) < longHash {
			_, damage := parseChange("galera.cache", "change", 0, whole) // what a mutation would not get through
			if damage != nil {
				require.NotEqual(t, parse.BadChecksum, damage.Kind)
			}
		}
	})
}

func FuzzCache(f *testing.F) {
	f.Add(real(f, "galera4.ring"))
	f.Add(real(f, "galera3.ring"))
	old := gcachering.Start + 8<<10 - 8*each
	ring := gcachering.Ring{GID: group, Size: 8 << 10, New: append(buffers(20, 23), change(24, "a", "b")), Old: buffers(14, 19), OldAt: old, Junk: 1}
	f.Add(ring.Encode())
	ring.Preamble = gcachering.Clean(group, int64(old))
	f.Add(ring.Encode())
	f.Add(ring.Encode()[:old+each/2])
	ring.New = append(ring.New, buffer(21), buffer(16))
	f.Add(ring.Encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		var c *Cache
		n := allocated(func() { c = readCache(t, b) })
		require.LessOrEqual(t, n, int64(1<<20+64*len(b)))
		requireCache(t, c, b)
	})
}
