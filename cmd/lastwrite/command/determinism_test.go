package command

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/fixtures"
)

// TestSameBytesTwice: the same input gives the same bytes, in every format.
func TestSameBytesTwice(t *testing.T) {
	formats := []string{"text", "json", "markdown", "html"}
	for _, family := range bundledFamilies {
		for i, name := range fixtures.Cases(family) {
			if i%3 != 0 && family != "manticore" { // enough of the large ones
				continue
			}
			t.Run(family+"/"+name, func(t *testing.T) {
				t.Parallel()
				c := fixtures.Open(t, family, name)
				first := map[string][]byte{}
				for range 2 {
					a := analyseTest(t, []argument{{path: c.Dir}})
					for _, format := range formats {
						var b bytes.Buffer
						o := outputOptions{Color: "never", Verbose: true}
						require.NoError(t, o.render(testEnv(t), &b, format, a.document))
						if first[format] == nil {
							first[format] = b.Bytes()
							continue
						}
						assert.True(t, bytes.Equal(first[format], b.Bytes()), "%s differs", format)
					}
				}
			})
		}
	}
}
