package optionfile

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/lastwrite/lastwrite/parse"
)

// A Variable is one assignment of a shell file such as /etc/default/mysql, or
// of a file with systemd's Environment settings.
type Variable struct {
	parse.Span        // of the line
	Name       string // such as "_WSREP_NEW_CLUSTER"
	Value      string // "" if Redacted
	Redacted   bool
	Options    []ProviderOption // of GALERA_OPTIONS
}

// An Environment is what such a file says.
type Environment struct {
	Variables []Variable
	Settings  Settings // options of command lines in the variables, group "command-line"
	Damage    []parse.Damage
}

// CommandLine is the group of settings that stand on a command line.
const CommandLine = "command-line"

// commandLines are the variables whose value is a piece of the server's
// command line (MariaDB/server support-files/mariadb.service.in and
// scripts/galera_new_cluster.sh; PXC's mysql.bootstrap).
var commandLines = []string{
	"_WSREP_NEW_CLUSTER", "_WSREP_START_POSITION", "MYSQLD_OPTS", "MYSQLD_EXTRA_OPTS", "EXTRA_ARGS", "EXTRA_OPTS", "MYSQLD_ARGS", "MYSQLD_RECOVER_OPTS",
}

// keptVariables are the variables whose value is kept. Others may hold
// anything.
var keptVariables = []string{
	"GALERA_GROUP", "LOG_FILE", "WORK_DIR",
	"MYSQLD_STARTUP_TIMEOUT", "DATADIR", "MYSQL_DATADIR", "MARIADB_DATADIR",
}

// ParseEnvironment reads assignments: NAME=value, "export" and systemd's
// Environment= in front are allowed, quotes as in a shell. Nothing is
// expanded.
func ParseEnvironment(file string, data []byte) Environment {
	var out Environment
	if len(data) > maxFile {
		out.Damage = append(out.Damage, parse.Damage{Span: parse.Span{File: file, Offset: maxFile}, Kind: parse.BadValue, Want: fmt.Sprintf("up to %d bytes", maxFile), Got: "more"})
		data = data[:maxFile]
	}
	for off := int64(0); off < int64(len(data)) && len(out.Variables) < maxSettings; {
		l, size := nextLine(off, data[off:])
		off += size
		text := trimRight(trimLeft(l.text))
		text = trimLeft(bytes.TrimPrefix(text, []byte("export ")))
		at := parse.Span{File: file, Offset: l.off, Length: int64(len(l.text))}
		if rest, ok := bytes.CutPrefix(text, []byte("Environment=")); ok {
			for _, word := range splitWords(rest) {
				name, value, ok := strings.Cut(word, "=")
				out.assign(at, name, value, ok)
			}
		} else if name, value, ok := bytes.Cut(text, []byte("=")); ok {
			out.assign(at, string(name), strings.Join(splitWords(value), " "), true)
		}
	}
	return out
}

// assign keeps what may be known of an assignment.
func (e *Environment) assign(at parse.Span, name, value string, ok bool) {
	if !ok || !isName(name) || len(e.Variables) >= maxSettings {
		return
	}
	at.Field = name
	v := Variable{Span: at, Name: name, Redacted: true}
	switch {
	case slices.Contains(commandLines, name):
		settings := commandLine(at, strings.Fields(value))
		e.Settings = append(e.Settings, slices.DeleteFunc(slices.Clone(settings), func(s Setting) bool { return s.Name == "" })...)
		v.Redacted = slices.ContainsFunc(settings, func(s Setting) bool { return s.Redacted })
	case name == "GALERA_NODES":
		v.Redacted = slices.ContainsFunc(nodes(value), func(n string) bool { return !isHost(n) })
	case name == "GALERA_OPTIONS":
		v.Options = parseProviderOptions(value)
		v.Redacted = anyRedacted(v.Options)
	case slices.Contains(keptVariables, name):
		v.Redacted = holdsSecret(value)
	}
	if !v.Redacted {
		v.Value = value
	}
	e.Variables = append(e.Variables, v)
}

// commandLine reads options such as --wsrep-new-cluster. Words that are no
// option are values of the one before, or nothing that is known: any of them
// makes the whole unsafe to keep.
func commandLine(at parse.Span, words []string) (out Settings) {
	for _, w := range words {
		name, value, hasValue := strings.Cut(strings.TrimPrefix(w, "--"), "=")
		if !strings.HasPrefix(w, "--") || !isName(name) {
			out = append(out, Setting{Span: at, Group: CommandLine, Redacted: true})
			continue
		}
		s := Setting{Span: at, Group: CommandLine, Name: canonical(name), HasValue: hasValue}
		s.Field += "." + s.Name
		if hasValue {
			s.set(value)
		}
		out = append(out, s)
	}
	return out
}

// ParseCommandLine reads the options of a saved command line; other words are
// left out.
func ParseCommandLine(at parse.Span, text string) Settings {
	return slices.DeleteFunc(commandLine(at, splitWords([]byte(text))), func(s Setting) bool { return s.Name == "" })
}

// splitWords splits as a shell does: blanks outside of quotes, quotes removed,
// a comment ends the line.
func splitWords(b []byte) (out []string) {
	var word strings.Builder
	var quote byte
	in := false
	flush := func() {
		if in {
			out = append(out, word.String())
		}
		word.Reset()
		in = false
	}
	for i, c := range b {
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
			word.WriteByte(c)
		case c == '"' || c == '\'':
			quote, in = c, true
		case isSpace(c):
			flush()
		case c == '#' && !in && i > 0:
			return out
		default:
			in = true
			word.WriteByte(c)
		}
	}
	flush()
	return out
}

// nodes splits GALERA_NODES, whose nodes stand between blanks or commas.
func nodes(text string) (out []string) {
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ' ' || r == ',' }) {
		_, host, ok := strings.Cut(word, "://")
		if !ok {
			host = word
		}
		if host != "" {
			out = append(out, host)
		}
	}
	return out
}

// An Arbitrator is the configuration of garbd (codership/galera
// garb/files/garb.cnf, garb/files/garb-systemd): /etc/default/garb or
// /etc/sysconfig/garb.
type Arbitrator struct {
	Set     bool     // a group or nodes are given
	Nodes   []string // host or host:port
	Group   string   // the cluster's name
	Options []ProviderOption
	LogFile string
	WorkDir string
}

// Arbitrator returns the configuration of garbd that the variables make.
func (e Environment) Arbitrator() Arbitrator {
	var out Arbitrator
	for _, v := range e.Variables {
		switch v.Name {
		case "GALERA_NODES":
			out.Nodes = nodes(v.Value)
			out.Set = out.Set || len(out.Nodes) > 0
		case "GALERA_GROUP":
			out.Group, out.Set = v.Value, out.Set || v.Value != ""
		case "GALERA_OPTIONS":
			out.Options = v.Options
		case "LOG_FILE":
			out.LogFile = v.Value
		case "WORK_DIR":
			out.WorkDir = v.Value
		}
	}
	return out
}
