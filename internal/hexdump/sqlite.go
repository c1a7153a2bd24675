package hexdump

import (
	"encoding/binary"
	"fmt"
)

// SQLite dumps the header of a database file (sqlite.org/fileformat2.html,
// section 1.3). Everything behind it is content.
func (d *Writer) SQLite(f File) error {
	c := d.cursor(f)
	c.field(16, "magic", func(b []byte) string { return fmt.Sprintf("%q", b) })
	c.field(2, "page size", func(b []byte) string { return fmt.Sprint(binary.BigEndian.Uint16(b)) })
	for _, name := range []string{"write version", "read version", "reserved bytes", "largest payload", "smallest payload", "leaf payload"} {
		c.u8(name, number)
	}
	for _, name := range []string{
		"change counter", "pages", "first free page", "free pages", "schema cookie", "schema format", "cache size",
		"largest root page", "encoding", "user version", "incremental vacuum", "application id",
	} {
		c.be32(name, "%d")
	}
	c.hide(20, "reserved space")
	c.be32("pages valid for", "%d")
	c.be32("written by version", "%d")
	c.hide(c.end-c.offset, "page content")
	return c.finish()
}
