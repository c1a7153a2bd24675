package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"hash/fnv"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/cmd/lastwrite/command"
	"github.com/lastwrite/lastwrite/fixtures"
	"github.com/lastwrite/lastwrite/fixtures/damage"
	"github.com/lastwrite/lastwrite/report"
)

var (
	damagedPlans = flag.Int("damaged-plans", 2, "how many damaged copies of each cowsql case have all their plans carried out")
	damagedSeed  = flag.Uint64("damaged-seed", 1, "seed of that damage")
	damagedKeep  = flag.String("damaged-keep", "", "directory to copy damaged directories to whose plans do not hold")
)

// TestPlansOfDamagedCopiesHold damages copies of the cases further, at random,
// and carries out every plan that is offered then: repair analyses what it
// wrote, and fails where that is not what the plan promised.
func TestPlansOfDamagedCopiesHold(t *testing.T) {
	for _, name := range fixtures.Cases("cowsql") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hash := fnv.New64()
			hash.Write([]byte(name))
			r := rand.New(rand.NewPCG(*damagedSeed, hash.Sum64()))
			original := fixtures.Open(t, "cowsql", name).Dir
			for range *damagedPlans {
				dir := fixtures.Copy(t, original)
				what := damageSome(t, dir, r)
				carryOutAll(t, dir, what)
				require.NoError(t, os.RemoveAll(dir))
			}
		})
	}
}

// damageSome damages one or several raft directories below dir.
func damageSome(t *testing.T, dir string, r *rand.Rand) string {
	var raft []string
	require.NoError(t, filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err == nil && (e.Name() == "metadata1" || strings.HasPrefix(e.Name(), "0000000000000001-")) && (len(raft) == 0 || raft[len(raft)-1] != filepath.Dir(name)) {
			raft = append(raft, filepath.Dir(name))
		}
		return err
	}))
	if len(raft) == 0 {
		return "nothing"
	}
	var all []string
	for range 1 + r.IntN(4) {
		at := raft[r.IntN(len(raft))]
		what, err := damage.Apply(at, r)
		require.NoError(t, err)
		all = append(all, filepath.Base(at)+": "+what)
	}
	return strings.Join(all, "\n")
}

// carryOutAll carries out all plans that write something.
func carryOutAll(t *testing.T, dir, what string) {
	var d report.Document
	status, out, errs := runCommand(t, "analyze", dir, "-o", "json", "--fail-on", "never")
	require.Contains(t, []int{0, 4}, status, "%s\n%s", what, errs)
	require.NoError(t, json.Unmarshal(out, &d))
	for _, c := range d.Clusters {
		for _, p := range c.Plans {
			if len(p.Steps) == 0 {
				continue
			}
			work := t.TempDir()
			plan := filepath.Join(work, "plan.json")
			status, _, errs := runCommand(t, "plan", dir, "--plan", p.ID, "-o", plan, "--cluster", c.ID)
			require.Zero(t, status, "%s\n%s", what, errs)
			status, _, errs = runCommand(t, "repair", plan, dir, "--out", filepath.Join(work, "out"))
			if status != 0 && *damagedKeep != "" {
				require.NoError(t, os.CopyFS(filepath.Join(*damagedKeep, filepath.Base(t.Name())), os.DirFS(dir)))
			}
			require.Zero(t, status, "plan %s after\n%s\n%s", p.ID, what, errs)
		}
	}
}

// runCommand runs a command line.
func runCommand(t *testing.T, args ...string) (status int, stdout []byte, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	status = command.Main(args, command.Env{
		Stdout: &out, Stderr: &errs, TempDir: t.TempDir(),
		Getenv:   func(string) string { return "" },
		Terminal: func(io.Writer) (int, bool) { return 0, false },
	})
	return status, out.Bytes(), errs.String()
}
