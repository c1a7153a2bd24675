package innodb

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/lastwrite/lastwrite/parse"
)

// withoutSystem says what a server does without ibdata1: it makes a new
// database, unless other files tell that there has been one (MariaDB
// storage/innobase/srv/srv0start.cc srv_check_undo_redo_logs_exists).
func (r *recovery) withoutSystem() error {
	l, _, _, _, err := readLog(r.files.Log)
	if err != nil {
		return fmt.Errorf("read %s: %w", l.File, err)
	}
	r.Log = l
	r.reason(SystemMissing, parse.Span{File: "ibdata1"}, 0)
	switch {
	case len(r.files.Undo) > 0:
		r.refuse(fmt.Sprintf("InnoDB: undo tablespace './/%s' exists. Creating system tablespace with existing undo tablespaces is not supported."+
			" Please delete all undo tablespaces before creating new system tablespace.", path.Base(sortedUndo(r.files.Undo)[0].Name)))
	case l.Files > 0:
		r.refuse(fmt.Sprintf("InnoDB: redo log file './%s' exists. Creating system tablespace with existing redo log file is not recommended."+
			" Please delete redo log file before creating new system tablespace.", l.File))
	}
	return nil
}

func sortedUndo(files []File) []File {
	return slices.SortedFunc(slices.Values(files), func(a, b File) int { return cmp.Compare(a.Name, b.Name) })
}

// checkSizes compares the files of the system tablespace with their
// configuration, or with the size that the tablespace itself claims
// (fsp/fsp0sysspace.cc SysTablespace::check_size).
func (r *recovery) checkSizes(s Space, known bool) {
	const usual = 12 << 20 // innodb_data_file_path=ibdata1:12M:autoextend
	var pages int64
	for _, f := range r.files.System {
		pages += f.Size / int64(s.Physical)
	}
	last := r.files.System[len(r.files.System)-1]
	short := func(f File) {
		r.refuse(fmt.Sprintf("InnoDB: The Auto-extending data file './%s' is of a different size %d pages than specified by innodb_data_file_path",
			f.Name, f.Size/int64(s.Physical)))
	}
	for i, c := range r.options.DataFiles {
		if i >= len(r.files.System) {
			break
		}
		switch f := r.files.System[i]; {
		case c.AutoExtend && f.Size/int64(s.Physical) < c.Bytes/int64(s.Physical):
			short(f)
		case !c.AutoExtend && f.Size/int64(s.Physical) != c.Bytes/int64(s.Physical):
			r.refuse(fmt.Sprintf("InnoDB: The data file './%s' is of a different size %d pages than the %d pages specified by innodb_data_file_path",
				f.Name, f.Size/int64(s.Physical), c.Bytes/int64(s.Physical)))
		}
	}
	if !known || pages >= int64(s.Pages) {
		return
	}
	r.Damage = append(r.Damage, parse.Damage{Span: parse.Span{File: last.Name, Offset: last.Size, Field: "file"}, Kind: parse.Truncated,
		Want: fmt.Sprintf("%d pages", s.Pages), Got: fmt.Sprint(pages)})
	if r.options.DataFiles == nil && last.Size < usual {
		short(last)
	}
	r.refuse(fmt.Sprintf("InnoDB: Tablespace size stored in header is %d pages, but the sum of data file sizes is %d pages", s.Pages, pages))
}

// emptyLog: an empty ib_logfile0 is taken for the log of a server that was shut
// down, if the system tablespace has an LSN (SysTablespace::read_lsn_and_check_flags).
func (r *recovery) emptyLog(p firstPage) {
	const least = 8204
	if p.ok {
		if lsn := binary.BigEndian.Uint64(p.bytes[offKeyVersion:]); lsn >= least {
			r.Log.Checkpoint, r.Log.CheckpointEnd, r.Log.End, r.Log.Clean = lsn, lsn, lsn, true
			r.Reasons = slices.DeleteFunc(r.Reasons, func(x Reason) bool { return x.Cause == LogUnreadable })
			return
		}
	}
	r.refuse("InnoDB: " + r.Log.File + " is empty, and LSN is unknown.")
}

// openUndo returns the ids of the undo tablespaces that a server would open:
// undo001 and so on up to the first that is missing, and the first id (srv0start.cc
// srv_all_undo_tablespaces_open).
func (r *recovery) openUndo() (open map[uint32]bool, first uint32) {
	byNumber := map[int]uint32{}
	for id, s := range r.store.spaces {
		if n, err := strconv.Atoi(strings.TrimPrefix(path.Base(s.files[0].Name), "undo")); err == nil && id != 0 {
			byNumber[n] = id
		}
	}
	open = map[uint32]bool{}
	last := uint32(0)
	for n := 1; byNumber[n] != 0; n++ {
		last = byNumber[n]
		open[last] = true
	}
	for n := int(last) + 1; byNumber[n] != 0 && n < rsegCount; n++ {
		open[byNumber[n]] = true
	}
	return open, byNumber[1]
}

// shownName is a file as messages of the server name it, without "./".
func (r *recovery) shownName(i *image) string {
	if i.id.space != 0 {
		return "/" + path.Base(i.file)
	}
	return i.file
}
