package rebuild

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// UnsafeSuffix ends the names of files that hold no state that ever was.
const UnsafeSuffix = ".unsafe"

// Files that a caller may want to write beside the databases.
const (
	ManifestFile = "MANIFEST.json"
	ReadmeFile   = "README.txt"
)

// maxFile is the longest file name that is made, in bytes; all file systems
// take 255.
const maxFile = 200

// names makes file names out of database names.
type names struct {
	taken map[string]bool // in lower case: two names must not meet on any file system
}

func newNames() *names {
	n := &names{taken: map[string]bool{}}
	for _, own := range []string{ManifestFile, ReadmeFile} {
		n.taken[strings.ToLower(own)] = true
	}
	return n
}

// next returns a file name for a database that no other one has, nor has it
// with UnsafeSuffix.
func (n *names) next(database string) string {
	base := fileName(database)
	for i := 1; ; i++ {
		file := base
		if i > 1 {
			file = fmt.Sprintf("%s~%d", base, i)
		}
		key := strings.ToLower(file)
		if !n.taken[key] && !n.taken[key+UnsafeSuffix] {
			n.taken[key], n.taken[key+UnsafeSuffix] = true, true
			return file
		}
	}
}

// reserved are the device names of Windows, which no extension makes harmless.
var reserved = []string{"con", "prn", "aux", "nul", "conin$", "conout$"}

// fileName spells a name of the evidence so that it is one plain file on every
// system: letters, digits and ._- stay, everything else becomes %XX.
func fileName(name string) string {
	var b strings.Builder
	for i := range len(name) {
		c := name[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '_':
			b.WriteByte(c)
		case c == '-' && !besides(name[i:]):
			b.WriteByte(c)
		case c == '.' && i > 0 && i < len(name)-1: // no hidden file, no "..", no dot at the end
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	out := b.String()
	stem, _, _ := strings.Cut(strings.ToLower(out), ".")
	if out == "" || slices.Contains(reserved, stem) || len(stem) == 4 && (stem[:3] == "com" || stem[:3] == "lpt") {
		out = "_" + out
	}
	if len(out) > maxFile {
		sum := sha256.Sum256([]byte(name))
		out = out[:maxFile-17] + "~" + hex.EncodeToString(sum[:8])
	}
	return out
}

// besides reports whether s is an ending that makes SQLite take a file for the
// journal or the log of another one.
func besides(s string) bool {
	return strings.EqualFold(s, "-journal") || strings.EqualFold(s, "-wal") || strings.EqualFold(s, "-shm")
}
