package command

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"time"

	"github.com/lastwrite/lastwrite/internal/source"
	"github.com/lastwrite/lastwrite/report"
)

// custody begins the chain of custody of a run.
func custody(env Env) *report.Custody {
	b := thisBuild()
	c := &report.Custody{Program: "lastwrite " + b.version, Started: stamp(env)}
	if b.commit != "" {
		c.Program += ", commit " + b.commit
	}
	if file, err := os.Executable(); err == nil {
		c.ProgramSHA256 = fileDigest(file)
	}
	return c
}

// conclude reads all inputs once more and ends the chain.
func conclude(ctx context.Context, env Env, c *report.Custody, inputs []*input) error {
	for _, in := range inputs {
		if in.stored != nil && in.stored.number > 0 {
			continue // another path of the same bundle
		}
		digests := in.before()
		var err error
		if digests.After, err = in.after(ctx); err != nil {
			return err
		}
		c.Inputs = append(c.Inputs, digests)
	}
	c.Finished = stamp(env)
	return nil
}

// stamp is the time as a report has it.
func stamp(env Env) string {
	now := time.Now
	if env.Now != nil {
		now = env.Now
	}
	return now().UTC().Format(time.RFC3339)
}

// before adds the digest of what was analysed.
func (in *input) before() report.CustodyInput {
	switch m := in.manifest; {
	case in.stored != nil:
		return report.CustodyInput{Path: in.stored.from.path, Before: in.stored.from.digest}
	case m == nil:
		return report.CustodyInput{Path: in.tree.Path()}
	case m.Archive != nil:
		return report.CustodyInput{Path: in.tree.Path(), Before: hex.EncodeToString(m.Archive.SHA256[:])}
	default:
		return report.CustodyInput{Path: in.tree.Path(), Before: m.SHA256()}
	}
}

// after reads the input once more and returns the digest of what is there now.
func (in *input) after(ctx context.Context) (string, error) {
	if in.stored != nil {
		return fileDigest(in.stored.from.path), nil
	}
	if in.tree.Kind() == source.Archive {
		return fileDigest(in.tree.Path()), nil
	}
	m, err := in.tree.Sweep(ctx, nil, in.progress)
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	if err != nil {
		return "", nil //nolint:nilerr // the report says that it could not be read
	}
	return m.SHA256(), nil
}

// fileDigest returns the SHA-256 of a file in hexadecimal, "" if it cannot be
// read.
func fileDigest(name string) string {
	f, err := os.Open(name)
	if err != nil {
		return ""
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return ""
	}
	return hex.EncodeToString(sum.Sum(nil))
}
