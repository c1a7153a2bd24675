package cowsql

import (
	"encoding/binary"
	"fmt"

	"github.com/lastwrite/lastwrite/parse"
)

// MetaHeaderSize is the size of the fixed part of a snapshot's .meta file.
const MetaHeaderSize = 32

// maxConfiguration is the longest configuration that the loader accepts in a
// .meta file, in bytes (UV__META_MAX_CONFIGURATION_SIZE in src/uv_snapshot.c).
const maxConfiguration = 1 << 20

// MetaMaxSize is as much of a .meta file as anybody looks at.
const MetaMaxSize = MetaHeaderSize + maxConfiguration

// A MetaStop is where the loader gives up on a .meta file.
type MetaStop uint8

// The causes, in the order of src/uv_snapshot.c uvSnapshotLoadMeta.
const (
	MetaGood          MetaStop = iota
	MetaShortHeader            // fewer than 32 bytes
	MetaFormat                 // format word is not 1
	MetaLength                 // configuration length 0 or above 1 MiB
	MetaShortBody              // configuration reaches behind the end
	MetaChecksum               // CRC differs
	MetaConfiguration          // configuration malformed under a good CRC
)

// A SnapshotMeta is the content of a .meta file. Term and index of the
// snapshot stand only in the file name.
type SnapshotMeta struct {
	Format             uint64
	CRC                uint64
	ConfigurationIndex uint64 // log index at which the configuration was committed
	Length             uint64 // of the encoded configuration
	Configuration      Configuration
	Stop               MetaStop
	Got                int64 // bytes that were there where a structure is cut
}

// ParseSnapshotMeta decodes a .meta file of which buf holds all, or at least
// MetaMaxSize bytes.
func ParseSnapshotMeta(file string, buf []byte) (SnapshotMeta, *parse.Damage) {
	c := parse.NewCursor(file, "", 0, buf)
	m := SnapshotMeta{
		Format:             c.U64("format"),
		CRC:                c.U64("crc"),
		ConfigurationIndex: c.U64("configuration_index"),
		Length:             c.U64("configuration_length"),
	}
	switch {
	case !c.OK():
		m.Stop, m.Got = MetaShortHeader, int64(len(buf))
		return m, c.Damage()
	case m.Format != 1:
		m.Stop = MetaFormat
		c.FailAt("format", parse.BadVersion, 0, 8, "1", fmt.Sprint(m.Format))
	case m.Length == 0 || m.Length > maxConfiguration:
		m.Stop = MetaLength
		c.FailAt("configuration_length", parse.BadValue, 24, 8, "1 to 1048576", fmt.Sprint(m.Length))
	case int64(m.Length) > c.Left():
		m.Stop, m.Got = MetaShortBody, c.Left()
		c.Bytes("configuration", int64(m.Length))
	}
	if !c.OK() {
		return m, c.Damage()
	}
	body := c.Bytes("configuration", int64(m.Length))
	crc := CRC(CRC(0, buf[16:32]), body)
	configuration, damage := ParseConfiguration(file, "configuration", MetaHeaderSize, body)
	m.Configuration = configuration
	switch {
	case uint32(m.CRC) != crc: // the loader compares 32 bits of the 64
		m.Stop = MetaChecksum
		c.FailAt("crc", parse.BadChecksum, 8, 8, fmt.Sprintf("%08x", uint32(m.CRC)), fmt.Sprintf("%08x computed", crc))
		return m, c.Damage()
	case damage != nil:
		m.Stop = MetaConfiguration
	}
	return m, damage
}

// Encode returns the .meta file for a configuration and its log index.
func (m SnapshotMeta) Encode() []byte {
	body := m.Configuration.Encode()
	tail := binary.LittleEndian.AppendUint64(nil, m.ConfigurationIndex)
	tail = binary.LittleEndian.AppendUint64(tail, uint64(len(body)))
	out := binary.LittleEndian.AppendUint64(nil, 1)
	out = binary.LittleEndian.AppendUint64(out, uint64(CRC(CRC(0, tail), body)))
	return append(append(out, tail...), body...)
}
