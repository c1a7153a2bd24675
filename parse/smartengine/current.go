package smartengine

import (
	"fmt"
	"io"
	"strings"

	"github.com/lastwrite/lastwrite/parse"
)

// maxCurrent is how much of CURRENT is looked at; real ones have some 30 bytes.
const maxCurrent = 4 << 10

// A Current is the file CURRENT: where the replay of the manifests begins
// (storage/storage_logger.cc parse_current_file, write_current_file).
type Current struct {
	File       string
	Checkpoint string // name of the checkpoint file
	Manifest   uint64 // number of the first manifest to replay
	LogID      uint64 // of the first manifest record that is not in the checkpoint
	// NoNewline: the text is complete but for its end. The engine refuses it;
	// the newline repairs it.
	NoNewline bool
	Damage    *parse.Damage // what the engine stumbles over, nil if it can read the file
}

// ReadCurrent reads CURRENT from r.
func ReadCurrent(file string, r io.Reader) (*Current, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxCurrent+1))
	if err != nil {
		return nil, err
	}
	c := &Current{File: file}
	bad := func(field string, kind parse.Kind, want string) *Current {
		c.Damage = &parse.Damage{Span: parse.Span{File: file, Length: int64(len(b)), Field: field}, Kind: kind, Want: want, Got: fmt.Sprintf("%.60q", b)}
		return c
	}
	const form = "N.checkpoint:N.manifest:N and a newline"
	if len(b) > maxCurrent {
		return bad("text", parse.Trailing, form), nil
	}
	text, newline := strings.CutSuffix(string(b), "\n")
	fields := strings.Split(text, ":")
	if len(fields) != 3 {
		return bad("text", parse.BadText, form), nil
	}
	t, _, ok := ParseName(fields[0])
	if !ok || t != CheckpointFile {
		return bad("checkpoint", parse.BadText, form), nil
	}
	t, number, ok := ParseName(fields[1])
	if !ok || t != ManifestFile {
		return bad("manifest", parse.BadText, form), nil
	}
	logID, ok := decimal(fields[2])
	if !ok {
		return bad("log-id", parse.BadText, form), nil
	}
	c.Checkpoint, c.Manifest, c.LogID = fields[0], number, logID
	if !newline {
		c.NoNewline = true
		return bad("newline", parse.Truncated, form), nil
	}
	return c, nil
}
