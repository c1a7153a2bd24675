package wesql

import (
	"encoding/binary"
	"hash/crc32"
	"io"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/parse/binlog"
	"github.com/lastwrite/lastwrite/parse/wesql"
)

// An entry is a line of an index.
type entry = binlog.Entry

// maxMend is the longest entry that is mended, bytes.
const maxMend = 64 << 20

// mend returns the parts that replace a damaged entry: the events of a
// neighbour's, each with the position that it gets and a new checksum. Content
// goes from file to file and is in no part.
func (g *group) mend(m *model, b badEntry) (*model, []analyze.Part) {
	for _, o := range g.nodes {
		if o == m || o.Layout != layoutServer || g.fork(m, o) != nil {
			continue
		}
		if parts := o.lend(b); parts != nil {
			return o, parts
		}
	}
	return nil, nil
}

// lend returns the parts of an entry for another log, nil if it is not whole
// here or has another length.
func (m *model) lend(b badEntry) []analyze.Part {
	for _, l := range m.Chain {
		if !l.Listed || l.Log == nil || b.Index < l.Log.FirstIndex || b.Index > l.Log.LastIndex || l.Log.Checksum != binlog.CRC32 {
			continue
		}
		in, err := m.FS.Open(l.Path)
		if err != nil {
			return nil
		}
		defer in.Close()
		at, ok := in.(io.ReaderAt)
		if !ok {
			return nil
		}
		var found *wesql.Entry
		_, err = wesql.ReadLog(in, nil, l.Path, l.Size, wesql.Options{Visit: func(e *wesql.Entry) {
			if e.Index == b.Index && e.Term == b.Term && e.Complete && e.Bad == 0 && !e.Behind {
				x := *e
				found = &x
			}
		}})
		if err != nil || found == nil || found.End-found.Offset != b.End-b.Offset || found.Change != nil || b.End-b.Offset > maxMend {
			return nil
		}
		return m.events(at, l.Path, found, b.Offset)
	}
	return nil
}

// events cuts an entry into parts that move it to another offset.
func (m *model) events(at io.ReaderAt, file string, e *wesql.Entry, to int64) []analyze.Part {
	buf := make([]byte, e.End-e.Offset)
	if n, _ := at.ReadAt(buf, e.Offset); n < len(buf) {
		return nil
	}
	if e.Offset == to {
		return []analyze.Part{{Node: m.Name, File: file, Offset: e.Offset, Length: int64(len(buf))}}
	}
	var parts []analyze.Part
	for pos := 0; pos < len(buf); {
		if len(buf)-pos < binlog.HeaderSize+4 {
			return nil
		}
		n := int(binary.LittleEndian.Uint32(buf[pos+9:]))
		if n < binlog.HeaderSize+4 || n > len(buf)-pos {
			return nil
		}
		event := buf[pos : pos+n]
		next := binary.LittleEndian.AppendUint32(nil, uint32(to+int64(pos+n)))
		copy(event[13:], next)
		sum := binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE(event[:n-4]))
		from := e.Offset + int64(pos)
		parts = append(parts,
			analyze.Part{Node: m.Name, File: file, Offset: from, Length: 13}, analyze.Part{Data: next},
			analyze.Part{Node: m.Name, File: file, Offset: from + 17, Length: int64(n - 21)}, analyze.Part{Data: sum})
		pos += n
	}
	return parts
}
