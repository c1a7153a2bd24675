package binlog

import (
	"github.com/lastwrite/lastwrite/parse"
)

// A Recovery is what a server learns from its logs when it starts: which
// prepared transactions it commits. Only the newest log tells whether it is
// needed, and its last binlog checkpoint where the reading begins
// (MariaDB/server sql/log.cc TC_LOG_BINLOG::open, do_binlog_recovery and
// recover).
type Recovery struct {
	Known   bool // the newest log could be read at least in part
	InUse   bool // it was not closed: prepared transactions are resolved by XIDs
	Newest  string
	Oldest  string  // the log that the reading begins with
	XIDs    Numbers // of those logs, as far as they were wanted
	Missing []string
	Damage  []parse.Damage // of those logs; a server stops reading a log at its damage, without a word

	// Refused: the checkpoint names a log that is not in the index. The server
	// says "Binlog file '…' not found in binlog index, needed for recovery.
	// Aborting." and does not start.
	Refused bool

	// Encrypted: a log cannot be read without its key, so XIDs is not all.
	Encrypted bool
}

// Complete reports whether XIDs is what the server would find.
func (r *Recovery) Complete() bool {
	return r.Known && !r.Encrypted && !r.Refused && len(r.Missing) == 0
}

// Recover puts together what the logs of an index say. file returns a log by
// the name of its entry, nil if it is not there; it is asked only for the logs
// that are needed, newest first, then from the oldest on.
func Recover(index Index, file func(Entry) *File) Recovery {
	var r Recovery
	last, ok := index.Last()
	if !ok {
		return r
	}
	r.Newest, r.Oldest = last.Base(), last.Base()
	newest := file(last)
	if newest == nil {
		r.Missing = append(r.Missing, last.Base())
		return r
	}
	r.Encrypted = newest.Encrypted
	if newest.Format == nil {
		r.addDamage(newest)
		return r
	}
	r.Known, r.InUse = true, newest.InUse()
	if !r.InUse {
		return r
	}
	first := len(index.Entries) - 1
	if newest.Checkpoint != "" {
		r.Oldest = Entry{Path: newest.Checkpoint}.Base()
		if first = position(index, r.Oldest); first < 0 {
			r.Refused = true
			first = len(index.Entries) - 1
		}
	}
	for i := first; i < len(index.Entries); i++ {
		f := newest
		if i < len(index.Entries)-1 {
			f = file(index.Entries[i])
		}
		if f == nil {
			r.Missing = append(r.Missing, index.Entries[i].Base())
			continue
		}
		r.Encrypted = r.Encrypted || f.Encrypted
		r.XIDs.AddAll(&f.XIDs)
		r.addDamage(f)
	}
	return r
}

func (r *Recovery) addDamage(f *File) {
	if f.Damage != nil {
		r.Damage = append(r.Damage, *f.Damage)
	}
}

// position returns where a log stands in an index, -1 if it does not.
func position(index Index, base string) int {
	for i := len(index.Entries) - 1; i >= 0; i-- {
		if index.Entries[i].Base() == base {
			return i
		}
	}
	return -1
}
