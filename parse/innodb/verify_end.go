package innodb

import (
	"encoding/binary"
	"fmt"

	"github.com/lastwrite/lastwrite/parse"
)

// end looks at the file as a whole.
func (v *Verifier) end() {
	r := &v.result
	if !v.settled { // nothing but zero bytes
		r.Guessed = true
		r.Space = Space{Logical: 16 << 10, Physical: 16 << 10}
		v.skipZeros()
		if v.zeros < MinPageSize {
			v.damage(parse.Damage{Span: parse.Span{File: r.File, Field: pageField(0)}, Kind: parse.Truncated, Want: "a page", Got: fmt.Sprintf("%d bytes", v.zeros)})
		}
		return
	}
	if r.Unknown {
		v.damage(parse.Damage{Span: parse.Span{File: r.File, Field: "page[0]"}, Kind: parse.BadMagic,
			Want: "a tablespace", Got: "no good page in any format"})
		return
	}
	if v.zeroStart && r.First == 0 {
		v.damage(parse.Damage{Span: parse.Span{File: r.File, Length: int64(r.Space.Physical), Field: pageField(0)}, Kind: parse.BadMagic,
			Want: "the header of a tablespace", Got: "zero bytes"})
	}
	if len(v.part) > 0 {
		v.damage(parse.Damage{
			Span: parse.Span{File: r.File, Offset: v.offset, Length: int64(len(v.part)), Field: pageField(r.First + uint32(r.Pages))},
			Kind: parse.Truncated, Want: fmt.Sprintf("%d bytes", r.Space.Physical), Got: fmt.Sprint(len(v.part)),
		})
	}
	if r.Space.ID != 0 && !r.Guessed && uint64(r.Space.Pages) > r.Pages {
		v.damage(parse.Damage{
			Span: parse.Span{File: r.File, Offset: v.offset, Field: pageField(0) + ".fsp-header.size"},
			Kind: parse.Truncated, Want: fmt.Sprintf("%d pages", r.Space.Pages), Got: fmt.Sprint(r.Pages),
		})
	}
}

func pageField(number uint32) string { return fmt.Sprintf("page[%d]", number) }

// pageDamage says in the words of all parsers what is wrong with a page.
func pageDamage(file string, offset int64, page []byte, number uint32, v Verdict) parse.Damage {
	d := parse.Damage{
		Span: parse.Span{File: file, Offset: offset, Length: int64(len(page)), Field: pageField(number) + "." + string(v.Problem)},
		Want: fmt.Sprint(v.Want), Got: fmt.Sprint(v.Got),
	}
	switch v.Problem {
	case BadSum:
		d.Kind, d.Want, d.Got = parse.BadChecksum, fmt.Sprintf("%08x", v.Want), fmt.Sprintf("%08x", v.Got)
	case BadLength:
		d.Kind, d.Want = parse.BadValue, fmt.Sprintf("at most %d bytes", v.Want)
	default:
		d.Kind = parse.Mismatch
	}
	if n := zeroTail(page); n >= 512 && v.Kind == Bad {
		d.Note = fmt.Sprintf("zero bytes from byte %d of the page on", len(page)-n)
	}
	return d
}

// zeroTail is the number of zero bytes at the end of a page.
func zeroTail(page []byte) int {
	n := len(page)
	for n >= 8 && binary.BigEndian.Uint64(page[n-8:]) == 0 {
		n -= 8
	}
	for n > 0 && page[n-1] == 0 {
		n--
	}
	return len(page) - n
}
