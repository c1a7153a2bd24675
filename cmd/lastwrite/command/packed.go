package command

import (
	"cmp"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/lastwrite/lastwrite/internal/source"
)

const (
	packedDepth  = 2   // levels below an input at which archives are looked for
	packedNames  = 3   // archives that a hint names
	packedLooked = 100 // directories that are looked into
)

// archiveEndings are the names of archives that can be given as a path.
func archiveEndings() []string {
	return []string{".tar", ".tar.gz", ".tgz", ".tar.zst", ".tzst", ".zip"}
}

// unrecognised is what to do with an input in which no node directory was
// recognised.
func unrecognised(in *input) string {
	const none = "no node directory was recognised here; "
	packed := packedIn(in.FS())
	switch {
	case rebuildPlan(in) != nil:
		return none + "lastwrite repair wrote it for servers that make their data directories themselves: follow restore-notes.txt, and check it with lastwrite verify"
	case len(packed) == 0:
		return none + "give the directory that holds the data files, whole (lastwrite help recovery says which), and see with lastwrite inspect what is in it"
	case in.tree.Kind() == source.Archive:
		return none + "it holds archives itself: unpack it, and give them as paths: " + strings.Join(packed[:min(len(packed), packedNames)], " ")
	}
	text := none + "it holds archives: give them as paths themselves: lastwrite analyze"
	for _, name := range packed[:min(len(packed), packedNames)] {
		text += " " + shellWord(path.Join(in.Path(), name))
	}
	if rest := len(packed) - packedNames; rest > 0 {
		text += fmt.Sprintf(" and %d more", rest)
	}
	return text
}

// packedIn lists the files that are archives by their names, those at the top
// first.
func packedIn(fsys fs.FS) []string {
	var out []string
	looked := 0
	_ = fs.WalkDir(fsys, ".", func(name string, e fs.DirEntry, err error) error { // what cannot be read was reported
		switch {
		case err != nil:
			return nil
		case e.IsDir():
			if looked++; looked > packedLooked {
				return fs.SkipAll
			}
			if name != "." && strings.Count(name, "/") >= packedDepth {
				return fs.SkipDir
			}
		case e.Type().IsRegular() && isPacked(name):
			out = append(out, name)
		}
		return nil
	})
	slices.SortStableFunc(out, func(a, b string) int { return cmp.Compare(strings.Count(a, "/"), strings.Count(b, "/")) })
	return out
}

func isPacked(name string) bool {
	lower := strings.ToLower(path.Base(name))
	return slices.ContainsFunc(archiveEndings(), func(end string) bool { return strings.HasSuffix(lower, end) && lower != end })
}

// shellWord quotes a name for a shell if that is necessary.
func shellWord(name string) string {
	safe := func(r rune) bool {
		return r < 0x80 && (r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || strings.ContainsRune("_-+=:,./@%", r))
	}
	if name != "" && !strings.ContainsFunc(name, func(r rune) bool { return !safe(r) }) {
		return name
	}
	return "'" + strings.ReplaceAll(name, "'", `'\''`) + "'"
}

// shellWords are arguments for a shell.
func shellWords(args []string) string {
	var out []string
	for _, arg := range args {
		out = append(out, shellWord(arg))
	}
	return strings.Join(out, " ")
}
