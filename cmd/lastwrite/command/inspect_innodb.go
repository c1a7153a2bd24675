package command

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"

	"github.com/dustin/go-humanize"

	"github.com/lastwrite/lastwrite/internal/hexdump"
	"github.com/lastwrite/lastwrite/parse"
	"github.com/lastwrite/lastwrite/parse/galera"
	"github.com/lastwrite/lastwrite/parse/innodb"
	"github.com/lastwrite/lastwrite/report/escape"
)

// decodeTablespace checks every page of a tablespace file.
func decodeTablespace(f *inspected, brief bool) (*decoded, error) {
	head, err := f.head(64 << 10)
	if err != nil {
		return nil, err
	}
	space, ok := innodb.ReadSpace(head)
	d := &decoded{kind: "InnoDB tablespace", binary: true}
	if !ok {
		d.sum = []string{"page 0 is none of a tablespace, or this is not its first file"}
	} else {
		d.sum = []string{fmt.Sprintf("space %d", space.ID), pageSize(space)}
	}
	if brief {
		return d, nil
	}
	v := innodb.NewVerifier(f.name.File)
	if _, err := io.Copy(v, f.reader()); err != nil {
		return nil, err
	}
	r := v.Finish()
	d.damage = r.Damage
	var raft []string
	if f.name.File == "mysql.ibd" {
		if raft, err = raftRows(f); err != nil {
			return nil, err
		}
	}
	d.sum = append(d.sum, counted(int64(r.Pages), "page", "pages"))
	d.show = func(p *printer, limit int) {
		if ok {
			p.line("  space %d, %s, flags %#x, %s by its header", space.ID, pageSize(space), space.Flags, counted(int64(space.Pages), "page", "pages"))
		}
		if ok && r.Pages < uint64(space.Pages) {
			p.line("  the file has %s fewer: they are in further files of the tablespace, or it was cut", humanize.Comma(int64(uint64(space.Pages)-r.Pages)))
		}
		if r.Guessed {
			p.line("  page 0 does not tell the format; it is that in which most pages are good")
		}
		for _, kind := range slices.Sorted(maps.Keys(r.Kinds)) {
			if n := r.Kinds[kind]; n > 0 {
				p.line("  %s: %s", kind, counted(int64(n), "page", "pages"))
			}
		}
		if r.Doublewrite > 0 {
			p.line("  in the doublewrite area: %s", counted(int64(r.Doublewrite), "page", "pages"))
		}
		if r.FreeBad > 0 {
			p.line("  damaged, and not used: %s", counted(int64(r.FreeBad), "page", "pages"))
		}
		for _, line := range raft {
			p.line("  %s", line)
		}
		for i, n := range r.Newest {
			if limit > 0 && i == limit {
				break
			}
			p.line("  page %d was written at LSN %d", n.Number, n.LSN)
		}
		if more := int(r.Damaged) - len(r.Damage); more > 0 {
			p.line("  %s more than are listed here", counted(int64(more), "damaged page", "damaged pages"))
		}
	}
	if ok {
		d.hex = func(w *hexdump.Writer, limit int) error { return hexPages(w, f, space, limit) }
	}
	return d, nil
}

func pageSize(s innodb.Space) string {
	out := "pages of " + humanize.Comma(int64(s.Logical)) + " bytes"
	if s.Physical != s.Logical {
		out += ", " + humanize.Comma(int64(s.Physical)) + " in the file"
	}
	if s.Encrypted {
		out += ", encrypted"
	}
	return out
}

// hexPages prints the headers of pages; the rest of a page may be rows.
func hexPages(w *hexdump.Writer, f *inspected, s innodb.Space, limit int) error {
	page := make([]byte, s.Physical)
	first := "checksum"
	if s.FullCRC32 {
		first = "key version"
	}
	for number := int64(0); (number+1)*int64(s.Physical) <= f.size; number++ {
		if limit > 0 && number == int64(limit) {
			w.Title("more pages follow (--limit)")
			return nil
		}
		at := number * int64(s.Physical)
		if _, err := f.at.ReadAt(page, at); err != nil {
			return err
		}
		h, _ := innodb.ParseHeader(page)
		verdict := s.Check(page, uint32(number))
		state := string(verdict.Kind)
		if !verdict.Good() {
			state = fmt.Sprintf("DAMAGED: %s, wanted %#x, found %#x", verdict.Problem, verdict.Want, verdict.Got)
		}
		w.Title("page %d, %s", number, state)
		if verdict.Kind == innodb.Zero || int64(h.Number) != number || !verdict.Good() && h.SpaceID != s.ID {
			w.Hidden(at, int64(s.Physical), hiddenPage(verdict))
			continue
		}
		w.Field(at, page[:4], first, "")
		w.Field(at+4, page[4:8], "page number", fmt.Sprint(h.Number))
		w.Field(at+8, page[8:16], "previous, next", "")
		w.Field(at+16, page[16:24], "LSN", fmt.Sprint(h.LSN))
		w.Field(at+24, page[24:26], "type", fmt.Sprint(uint16(h.Type)))
		w.Hidden(at+26, 8, "flush LSN or key version")
		w.Field(at+34, page[34:38], "space id", fmt.Sprint(h.SpaceID))
		if s.Compressed || s.PageCompressed || !verdict.Good() { // its end may be content
			w.Hidden(at+38, int64(s.Physical)-38, "content")
			continue
		}
		w.Hidden(at+38, int64(s.Physical)-46, "content")
		w.Field(at+int64(s.Physical)-8, page[s.Physical-8:], "trailer", "")
	}
	return nil
}

// hiddenPage says what stands where no header of a page is.
func hiddenPage(v innodb.Verdict) string {
	if v.Kind == innodb.Zero {
		return "zeros"
	}
	return "what does not belong here"
}

// decodeRedo reads a redo log, and its position with the tablespaces if they
// lie beside it.
func decodeRedo(f *inspected, _ bool) (*decoded, error) {
	files := innodb.Files{Log: []innodb.File{{Name: f.name.File, At: f.at, Size: f.size}}}
	done, err := f.tablespaces(&files)
	defer done()
	if err != nil {
		return nil, err
	}
	if len(files.System) == 0 { // the log is looked at all the same
		files.System = []innodb.File{{Name: "ibdata1", At: bytes.NewReader(nil)}}
	}
	r, err := innodb.Recover(context.Background(), files, innodb.Options{})
	if err != nil {
		return nil, err
	}
	l := r.Log
	d := &decoded{kind: "InnoDB redo log"}
	for _, damage := range r.Damage {
		if damage.File == f.name.File {
			d.damage = append(d.damage, damage)
		}
	}
	d.sum = []string{"no header of a redo log"}
	if l.Format != "" {
		d.sum = []string{string(l.Format), l.Creator}
	}
	if l.Format.Applied() {
		d.sum = append(d.sum, fmt.Sprintf("checkpoint at LSN %d", l.Checkpoint))
	}
	d.show = func(p *printer, _ int) {
		if l.Format != "" {
			p.line("  format %s (%#x), made by %s", l.Format, l.Number, l.Creator)
		}
		if l.Encrypted {
			p.line("  encrypted: what it holds cannot be read without the key")
		}
		if l.Checkpoint > 0 {
			p.line("  first LSN %d, checkpoint at LSN %d, its record at %d", l.First, l.Checkpoint, l.CheckpointEnd)
		}
		switch {
		case l.Clean:
			p.line("  clean: nothing to apply")
		case l.Mtrs > 0:
			p.line("  %s to apply, %s bytes, up to LSN %d", counted(l.Mtrs, "mini-transaction", "mini-transactions"), humanize.Comma(l.Bytes), l.End)
		}
		if l.Stop != innodb.StopNone {
			p.line("  why it ends there: %s", l.Stop)
		}
		if r.Bound != innodb.None {
			p.line("  with the tablespaces beside it: position %s (%s)", r.Position, r.Bound)
		} else if r.LogSeqno >= 0 {
			p.line("  it writes the seqno %d in full: the node has come that far at least", r.LogSeqno)
		}
		if b := r.Beyond; b != nil {
			p.line("  DAMAGED in the middle: %s behind the end, LSN %d to %d", counted(b.Mtrs, "mini-transaction", "mini-transactions"), b.First, b.Last)
			p.line("  a server starts in front of the damage without a word, at an older state")
		}
	}
	d.hex = func(w *hexdump.Writer, _ int) error { return hexRedo(w, f, l) }
	if b := r.Beyond; b != nil {
		d.damage = append(d.damage, parse.Damage{Span: parse.Span{File: f.name.File, Field: "log"}, Kind: parse.BadChecksum, Want: "the end of the log", Got: fmt.Sprintf("records up to LSN %d behind it", b.Last)})
	}
	return d, nil
}

// tablespaces adds the system and undo tablespaces in the directory of f to
// files. done closes them.
func (f *inspected) tablespaces(files *innodb.Files) (done func(), err error) {
	var open []fs.File
	done = func() {
		for _, file := range open {
			file.Close()
		}
	}
	entries, err := fs.ReadDir(f.fsys, path.Dir(f.path))
	if err != nil {
		return done, err
	}
	for _, e := range entries {
		kind := galera.ParseName(e.Name()).Kind
		if !e.Type().IsRegular() || kind != galera.KindSystemTablespace && kind != galera.KindUndoTablespace {
			continue
		}
		file, err := f.fsys.Open(path.Join(path.Dir(f.path), e.Name()))
		if err != nil {
			return done, err
		}
		open = append(open, file)
		info, err := file.Stat()
		if err != nil {
			return done, err
		}
		at, ok := file.(io.ReaderAt)
		if !ok {
			continue
		}
		space := innodb.File{Name: e.Name(), At: at, Size: info.Size()}
		if kind == galera.KindSystemTablespace {
			files.System = append(files.System, space)
		} else {
			files.Undo = append(files.Undo, space)
		}
	}
	return done, nil
}

// hexRedo prints the header and the checkpoint blocks of a MariaDB log.
func hexRedo(w *hexdump.Writer, f *inspected, l innodb.Log) error {
	head, err := f.head(12288)
	if err != nil {
		return err
	}
	if len(head) < 12288 {
		w.Hidden(0, int64(len(head)), "a log that is shorter than its header")
		return nil
	}
	w.Title("header")
	w.Field(0, head[:4], "format", string(l.Format))
	if l.Format != innodb.FormatPhys && l.Format != innodb.FormatPhysEnc11 {
		w.Hidden(4, f.size-4, "a log of this format")
		return nil
	}
	w.Field(8, head[8:16], "first LSN", fmt.Sprint(binary.BigEndian.Uint64(head[8:])))
	w.Field(16, head[16:48], "creator", escape.Text(l.Creator))
	w.Field(48, head[48:52], "encryption", "")
	w.Field(508, head[508:512], "CRC-32C", "")
	for i, at := range []int64{4096, 8192} {
		w.Title("checkpoint block %d", i+1)
		w.Field(at, head[at:at+8], "checkpoint LSN", fmt.Sprint(binary.BigEndian.Uint64(head[at:])))
		w.Field(at+8, head[at+8:at+16], "LSN of its record", fmt.Sprint(binary.BigEndian.Uint64(head[at+8:])))
		w.Field(at+60, head[at+60:at+64], "CRC-32C", "")
	}
	w.Hidden(12288, f.size-12288, "records")
	return nil
}
