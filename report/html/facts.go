package html

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

const (
	maxFacts = 400 // lines about one node
	maxDepth = 6
	maxItems = 24 // elements of a list
)

// A fact is one line of what the files of a node say, with its depth in the
// tree that it is part of.
type fact struct {
	Depth      int
	Key, Value string
}

// newFacts makes lines of facts, which are whatever a family has to tell, in
// the form of the JSON report.
func newFacts(facts any) []fact {
	data, err := json.Marshal(facts)
	if err != nil {
		return []fact{{0, "facts", "cannot be shown: " + err.Error()}}
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	b := &factBuilder{d: d}
	b.value(0, "")
	return b.out
}

type factBuilder struct {
	d   *json.Decoder
	out []fact
}

func (b *factBuilder) add(depth int, key, value string) {
	if len(b.out) < maxFacts {
		b.out = append(b.out, fact{depth, key, value})
	} else if len(b.out) == maxFacts {
		b.out = append(b.out, fact{0, "", "more in the JSON report"})
	}
}

// value reads the next value. The order of keys stays as it is.
func (b *factBuilder) value(depth int, key string) {
	token, err := b.d.Token()
	if err != nil {
		return
	}
	delim, nested := token.(json.Delim)
	if !nested {
		if token != nil && token != "" {
			b.add(depth, key, fmt.Sprint(token))
		}
		return
	}
	at := len(b.out)
	if key != "" {
		b.add(depth, key, "")
		depth++
	}
	if delim == '[' {
		b.list(depth)
	} else {
		b.object(depth)
	}
	if key != "" && len(b.out) == at+1 {
		b.out = b.out[:at] // nothing in it
	}
}

func (b *factBuilder) object(depth int) {
	for b.d.More() {
		token, err := b.d.Token()
		if err != nil {
			return
		}
		b.value(min(depth, maxDepth), strings.ReplaceAll(fmt.Sprint(token), "_", " "))
	}
	b.d.Token() //nolint:errcheck // the end, which More has seen
}

// list shows scalars in one line and objects as one line each.
func (b *factBuilder) list(depth int) {
	n := 0
	for b.d.More() {
		inner := &factBuilder{d: b.d}
		inner.value(0, "")
		if n++; n > maxItems {
			continue
		}
		b.add(depth, "", flat(inner.out))
	}
	if n > maxItems {
		b.add(depth, "", fmt.Sprintf("and %d more", n-maxItems))
	}
	b.d.Token() //nolint:errcheck // the end, which More has seen
}

// flat writes facts in one line.
func flat(facts []fact) string {
	var parts []string
	for _, f := range facts {
		parts = append(parts, strings.TrimSpace(f.Key+" "+f.Value))
	}
	return strings.Join(parts, ", ")
}
