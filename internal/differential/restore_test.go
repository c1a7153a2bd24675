package differential_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pierrec/lz4/v4"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/lastwrite/lastwrite/fixtures"
	"github.com/lastwrite/lastwrite/fixtures/damage"
	"github.com/lastwrite/lastwrite/internal/differential"
	"github.com/lastwrite/lastwrite/internal/reallib"
)

const (
	shortRestores = 60
	longRestores  = 1500
)

// A stored base is a node whose newest snapshot a start restores.
type storedBase struct {
	base
	id       uint64
	address  string
	snapshot string // name of the data file
	payload  []byte // decompressed
	packed   bool
}

// storedBases are the corpus' nodes with snapshots that this library starts.
func storedBases(t *testing.T, lib *reallib.Library, server string) []*storedBase {
	t.Helper()
	var out []*storedBase
	for _, name := range fixtures.Cases("cowsql") {
		c := fixtures.Open(t, "cowsql", name)
		for _, n := range c.Nodes {
			f, err := differential.Predict(t.Context(), n.Data, server)
			require.NoError(t, err)
			truth := c.Cowsql.Nodes[n.Name]
			if f.Snapshot == nil || truth.Nondeterministic {
				continue
			}
			b := &storedBase{base: base{name: name + "/" + n.Name}, id: truth.ID, address: truth.Address, snapshot: f.Snapshot.File, packed: f.Snapshot.LZ4}
			entries, err := os.ReadDir(n.Data)
			require.NoError(t, err)
			for _, e := range entries {
				if !e.Type().IsRegular() || filepath.Ext(e.Name()) == ".yaml" {
					continue
				}
				data, err := os.ReadFile(filepath.Join(n.Data, e.Name()))
				require.NoError(t, err)
				b.add(e.Name(), data)
				if e.Name() != b.snapshot {
					continue
				}
				if b.payload = data; b.packed {
					b.payload, err = io.ReadAll(lz4.NewReader(bytes.NewReader(data)))
					require.NoError(t, err)
				}
			}
			start, err := lib.TryStart(t.Context(), n.Data, b.id, b.address) // the last use of the copy
			require.NoError(t, err)
			if start.Outcome == reallib.Starts {
				out = append(out, b)
			}
		}
		require.NoError(t, os.RemoveAll(c.Dir))
	}
	return out
}

// TestDifferentialRestore damages what is inside of snapshots and compares the
// forecast of the whole start with what the library does.
func TestDifferentialRestore(t *testing.T) {
	lib := reallib.Available(t)
	server := differential.Server(lib)
	bases := storedBases(t, lib, server)
	if len(bases) == 0 {
		t.Skip("no case has a snapshot that this library reads")
	}
	n := shortRestores
	if *long {
		n = longRestores
	}
	if *trials > 0 {
		n = *trials
	}
	first := 0
	if *only >= 0 {
		first, n = *only, *only+1
	}
	tally := differential.NewTally()
	root := t.TempDir()
	group, ctx := errgroup.WithContext(t.Context())
	group.SetLimit(4) // a start waits more than it works
	for number := first; number < n; number++ {
		group.Go(func() error {
			r := rand.New(rand.NewPCG(*seed, uint64(number)))
			b := bases[r.IntN(len(bases))]
			x := trial{number: number, base: b.name, dir: filepath.Join(root, fmt.Sprint(number))}
			defer os.RemoveAll(x.dir)
			var err error
			if err = b.write(x.dir); err != nil {
				return err
			}
			if x.damage, err = b.damage(x.dir, r); err != nil {
				return fmt.Errorf("%s: %w", x, err)
			}
			if x.forecast, err = predict(ctx, x.dir, server); err != nil {
				return fmt.Errorf("%s: %w", x, err)
			}
			start, err := lib.TryStart(ctx, x.dir, b.id, b.address)
			if err != nil {
				return err
			}
			if differences := tally.CountStart(server, x.forecast, start); len(differences) > 0 {
				t.Errorf("%s\n\t%s\n\tstderr: %s", x, strings.Join(differences, "\n\t"), start.Stderr)
			}
			return nil
		})
	}
	require.NoError(t, group.Wait())
	t.Logf("%s %s, forecast for %s, seed %d\n%s", lib.Flavour, lib.Version, server, *seed, tally)
}

// damage changes the payload of the snapshot once or twice.
func (b *storedBase) damage(dir string, r *rand.Rand) (done []string, err error) {
	work := dir + ".payload"
	if err := os.Mkdir(work, 0o700); err != nil {
		return nil, err
	}
	defer os.RemoveAll(work)
	file := filepath.Join(work, b.snapshot)
	if err := os.WriteFile(file, b.payload, 0o600); err != nil {
		return nil, err
	}
	kinds := []damage.Kind{damage.FlipBit, damage.Cut, damage.ZeroBlock, damage.Append, damage.OverwriteText, damage.SetField}
	for range 1 + r.IntN(2) {
		what := ""
		if r.IntN(4) == 0 {
			what, err = setHeader(file, r)
		} else {
			what, err = damage.ApplyKind(work, kinds[r.IntN(len(kinds))], r)
		}
		if errors.Is(err, damage.ErrNothing) {
			break // too little is left
		}
		if err != nil {
			return done, err
		}
		done = append(done, what)
	}
	payload, err := os.ReadFile(file)
	if err != nil {
		return done, err
	}
	if b.packed {
		if payload, err = pack(payload); err != nil {
			return done, err
		}
	}
	return done, os.WriteFile(filepath.Join(dir, b.snapshot), payload, 0o600)
}

// setHeader changes page size, page count or another number in the header of
// the first database.
func setHeader(file string, r *rand.Rand) (string, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	end := bytes.IndexByte(data[min(16, len(data)):], 0)
	main := 16 + (end+8)/8*8 + 16
	if end < 0 || len(data) < main+100 {
		return "nothing more", nil
	}
	at := main + 16 + 4*r.IntN(21)
	value := []uint32{0, 1, 2, 3, 4096, 1 << 16, 0x10000001, r.Uint32()}[r.IntN(8)]
	binary.BigEndian.PutUint32(data[at:], value)
	return fmt.Sprintf("number at %d of the database header to %#x", at-main, value), os.WriteFile(file, data, 0o600)
}

// pack makes one LZ4 frame as dqlite writes it.
func pack(payload []byte) ([]byte, error) {
	out := new(bytes.Buffer)
	w := lz4.NewWriter(out)
	if err := w.Apply(lz4.SizeOption(uint64(len(payload))), lz4.ChecksumOption(true)); err != nil {
		return nil, err
	}
	if _, err := w.Write(payload); err != nil {
		return nil, err
	}
	err := w.Close()
	return out.Bytes(), err
}
