package optionfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/lastwrite/lastwrite/parse"
)

// Limits that no real configuration comes near.
const (
	maxFile     = 1 << 20 // bytes of one file
	maxFiles    = 256
	maxSettings = 20000
	maxDamage   = 200
	maxSkipped  = 1000
	maxDepth    = 10 // as in my_default.c max_recursion_level
)

// A File is one option file that was read.
type File struct {
	Name          string
	Size          int64
	WorldWritable bool // the server ignores such a file (my_default.c); its settings are here all the same
	Stopped       bool // the server stops reading at the last damage of this file
}

// An Include is a directive that could not be followed.
type Include struct {
	parse.Span        // of the directive
	Dir        bool   // !includedir
	Path       string // as written
	Why        Reason
}

// A Reason says why an include was not followed.
type Reason string

// The reasons.
const (
	Outside Reason = "outside"  // the path is not inside the tree that was given
	Missing Reason = "missing"  // inside, but not there or not a regular file
	Loop    Reason = "loop"     // the file is being read already
	TooDeep Reason = "too-deep" // the server stops here as well
	TooMany Reason = "too-many" // more files than any real configuration has
)

// A Configuration is what a file and everything it includes say.
type Configuration struct {
	Files    []File
	Settings Settings
	Skipped  []Include
	Damage   []parse.Damage

	// Refused is the damage because of which programs that read the first file
	// end with "Fatal error in defaults handling. Program aborted".
	Refused *parse.Damage
}

// A Map gives the name inside the tree of a path that stands in a directive.
// ok is false if the path leads out of the tree.
type Map func(path string) (name string, ok bool)

// Below returns a Map for a tree in which the files of a host stand below the
// directory root: first with their whole path, then with less and less of its
// beginning, so that a copy of /etc/mysql alone is found too.
func Below(fsys fs.FS, root string) Map {
	return func(p string) (string, bool) {
		p = strings.TrimPrefix(path.Clean("/"+p), "/")
		first := path.Join(root, p)
		for rest := p; rest != ""; {
			if name := path.Join(root, rest); fs.ValidPath(name) {
				if _, err := fs.Stat(fsys, name); err == nil {
					return name, true
				}
			}
			_, rest, _ = strings.Cut(rest, "/")
		}
		return first, fs.ValidPath(first)
	}
}

// Parse reads one file without following directives; they are in Skipped as
// Outside.
func Parse(file string, data []byte) Configuration {
	r := reader{}
	r.file(file, data, 0, File{Name: file, Size: int64(len(data))})
	return r.out
}

// Read reads the file name of fsys and what it includes. Absolute paths go
// through m; relative ones are looked up beside the file that names them
// (servers look them up in their working directory, which is not known). No
// include is followed if m is nil. The error is about reading the first file,
// never about content.
func Read(fsys fs.FS, name string, m Map) (Configuration, error) {
	r := reader{fsys: fsys, resolve: m}
	err := r.open(name, 0)
	return r.out, err
}

type reader struct {
	fsys    fs.FS
	resolve Map
	stack   []string // files being read
	out     Configuration
}

var errNotRegular = errors.New("not a regular file")

// open reads a file of the tree.
func (r *reader) open(name string, depth int) error {
	info, err := fs.Stat(r.fsys, name)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return &fs.PathError{Op: "open", Path: name, Err: errNotRegular}
	}
	f, err := r.fsys.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return err
	}
	r.stack = append(r.stack, name)
	r.file(name, data, depth, File{Name: name, Size: info.Size(), WorldWritable: info.Mode().Perm()&0o002 != 0})
	r.stack = r.stack[:len(r.stack)-1]
	return nil
}

// damage notes damage. What stands there is never quoted: it may be a secret.
func (r *reader) damage(file string, off, n int64, field string, kind parse.Kind, want, got string) parse.Damage {
	d := parse.Damage{Span: parse.Span{File: file, Offset: off, Length: n, Field: field}, Kind: kind, Want: want, Got: got}
	if len(r.out.Damage) < maxDamage {
		r.out.Damage = append(r.out.Damage, d)
	}
	return d
}

// file reads the content of one file.
func (r *reader) file(name string, data []byte, depth int, f File) {
	at := len(r.out.Files)
	r.out.Files = append(r.out.Files, f)
	stop := func(d parse.Damage) {
		r.out.Files[at].Stopped = true
		if depth == 0 {
			r.out.Refused = &d
		}
	}
	if len(data) > maxFile {
		data = data[:maxFile]
		r.damage(name, maxFile, 0, "", parse.BadValue, fmt.Sprintf("an option file of up to %d bytes", maxFile), fmt.Sprintf("%d bytes", f.Size))
	}
	group, grouped := "", false
	for off := int64(0); off < int64(len(data)); {
		l, size := nextLine(off, data[off:])
		off += size
		if l.tooLong > 0 {
			r.damage(name, l.off+longest, l.tooLong, "line", parse.BadText, fmt.Sprintf("a line of up to %d bytes", longest), fmt.Sprintf("%d bytes more, read as further lines", l.tooLong))
		}
		text := trimLeft(l.text)
		start := l.off + int64(len(l.text)-len(text))
		if len(text) == 0 || text[0] == '#' || text[0] == ';' {
			continue
		}
		switch {
		case text[0] == '!':
			if !r.directive(name, l, start, text, depth) {
				stop(r.damage(name, start, int64(len(text)), "directive", parse.BadText, "a file or a directory", "nothing"))
				return
			}
		case text[0] == '[':
			end := bytes.IndexByte(text, ']')
			if end < 0 {
				stop(r.damage(name, start, int64(len(text)), "group", parse.BadText, "[group]", "no ]"))
				return
			}
			group, grouped = r.group(name, start, trimRight(text[1:end])), true
		case !grouped:
			stop(r.damage(name, start, int64(len(text)), "option", parse.BadText, "[group]", "an option before the first group"))
			return
		case len(r.out.Settings) >= maxSettings:
			r.damage(name, start, 0, "option", parse.BadValue, fmt.Sprintf("up to %d options", maxSettings), "more")
			return
		default:
			r.option(name, group, start, text)
		}
	}
}

// group returns the name of a group if it looks like one.
func (r *reader) group(file string, start int64, text []byte) string {
	name := string(text)
	if !isName(strings.TrimSpace(name)) {
		r.damage(file, start, int64(len(text)), "group", parse.BadText, "the name of a group", byteCount(len(text)))
		return ""
	}
	return name
}

// option reads "name" or "name = value".
func (r *reader) option(file, group string, start int64, text []byte) {
	text = trimRight(cutComment(text))
	key, value, hasValue := bytes.Cut(text, []byte("="))
	key = trimRight(key)
	s := Setting{
		Span:  parse.Span{File: file, Offset: start, Length: int64(len(text)), Field: group},
		Group: group, HasValue: hasValue,
	}
	if !isName(string(key)) {
		r.damage(file, start, int64(len(text)), "option", parse.BadText, "the name of an option", byteCount(len(key)))
		return
	}
	if s.Name = canonical(string(key)); s.Name == "" || !hasValue && !isPlain(s.Name) {
		return
	}
	s.Field = group + "." + s.Name
	if hasValue {
		s.set(unquote(trimLeft(value)))
	}
	r.out.Settings = append(r.out.Settings, s)
}

// set stores a value, or what may be known of it.
func (s *Setting) set(value string) {
	switch {
	case !isKept(s.Group, s.Name):
		s.Redacted = true
	case s.Name == "wsrep_provider_options":
		s.Options = parseProviderOptions(value)
		if s.Redacted = anyRedacted(s.Options); !s.Redacted {
			s.Value = text(s.Options)
		}
	case s.Name == "wsrep_cluster_address":
		address := ParseClusterAddress(value)
		s.Options = address.Options
		members, _, _ := strings.Cut(value, "?")
		if hosts := slices.ContainsFunc(address.Members, func(m string) bool { return !isHost(m) }); hosts || strings.Contains(members, "@") {
			s.Redacted = true
			return
		}
		s.Value = members
	default:
		// "user:password@host"; the members of a raft cluster are written "host:port@number".
		user := strings.Contains(value, "@") && s.Name != "raft_replication_cluster_info"
		if s.Redacted = user || holdsSecret(value); !s.Redacted {
			s.Value = value
		}
	}
}

// directive follows a "!" line. It returns false if the argument is missing.
// Unknown directives are ignored, as the server does.
func (r *reader) directive(file string, l line, start int64, text []byte, depth int) bool {
	rest := trimLeft(text[1:])
	dir := false
	switch {
	case isDirective(rest, "includedir"):
		dir, rest = true, rest[len("includedir"):]
	case isDirective(rest, "include"):
		rest = rest[len("include"):]
	case string(rest) == "include", string(rest) == "includedir": // the line feed is the blank behind the keyword
		return !l.ended
	default:
		return true
	}
	rest = trimLeft(rest)
	// The server takes the last byte for the line feed, which is missing at the
	// end of some files (my_default.c get_argument).
	if !l.ended && len(rest) > 0 {
		rest = rest[:len(rest)-1]
		r.damage(file, start, int64(len(text)), "directive", parse.Truncated, "a line feed", "the end of the file: the server drops the last byte of the path")
	}
	rest = trimRight(rest)
	if len(rest) == 0 {
		return false
	}
	r.include(Include{Span: parse.Span{File: file, Offset: start, Length: int64(len(text)), Field: "directive"}, Dir: dir, Path: string(rest)}, depth+1)
	return true
}

func isDirective(text []byte, word string) bool {
	return len(text) > len(word) && string(text[:len(word)]) == word && isSpace(text[len(word)])
}

// include reads what a directive names.
func (r *reader) include(i Include, depth int) {
	skip := func(why Reason) {
		i.Why = why
		if len(r.out.Skipped) < maxSkipped {
			r.out.Skipped = append(r.out.Skipped, i)
		}
	}
	if depth > maxDepth {
		skip(TooDeep)
		return
	}
	name, ok := r.name(i.File, i.Path)
	if !ok {
		skip(Outside)
		return
	}
	names := []string{name}
	if i.Dir {
		entries, err := fs.ReadDir(r.fsys, name)
		if err != nil {
			skip(Missing)
			return
		}
		names = nil
		for _, e := range entries {
			if path.Ext(e.Name()) == ".cnf" {
				names = append(names, path.Join(name, e.Name()))
			}
		}
		slices.Sort(names)
	}
	for _, name := range names {
		switch {
		case slices.Contains(r.stack, name):
			skip(Loop)
		case len(r.out.Files) >= maxFiles:
			skip(TooMany)
			return
		case r.open(name, depth) != nil:
			skip(Missing)
		}
	}
}

// name returns where in the tree a path leads.
func (r *reader) name(from, p string) (string, bool) {
	if r.fsys == nil || r.resolve == nil || strings.HasPrefix(p, "~") {
		return "", false
	}
	var name string
	if strings.HasPrefix(p, "/") {
		var ok bool
		if name, ok = r.resolve(p); !ok {
			return "", false
		}
	} else {
		name = path.Join(path.Dir(from), p)
	}
	name = path.Clean(name)
	return name, fs.ValidPath(name)
}

func byteCount(n int) string {
	if n == 1 {
		return "1 byte"
	}
	return fmt.Sprintf("%d bytes", n)
}
