package galera

import (
	"bytes"
	"fmt"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/fixtures/gcachering"
)

// allocated returns how many bytes f allocates, memory that is free again
// included.
func allocated(f func()) int64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int64(after.TotalAlloc - before.TotalAlloc)
}

// hostile are rings made to keep the reader busy.
func hostile(size int) map[string][]byte {
	fill := func(unit []byte) []byte {
		b := gcachering.Ring{GID: group, Size: size}.Encode()
		for at := ringStart; at < len(b); {
			at += copy(b[at:], unit)
		}
		return b
	}
	header := func(seqno int64, size int) []byte {
		return gcachering.Buffer{Seqno: seqno, Flags: 1, Size: size}.Encode(false, 1)[:24]
	}
	small := bytes.Repeat(header(5, 24), 1000)
	far := append(make([]byte, 24), bytes.Repeat(header(5, size/2), 1000)...)
	odd := append(make([]byte, 24), bytes.Repeat(append(header(5, size/3+4), 1), 1000)...)
	return map[string][]byte{
		"empty buffers of one seqno":   fill(small),
		"headers that lead far away":   fill(far),
		"headers that lead nowhere":    fill(odd),
		"ones":                         fill(bytes.Repeat([]byte{1}, 1000)),
		"a change that is all members": fill(gcachering.Buffer{Seqno: 5, Type: 3, Payload: append([]byte("\x000,1,1,"+group+":5,1,1,1,9223372036854775807\x00"), make([]byte, 50<<10)...)}.Encode(false, 1)),
	}
}

// TestHostileRings: time and memory stay in proportion to the file.
func TestHostileRings(t *testing.T) {
	const size = 4 << 20
	for name, b := range hostile(size) {
		t.Run(name, func(t *testing.T) {
			var c *Cache
			n := allocated(func() { c = readCache(t, b) })
			require.LessOrEqual(t, n, int64(32*size))
			requireCache(t, c, b)
		})
	}
}

// BenchmarkCache reads a ring of small write sets, and one of large ones.
func BenchmarkCache(b *testing.B) {
	for _, n := range []int{400, 64 << 10} {
		b.Run(fmt.Sprintf("%d bytes", n), func(b *testing.B) {
			const size = 128 << 20
			var list []gcachering.Buffer
			for at, seqno := 0, int64(1); at < size-2*n; seqno++ {
				w := writeSet(seqno)
				w.Long, w.Data = true, string(make([]byte, n-200))
				list = append(list, gcachering.Buffer{Seqno: seqno, Flags: 1, Payload: w.Encode()})
				at += len(list[len(list)-1].Payload) + 24
			}
			ring := gcachering.Ring{GID: group, Size: size, New: list}.Encode()
			b.SetBytes(size)
			b.ReportAllocs()
			for b.Loop() {
				c, err := ReadCache(bytes.NewReader(ring), "galera.cache", int64(len(ring)), nil)
				require.NoError(b, err)
				require.Equal(b, len(list), c.Index.Len())
				require.Empty(b, c.Damage)
			}
		})
	}
}
