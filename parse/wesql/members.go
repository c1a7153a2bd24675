package wesql

import (
	"strconv"
	"strings"
)

// A Member is one slot of a member string.
type Member struct {
	Address   string // "" for an empty slot
	Weight    int    // of the election, 0 to 9; 5 if none is written
	ForceSync bool
}

// Members is a parsed member string.
type Members struct {
	Text     string
	List     []Member
	Position int // of the node itself, counted from 1; 0: it starts as a learner
}

// ParseMembers reads a member string. ok is false if it does not follow the
// grammar; the parts that do are returned.
func ParseMembers(text string) (m Members, ok bool) {
	m.Text = text
	ok = true
	list := text
	if at := strings.LastIndexByte(text, '@'); at >= 0 {
		list = text[:at]
		n, err := strconv.Atoi(text[at+1:])
		if ok = err == nil && n > 0; ok {
			m.Position = n
		}
	}
	for _, part := range strings.Split(list, ";") {
		if part == "" || len(m.List) == maxAddresses {
			continue
		}
		one := Member{Weight: 5}
		if part != "0" {
			address, weight, has := strings.Cut(part, "#")
			one.Address = address
			if has {
				weight, one.ForceSync = strings.CutSuffix(weight, "S")
				n, err := strconv.Atoi(weight)
				one.Weight = n
				ok = ok && err == nil && n >= 0 && n <= 9
			}
			ok = ok && isAddress(address)
		}
		m.List = append(m.List, one)
	}
	return m, ok && len(m.List) > 0 && m.Position <= len(m.List)
}

// Own returns the address of the node itself: its slot, or the only address of
// a learner.
func (m Members) Own() string {
	if m.Position > 0 && m.Position <= len(m.List) {
		return m.List[m.Position-1].Address
	}
	if m.Position == 0 && len(m.List) == 1 {
		return m.List[0].Address
	}
	return ""
}

// Addresses returns the addresses of the members, without empty slots.
func (m Members) Addresses() []string {
	var out []string
	for _, x := range m.List {
		if x.Address != "" {
			out = append(out, x.Address)
		}
	}
	return out
}

// Forced reports whether the string is what force_single_mode leaves: a single
// member, not in the first slot, or in front of empty ones.
func (m Members) Forced() bool {
	empty := 0
	for _, x := range m.List {
		if x.Address == "" {
			empty++
		}
	}
	return empty > 0 && len(m.List)-empty == 1 && m.Position > 0
}

// isAddress reports whether text is host:port.
func isAddress(text string) bool {
	at := strings.LastIndexByte(text, ':')
	if at <= 0 || len(text) > maxAddress {
		return false
	}
	port, err := strconv.ParseUint(text[at+1:], 10, 16)
	if err != nil || port == 0 {
		return false
	}
	for _, c := range []byte(text[:at]) {
		if c <= ' ' || c >= 0x7f || c == ';' || c == '@' || c == '#' {
			return false
		}
	}
	return true
}
