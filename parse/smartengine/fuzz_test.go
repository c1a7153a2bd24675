package smartengine

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

func FuzzWAL(f *testing.F) {
	f.Add(newestWAL(f))
	f.Add(framed(plain(1, 3), plain(2, 40000), plain(3, 0)))
	f.Add(unhex(f, vectorLogger))
	f.Fuzz(func(t *testing.T, b []byte) { requireWAL(t, b) })
}

func FuzzManifest(f *testing.F) {
	f.Add(manifestSample(f))
	f.Add(unhex(f, vectorFlush))
	f.Fuzz(func(t *testing.T, b []byte) {
		m := requireManifest(t, b)
		c := newCatalog(nil)
		c.replay([]*Manifest{m}, true)
		c.subtables()
		c.live()
		// The checksum keeps a fuzzer from the entries.
		m = &Manifest{File: "m", committed: map[uint64]bool{}}
		m.record(0, int64(len(b)), b)
	})
}

func FuzzCheckpoint(f *testing.F) {
	b := checkpointSample(f)
	f.Add(b[:64], b[checkpointBlock:checkpointBlock+1100], b[2*checkpointBlock:2*checkpointBlock+1800])
	f.Fuzz(func(t *testing.T, header, extents, tables []byte) {
		b := make([]byte, 3*checkpointBlock)
		copy(b, header)
		copy(b[checkpointBlock:], extents)
		copy(b[2*checkpointBlock:], tables)
		newCatalog(requireCheckpoint(t, b)).live()
	})
}

func FuzzExtent(f *testing.F) {
	x, b := extentSample(f)
	f.Add(b[:x.Index.Offset], b[x.Index.Offset:x.Index.Offset+x.Index.Size], uint8(0))
	f.Add(b[:x.Index.Offset], b[x.Index.Offset:x.Index.Offset+x.Index.Size], uint8(7))
	f.Fuzz(func(t *testing.T, data, index []byte, compression uint8) {
		if len(data)+len(index) > ExtentSize {
			return
		}
		x := x
		x.Index.Offset, x.Index.Size = uint32(len(data)), uint32(len(index))
		x.Index.RawSize, x.Index.Compression, x.Index.Checksum = x.Index.Size*3, compression, Checksum(index)
		requireExtent(t, x, bytes.Join([][]byte{data, index}, nil))
	})
}

func FuzzDataFile(f *testing.F) {
	b := directory(f, "prepared")["0.sst"].Data
	f.Add(b[:40], b[backupHeader:backupHeader+40])
	f.Fuzz(func(t *testing.T, master, backup []byte) {
		b := make([]byte, 2*ExtentSize)
		copy(b, master)
		copy(b[backupHeader:], backup)
		requireDataFile(t, b)
	})
}

func FuzzCurrent(f *testing.F) {
	f.Add([]byte("0.checkpoint:1.manifest:0\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := ReadCurrent("CURRENT", bytes.NewReader(b))
		require.NoError(t, err)
		require.Equal(t, c.Checkpoint == "", c.Damage != nil && !c.NoNewline)
	})
}

func FuzzRow(f *testing.F) {
	f.Add(unhex(f, "0000040000004a00000000000000"))
	f.Add(unhex(f, "00030000004a00000000000000"))
	f.Add(unhex(f, vectorPut)[36:])
	f.Fuzz(func(t *testing.T, b []byte) {
		ParseInfo("f", 0, b)
		ParseApplier("f", 0, b)
		ParseWorker("f", 0, b)
		ParseXID(b)
	})
}

func FuzzSDI(f *testing.F) {
	f.Add([]byte(`{"dd_object":{"name":"consensus_info","schema_ref":"mysql","indexes":[{"se_private_data":"subtable_id=256;"}]}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, err := ReadSDI("f", bytes.NewReader(b))
		require.NoError(t, err)
	})
}
