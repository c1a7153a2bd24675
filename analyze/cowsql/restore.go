package cowsql

import (
	"math"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/parse/cowsql"
)

const (
	// serverPage is the page size that every server works with, in bytes; the
	// API to change it is not public (cowsql src/config.c).
	serverPage  = 4096
	serverFrame = 24 + serverPage // of a write-ahead log, header included
	walHeader   = 32
	// pointerSize is what the restore allocates for a page or a frame before
	// it copies the content, in bytes.
	pointerSize = 8
	// maxAllocation is the most that SQLite allocates at once, in bytes
	// (sqlite/sqlite src/malloc.c SQLITE_MAX_ALLOCATION_SIZE).
	maxAllocation = math.MaxInt32 - 256
	// maxAddress is more memory than a process has addresses for, in bytes.
	maxAddress = 1 << 47
	// maxReadVersion is the newest file format that SQLite reads.
	maxReadVersion = 2
	// maxSchemaFormat likewise; SQLite looks at the lowest byte.
	maxSchemaFormat = 4
)

// restore is the FSM stage: what the database layer makes of the snapshot. Its
// refusals have no text (src/fsm.c fsm__restore).
func (s *simulation) restore() {
	if s.Snapshot == nil || s.Snapshot.Data.Snapshot == nil {
		return
	}
	data := s.Snapshot.Data.Snapshot
	refuse := func() { s.Outcome, s.Stage, s.Message = analyze.Refuses, "raft_start", "" }
	if data.Format != 1 {
		refuse()
		return
	}
	for _, d := range data.Databases {
		result := restoreImage(d, data.Size, s.Implementation.ShortProducts)
		if s.Implementation.LZ4Only {
			result = restorePages(d, data.Size)
		}
		switch result {
		case analyze.Refuses:
			refuse()
			return
		case analyze.Crashes, analyze.Unknown:
			s.Outcome = result
			return
		}
		s.LosesRows = s.LosesRows || result == analyze.Discards
	}
	switch {
	case data.Count > 0 && len(data.Databases) == 0 && !data.PaddingCut: // cut in front of the content
		refuse()
	case data.Count > uint64(len(data.Databases)):
		// Behind the first database nothing counts the bytes that are left, and
		// in the padding of its name their count wraps around (src/lib/
		// serialize.h text__decode).
		s.Outcome = analyze.Crashes
	case s.LosesRows:
		s.Outcome = analyze.Discards
	}
}

// restoreImage is VfsRestore of cowsql and of dqlite up to 1.18.2 (src/vfs.c).
// It goes by page 1 and by the sum of the stated sizes, which may wrap around,
// and knows nothing of size, that of the whole payload in bytes. Reading past
// its end is undefined; mostly it crashes. With shortProducts some releases
// compute the bytes of all pages in 32 bits.
func restoreImage(d cowsql.DatabaseImage, size int64, shortProducts bool) analyze.Outcome {
	stated := d.MainSize + d.WALSize
	count := uint64(d.Header.Pages)
	pages := count * serverPage
	var frames uint64
	if stated > pages {
		frames = (stated - pages - walHeader) / serverFrame % (1 << 32)
	}
	switch {
	case d.Name == "": // assertion: a database without a name is not kept in memory
		return analyze.Crashes
	case d.Header.PageSize != serverPage: // assertions
		return analyze.Crashes
	case shortProducts && pages >= 1<<32 && pages%(1<<32) <= stated && count*pointerSize <= maxAllocation:
		return analyze.Unknown
	case pages > stated, !allocates(count):
		return analyze.Refuses
	case stated > pages && !wholeFrames(stated-pages): // assertions
		return analyze.Crashes
	case stated > pages && !allocates(frames) && !pastEnd(d, pages, size):
		return analyze.Refuses
	case pastEnd(d, stated, size):
		return analyze.Crashes
	case len(d.WAL.Damage) > 0: // SQLite leaves out the frames behind it without a word
		return analyze.Discards
	}
	return analyze.Clean
}

// allocates reports whether SQLite hands out memory for n pointers; it does
// not for none.
func allocates(n uint64) bool { return n > 0 && n*pointerSize <= maxAllocation }

// restorePages is decodeDatabase and restoreDatabase of dqlite since 1.18.3
// (src/fsm.c). It goes by the stated sizes alone, and then lets SQLite check
// the pages. size is that of the whole payload in bytes.
func restorePages(d cowsql.DatabaseImage, size int64) analyze.Outcome {
	pointers := d.MainSize / serverPage * pointerSize // bytes
	switch {
	case d.MainSize > math.MaxUint64-d.WALSize:
		return analyze.Refuses
	case d.MainSize%serverPage != 0: // assertion
		return analyze.Crashes
	case pointers >= maxAddress:
		return analyze.Refuses
	case pointers > maxAllocation: // depends on the memory that the machine has
		return analyze.Unknown
	case d.WALSize > walHeader && !wholeFrames(d.WALSize): // assertion
		return analyze.Crashes
	case d.MainSize == 0 && d.WALSize <= walHeader:
		return analyze.Refuses
	case pastEnd(d, d.MainSize, size), d.WALSize > walHeader && pastEnd(d, d.MainSize+d.WALSize, size):
		return analyze.Unknown // crashes, or SQLite refuses what stands there
	case d.Name == "": // SQLite opens a temporary file instead of a database in memory
		return analyze.Crashes
	case d.WALSize > walHeader:
		return restoreFrames(d)
	case d.Header.PageSize == 0: // its file then has no length, and SQLite finds an empty database
		return analyze.Discards
	case d.Header.PageSize != serverPage: // reads at places that depend on memory
		return analyze.Unknown
	case quickCheckFails(d):
		return analyze.Refuses
	}
	return analyze.Clean
}

// restoreFrames is the part for snapshots of older releases: the frames of the
// log lie over the pages, without a look at their checksums.
func restoreFrames(d cowsql.DatabaseImage) analyze.Outcome {
	if !d.WAL.Complete(int64(d.WALSize)) || len(d.StructuralProblems) > 0 || len(d.HeaderDamage) > 0 {
		return analyze.Unknown
	}
	return analyze.Clean
}

// quickCheckFails reports what PRAGMA quick_check finds as far as the header
// and single pages tell; what takes following the pages is not looked for.
func quickCheckFails(d cowsql.DatabaseImage) bool {
	h := d.Header
	pages := d.MainSize / serverPage
	for _, damage := range d.HeaderDamage {
		switch damage.Field {
		case "header.magic", "header.reserved", "header.payload-fractions":
			return true
		}
	}
	return len(d.StructuralProblems) > 0 || h.ReadVersion > maxReadVersion || h.SchemaFormat&0xff > maxSchemaFormat ||
		h.SchemaCookie == 0 && pages > 1 || // taken for the empty schema of the moment before, to which no page belongs
		h.PagesValid() && uint64(h.Pages) > pages ||
		uint64(h.FreeTrunk) > pages || (h.FreeTrunk == 0) != (h.FreePages == 0)
}

// pastEnd reports whether n bytes of the database reach behind the end of the
// payload.
func pastEnd(d cowsql.DatabaseImage, n uint64, size int64) bool {
	return n > uint64(size-d.MainOffset)
}

// wholeFrames reports whether a write-ahead log of n bytes is a header and at
// least one frame.
func wholeFrames(n uint64) bool { return n > walHeader && (n-walHeader)%serverFrame == 0 }
