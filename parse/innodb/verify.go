package innodb

import "github.com/lastwrite/lastwrite/parse"

// The most that the lists of a Result hold.
const (
	MaxDamage = 64
	MaxNewest = 16
)

// A Result is what a Verifier found in one file.
type Result struct {
	File  string
	Space Space  // from page 0, or guessed
	First uint32 // number of the first page; 0 but for the second file of a tablespace, and so on
	Pages uint64 // whole pages in the file

	// Guessed tells that page 0 did not say what the file is: Space is the
	// format in which most pages are good. With Unknown there is no such format,
	// and no page was counted.
	Guessed, Unknown bool

	Kinds       map[Kind]uint64 // pages by kind, without the next two
	Doublewrite uint64          // pages in the doublewrite area, which belong to other places
	FreeBad     uint64          // damaged pages that the tablespace does not use
	Encrypted   uint64          // pages with a key version, whatever their kind

	Damage    []parse.Damage // the first MaxDamage, by offset
	Damaged   uint64         // pages with damage, all of them
	Displaced uint64         // of these, pages that are whole and belong elsewhere
	BadPages  []BadPage      // the first MaxDamage

	// Newest are the good pages with the greatest LSN, the greatest first. A
	// page that is newer than the end of the redo log is not from the same
	// moment as the log.
	Newest []PageLSN

	// Copies are the pages in the doublewrite area, at most two extents. A start
	// of the server mends a damaged page from a good copy.
	Copies []PageCopy
}

// A BadPage is a page with damage.
type BadPage struct {
	Number uint32
	Offset int64 // in the file
	Verdict
}

// A PageLSN is a page and its LSN.
type PageLSN struct {
	Number uint32
	LSN    uint64
}

// A PageCopy is a page in the doublewrite area.
type PageCopy struct {
	SpaceID, Number uint32
	LSN             uint64
	Offset          int64 // of the copy in the file
	Good            bool  // the checksum of the copy holds
}

// A Verifier checks the pages of one file of a tablespace. It is an io.Writer
// that takes the file from its first to its last byte in pieces of any size
// and never fails, so that io.Copy can feed it. Its memory does not grow with
// the file.
type Verifier struct {
	result    Result
	offset    int64 // of the next page
	settled   bool  // the format is known
	head      []byte
	zeros     int64  // zero bytes before head
	zeroStart bool   // page 0 has no other
	part      []byte // a page whose end is yet to come
	areas     *doublewrite
	extents   []byte // the descriptor page for the pages to come, empty if it is damaged
}

// NewVerifier returns a Verifier for the file of that name.
func NewVerifier(file string) *Verifier {
	return &Verifier{result: Result{File: file, Kinds: map[Kind]uint64{}}}
}

// Write takes the next bytes of the file. It keeps nothing of p.
func (v *Verifier) Write(p []byte) (int, error) {
	n := len(p)
	if !v.settled {
		p = v.begin(p)
	}
	if len(p) > 0 && !v.result.Unknown {
		v.pages(p)
	}
	return n, nil
}

// Finish returns the result, once the whole file is written. A file that is
// shorter than its tablespace is damage.
func (v *Verifier) Finish() Result {
	if !v.settled {
		v.settle(true)
	}
	v.end()
	return v.result
}

func (v *Verifier) pages(p []byte) {
	size := v.result.Space.Physical
	if len(v.part) > 0 {
		n := min(size-len(v.part), len(p))
		v.part = append(v.part, p[:n]...)
		p = p[n:]
		if len(v.part) < size {
			return
		}
		v.page(v.part)
		v.part = v.part[:0]
	}
	for ; len(p) >= size; p = p[size:] {
		v.page(p[:size])
	}
	v.part = append(v.part, p...)
}

func (v *Verifier) page(page []byte) {
	r := &v.result
	number, offset := r.First+uint32(r.Pages), v.offset
	r.Pages++
	v.offset += int64(len(page))
	if v.areas.has(number) {
		r.Doublewrite++
		v.copied(page, offset)
		return
	}
	verdict := r.Space.Check(page, number)
	v.learn(page, number, verdict)
	switch {
	case verdict.Good():
		v.newest(number, verdict)
	case v.free(number):
		r.FreeBad++
		return
	default:
		r.Damaged++
		if verdict.Displaced() {
			r.Displaced++
		}
		if len(r.BadPages) < MaxDamage {
			r.BadPages = append(r.BadPages, BadPage{number, offset, verdict})
		}
		v.damage(pageDamage(r.File, offset, page, number, verdict))
	}
	r.Kinds[verdict.Kind]++
	if verdict.Encrypted {
		r.Encrypted++
	}
}

func (v *Verifier) damage(d parse.Damage) {
	if len(v.result.Damage) < MaxDamage {
		v.result.Damage = append(v.result.Damage, d)
	}
}

// newest keeps the pages with the greatest LSN.
func (v *Verifier) newest(number uint32, verdict Verdict) {
	list := v.result.Newest
	at := len(list)
	for at > 0 && list[at-1].LSN < verdict.Header.LSN {
		at--
	}
	if at == MaxNewest || verdict.Kind == Zero {
		return
	}
	if len(list) < MaxNewest {
		list = append(list, PageLSN{})
	}
	copy(list[at+1:], list[at:])
	list[at] = PageLSN{number, verdict.Header.LSN}
	v.result.Newest = list
}
