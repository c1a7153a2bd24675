package source

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// maxHashdeepLine bounds a line of a manifest, in bytes.
const maxHashdeepLine = 64 << 10

// ReadHashdeep reads a hashdeep manifest with the columns size, sha256 and
// filename, as WriteHashdeep and "hashdeep -c sha256 -r -l" write it. Names
// that begin with "./" are taken without it.
func ReadHashdeep(r io.Reader) ([]ManifestFile, error) {
	var out []ManifestFile
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxHashdeepLine)
	unescape := strings.NewReplacer(`\n`, "\n", `\r`, "\r")
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSuffix(lines.Text(), "\r")
		switch {
		case n == 1 && line != "%%%% HASHDEEP-1.0":
			return nil, fmt.Errorf("line 1 is not %q: no hashdeep manifest", "%%%% HASHDEEP-1.0")
		case n == 2 && line != "%%%% size,sha256,filename":
			return nil, fmt.Errorf("line 2 is not %q: make the manifest with SHA-256 only", "%%%% size,sha256,filename")
		case n <= 2, line == "", strings.HasPrefix(line, "## "), line == "##":
			continue
		}
		parts := strings.SplitN(line, ",", 3)
		if len(parts) != 3 {
			return nil, fmt.Errorf("line %d has no size, digest and name", n)
		}
		f := ManifestFile{Path: strings.TrimPrefix(unescape.Replace(parts[2]), "./")}
		size, err := strconv.ParseInt(parts[0], 10, 64)
		if err != nil || size < 0 {
			return nil, fmt.Errorf("line %d: %q is no size", n, parts[0])
		}
		f.Size = size
		if sum, err := hex.DecodeString(parts[1]); err != nil || copy(f.SHA256[:], sum) != len(f.SHA256) || len(sum) != len(f.SHA256) {
			return nil, fmt.Errorf("line %d: %q is no SHA-256", n, parts[1])
		}
		out = append(out, f)
	}
	return out, lines.Err()
}
