package wesql

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// Values of Change (plugin/raft_replication/raft/consensus/protocol/paxos.proto,
// paxos.h).
const (
	MemberChange  = 1 // Change.Kind
	LearnerChange = 2

	AddNode       = 3 // Change.Op
	DeleteNode    = 4
	ConfigureNode = 5
	DowngradeNode = 6
	SyncLearners  = 7
	AddAutoChange = 8
	LeaderMove    = 9
)

// limits of what is kept of a message.
const (
	maxAddresses = 256
	maxAddress   = 256
)

// A Change is a membership change.
type Change struct {
	Index, Term uint64
	Kind, Op    uint64
	Addresses   []string
	Servers     []string
	Learners    []string
	ServerID    uint64
	Weight      uint64
}

// parseChange reads a ConfigureChangeValue message. ok is false if it is not
// one; what was read until then is returned.
func parseChange(b []byte) (c *Change, ok bool) {
	c = &Change{}
	for len(b) > 0 {
		tag, n := binary.Uvarint(b)
		if n <= 0 {
			return c, false
		}
		b = b[n:]
		switch tag & 7 {
		case 0:
			v, n := binary.Uvarint(b)
			if n <= 0 {
				return c, false
			}
			b = b[n:]
			switch tag >> 3 {
			case 1:
				c.Kind = v
			case 2:
				c.Op = v
			case 6:
				c.ServerID = v
			case 8:
				c.Weight = v
			}
		case 2:
			v, n := binary.Uvarint(b)
			if n <= 0 || v > uint64(len(b)-n) {
				return c, false
			}
			c.add(tag>>3, b[n:n+int(v)])
			b = b[n+int(v):]
		default:
			return c, false
		}
	}
	return c, true
}

func (c *Change) add(field uint64, b []byte) {
	list := map[uint64]*[]string{3: &c.Addresses, 4: &c.Servers, 5: &c.Learners}[field]
	if list == nil || len(*list) == maxAddresses || len(b) > maxAddress {
		return
	}
	*list = append(*list, strings.ToValidUTF8(string(b), "\uFFFD"))
}

// String describes the change: "downgrade member 10.0.1.2:13306".
func (c *Change) String() string {
	what := map[uint64]string{AddNode: "add", DeleteNode: "drop", ConfigureNode: "configure", DowngradeNode: "downgrade", SyncLearners: "sync", AddAutoChange: "add for automatic change", LeaderMove: "leader transfer"}[c.Op]
	if what == "" {
		what = fmt.Sprintf("operation %d", c.Op)
	}
	who := map[uint64]string{MemberChange: "member", LearnerChange: "learner"}[c.Kind]
	if c.Kind == MemberChange && c.Op == AddNode {
		what, who = "upgrade", "learner"
	}
	return strings.TrimSpace(what + " " + who + " " + strings.Join(c.Addresses, ", "))
}
