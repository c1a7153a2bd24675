package galera

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"github.com/lastwrite/lastwrite/parse"
)

// A NodeState is the state of a member in a configuration change (galera
// gcs/src/gcs.hpp gcs_node_state).
type NodeState uint8

// String returns the name that error logs print.
func (s NodeState) String() string {
	names := [...]string{"NON-PRIMARY", "PRIMARY", "JOINER", "DONOR/DESYNCED", "JOINED", "SYNCED"}
	if int(s) < len(names) {
		return names[s]
	}
	return fmt.Sprintf("state %d", uint8(s))
}

// A ChangeMember is one member of a new configuration.
type ChangeMember struct {
	UUID     UUID   // of its process
	Name     string // wsrep_node_name, or that of the arbitrator
	Incoming string // address for clients, empty for arbitrators
	Cached   int64  // lowest seqno in its cache, -1 if none
	State    NodeState
}

// A Change is a configuration change: a view of the replication group (galera
// gcs/src/gcs_act_cchange.cpp). Galera 3 does not keep them.
type Change struct {
	ReplProto, ApplProto int64 // protocol versions
	Group                UUID  // history
	Seqno                int64 // its own place in the history
	ConfID               int64 // counts the configurations of a primary component, -1: not primary
	VoteSeqno, VoteCode  int64 // the last vote on an inconsistency, its seqno and result
	Members              []ChangeMember
}

const (
	changeVersion  = 0
	changeChecksum = 8
	maxChange      = 64 << 10 // bytes; one of a hundred members has 10 KiB
)

// parseChange reads the payload of a configuration change, which stands at
// offset at of file. What could be read comes back with the first damage.
func parseChange(file, prefix string, at int64, b []byte) (*Change, *parse.Damage) {
	ch := new(Change)
	body := b[:max(0, len(b)-changeChecksum)]
	c := parse.NewCursor(file, prefix, at, body)
	if v := c.U8("version"); c.OK() && v != changeVersion {
		c.FailAt("version", parse.BadVersion, at, 1, "0", fmt.Sprint(v))
	}
	if c.OK() {
		stored, computed := binary.LittleEndian.Uint64(b[len(body):]), fastHash(body)
		if stored != computed {
			c.FailAt("checksum", parse.BadChecksum, at+int64(len(body)), changeChecksum, fmt.Sprintf("%016x", computed), fmt.Sprintf("%016x", stored))
			damage := c.Damage()
			c = parse.NewCursor(file, prefix, at+1, body[1:]) // the rest may be readable all the same
			ch.read(c)
			return ch, damage
		}
	}
	ch.read(c)
	return ch, c.Damage()
}

func (ch *Change) read(c *parse.Cursor) {
	start := c.Offset()
	text := c.Text("text")
	if !c.OK() {
		return
	}
	parts := strings.FieldsFunc(text, func(r rune) bool { return r == ',' })
	bad := func() {
		c.FailAt("text", parse.BadText, start, int64(len(text)), "0,repl,appl,uuid:seqno,conf_id,vote seqno,vote,members", quote(text))
	}
	if len(parts) != 8 {
		bad()
		return
	}
	group, seqno, _ := strings.Cut(parts[3], ":")
	var ok bool
	if ch.Group, ok = ParseUUID(group); !ok {
		bad()
		return
	}
	var version, members int64
	for i, v := range []*int64{&version, &ch.ReplProto, &ch.ApplProto, &ch.Seqno, &ch.ConfID, &ch.VoteSeqno, &ch.VoteCode, &members} {
		word := parts[i]
		if i == 3 {
			word = seqno
		}
		var err error
		if *v, err = strconv.ParseInt(word, 10, 64); err != nil {
			bad()
			return
		}
	}
	for i := int64(0); i < members; i++ {
		var m ChangeMember
		at := c.Offset()
		field := func(name string) string { return fmt.Sprintf("member[%d].%s", i, name) }
		id := c.Text(field("uuid"))
		m.Name, m.Incoming = c.Text(field("name")), c.Text(field("incoming"))
		m.Cached, m.State = int64(c.U64(field("cached"))), NodeState(c.U8(field("state")))
		if !c.OK() {
			return
		}
		if m.UUID, ok = ParseUUID(id); !ok {
			c.FailAt(field("uuid"), parse.BadText, at, int64(len(id)), "a UUID", quote(id))
			return
		}
		ch.Members = append(ch.Members, m)
	}
	if n := c.Left(); n >= 8 || !isZero(c.Bytes("padding", n)) {
		c.FailAt("padding", parse.Trailing, c.Offset()-n, n, "less than 8 zeros", fmt.Sprintf("%d bytes", n))
	}
}
