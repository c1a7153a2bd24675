package innodb

// A Verdict is what the bytes of one page prove about themselves.
type Verdict struct {
	Header  Header
	Kind    Kind
	Problem Problem // "" for a good page
	Want    uint32  // what Problem asks for: checksum, page number, space id
	Got     uint32  // and what stands there
}

// Good reports whether nothing is wrong with the page.
func (v Verdict) Good() bool { return v.Problem == "" }

// A Kind says which checksum holds for a page, or why there is none.
type Kind string

// The kinds of a page.
const (
	FullCRC32 Kind = "full_crc32" // CRC-32C of everything (MariaDB 10.4 and later)
	CRC32     Kind = "crc32"
	Legacy    Kind = "innodb"
	NoSum     Kind = "none"      // written with innodb_checksum_algorithm=none, or a format without checksum
	Zero      Kind = "zero"      // nothing but zero bytes: allocated and never written
	Encrypted Kind = "encrypted" // the checksum is of the plain text, which needs a key (MySQL)
	Bad       Kind = "bad"       // no checksum holds
)

// A Problem is what is wrong with a page.
type Problem string

// The problems of pages.
const (
	BadSum    Problem = "checksum" // the bytes are not those that were written
	Torn      Problem = "torn"     // the checksum does not say so, but the LSN at the end is another than at the start
	BadLength Problem = "length"   // the length of a compressed page is beyond the page
	Misplaced Problem = "number"   // the page belongs elsewhere in the tablespace
	Foreign   Problem = "space"    // the page belongs to another tablespace
)

// Check judges one page of the tablespace; number is where it stands. page has
// s.Physical bytes, anything else is a bad page.
func (s Space) Check(page []byte, number uint32) Verdict {
	h, ok := ParseHeader(page)
	if !ok || len(page) != s.Physical {
		return Verdict{Kind: Bad, Problem: BadLength, Want: uint32(s.Physical), Got: uint32(len(page))}
	}
	return s.check(page, h, number)
}
