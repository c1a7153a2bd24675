package hostlayout

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/lastwrite/lastwrite/parse"
)

// A Patch is a patch.local.sql or patch.global.sql: statements that the next
// start of the daemon runs and then deletes. A file that is still there means
// that a repair was prepared and the daemon has not started since.
type Patch struct {
	File       string
	Statements int
	Addresses  []AddressUpdate // of the statements that change a member's address; others are not kept
}

// An AddressUpdate is a statement of a recovery command that gives a member a
// new address.
type AddressUpdate struct {
	ID      Value[uint64] // Incus and LXD (internal/server/cluster/recover.go Reconfigure)
	Name    Value[string] // microcluster (internal/recover/recover.go writeGlobalMembersPatch)
	Address string
}

// ParsePatch counts the statements of a patch file and reads the address
// changes among them.
func ParsePatch(file string, data []byte) (Patch, []parse.Damage) {
	p := Patch{File: file}
	if len(data) > maxText {
		return p, []parse.Damage{tooLarge(file, maxText)}
	}
	byID := regexp.MustCompile(`^UPDATE nodes SET address = ("(?:[^"\\]|\\.)*") WHERE id = ([0-9]{1,20})$`)
	byName := regexp.MustCompile(`^UPDATE core_cluster_members SET address = ("(?:[^"\\]|\\.)*") WHERE name = ("(?:[^"\\]|\\.)*")$`)
	var damage []parse.Damage
	rest := string(data)
	for off := 0; rest != ""; {
		n, closed := statementLength(rest)
		text := strings.TrimSpace(strings.TrimSuffix(rest[:n], ";"))
		at := parse.Span{File: file, Offset: int64(off), Length: int64(n), Field: "statement[" + strconv.Itoa(p.Statements) + "]"}
		if !closed {
			damage = append(damage, parse.Damage{Span: at, Kind: parse.Truncated, Want: "the end of a quoted text or comment", Got: "the end of the file"})
		}
		if u, ok := addressUpdate(byID.FindStringSubmatch(text), byName.FindStringSubmatch(text), at); ok {
			p.Addresses = append(p.Addresses, u)
		}
		if !onlyComments(text) {
			p.Statements++
		}
		rest, off = rest[n:], off+n
	}
	return p, damage
}

// addressUpdate reads the texts that the programs quoted with Go's %q.
func addressUpdate(byID, byName []string, at parse.Span) (AddressUpdate, bool) {
	var u AddressUpdate
	match := byID
	if match == nil {
		match = byName
	}
	if match == nil {
		return u, false
	}
	address, err := strconv.Unquote(match[1])
	if err != nil {
		return u, false
	}
	u.Address = address
	if byID != nil {
		id, err := strconv.ParseUint(match[2], 10, 64)
		u.ID = set(id, at)
		return u, err == nil
	}
	name, err := strconv.Unquote(match[2])
	u.Name = set(name, at)
	return u, err == nil
}

// statementLength returns the length of the first statement of s with its
// semicolon, as SQLite splits statements. closed is false when s ends in a
// quoted text or a comment.
func statementLength(s string) (n int, closed bool) {
	for i := 0; i < len(s); {
		end := ""
		switch {
		case s[i] == ';':
			return i + 1, true
		case s[i] == '\'' || s[i] == '"' || s[i] == '`':
			end = s[i : i+1]
		case s[i] == '[':
			end = "]"
		case strings.HasPrefix(s[i:], "--"):
			end = "\n"
		case strings.HasPrefix(s[i:], "/*"):
			i, end = i+1, "*/"
		default:
			i++
			continue
		}
		next := strings.Index(s[i+1:], end)
		if next < 0 {
			return len(s), end == "\n"
		}
		i += 1 + next + len(end)
	}
	return len(s), true
}

// onlyComments reports whether a statement does nothing.
func onlyComments(s string) bool {
	for {
		s = strings.TrimSpace(s)
		end, found := "", false
		switch {
		case s == "":
			return true
		case strings.HasPrefix(s, "--"):
			end = "\n"
		case strings.HasPrefix(s, "/*"):
			end = "*/"
		default:
			return false
		}
		if _, s, found = strings.Cut(s[2:], end); !found {
			return true
		}
	}
}
