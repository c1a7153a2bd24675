package command

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"strings"

	"github.com/dustin/go-humanize"

	"github.com/lastwrite/lastwrite/internal/hexdump"
	"github.com/lastwrite/lastwrite/parse"
	"github.com/lastwrite/lastwrite/parse/manticore"
)

// manticoreDecoder returns what reads a file of Manticore Search, nil if
// nothing does. Its transaction log and its shared memory begin with the same
// magic number; MariaDB's binary logs may have the same name.
func manticoreDecoder(name string, head []byte) decoder {
	switch manticore.KindOf(name) {
	case manticore.ConfigFile, manticore.ConfigNew, manticore.ConfigOld:
		return decodeClusters
	case manticore.BinlogMetaFile, manticore.BinlogMetaNew:
		return decodeLogList
	case manticore.SharedMemoryFile:
		return decodeSharedMemory
	case manticore.ServerConfFile:
		return decodeServerConf
	case manticore.ServerLogFile:
		return decodeSearchdLog
	case manticore.TableMetaFile:
		if bytes.HasPrefix(head, []byte("SPRT")) || bytes.HasPrefix(head, []byte("{")) {
			return decodeTableMeta
		}
	}
	switch {
	case bytes.HasPrefix(head, []byte("SPLI")):
		return decodeLogList
	case bytes.HasPrefix(head, []byte("SPBL\x01\x00\x00\x00")):
		return decodeSharedMemory
	case bytes.HasPrefix(head, []byte("SPBL")):
		return decodeTransactionLog
	}
	return nil
}

func (d *decoded) damagedBy(list ...*parse.Damage) {
	for _, x := range list {
		if x != nil {
			d.damage = append(d.damage, *x)
		}
	}
}

func decodeClusters(f *inspected, _ bool) (*decoded, error) {
	c, err := manticore.ReadConfig(f.reader(), f.name.File, f.size)
	if err != nil {
		return nil, err
	}
	d := &decoded{kind: "clusters and tables of Manticore", damage: c.Damage}
	d.sum = []string{counted(int64(len(c.Clusters)), "cluster", "clusters"), counted(int64(len(c.Tables)), "table", "tables")}
	if c.Empty {
		d.sum = []string{"empty: the server starts with neither clusters nor tables"}
	}
	d.show = func(p *printer, limit int) {
		if c.Empty {
			p.line("  empty: the server starts with neither clusters nor tables")
		}
		for i, x := range c.Clusters {
			if limit > 0 && i == limit {
				p.line("  and %s (--limit)", counted(int64(len(c.Clusters)-i), "more cluster", "more clusters"))
				break
			}
			showCluster(p, &x)
		}
		for i, t := range c.Tables {
			if limit > 0 && i == limit {
				p.line("  and %s (--limit)", counted(int64(len(c.Tables)-i), "more table", "more tables"))
				break
			}
			p.line("  table %s, %s, in %s", t.Name, cmp.Or(t.Type, "no type"), cmp.Or(t.Path, "no directory"))
		}
	}
	return d, nil
}

func showCluster(p *printer, x *manticore.Cluster) {
	p.line("  cluster %s, in %s", x.Name, cmp.Or(x.Path, "the data directory itself"))
	if x.Skipped != "" {
		p.line("    the server leaves it out: %s", x.Skipped)
	}
	if len(x.Nodes) == 0 {
		p.line("    names no nodes: this node begins the cluster at a start")
	} else {
		p.line("    nodes %s", strings.Join(x.Nodes, ", "))
	}
	p.line("    tables %s", cmp.Or(strings.Join(x.Tables, ", "), "none"))
	for _, o := range x.Options {
		p.line("    option %s = %s", o.Name, cmp.Or(o.Value, "[not shown]"))
	}
	if x.Epoch > 0 {
		p.line("    epoch %d", x.Epoch)
	}
	if x.SelfBootstrap {
		p.line("    begins by itself at a start (self_bootstrap_on_startup)")
	}
}

func decodeLogList(f *inspected, _ bool) (*decoded, error) {
	head, err := f.head(manticore.BinlogMetaMaxSize)
	if err != nil {
		return nil, err
	}
	m := manticore.ParseBinlogMeta(f.name.File, head, f.size)
	d := &decoded{kind: "list of transaction logs", binary: true}
	d.damagedBy(m.Damage)
	d.sum = []string{fmt.Sprintf("version %d", m.Version), counted(int64(len(m.Files)), "log", "logs")}
	d.show = func(p *printer, limit int) {
		p.line("  version %d, numbers of %s", m.Version, counted(int64(m.Digits), "digit", "digits"))
		if len(m.Files) == 0 && m.Damage == nil {
			p.line("  names no log: a clean stop, nothing is replayed")
		}
		for i, n := range m.Files {
			if limit > 0 && i == limit {
				p.line("  and %s (--limit)", counted(int64(len(m.Files)-i), "more log", "more logs"))
				break
			}
			p.line("  binlog.%0*d", max(int(m.Digits), 3), n)
		}
	}
	if len(head) >= 9 {
		d.hex = func(w *hexdump.Writer, _ int) error {
			hexHeader(w, head, m.Version)
			w.Field(8, head[8:9], "digits of a number", fmt.Sprint(head[8]))
			w.Field(9, head[9:max(9, min(int64(len(head)), m.End))], "count, numbers", fmt.Sprint(m.Files))
			return nil
		}
	}
	return d, nil
}

func hexHeader(w *hexdump.Writer, head []byte, version uint32) {
	w.Field(0, head[:4], "magic", "")
	w.Field(4, head[4:8], "version", fmt.Sprint(version))
}

func decodeTransactionLog(f *inspected, _ bool) (*decoded, error) {
	l, err := manticore.ReadLog(f.reader(), f.at, f.name.File, f.size)
	if err != nil {
		return nil, err
	}
	d := &decoded{kind: "transaction log of Manticore", binary: true}
	d.damagedBy(l.Damage)
	d.sum = []string{fmt.Sprintf("version %d", l.Version), counted(int64(l.Transactions), "transaction", "transactions"), counted(int64(len(l.Tables)), "table", "tables")}
	d.show = func(p *printer, limit int) {
		p.line("  version %d, %s in %s", l.Version, counted(int64(l.Transactions), "transaction", "transactions"), counted(int64(l.Records), "record", "records"))
		switch {
		case l.Closed:
			p.line("  closed by a rotation or a clean stop")
		case l.Stop == manticore.EndOfFile:
			p.line("  not closed: the server was running or crashed, and replays it")
		default:
			p.line("  the replay ends at byte %d: %s", l.End, l.Stop)
		}
		showLogTables(p, l.Tables, limit)
		if l.BehindCount > 0 {
			p.line("  behind the damage, from byte %d: %s that no server replays", l.BehindAt, counted(int64(l.BehindCount), "sound record", "sound records"))
			showLogTables(p, l.Behind, limit)
		}
	}
	d.hex = func(w *hexdump.Writer, _ int) error {
		head, err := f.head(8)
		if err != nil {
			return err
		}
		if len(head) == 8 {
			hexHeader(w, head, binary.LittleEndian.Uint32(head[4:]))
		}
		at := int64(len(head))
		w.Hidden(at, l.End-at, "sound records")
		w.Hidden(max(at, l.End), f.size-max(at, l.End), "what is not replayed")
		return nil
	}
	return d, nil
}

func showLogTables(p *printer, tables []manticore.LogTable, limit int) {
	for i, t := range tables {
		if limit > 0 && i == limit {
			p.line("    and %s (--limit)", counted(int64(len(tables)-i), "more table", "more tables"))
			return
		}
		if t.Transactions == 0 {
			p.line("    table %s: no transaction", t.Name)
			continue
		}
		line := fmt.Sprintf("    table %s: %s, number %d to %d", t.Name, counted(int64(t.Transactions), "transaction", "transactions"), t.First, t.Last)
		if t.Missing > 0 {
			line += fmt.Sprintf(", %s missing between them", humanize.Comma(int64(t.Missing)))
		}
		if t.Repeated > 0 {
			line += fmt.Sprintf(", %s that the server passes over", humanize.Comma(int64(t.Repeated)))
		}
		p.line("%s", line)
	}
}

func decodeTableMeta(f *inspected, _ bool) (*decoded, error) {
	m, err := manticore.ReadTableMeta(f.reader(), f.name.File, f.size)
	if err != nil {
		return nil, err
	}
	kind := "real-time table"
	if m.Percolate {
		kind = "percolate table"
	}
	d := &decoded{kind: "header of a " + kind, binary: m.Binary}
	d.damagedBy(m.Damage)
	saved := "no number of transactions"
	if m.HasTID {
		saved = fmt.Sprintf("saved at transaction %d", m.TID)
		if m.TID < 0 {
			saved = "a table without a log"
		}
	}
	d.sum = []string{saved, counted(m.Documents, "document", "documents")}
	d.show = func(p *printer, _ int) {
		p.line("  version %d, written %s", m.Version, cmp.Or(m.Created, "at a time that it does not tell"))
		p.line("  %s; what came after it is in the transaction log", saved)
		p.line("  %s of %s bytes, %s", counted(m.Documents, "document", "documents"), humanize.Comma(m.Bytes), counted(int64(len(m.Chunks)), "disk chunk", "disk chunks"))
	}
	return d, nil
}

func decodeSharedMemory(f *inspected, _ bool) (*decoded, error) {
	head, err := f.head(manticore.SharedMemoryMaxSize)
	if err != nil {
		return nil, err
	}
	m := manticore.ParseSharedMemory(f.name.File, head)
	d := &decoded{kind: "positions of clusters in shared memory", binary: true}
	d.damagedBy(m.Damage)
	for _, c := range m.Clusters {
		d.sum = append(d.sum, fmt.Sprintf("%s at %s:%d", c.Name, c.UUID, c.Seqno))
	}
	d.show = func(p *printer, limit int) {
		p.line("  version %d; the server removes it when it stops cleanly", m.Version)
		for i, c := range m.Clusters {
			if limit > 0 && i == limit {
				p.line("  and %s (--limit)", counted(int64(len(m.Clusters)-i), "more cluster", "more clusters"))
				break
			}
			p.line("  cluster %s: history %s, seqno %d", c.Name, c.UUID, c.Seqno)
		}
	}
	if len(head) >= 8 {
		d.hex = func(w *hexdump.Writer, _ int) error {
			hexHeader(w, head, m.Version)
			at := int64(8)
			for i, c := range m.Clusters {
				w.Title("cluster %d", i+1)
				w.Hidden(at, c.Span.Offset-at, "name and UUID")
				w.Field(c.Span.Offset, head[c.Span.Offset:c.Span.Offset+8], "seqno", fmt.Sprint(c.Seqno))
				at = c.Span.Offset + 8
			}
			w.Hidden(at, f.size-at, "the rest, which is not used")
			return nil
		}
	}
	return d, nil
}

func decodeServerConf(f *inspected, _ bool) (*decoded, error) {
	c, err := manticore.ReadServerConf(io.LimitReader(f.reader(), manticore.ConfMaxSize), f.name.File)
	if err != nil {
		return nil, err
	}
	d := &decoded{kind: "configuration of Manticore"}
	d.sum = []string{"data_dir " + cmp.Or(c.DataDir.Value, "not set")}
	d.show = func(p *printer, _ int) {
		if c.Script {
			p.line("  a script: the server runs it and reads what it prints, which is not known here")
		}
		if !c.Searchd {
			p.line("  no section searchd")
		}
		settings := []struct {
			name string
			manticore.Setting
		}{
			{"data_dir", c.DataDir}, {"binlog_path", c.BinlogPath}, {"binlog_flush", c.BinlogFlush}, {"binlog_common", c.Binlog},
			{"node_address", c.NodeAddress}, {"server_id", c.ServerID}, {"log", c.Log}, {"pid_file", c.PIDFile},
		}
		for _, s := range settings {
			if s.Set {
				p.line("  %s = %s", s.name, s.Value)
			}
		}
		for _, s := range c.Listen {
			p.line("  listen = %s", s.Value)
		}
		p.line("  other settings are not read")
	}
	return d, nil
}

func decodeSearchdLog(f *inspected, _ bool) (*decoded, error) {
	l, err := manticore.ReadServerLog(f.reader(), f.name.File)
	if err != nil {
		return nil, err
	}
	d := &decoded{kind: "log of Manticore"}
	d.sum = []string{counted(int64(l.Starts), "start", "starts"), cmp.Or(l.Version, "version not known")}
	d.show = func(p *printer, limit int) {
		p.line("  %s, the last of version %s", counted(int64(l.Starts), "start", "starts"), cmp.Or(l.Version, "that it does not tell"))
		if l.Clean {
			p.line("  ends with a clean stop")
		}
		lines := l.Lines
		if limit > 0 && len(lines) > limit {
			p.line("  the last %d lines on starts, replication and transaction logs (--limit)", limit)
			lines = lines[len(lines)-limit:]
		}
		for _, x := range lines {
			p.line("  %s %s", x.Time, x.Text)
		}
	}
	return d, nil
}
