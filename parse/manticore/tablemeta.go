package manticore

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"strconv"

	"github.com/lastwrite/lastwrite/parse"
)

// Magic numbers of the binary table headers (src/sphinxrt.cpp
// META_HEADER_MAGIC, src/index_converter.cpp PQ_META_HEADER_MAGIC).
const (
	tableMagic     = 0x54525053 // "SPRT"
	percolateMagic = 0x50535451
)

// TableMetaVersion is the newest meta_version that is known here. A server
// refuses to serve a table whose version is newer than its own.
const TableMetaVersion = 24

// maxChunks bounds the list of disk chunks.
const maxChunks = 1 << 16

// A TableMeta is the header of a real-time or percolate table.
type TableMeta struct {
	File      string
	Binary    bool // the format before 5.0.0
	Percolate bool
	Version   int64
	Created   string // meta_created_time_utc, the server's clock
	Documents int64  // of the RAM chunk and the disk chunks when it was saved, killed rows perhaps included
	Bytes     int64
	TID       int64 // number of commits in the files, -1 for a table without a log
	HasTID    bool
	TIDAt     parse.Span
	Chunks    []int64 // numbers of the disk chunks
	Damage    *parse.Damage
}

// ReadTableMeta reads a table's .meta. The text is JSON since 5.0.0; of it
// only the members named in TableMeta are kept: the rest, stored queries of
// percolate tables among it, is the user's.
func ReadTableMeta(in io.Reader, file string, size int64) (*TableMeta, error) {
	m := &TableMeta{File: file}
	r := bufio.NewReader(in)
	head, err := r.Peek(28)
	if err != nil && err != io.EOF {
		return m, err
	}
	if len(head) >= 4 {
		switch magic := binary.LittleEndian.Uint32(head); magic {
		case tableMagic, percolateMagic:
			m.Binary, m.Percolate = true, magic == percolateMagic
			m.binary(bytes.Clone(head))
			return m, nil
		}
	}
	return m, m.json(r, size)
}

func (m *TableMeta) binary(head []byte) {
	c := parse.NewCursor(m.File, "", 0, head)
	c.U32("magic")
	m.Version = int64(c.U32("version"))
	if m.Percolate {
		// The TID stands behind the stored queries, which nothing bounds.
		c.Fail("tid", parse.BadVersion, 0, "a JSON header", "a binary percolate header")
		m.Damage = c.Damage()
		return
	}
	m.Documents = int64(c.U32("documents"))
	m.Bytes = int64(c.U64("bytes"))
	m.TIDAt = parse.Span{File: m.File, Offset: c.Offset(), Length: 8, Field: "tid"}
	m.TID = int64(c.U64("tid"))
	m.HasTID = c.OK()
	m.Damage = c.Damage()
}

func (m *TableMeta) json(in io.Reader, size int64) error {
	values := 0
	root, damage, err := readJSON(in, m.File, func(depth int, key string) bool {
		if depth > 1 {
			values++
			return values <= maxChunks
		}
		switch key {
		case "meta_created_time_utc", "meta_version", "index_format_version", "total_documents", "total_bytes", "tid", "chunk_names":
			return true
		case "pqs":
			m.Percolate = true
		}
		return false
	})
	m.Damage = damage
	if err != nil {
		return err
	}
	if root == nil || root.kind != jsonObject {
		if m.Damage == nil {
			m.Damage = &parse.Damage{Span: parse.Span{File: m.File, Length: size}, Kind: parse.BadText, Want: "an object", Got: "something else"}
		}
		return nil
	}
	m.Version, _ = root.child("meta_version").integer()
	if x := root.child("meta_created_time_utc"); x != nil && len(x.text) <= 64 {
		m.Created = x.text
	}
	m.Documents, _ = root.child("total_documents").integer()
	m.Bytes, _ = root.child("total_bytes").integer()
	m.Percolate = m.Percolate || root.child("index_format_version") != nil
	if x := root.child("tid"); x != nil {
		m.TIDAt = x.span(m.File, "tid")
		if m.TID, m.HasTID = x.integer(); !m.HasTID && m.Damage == nil {
			m.Damage = &parse.Damage{Span: m.TIDAt, Kind: parse.BadValue, Want: "a number of 64 bits", Got: strconv.QuoteToASCII(x.text)}
		}
	} else if m.Damage == nil {
		m.Damage = &parse.Damage{Span: parse.Span{File: m.File, Length: size, Field: "tid"}, Kind: parse.BadText, Want: "a member tid", Got: "none"}
	}
	if x := root.child("chunk_names"); x != nil {
		for _, e := range x.children {
			if n, ok := e.integer(); ok {
				m.Chunks = append(m.Chunks, n)
			}
		}
	}
	if m.Damage == nil && (m.Version < 1 || m.Version > TableMetaVersion) {
		span := parse.Span{File: m.File, Field: "meta_version"}
		if x := root.child("meta_version"); x != nil {
			span = x.span(m.File, "meta_version")
		}
		m.Damage = &parse.Damage{Span: span, Kind: parse.BadVersion, Want: fmt.Sprintf("1 to %d", TableMetaVersion), Got: fmt.Sprint(m.Version)}
	}
	return nil
}
