package cowsql

import (
	"bytes"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/pierrec/lz4/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestXXH32(t *testing.T) {
	assert.EqualValues(t, 0x02cc5d05, checksumXXH32(nil))
	assert.EqualValues(t, 0x32d153ff, checksumXXH32([]byte("abc")))
	assert.EqualValues(t, 0xe2293b2f, checksumXXH32([]byte("Nobody inspects the spammish repetition")))
	var h xxh32
	h.reset()
	for i := range 100 {
		h.write(bytes.Repeat([]byte{byte(i)}, i))
	}
	var all []byte
	for i := range 100 {
		all = append(all, bytes.Repeat([]byte{byte(i)}, i)...)
	}
	assert.Equal(t, checksumXXH32(all), h.sum())
}

// content is text that compresses, with stretches that do not.
func content(n int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	var out []byte
	for len(out) < n {
		if from := r.IntN(len(out) + 1); r.IntN(3) > 0 && from < len(out) {
			out = append(out, out[from:min(len(out), from+r.IntN(300))]...)
			continue
		}
		for range r.IntN(200) {
			out = append(out, byte(r.Uint32()))
		}
	}
	return out[:n]
}

// decompressed reads a frame to its end.
func decompressed(t testing.TB, frame []byte) ([]byte, LZ4) {
	t.Helper()
	info := LZ4{}
	got, err := io.ReadAll(&lz4Reader{src: bytes.NewReader(frame), info: &info})
	require.NoError(t, err)
	return got, info
}

func TestLZ4Frames(t *testing.T) {
	for _, size := range []int{0, 1, 12, 13, 100, 65536, 65537, 5 << 20} {
		for _, options := range [][]lz4.Option{
			{lz4.BlockSizeOption(lz4.Block64Kb)},
			{lz4.BlockSizeOption(lz4.Block4Mb), lz4.BlockChecksumOption(true), lz4.ChecksumOption(false)},
			{lz4.BlockSizeOption(lz4.Block256Kb), lz4.CompressionLevelOption(lz4.Level5), lz4.SizeOption(uint64(size))},
		} {
			plain := content(size)
			var frame bytes.Buffer
			w := lz4.NewWriter(&frame)
			require.NoError(t, w.Apply(options...))
			_, err := w.Write(plain)
			require.NoError(t, err)
			require.NoError(t, w.Close())
			got, info := decompressed(t, frame.Bytes())
			require.Empty(t, info.Err)
			require.False(t, info.Over)
			require.True(t, bytes.Equal(plain, got), "%d bytes", size)
		}
	}
}

// frameOf makes a frame of dependent blocks of at most 64 KiB, with a checksum
// of the content.
func frameOf(content []byte, blocks ...[]byte) []byte {
	out := binary.LittleEndian.AppendUint32(nil, lz4Magic)
	out = append(out, 0x44, 0x40)
	out = append(out, byte(checksumXXH32(out[4:])>>8))
	for _, b := range blocks {
		out = append(binary.LittleEndian.AppendUint32(out, uint32(len(b))), b...)
	}
	out = append(out, 0, 0, 0, 0)
	return binary.LittleEndian.AppendUint32(out, checksumXXH32(content))
}

// TestLZ4Blocks: blocks by hand, good and as liblz4 1.9.4 refuses them.
func TestLZ4Blocks(t *testing.T) {
	first := append([]byte{0xf0, 1}, "0123456789abcdef"...) // 16 literals
	for _, c := range []struct {
		name, content, err string
		blocks             [][]byte
	}{
		{"literals", "0123456789abcdef", "", [][]byte{first}},
		{"a match into the block before", "0123456789abcdef" + "89abcdef" + "xyzuv", "",
			[][]byte{first, {0x04, 8, 0, 0x50, 'x', 'y', 'z', 'u', 'v'}}},
		{"a match that runs into what it writes", "0123456789abcdef" + "ffffffff" + "xyzuv", "",
			[][]byte{first, {0x04, 1, 0, 0x50, 'x', 'y', 'z', 'u', 'v'}}},
		{"a match in front of the content", "", "ERROR_decompressionFailed",
			[][]byte{{0x14, 'a', 2, 0, 0x50, 'x', 'y', 'z', 'u', 'v'}}},
		{"literals behind the end", "", "ERROR_decompressionFailed", [][]byte{{0x50, 'x'}}},
		{"an endless length", "", "ERROR_decompressionFailed", [][]byte{append([]byte{0xf0}, bytes.Repeat([]byte{255}, 40)...)}},
		{"nothing behind a match", "", "ERROR_decompressionFailed", [][]byte{first, {0x04, 8, 0}}},
		{"another content", "another content", "ERROR_contentChecksum_invalid", [][]byte{first}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, info := decompressed(t, frameOf([]byte(c.content), c.blocks...))
			assert.Equal(t, c.err, info.Err)
			if c.err == "" {
				assert.Equal(t, c.content, string(got))
			}
		})
	}
}

func TestLZ4Headers(t *testing.T) {
	good := frameOf(nil)
	_, info := decompressed(t, good)
	require.Empty(t, info.Err)
	for name, change := range map[string]func([]byte){
		"ERROR_reservedFlag_set":       func(b []byte) { b[4] |= 2 },
		"ERROR_headerVersion_wrong":    func(b []byte) { b[4] ^= 0xc0 },
		"ERROR_maxBlockSize_invalid":   func(b []byte) { b[5] = 0x30 },
		"ERROR_headerChecksum_invalid": func(b []byte) { b[6]++ },
	} {
		b := bytes.Clone(good)
		change(b)
		_, info := decompressed(t, b)
		assert.Equal(t, name, info.Err)
		assert.True(t, info.Header)
	}
	_, info = decompressed(t, good[:6])
	assert.Equal(t, "ERROR_frameHeader_incomplete", info.Err)
	assert.True(t, info.Cut)
}

func BenchmarkLZ4(b *testing.B) {
	plain := content(32 << 20)
	frame := packed(b, plain)
	b.SetBytes(int64(len(plain)))
	for b.Loop() {
		info := LZ4{}
		if _, err := io.Copy(io.Discard, &lz4Reader{src: bytes.NewReader(frame), info: &info}); err != nil || info.Err != "" {
			b.Fatal(err, info.Err)
		}
	}
}
