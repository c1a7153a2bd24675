package binlog

import (
	"io"

	"github.com/lastwrite/lastwrite/parse"
)

// Limits of what a File keeps.
const (
	maxIslands = 32
	maxStates  = 4096 // domains or servers
)

// A Walk is a stretch of good events.
type Walk struct {
	Offset, End int64 // of the first event, behind the last one
	Events      int64
	Types       map[Type]int64
	Unknown     int64 // events of types that no server writes
	Misplaced   int64 // events whose stored position is not theirs: all of them in relay logs
	First, Last Header

	XIDs     Numbers // of XID events that the caller wants
	XIDCount int64   // of all XID events
	LastXID  uint64

	GTIDs       map[uint32]GTID  // MariaDB: the last of each domain
	SourceGTIDs map[string]int64 // MySQL: the last of each server, by UUID

	Checkpoint string // the last binlog checkpoint, "" if there was none
	NextFile   string // of the last rotate event
	Stopped    bool   // the last event says that the server stopped
	Rotated    bool   // the last event says that another file follows
	XAPrepares int64

	// A transaction that has begun and not ended: where, or -1. Everything
	// before SafeEnd is whole transactions.
	Open    int64
	SafeEnd int64
}

// A File is what could be read of one log.
type File struct {
	Name      string
	Size      int64
	Magic     Magic
	Format    *FormatDescription // nil if the log has none that can be read
	Encrypted bool               // at all, or from End on
	Walk                         // from the beginning to the first damage

	GTIDList      []GTID     // MariaDB: the state before this file
	PreviousGTIDs []Interval // MySQL: the same

	Damage  *parse.Damage // what ended the walk, nil: the end of the file
	Islands []Walk        // good events behind the damage
	More    bool          // there may be more islands than are kept or looked for
}

// InUse reports whether the log was not closed.
func (f *File) InUse() bool { return f.Format != nil && f.Format.InUse }

// Settings say what to read of a log.
type Settings struct {
	Options
	WantXID func(xid uint64) bool     // which numbers go to Walk.XIDs; nil: all
	Visit   func(e *Event, good bool) // sees every event, in islands with good false; Body is valid during the call
}

// Read reads a log of size bytes from r. at may be nil; with it events behind
// damage are found. The error is about reading, never about content; what was
// read until then is returned with it.
func Read(r io.Reader, at io.ReaderAt, name string, size int64, s Settings) (*File, error) {
	reader := NewReader(r, name, size, s.Options)
	f := &File{Name: name, Size: size}
	w := newWalker(reader, s, func(e *Event) {
		switch e.Type {
		case GTIDListType:
			if f.GTIDList == nil {
				f.GTIDList, _ = ParseGTIDList(e)
			}
		case PreviousGTIDsType:
			if f.PreviousGTIDs == nil {
				f.PreviousGTIDs, _ = ParsePreviousGTIDs(e)
			}
		}
		if s.Visit != nil {
			s.Visit(e, true)
		}
	})
	f.Walk = w.run()
	f.Magic, f.Format, f.Encrypted, f.Damage = reader.Magic(), reader.Format(), reader.Encrypted(), reader.Damage()
	if err := reader.Err(); err != nil || f.Damage == nil || at == nil || f.Magic == OtherMagic {
		return f, err
	}
	if f.Format != nil {
		return f, f.islands(at, reader.Checksum(), s)
	}
	// Without a format description most logs have checksums.
	if err := f.islands(at, CRC32, s); err != nil || len(f.Islands) > 0 {
		return f, err
	}
	return f, f.islands(at, NoChecksum, s)
}

// islands looks for events behind the damage.
func (f *File) islands(at io.ReaderAt, checksum Checksum, s Settings) error {
	budget := newBudget(f.Size)
	tries := 0
	for from := f.Damage.Offset + 1; from < f.Size; tries++ {
		if tries == 4*maxIslands || len(f.Islands) == maxIslands {
			f.More = true
			return nil
		}
		found, ok, err := resync(at, from, f.Size, checksum, budget)
		if err != nil {
			return err
		}
		if !ok {
			f.More = budget.spent()
			return nil
		}
		section := io.NewSectionReader(at, found, f.Size-found)
		reader := NewReader(section, f.Name, f.Size, Options{Offset: found, Checksum: checksum, BodyLimit: s.BodyLimit})
		island := newWalker(reader, s, func(e *Event) {
			if s.Visit != nil {
				s.Visit(e, false)
			}
		}).run()
		if err := reader.Err(); err != nil {
			return err
		}
		if island.Events == 0 {
			from = found + 1
			continue
		}
		checksum = reader.Checksum()
		f.Islands = append(f.Islands, island)
		if reader.Damage() == nil {
			return nil
		}
		from = island.End + 1
	}
	return nil
}

// A walker goes over events and sums up.
type walker struct {
	r     *Reader
	s     Settings
	visit func(*Event)
	w     Walk
	began bool // inside of a transaction, behind BEGIN
	alone bool // the next statement is a transaction of its own
}

func newWalker(r *Reader, s Settings, visit func(*Event)) *walker {
	return &walker{r: r, s: s, visit: visit, w: Walk{Types: map[Type]int64{}, Open: -1}}
}

func (k *walker) run() Walk {
	var types [256]int64
	var last Header
	w := &k.w
	for k.r.Next() {
		e := k.r.Event()
		if w.Events == 0 {
			w.Offset, w.First = e.Offset, e.Header
		}
		w.Events++
		types[e.Type]++
		if !e.Placed() {
			w.Misplaced++
		}
		if !e.Type.Known() {
			w.Unknown++
		}
		last = e.Header
		k.note(e)
		k.transaction(e)
		k.visit(e)
	}
	w.End = k.r.Offset()
	w.Last = last
	w.XIDs.settle()
	if w.Events == 0 {
		w.Offset, w.SafeEnd = w.End, w.End
	}
	for t, n := range types {
		if n > 0 {
			w.Types[Type(t)] = n
		}
	}
	return *w
}

// note keeps what an event says about the log.
func (k *walker) note(e *Event) {
	w := &k.w
	w.Stopped, w.Rotated = e.Type == StopType, e.Type == RotateType
	switch e.Type {
	case XIDType:
		xid, ok := ParseXID(e)
		if !ok {
			return
		}
		w.XIDCount++
		w.LastXID = xid
		if k.s.WantXID == nil || k.s.WantXID(xid) {
			w.XIDs.Add(xid)
		}
	case GTIDType:
		if g, _, ok := ParseGTID(e); ok && (len(w.GTIDs) < maxStates || w.GTIDs[g.Domain].Sequence > 0) {
			if w.GTIDs == nil {
				w.GTIDs = map[uint32]GTID{}
			}
			w.GTIDs[g.Domain] = g
		}
	case MySQLGTIDType:
		if g, ok := ParseSourceGTID(e); ok && (len(w.SourceGTIDs) < maxStates || w.SourceGTIDs[g.UUID] > 0) {
			if w.SourceGTIDs == nil {
				w.SourceGTIDs = map[string]int64{}
			}
			w.SourceGTIDs[g.UUID] = g.Number
		}
	case BinlogCheckpointType:
		if name, ok := ParseBinlogCheckpoint(e); ok {
			w.Checkpoint = name
		}
	case RotateType:
		if name, _, ok := ParseRotate(e); ok {
			w.NextFile = name
		}
	case XAPrepareType:
		w.XAPrepares++
	}
}

// transaction follows where transactions begin and end.
func (k *walker) transaction(e *Event) {
	w := &k.w
	begin := func() {
		if w.Open < 0 {
			w.Open = e.Offset
		}
	}
	end := func() { w.Open, k.began, k.alone = -1, false, false }
	switch e.Type {
	case GTIDType:
		begin()
		_, flags, _ := ParseGTID(e)
		k.alone = flags&GTIDStandalone != 0
		k.began = !k.alone
	case MySQLGTIDType, AnonymousGTIDType, TaggedGTIDType:
		begin()
		k.alone, k.began = true, false
	case QueryType, QueryCompressedType:
		q, _ := ParseQuery(e)
		switch {
		case q.Class == Begin || q.Class == "XA START":
			begin()
			k.began, k.alone = true, false
		case q.Class == Commit, q.Class == Rollback, !k.began, k.alone:
			end()
		}
	case XIDType, XAPrepareType, PayloadType:
		end()
	case TableMapType:
		begin()
		k.began = true
	}
	if w.Open < 0 {
		w.SafeEnd = e.End()
	}
}
