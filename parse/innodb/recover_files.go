package innodb

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
)

// maxTablespaces is how many tablespaces of a log are kept apart.
const maxTablespaces = 1 << 16

// fileRecords follows what the log says about the files of tablespaces other
// than those of the system and of undo logs (MariaDB
// storage/innobase/log/log0recv.cc recv_spaces).
type fileRecords struct {
	undo        map[uint32]bool // ids of the undo tablespaces that a server would open
	exists      func(name string, space uint32) bool
	confirmedAt uint64 // end of the FILE_CHECKPOINT of the checkpoint
	named       map[uint32]*named
	full        bool // not all are kept
	// message is what a server would refuse to start with.
	message string
}

// A named is a tablespace of the log.
type named struct {
	name     string // the first one, which a server prints
	last     string // the one that was looked for last
	found    bool   // there was a file under one of its names
	deleted  bool
	created  bool // by the log, so that the file may be missing
	modified bool // there are records for its pages
}

// checkpointAt returns the LSN of a FILE_CHECKPOINT record.
func checkpointAt(r record) (lsn uint64, ok bool) {
	if r.kind != fileCheckpoint || r.id != (pageID{}) || len(r.body) != 8 {
		return 0, false
	}
	return binary.BigEndian.Uint64(r.body), true
}

// operation notes a file operation (log0recv.cc fil_name_process).
func (t *fileRecords) operation(r record, m mtr) {
	if r.kind == fileCheckpoint {
		return
	}
	name, second, two := bytes.Cut(r.body, []byte{0})
	n := t.get(r.id.space)
	if n == nil {
		return
	}
	switch r.kind {
	case fileDelete:
		n.deleted, n.created, n.found, n.last = true, false, false, ""
	case fileCreate:
		n.deleted, n.created = false, true
	}
	t.look(n, r.id.space, name)
	if r.kind == fileRename && two {
		t.look(n, r.id.space, second)
	}
}

// look takes note of a name. A server looks for a file under every name when
// it comes to the record, and stays with the one that it found: a rename that
// was logged and not done is no loss, because the server does it at the end
// of its recovery (log0recv.cc recv_rename_files).
func (t *fileRecords) look(n *named, space uint32, name []byte) {
	if n.name == "" {
		n.name = string(name)
	}
	if n.deleted || n.found || n.last == string(name) {
		return
	}
	n.last = string(name)
	n.found = t.exists != nil && t.exists(n.last, space)
}

func (t *fileRecords) get(space uint32) *named {
	if n := t.named[space]; n != nil {
		return n
	}
	if len(t.named) >= maxTablespaces {
		t.full = true
		return nil
	}
	n := new(named)
	t.named[space] = n
	return n
}

// modified notes that the log changes a page (log0recv.cc log_page_modify).
func (t *fileRecords) modified(id pageID, end uint64) {
	if id.space == 0 || t.undo[id.space] {
		return
	}
	n := t.named[id.space]
	if n == nil {
		if end >= t.confirmedAt && t.confirmedAt != 0 && !t.full {
			t.refuse(fmt.Sprintf("InnoDB: Missing FILE_DELETE or FILE_MODIFY for [page id: space=%d, page number=%d] at %d;"+
				" set innodb_force_recovery=1 to ignore the record.", id.space, id.number, end))
		}
		if n = t.get(id.space); n == nil {
			return
		}
	}
	n.modified = true
}

func (t *fileRecords) refuse(message string) {
	if t.message == "" {
		t.message = message
	}
}

// missing says what a server prints when files are missing that the log is
// about (recv_init_crash_recovery_spaces, recv_validate_tablespace).
func (t *fileRecords) missing() string {
	if t.message != "" || t.full {
		return t.message
	}
	ids := make([]uint32, 0, len(t.named))
	for id := range t.named {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		if n := t.named[id]; n.name == "" {
			return fmt.Sprintf("InnoDB: Missing FILE_CREATE, FILE_DELETE or FILE_MODIFY before FILE_CHECKPOINT for tablespace %d", id)
		}
	}
	if t.exists == nil {
		return ""
	}
	for _, id := range ids {
		if n := t.named[id]; n.modified && !n.deleted && !n.created && !n.found {
			return fmt.Sprintf("InnoDB: Tablespace %d was not found at %s.", id, n.name)
		}
	}
	return ""
}
