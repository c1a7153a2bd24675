package smartengine

import (
	"encoding/binary"
	"fmt"

	"github.com/lastwrite/lastwrite/parse"
)

// Values of number_of_lines, the primary key of the tables' single rows
// (sql/consensus/consensus_info.cc, consensus_applier_info.cc of wesql/wesql).
const (
	infoLine    = 10
	applierLine = 3
)

// maxRow is the longest value that a row of the tables can have: three texts
// of 256, 6000 and 6000 characters of up to 3 bytes, and numbers.
const maxRow = 64 << 10

// An Info is the row of mysql.consensus_info: the raft state of the node beside
// its log. Columns that are NULL are 0 or empty.
type Info struct {
	VoteFor            uint64 // server id voted for in CurrentTerm, 0 for none
	CurrentTerm        uint64
	RecoverStatus      uint64 // 0 follower, 1 was leader
	LastLeaderTerm     uint64
	StartApplyIndex    uint64
	ClusterID          string
	Members            string // cluster_info
	Learners           string // cluster_learner_info
	ConfigRecoverIndex uint64
}

// An Applier is the row of mysql.consensus_applier_info.
type Applier struct {
	Workers    uint32
	ApplyIndex uint64 // Consensus_apply_index
}

// A Worker is a row of mysql.consensus_applier_worker.
type Worker struct {
	ID         uint32
	ApplyIndex uint64
}

// ParseInfo reads the value of a row of mysql.consensus_info. cluster_id is a
// VARCHAR, in older versions a BIGINT.
func ParseInfo(file string, base int64, value []byte) (Info, *parse.Damage) {
	out, damage := parseInfo(file, base, value, false)
	if damage != nil {
		if old, worse := parseInfo(file, base, value, true); worse == nil {
			return old, nil
		}
	}
	return out, damage
}

func parseInfo(file string, base int64, value []byte, numericID bool) (Info, *parse.Damage) {
	d := newDecoder(file, "consensus_info", base, value)
	var out Info
	nulls := rowHeader(d, 2)
	column := 0
	null := func() bool {
		bit := nulls>>column&1 != 0
		column++
		return bit
	}
	number := func(field string, to *uint64) {
		if !null() {
			*to = d.U64(field)
		}
	}
	text := func(field string, to *string) {
		if !null() {
			*to = string(d.Bytes(field, int64(d.U16(field+".length"))))
		}
	}
	number("vote_for", &out.VoteFor)
	number("current_term", &out.CurrentTerm)
	number("recover_status", &out.RecoverStatus)
	number("last_leader_term", &out.LastLeaderTerm)
	number("start_apply_index", &out.StartApplyIndex)
	if numericID {
		var id uint64
		if number("cluster_id", &id); nulls>>5&1 == 0 {
			out.ClusterID = fmt.Sprint(id)
		}
	} else {
		text("cluster_id", &out.ClusterID)
	}
	text("cluster_info", &out.Members)
	text("cluster_learner_info", &out.Learners)
	number("cluster_config_recover_index", &out.ConfigRecoverIndex)
	if nulls>>column != 0 {
		d.FailAt("nulls", parse.BadValue, base+1, 2, "bits of 9 columns", fmt.Sprintf("%04x", nulls))
	}
	return out, rowEnd(d)
}

// ParseApplier reads the value of a row of mysql.consensus_applier_info.
func ParseApplier(file string, base int64, value []byte) (Applier, *parse.Damage) {
	d := newDecoder(file, "consensus_applier_info", base, value)
	var out Applier
	nulls := rowHeader(d, 1)
	if nulls > 1 {
		d.FailAt("nulls", parse.BadValue, base+1, 1, "one bit", fmt.Sprintf("%02x", nulls))
	}
	if nulls == 0 {
		out.Workers = d.U32("Number_of_workers")
	}
	out.ApplyIndex = d.U64("Consensus_apply_index")
	return out, rowEnd(d)
}

// ParseWorker reads the value of a row of mysql.consensus_applier_worker; the
// id stands in the key.
func ParseWorker(file string, base int64, value []byte) (Worker, *parse.Damage) {
	d := newDecoder(file, "consensus_applier_worker", base, value)
	rowHeader(d, 0)
	if n := d.U32("Number_of_lines"); d.OK() && n != applierLine {
		d.FailAt("Number_of_lines", parse.BadValue, base+1, 4, fmt.Sprint(applierLine), fmt.Sprint(n))
	}
	out := Worker{ApplyIndex: d.U64("Consensus_apply_index")}
	return out, rowEnd(d)
}

// rowHeader reads the header byte and the bitmap of NULL columns, first column
// lowest.
func rowHeader(d decoder, nullBytes int64) (nulls uint16) {
	if h := d.U8("header"); d.OK() && h != 0 {
		d.FailAt("header", parse.BadValue, d.Offset()-1, 1, "00, a row without instant columns", fmt.Sprintf("%02x", h))
	}
	for i, b := range d.Bytes("nulls", nullBytes) {
		nulls |= uint16(b) << (8 * i)
	}
	return nulls
}

func rowEnd(d decoder) *parse.Damage {
	if d.OK() && d.Left() > 0 {
		d.Fail("row", parse.Trailing, d.Left(), "the end of the row", fmt.Sprintf("%d more bytes", d.Left()))
	}
	return d.Damage()
}

// A rowKey is the key of a row with an INT UNSIGNED primary key.
type rowKey struct {
	subtable uint32
	line     uint32
}

// parseRowKey reads a user key: the big-endian id of the index and the
// primary key in memory-comparable form.
func parseRowKey(key []byte) (rowKey, bool) {
	if len(key) != 8 {
		return rowKey{}, false
	}
	return rowKey{binary.BigEndian.Uint32(key), binary.BigEndian.Uint32(key[4:])}, true
}

// A version is what one write left of a row.
type version struct {
	sequence uint64
	deleted  bool
	value    []byte // its own memory
	span     parse.Span
}

// looksRight reports whether a value of that length may belong to one of the
// three tables.
func (k rowKey) looksRight(length int64) bool {
	switch {
	case length > maxRow:
		return false
	case k.line == infoLine && length >= 3:
		return true
	case k.line == applierLine && (length == 14 || length == 10):
		return true
	}
	return length == 13
}

// maxRows is how many rows are followed: three tables with at most 1024
// workers, and what is mistaken for them.
const maxRows = 4096

// rows holds the newest version of each row.
type rows map[rowKey]version

func (r rows) put(k rowKey, v version) {
	have, ok := r[k]
	if ok && have.sequence > v.sequence || !ok && (v.deleted || len(r) >= maxRows) {
		return
	}
	r[k] = v
}
