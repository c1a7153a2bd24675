package smartengine

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// Compressions of blocks (options/advanced_options.h CompressionType). The
// engine writes the last three (util/compress/compressor_factory.cc).
const (
	compressionNone = 0
	compressionZlib = 2
	compressionLZ4  = 4
	compressionZSTD = 7
)

// maxRaw is the longest block that is decompressed. A block has 16 KiB, or one
// row if that is longer.
const maxRaw = 16 << 20

// errCompression is what a block ends with that cannot be decompressed.
var errCompression = errors.New("compression is not known")

// A decompressor keeps its buffers from block to block.
type decompressor struct {
	zstd *zstd.Decoder
	buf  []byte
}

// expand returns the content of a stored block, valid until the next call.
func (c *decompressor) expand(stored []byte, b Block) ([]byte, error) {
	if b.Compression == compressionNone {
		return stored, nil
	}
	if b.RawSize > maxRaw {
		return nil, fmt.Errorf("%d bytes are more than the %d that are decompressed", b.RawSize, maxRaw)
	}
	var err error
	switch b.Compression {
	case compressionZSTD:
		if c.zstd == nil {
			if c.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxRaw)); err != nil {
				return nil, err
			}
		}
		c.buf, err = c.zstd.DecodeAll(stored, c.buf[:0])
	case compressionLZ4:
		n := min(int(b.RawSize), 255*len(stored)+64) // no block expands further
		if cap(c.buf) < n {
			c.buf = make([]byte, n)
		}
		n, err = lz4.UncompressBlock(stored, c.buf[:n])
		c.buf = c.buf[:max(n, 0)]
	case compressionZlib:
		var r io.ReadCloser
		if r, err = zlib.NewReader(bytes.NewReader(stored)); err != nil {
			return nil, err
		}
		out := bytes.NewBuffer(c.buf[:0])
		_, err = out.ReadFrom(io.LimitReader(r, int64(b.RawSize)+1))
		c.buf = out.Bytes()
	default:
		return nil, errCompression
	}
	if err == nil && len(c.buf) != int(b.RawSize) {
		err = fmt.Errorf("%d bytes after decompression, not %d", len(c.buf), b.RawSize)
	}
	return c.buf, err
}
