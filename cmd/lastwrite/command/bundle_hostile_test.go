package command

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/analyze/systems"
	"github.com/lastwrite/lastwrite/fixtures"
	"github.com/lastwrite/lastwrite/internal/bundle"
	"github.com/lastwrite/lastwrite/report"
)

// TestBundleHostileEvidence: whatever stands in the evidence, in a bundle whose
// digests hold, ends in a report or an error, and soon.
func TestBundleHostileEvidence(t *testing.T) {
	for _, c := range []struct{ family, name string }{
		{"cowsql", "closed-segment-checksum-middle"}, {"cowsql", "snapshot-data-truncated"}, {"galera", "all-killed-under-load"}, {"manticore", "torn-log-tail"},
		{"wesql-synthetic", "bit-rot-and-missing-file"}, {"wesql", "split-brain-forced-single"},
	} {
		t.Run(c.family+"/"+c.name, func(t *testing.T) {
			_, file := writeBundle(t, fixtures.Open(t, c.family, c.name), report.RedactNone)
			b, _, err := bundle.Open(t.Context(), file)
			require.NoError(t, err)
			original := slices.Clone(b.Evidence)
			random := rand.New(rand.NewPCG(1, 2))
			for n := range mutations {
				i := random.IntN(len(original))
				b.Evidence = slices.Clone(original)
				b.Evidence[i] = mutate(t, random, original[i])
				judge(t, b, fmt.Sprintf("mutation %d: %s", n, b.Evidence[i]))
			}
		})
	}
}

const mutations = 60

// judge analyses the nodes of a bundle.
func judge(t *testing.T, b *bundle.Bundle, what string) {
	t.Helper()
	from := &bundled{bundle: b}
	var sources []analyze.Source
	for i := range b.Manifest.Inputs {
		sources = append(sources, &storedInput{from: from, number: i, files: b.Manifest.Inputs[i].FS()})
	}
	start := time.Now()
	_, err := analyze.Run(t.Context(), sources, systems.All(), analyze.Options{})
	if err != nil {
		require.ErrorIs(t, err, analyze.ErrEvidence)
	}
	require.Less(t, time.Since(start), 30*time.Second, what[:min(len(what), 2000)])
}

// mutate changes one value somewhere in a JSON document.
func mutate(t *testing.T, random *rand.Rand, data []byte) []byte {
	var doc any
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	require.NoError(t, d.Decode(&doc))
	var places []func(any)
	var values []any
	var walk func(v any, set func(any))
	walk = func(v any, set func(any)) {
		places, values = append(places, set), append(values, v)
		switch v := v.(type) {
		case map[string]any:
			keys := make([]string, 0, len(v))
			for k := range v {
				keys = append(keys, k)
			}
			slices.Sort(keys)
			for _, k := range keys {
				walk(v[k], func(x any) { v[k] = x })
			}
		case []any:
			for i := range min(len(v), 20) {
				walk(v[i], func(x any) { v[i] = x })
			}
		}
	}
	walk(doc, func(x any) { doc = x })
	i := random.IntN(len(places))
	places[i](other(random, values[i]))
	out, err := json.Marshal(doc)
	require.NoError(t, err)
	return out
}

// other returns another value of the same type, or null.
func other(random *rand.Rand, v any) any {
	switch v := v.(type) {
	case json.Number:
		numbers := []json.Number{"0", "1", "-1", "255", "4294967295", "9223372036854775807", "18446744073709551615", "-9223372036854775808"}
		return numbers[random.IntN(len(numbers))]
	case string:
		return []any{"", "x", "../..", v + v, nil}[random.IntN(5)]
	case bool:
		return !v
	case []any:
		return []any{nil, []any{}, append(slices.Clone(v), v...), []any{nil}}[random.IntN(4)]
	}
	return nil
}
