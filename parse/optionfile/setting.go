package optionfile

import (
	"slices"
	"strings"

	"github.com/lastwrite/lastwrite/parse"
)

// A Setting is one option of one file.
type Setting struct {
	parse.Span        // from the first byte of the name to the last of the value
	Group      string // as written, without brackets
	Name       string // with "_" for "-", without "loose_"
	HasValue   bool   // there is a "="
	Value      string // without quotes and escapes; "" if Redacted
	Redacted   bool   // the value was not kept: it is a secret, or of an option that may hold one

	// Options are the parts of wsrep_provider_options, and of what follows "?"
	// in wsrep_cluster_address. Value has the first in their usual form, and
	// of the second only what stands before the "?".
	Options []ProviderOption
}

// Settings are settings in the order in which a server meets them.
type Settings []Setting

// Groups are the names of groups that a program reads. Case does not matter.
type Groups struct {
	Names    []string
	Prefixes []string // a group that begins with one of them counts too
	Suffix   string   // --defaults-group-suffix: each name counts with it, too
}

// A Flavor tells whose option groups a server reads.
type Flavor uint8

// The flavors.
const (
	AnyServer Flavor = iota
	MariaDB
	MySQL
)

// ServerGroups returns the groups that a server of a version such as "10.11"
// reads (MariaDB/server and mysql/mysql-server sql/mysqld.cc
// load_default_groups; mariadbd --help --verbose prints them). Without a version the groups of all versions count.
func ServerGroups(flavor Flavor, version string) Groups {
	g := Groups{Names: []string{"mysqld", "server"}}
	versioned := []string{"mysqld-"}
	if flavor != MySQL {
		g.Names = append(g.Names, "mariadb", "mariadbd", "client-server", "galera")
		versioned = append(versioned, "mariadb-", "mariadbd-")
	}
	if version == "" {
		g.Prefixes = versioned
		return g
	}
	for _, v := range versioned {
		g.Names = append(g.Names, v+version)
	}
	return g
}

// Contains reports whether a group is read.
func (g Groups) Contains(group string) bool {
	match := func(name string) bool {
		return strings.EqualFold(name, group) || g.Suffix != "" && strings.EqualFold(name+g.Suffix, group)
	}
	return slices.ContainsFunc(g.Names, match) || slices.ContainsFunc(g.Prefixes, func(p string) bool {
		if len(group) <= len(p) || !strings.EqualFold(group[:len(p)], p) {
			return false
		}
		rest := group[len(p):]
		return strings.Trim(rest, "0123456789.") == "" || g.Suffix != "" && strings.Trim(strings.TrimSuffix(rest, g.Suffix), "0123456789.") == ""
	})
}

// In returns the settings of the groups.
func (s Settings) In(g Groups) Settings {
	var out Settings
	for _, x := range s {
		if g.Contains(x.Group) {
			out = append(out, x)
		}
	}
	return out
}

// Last returns the setting of an option that counts: the last one. Names
// differ neither by case of "-" and "_" nor by the prefixes "skip_" and
// "disable_" (the option is off) and "enable_" (it is on), as in
// mysys/my_getopt.c my_handle_options.
func (s Settings) Last(name string) (Setting, bool) {
	name = canonical(name)
	for i := len(s) - 1; i >= 0; i-- {
		x := s[i]
		if x.Name == name {
			return x, true
		}
		prefix, ok := strings.CutSuffix(x.Name, name)
		if !ok || x.HasValue && isOff(x.Value) {
			continue
		}
		switch prefix {
		case "skip_", "disable_":
			x.HasValue, x.Value = true, "0"
			return x, true
		case "enable_":
			x.HasValue, x.Value = true, "1"
			return x, true
		}
	}
	return Setting{}, false
}

// canonical writes a name as Setting.Name does.
func canonical(name string) string {
	return strings.TrimPrefix(strings.ReplaceAll(name, "-", "_"), "loose_")
}
