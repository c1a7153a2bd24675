package hostlayout

import "strconv"

// A Role is what a node does in its cluster. The zero value is Voter, as in
// the files of the Go applications.
type Role uint8

// The roles, numbered as info.yaml, cluster.yaml and raft_nodes number them
// (go-cowsql internal/protocol/constants.go).
const (
	Voter   Role = 0 // votes and holds the data
	Standby Role = 1 // holds the data, does not vote
	Spare   Role = 2 // neither votes nor holds data
)

// String returns "voter", "standby" or "spare", the words of the C server
// interface.
func (r Role) String() string {
	switch r {
	case Voter:
		return "voter"
	case Standby:
		return "standby"
	case Spare:
		return "spare"
	}
	return "role " + strconv.Itoa(int(r))
}

// GoWord returns the word of the Go client: "voter", "stand-by" or "spare"
// (go-dqlite internal/protocol/store.go NodeRole.String).
func (r Role) GoWord() string {
	if r == Standby {
		return "stand-by"
	}
	return r.String()
}

// LogCode returns the number of r in the raft log: 0 standby, 1 voter,
// 2 spare (cowsql src/translate.c translateCowsqlRole).
func (r Role) LogCode() uint8 {
	switch r {
	case Voter:
		return 1
	case Standby:
		return 0
	}
	return uint8(r)
}

// RoleFromLog returns the role that the raft log stores as code. ok is false
// for a code that has no role.
func RoleFromLog(code uint8) (r Role, ok bool) {
	switch code {
	case 0:
		return Standby, true
	case 1:
		return Voter, true
	case 2:
		return Spare, true
	}
	return 0, false
}

// roleFromNumber reads the number of a YAML file or of raft_nodes.
func roleFromNumber(n uint64) (Role, bool) { return Role(n & 3), n <= uint64(Spare) }

// roleFromWord reads the words of the C and of the Go interface.
func roleFromWord(s string) (Role, bool) {
	switch s {
	case "voter":
		return Voter, true
	case "standby", "stand-by":
		return Standby, true
	case "spare":
		return Spare, true
	}
	return 0, false
}
