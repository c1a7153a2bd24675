package galera

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/lastwrite/lastwrite/parse"
)

// A TransferInfo is the position of a backup or state transfer: the content of
// xtrabackup_galera_info, mariadb_backup_galera_info, donor_galera_info,
// xtrabackup_galera_info_SST, rsync_sst_complete and backup_sst_complete. The
// data are at this position or behind it, so it is a lower bound.
type TransferInfo struct {
	File   string
	Size   int64
	UUID   UUID
	Seqno  int64  // -1 if it is not known
	GTID   string // what follows: the server's GTID domain, or domain-server-sequence; "" if nothing does
	Bypass bool   // only the position was sent, an incremental transfer follows (wsrep_sst_rsync BYPASS_TAG)

	Position Field // "uuid:seqno" as it stands there
	Damage   []parse.Damage
}

// ParseTransferInfo reads such a file of size bytes, of which buf holds all or
// the first MaxText. The scripts read the first line and look for tags in the
// others, one of which is a password (mariadb scripts/wsrep_sst_mariabackup,
// scripts/wsrep_sst_rsync): it is not looked at.
func ParseTransferInfo(file string, buf []byte, size int64) *TransferInfo {
	t := &TransferInfo{File: file, Size: size, Seqno: -1}
	damage := func(kind parse.Kind, at, n int64, field, want, got string) {
		t.Damage = append(t.Damage, parse.Damage{Span: parse.Span{File: file, Offset: at, Length: n, Field: field}, Kind: kind, Want: want, Got: got})
	}
	text := string(buf[:min(len(buf), MaxText)])
	all := lines(text)
	if len(all) == 0 {
		damage(parse.Truncated, 0, 0, "position", "uuid:seqno", "an empty file")
		return t
	}
	in := stream{rest: all[0].text}
	r := in.text()
	id, number, found := strings.Cut(r.word, ":")
	u, ok := ParseUUID(id)
	seqno, err := strconv.ParseInt(number, 10, 64)
	if !found || !ok || err != nil || seqno < -1 {
		// What stands there instead can be the password: it is not quoted.
		damage(parse.BadText, 0, int64(len(all[0].text)), "position", "uuid:seqno", fmt.Sprintf("%d other bytes", len(all[0].text)))
		return t
	}
	t.UUID, t.Seqno = u, seqno
	t.Position = Field{Present: true, Raw: r.word, Span: parse.Span{File: file, Offset: r.offset, Length: int64(len(r.word)), Field: "position"}}
	if gtid := strings.Trim(in.rest, blanks); strings.Trim(gtid, "0123456789-,") == "" {
		t.GTID = gtid
	} else {
		damage(parse.BadText, in.offset, int64(len(in.rest)), "gtid", "a domain or a GTID", fmt.Sprintf("%d other bytes", len(gtid)))
	}
	for _, l := range all[1:] {
		in := stream{offset: l.offset, rest: l.text}
		t.Bypass = t.Bypass || in.text().word == "bypass"
	}
	parse.SortDamage(t.Damage)
	return t
}

// A BackupInfo is what a backup tool says of itself: the content of
// xtrabackup_info, xtrabackup_checkpoints and the files that MariaDB 11.1 and
// later calls mariadb_backup_info and mariadb_backup_checkpoints.
type BackupInfo struct {
	File   string
	Size   int64
	Fields []Field // in the order of the file; a value that can hold a secret is left out of Raw
	Damage []parse.Damage
}

// ParseBackupInfo reads such a file of size bytes, of which buf holds all or
// the first MaxText: lines "key = value" (mariadb
// extra/mariabackup/backup_mysql.cc write_xtrabackup_info, xtrabackup.cc
// xtrabackup_print_metadata).
func ParseBackupInfo(file string, buf []byte, size int64) *BackupInfo {
	b := &BackupInfo{File: file, Size: size}
	text := string(buf[:min(len(buf), MaxText)])
	for _, l := range lines(text) {
		key, value, found := strings.Cut(l.text, "=")
		name := strings.Trim(key, blanks)
		if strings.Trim(l.text, blanks) == "" {
			continue
		}
		at := l.offset + int64(strings.Index(l.text, name))
		if !found || name == "" || strings.ContainsAny(name, blanks) {
			b.Damage = append(b.Damage, parse.Damage{
				Span: parse.Span{File: file, Offset: l.offset, Length: int64(len(l.text)), Field: "line"}, Kind: parse.BadText,
				Want: "key = value", Got: fmt.Sprintf("%d bytes", len(l.text)),
			})
			continue
		}
		raw := strings.Trim(value, blanks)
		f := Field{Present: true, Raw: raw, Span: parse.Span{File: file, Offset: at, Length: int64(len(name)), Field: name}}
		if raw != "" {
			f.Offset, f.Length = l.offset+int64(len(key)+1+strings.Index(value, raw)), int64(len(raw))
		}
		if name == "tool_command" { // with the options of the command line
			f.Raw = ""
		}
		b.Fields = append(b.Fields, f)
	}
	if len(b.Fields) == 0 {
		b.Damage = append(b.Damage, parse.Damage{Span: parse.Span{File: file, Field: "line"}, Kind: parse.Truncated, Want: "key = value", Got: "no such line"})
	}
	parse.SortDamage(b.Damage)
	return b
}

// Get returns the value of a key, "" if it is not there.
func (b *BackupInfo) Get(key string) string {
	for _, f := range b.Fields {
		if f.Field == key {
			return f.Raw
		}
	}
	return ""
}

// LSN returns the value of a key as a log sequence number.
func (b *BackupInfo) LSN(key string) (uint64, bool) {
	v, err := strconv.ParseUint(b.Get(key), 10, 64)
	return v, err == nil && v < math.MaxInt64
}
