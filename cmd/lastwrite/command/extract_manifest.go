package command

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path"

	"github.com/lastwrite/lastwrite/internal/database"
	"github.com/lastwrite/lastwrite/internal/rebuild"
	"github.com/lastwrite/lastwrite/report"
	"github.com/lastwrite/lastwrite/report/escape"
)

// An extractManifest is the content of MANIFEST.json. The same input gives the
// same bytes.
type extractManifest struct {
	Schema    string              `json:"schema"`
	Tool      report.Tool         `json:"tool"`
	Node      string              `json:"node"`
	Path      string              `json:"path"`
	Index     report.Number       `json:"index"`
	Term      report.Number       `json:"term"`
	Snapshot  *extractedFrom      `json:"snapshot"` // null if the log reaches back to its beginning
	Entries   uint64              `json:"entries"`  // laid over the snapshot
	Unsafe    []string            `json:"unsafe"`   // why this is no state that ever was
	Sources   []sourceFile        `json:"sources"`
	Databases []extractedDatabase `json:"databases"`
}

type extractedFrom struct {
	File  string        `json:"file"`
	Term  report.Number `json:"term"`
	Index report.Number `json:"index"`
}

type sourceFile struct {
	File   string `json:"file"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

type extractedDatabase struct {
	Name      string       `json:"name"`
	File      string       `json:"file"`
	PageSize  int          `json:"page_size"`
	Pages     int64        `json:"pages"`
	Bytes     int64        `json:"bytes"`
	SHA256    string       `json:"sha256"`
	Integrity integrity    `json:"integrity"`
	Tables    []tableCount `json:"tables"`
}

type integrity struct {
	OK       bool     `json:"ok"`
	Messages []string `json:"messages"`
}

type tableCount struct {
	Name    string `json:"name"`
	Rows    int64  `json:"rows"`
	Problem string `json:"problem,omitempty"`
}

// newExtractManifest checks and hashes what was written.
func newExtractManifest(ctx context.Context, n *raftNode, s *rebuild.State, out *staging) (*extractManifest, error) {
	m := &extractManifest{
		Schema: "lastwrite.extract/1", Tool: report.Tool{Name: "lastwrite", Version: Version()},
		Node: n.Name, Path: n.Path, Index: report.Number(s.Index), Term: report.Number(s.Term), Entries: s.Entries,
		Unsafe: append([]string{}, s.Unsafe...), Sources: []sourceFile{}, Databases: []extractedDatabase{},
	}
	if s.Snapshot != nil {
		m.Snapshot = &extractedFrom{path.Base(s.Snapshot.File), report.Number(s.Snapshot.Term), report.Number(s.Snapshot.Index)}
	}
	used := map[string]bool{}
	for _, f := range s.Files {
		used[path.Join(n.Dir, f)] = true
	}
	for _, f := range n.input.manifest.Files {
		if used[f.Path] {
			m.Sources = append(m.Sources, sourceFile{f.Path, f.Size, hex.EncodeToString(f.SHA256[:])})
		}
	}
	for _, d := range s.Databases {
		name := out.path(d.File)
		sum, err := hashFile(ctx, name)
		if err != nil {
			return nil, &exit{ExitUsage, err}
		}
		check, err := database.Check(ctx, name)
		if err != nil {
			return nil, &exit{ExitUsage, fmt.Errorf("check %s: %w", d.File, err)}
		}
		m.Databases = append(m.Databases, extractedDatabase{
			Name: d.Name, File: d.File, PageSize: d.PageSize, Pages: d.Pages, Bytes: d.Size, SHA256: sum,
			Integrity: integrity{check.OK, append([]string{}, check.Messages...)}, Tables: tablesOf(check),
		})
	}
	return m, nil
}

// hashFile hashes a file that was written, and makes sure that it is on disk.
func hashFile(ctx context.Context, name string) (string, error) {
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return "", err
	}
	defer f.Close()
	if err := f.Sync(); err != nil {
		return "", err
	}
	sum := sha256.New()
	buf := make([]byte, 256<<10)
	for {
		if err := ctx.Err(); err != nil {
			return "", err
		}
		n, err := f.Read(buf)
		sum.Write(buf[:n])
		if err == io.EOF {
			return hex.EncodeToString(sum.Sum(nil)), nil
		}
		if err != nil {
			return "", err
		}
	}
}

// sound reports whether the databases are a state that was, and SQLite finds
// nothing wrong with it.
func (m *extractManifest) sound() bool {
	for _, d := range m.Databases {
		if !d.Integrity.OK {
			return false
		}
	}
	return len(m.Unsafe) == 0
}

func (m *extractManifest) encode() []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", "  ")
	_ = e.Encode(m) // strings and numbers always encode
	return b.Bytes()
}

// readme warns whoever finds the files later.
func (m *extractManifest) readme() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `DO NOT PUT THESE FILES INTO SERVICE.

They were put together from what is left of node %s, as near to log index %d
as possible. They mix states of different times and no server ever held them:
rows may be missing, old or wrong even where SQLite finds nothing to say. Use
them to look up single rows, and trust none without a second source.

Why they are unsafe:
`, escape.Text(m.Node), m.Index)
	for _, why := range m.Unsafe {
		fmt.Fprintf(&b, "- %s\n", escape.Text(why))
	}
	return b.Bytes()
}
