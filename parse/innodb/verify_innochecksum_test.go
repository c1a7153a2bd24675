package innodb

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestInnochecksum damages tablespaces and asks the server's own tool.
func TestInnochecksum(t *testing.T) {
	if _, err := exec.LookPath("innochecksum"); err != nil {
		t.Skip("needs innochecksum of MariaDB")
	}
	random := rand.New(rand.NewPCG(1, 2))
	dir := t.TempDir()
	bad := 0
	for _, name := range tablespaces(t) {
		whole := tablespace(t, name)
		sound := verify(whole, len(whole))
		size := sound.Space.Physical
		pages := len(whole) / size
		for trial := range 16 {
			b := bytes.Clone(whole)
			i := random.IntN(pages)
			page := b[i*size:][:size]
			what := "nothing"
			switch trial % 4 {
			case 1:
				bit := random.IntN(size * 8)
				page[bit/8] ^= 1 << (bit % 8)
				what = fmt.Sprintf("bit %d of byte %d of page %d", bit%8, bit/8, i)
			case 2:
				at := random.IntN(size/512) * 512
				clear(page[at:])
				what = fmt.Sprintf("page %d from byte %d on", i, at)
			case 3:
				if sound.Kinds[NoSum] > 0 {
					continue // innochecksum does not look at the numbers of these
				}
				j := random.IntN(pages)
				copy(page, whole[j*size:][:size])
				what = fmt.Sprintf("page %d copied to %d", j, i)
			}
			if isZero(b[:size]) {
				continue // good enough for innochecksum
			}
			file := filepath.Join(dir, "t.ibd")
			require.NoError(t, os.WriteFile(file, b, 0o600))
			out, err := exec.Command("innochecksum", file).CombinedOutput()
			got := verify(b, len(b))
			assert.Equal(t, err != nil, len(got.Damage) > 0, "%s, damaged %s: %s%v", name, what, out, got.Damage)
			if err != nil {
				bad++
			}
		}
	}
	require.Greater(t, bad, 50, "damage that both see")
}
