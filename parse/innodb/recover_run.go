package innodb

import (
	"context"
	"fmt"

	"github.com/lastwrite/lastwrite/parse"
)

// A recovery is one call of Recover, in the order of a start (MariaDB
// storage/innobase/srv/srv0start.cc srv_start).
type recovery struct {
	*Recovery
	files   Files
	options Options
	ring    ring
	window  []byte
	store   *storage
	player  *player
	scan    scanner // at the end of the log

	undoStart uint32 // id of the first undo tablespace that a server opens, 0: none
}

func (r *recovery) run(ctx context.Context) error {
	if len(r.files.System) == 0 {
		return r.withoutSystem()
	}
	readable, err := r.openLog()
	if err != nil {
		return err
	}
	if err := r.openSpaces(); err != nil {
		return err
	}
	pages, err := newPages(r.store)
	if err != nil {
		return err
	}
	var open map[uint32]bool
	open, r.undoStart = r.openUndo()
	r.player = &player{pages: pages, files: &fileRecords{undo: open, exists: r.options.Exists, named: map[uint32]*named{}}, made: r.options.Made}
	r.onDisk()
	if readable {
		if err := r.apply(ctx); err != nil {
			return err
		}
	}
	r.judge()
	if pages.err != nil {
		return pages.err
	}
	if r.Log.Stop != StopNone && !r.Log.Clean {
		return r.lookBeyond(ctx)
	}
	return nil
}

// openLog reads the headers of the log. It reports whether the records of the
// log can be followed.
func (r *recovery) openLog() (bool, error) {
	l, g, damage, message, err := readLog(r.files.Log)
	if err != nil {
		return false, fmt.Errorf("read %s: %w", l.File, err)
	}
	r.Log, r.ring = l, g
	r.refuse(message)
	if damage != nil {
		r.Damage = append(r.Damage, *damage)
	}
	at := parse.Span{File: l.File}
	switch {
	case l.Files == 0:
		r.reason(LogMissing, at, 0)
	case damage != nil:
		r.reason(LogUnreadable, damage.Span, 0)
	case !l.Format.Applied() && l.Format != FormatPhysEnc11:
		if !l.Clean {
			r.reason(LogNotApplied, at, l.Checkpoint)
		}
	case l.Encrypted && l.Format == FormatPHYS:
		if !l.Clean {
			r.reason(LogEncrypted, at, l.Checkpoint)
		}
	default:
		return true, nil
	}
	return false, nil
}

// apply carries out the log.
func (r *recovery) apply(ctx context.Context) error {
	p := r.player
	p.opaque = r.Log.Encrypted
	if err := r.confirm(); err != nil {
		return err
	}
	r.scan = r.scanner(r.Log.Checkpoint)
	s := r.scan
	only := true // nothing but FILE_CHECKPOINT so far
	for n := 0; ; n++ {
		if n&0xfff == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		m, ok, err := s.next()
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		r.Log.Mtrs++
		r.Log.Bytes = int64(m.end - r.Log.Checkpoint)
		if only && (m.start < r.Log.CheckpointEnd || !isCheckpoint(m)) {
			only = false
		}
		p.play(m)
	}
	r.Log.End, r.Log.Stop = s.stop()
	r.Log.Clean = only && r.Log.Confirmed
	at := parse.Span{File: r.Log.File, Offset: r.ring.offset(r.Log.End), Field: "redo"}
	if s.cut() {
		r.reason(LogCut, at, r.Log.End)
	}
	switch {
	case !r.Log.Confirmed || r.Log.End < p.files.confirmedAt:
		r.reason(LogIncomplete, at, r.Log.End)
		if r.Log.Confirmed {
			r.refuse(fmt.Sprintf("InnoDB: The log was only scanned up to %d, while the current LSN at the time of the latest checkpoint %d was %d!",
				r.Log.End, r.Log.Checkpoint, p.files.confirmedAt))
		}
	case p.opaque && !r.Log.Clean:
		r.reason(LogEncrypted, at, r.Log.Checkpoint)
	}
	if p.malformed != 0 {
		r.reason(LogMalformed, at, p.malformed)
		r.refuse(fmt.Sprintf("InnoDB: Malformed log record at LSN %d; set innodb_force_recovery=1 to ignore.", p.malformed))
	}
	r.refuse(p.files.missing())
	return nil
}

// scanner returns a scanner from lsn on. It shares its memory with those that
// were returned before.
func (r *recovery) scanner(lsn uint64) scanner {
	if r.window == nil {
		r.window = make([]byte, windowLength(r.ring))
	}
	if r.Log.Format == FormatPHYS {
		return newBlockScanner(r.ring, lsn, r.window)
	}
	return newPhysScanner(r.ring, lsn, r.Log.Encrypted, r.window)
}

// isCheckpoint reports whether a mini-transaction only says where a checkpoint
// is.
func isCheckpoint(m mtr) bool { return m.records[0]&^recLength == fileCheckpoint }

// namesCheckpoint reports whether an encrypted mini-transaction has the record
// of a checkpoint. Types and lengths are not encrypted, the LSN is (MariaDB
// storage/innobase/log/log0crypt.cc log_decrypt_mtr).
func namesCheckpoint(m mtr) bool {
	for b := m.records; len(b) > 0; {
		if b[0]&^recLength == fileCheckpoint {
			return true
		}
		size, _ := recordSize(b)
		if b[0]&recSame == 0 || size == 0 || size > len(b) {
			return false
		}
		b = b[size:]
	}
	return false
}

// confirm looks for the record of the checkpoint, in front of which the names
// of changed files may stand (MariaDB storage/innobase/log/log0recv.cc
// recv_scan_log). Logs of blocks have no second LSN: there it may stand
// anywhere.
func (r *recovery) confirm() error {
	s := r.scanner(r.Log.CheckpointEnd)
	p := r.player
	for {
		m, ok, err := s.next()
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		first := m.records[0] &^ recLength
		if p.opaque && namesCheckpoint(m) {
			r.Log.Confirmed, p.files.confirmedAt = true, m.end
			return nil
		}
		rs := records{rest: m.records}
		for rec, ok := rs.next(); ok; rec, ok = rs.next() {
			if lsn, ok := checkpointAt(rec); ok && lsn == r.Log.Checkpoint {
				r.Log.Confirmed, p.files.confirmedAt = true, m.end
				return nil
			}
			if rec.file && !p.opaque {
				p.files.operation(rec, m)
			}
		}
		if r.Log.Format != FormatPHYS && first != fileCheckpoint && first != fileModify {
			break
		}
	}
	end, _ := s.stop()
	r.refuse(fmt.Sprintf("InnoDB: Missing FILE_CHECKPOINT(%d) at %d", r.Log.Checkpoint, end))
	return nil
}
