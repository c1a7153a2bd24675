package galera

import (
	"bytes"
	"fmt"
	"math"
	"strings"

	"github.com/lastwrite/lastwrite/parse"
)

const (
	preambleSize = 1024
	ringStart    = preambleSize + 256 // 32 unused numbers follow the preamble
)

// A Preamble is the text at the begin of galera.cache, as the provider
// understands it (galera gcache/src/gcache_rb_store.cpp open_preamble,
// write_preamble). A running or crashed process leaves only Version, GID and
// "synced: 0".
type Preamble struct {
	Version            int32 // 2 since 2017; 0 if it is not there or not between 0 and 16
	GID                UUID  // group UUID; zero: the cache is not used
	SeqnoMin, SeqnoMax int64 // as the process that closed the file knew them, -1 if there were none
	Offset             int64 // of the oldest buffer in the file, -1 if it is not known
	Synced             bool  // closed cleanly
	Unreadable         bool  // the GID does not parse: the provider throws, and the server does not start

	GIDField Field
	Unknown  []Field // other keys: the encryption of some products writes its own
}

// parsePreamble reads a preamble; b has the first preambleSize bytes of a file
// of size bytes, or all of them.
func parsePreamble(file string, b []byte, size int64) (Preamble, []parse.Damage) {
	p := Preamble{SeqnoMin: -1, SeqnoMax: -1, Offset: -1}
	var damage []parse.Damage
	add := func(kind parse.Kind, at, n int64, field, want, got string) {
		damage = append(damage, parse.Damage{Span: parse.Span{File: file, Offset: at, Length: n, Field: "preamble." + field}, Kind: kind, Want: want, Got: got})
	}
	if int64(len(b)) < preambleSize {
		add(parse.Truncated, 0, int64(len(b)), "size", fmt.Sprintf("%d bytes", preambleSize), fmt.Sprintf("%d bytes", len(b)))
	}
	text := b
	if end := bytes.IndexByte(b, 0); end >= 0 {
		text = b[:end]
	}
	if d, ok := unprintable(file, string(text)); ok {
		d.Field = "preamble.text"
		damage = append(damage, d)
	}
	for _, l := range lines(string(text)) {
		if !l.ended {
			break
		}
		in := stream{offset: l.offset, rest: l.text}
		key := in.text()
		if !key.assigned || key.word[0] == '#' {
			continue
		}
		f := newField(file, key, in.rest)
		number := func(v *int64) {
			n, r := in.integer(math.MinInt64, math.MaxInt64)
			if r.assigned {
				*v = n
			}
			if !r.exact {
				add(parse.BadText, f.Offset, f.Length, f.Field, "a number", quote(f.Raw))
			}
		}
		switch key.word {
		case "Version:":
			v := int64(0)
			number(&v)
			p.Version = int32(min(max(v, math.MinInt32), math.MaxInt32))
			if p.Version < 0 || p.Version > 16 {
				add(parse.BadVersion, f.Offset, f.Length, f.Field, "0 to 16", quote(f.Raw))
				p.Version = 0
			}
		case "GID:":
			var r reading
			var ok bool
			p.GIDField = f
			p.GID, r, ok = in.uuid()
			p.Unreadable = !ok
			if !r.exact {
				add(parse.BadText, f.Offset, f.Length, f.Field, "a UUID", quote(f.Raw))
			}
		case "seqno_min:":
			number(&p.SeqnoMin)
		case "seqno_max:":
			number(&p.SeqnoMax)
		case "offset:":
			number(&p.Offset)
		case "synced:":
			v, r := in.flag()
			p.Synced = v && r.assigned
			if !r.exact {
				add(parse.BadText, f.Offset, f.Length, f.Field, "0 or 1", quote(f.Raw))
			}
		default:
			p.Unknown = append(p.Unknown, f)
			add(parse.BadText, f.Offset, f.Length, "key", "a key of the ring buffer", quote(key.word))
		}
		if p.Unreadable {
			break
		}
	}
	if !p.GIDField.Present && size > 0 {
		add(parse.BadText, 0, min(size, preambleSize), "GID", "a line GID:", quote(strings.ToValidUTF8(string(text), "?")))
	}
	return p, damage
}
