package cowsql

import (
	"encoding/binary"
	"fmt"

	"github.com/lastwrite/lastwrite/parse"
)

// A Role is a server's role as the raft log codes it (cowsql/raft
// include/raft.h). The YAML files use other numbers.
type Role uint8

// The roles of the raft log.
const (
	Standby Role = 0 // replicates the log, does not vote
	Voter   Role = 1
	Spare   Role = 2 // does neither
)

func (r Role) String() string {
	switch r {
	case Standby:
		return "standby"
	case Voter:
		return "voter"
	case Spare:
		return "spare"
	}
	return fmt.Sprintf("role %d", uint8(r))
}

// A Server is one member of a configuration.
type Server struct {
	ID      uint64
	Address string
	Role    Role
}

// A Configuration is the payload of a type-3 entry and of a snapshot's .meta
// file (cowsql/raft src/configuration.c configurationDecode).
type Configuration struct {
	Servers []Server
	Padding int // bytes behind the last server; their content means nothing
}

// ParseConfiguration decodes a configuration that stands at offset base of
// file. prefix names the structure it belongs to.
func ParseConfiguration(file, prefix string, base int64, buf []byte) (Configuration, *parse.Damage) {
	c := parse.NewCursor(file, prefix, base, buf)
	var out Configuration
	if f := c.U8("encoding"); c.OK() && f != 1 {
		c.FailAt("encoding", parse.BadVersion, base, 1, "1", fmt.Sprint(f))
	}
	n := c.U64("servers")
	ids, addresses := map[uint64]bool{}, map[string]bool{}
	for i := uint64(0); i < n && c.OK(); i++ {
		at := c.Offset()
		s := Server{ID: c.U64(fmt.Sprintf("server[%d].id", i)), Address: c.Text(fmt.Sprintf("server[%d].address", i))}
		s.Role = Role(c.U8(fmt.Sprintf("server[%d].role", i)))
		if !c.OK() {
			break
		}
		switch {
		case s.Role > Spare:
			c.FailAt(fmt.Sprintf("server[%d].role", i), parse.BadValue, c.Offset()-1, 1, "0, 1 or 2", fmt.Sprint(uint8(s.Role)))
		case ids[s.ID]:
			c.FailAt(fmt.Sprintf("server[%d].id", i), parse.BadValue, at, 8, "an id of its own", fmt.Sprintf("%d again", s.ID))
		case addresses[s.Address]:
			c.FailAt(fmt.Sprintf("server[%d].address", i), parse.BadValue, at+8, int64(len(s.Address)), "an address of its own", fmt.Sprintf("%q again", s.Address))
		default:
			ids[s.ID], addresses[s.Address] = true, true
			out.Servers = append(out.Servers, s)
		}
	}
	out.Padding = int(c.Left())
	return out, c.Damage()
}

// Encode returns the configuration as the library writes it, padded with
// zeros to a multiple of 8 bytes.
func (c Configuration) Encode() []byte {
	out := []byte{1}
	out = binary.LittleEndian.AppendUint64(out, uint64(len(c.Servers)))
	for _, s := range c.Servers {
		out = binary.LittleEndian.AppendUint64(out, s.ID)
		out = append(append(out, s.Address...), 0, byte(s.Role))
	}
	return append(out, make([]byte, pad8(len(out))-len(out))...)
}

// Voters returns the number of voters.
func (c Configuration) Voters() int {
	n := 0
	for _, s := range c.Servers {
		if s.Role == Voter {
			n++
		}
	}
	return n
}

// Equal reports whether both have the same servers in the same order.
func (c Configuration) Equal(d Configuration) bool {
	if len(c.Servers) != len(d.Servers) {
		return false
	}
	for i := range c.Servers {
		if c.Servers[i] != d.Servers[i] {
			return false
		}
	}
	return true
}

func pad8(n int) int { return (n + 7) / 8 * 8 }
