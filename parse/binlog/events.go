package binlog

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"strings"
)

// Limits of lists inside of events.
const (
	maxList = 4096 // entries that are kept of a list of GTIDs
	maxName = 512  // bytes of a file name
)

// A FormatDescription is the first event of a log.
type FormatDescription struct {
	Header
	BinlogVersion uint16
	ServerVersion string
	Created       uint32 // seconds since 1970; 0 in files made by a rotation
	HeaderLength  uint8
	PostHeaders   []uint8 // length of the fixed part of each type from 1 on
	HasChecksum   bool    // the server knows checksums
	Checksum      Checksum
	InUse         bool // the log was not closed
}

// parseFormat reads the body, with the checksum. ok is false if it is not
// version 4.
func parseFormat(h Header, b []byte) (f FormatDescription, ok bool) {
	f.Header, f.InUse = h, h.Flags&FlagInUse != 0
	if len(b) < 57 {
		return f, false
	}
	f.BinlogVersion = binary.LittleEndian.Uint16(b)
	version, _, _ := bytes.Cut(b[2:52], []byte{0})
	f.ServerVersion = strings.ToValidUTF8(string(version), "\uFFFD")
	f.Created = binary.LittleEndian.Uint32(b[52:])
	f.HeaderLength = b[56]
	rest := b[57:]
	if f.HasChecksum = (knowsChecksums(f.ServerVersion) || len(rest) >= manyTypes) && len(rest) > checksumSize; f.HasChecksum {
		f.Checksum = Checksum(rest[len(rest)-checksumSize-1])
		rest = rest[:len(rest)-checksumSize-1]
	}
	f.PostHeaders = bytes.Clone(rest)
	return f, f.BinlogVersion == 4 && f.HeaderLength == HeaderSize
}

// manyTypes is more types than any server without checksums knows; the version
// may be damaged.
const manyTypes = 36

// MariaDB reports whether a MariaDB server wrote the log.
func (f *FormatDescription) MariaDB() bool {
	return strings.Contains(strings.ToLower(f.ServerVersion), "mariadb")
}

// knowsChecksums compares with 5.6.1, or 5.3 for MariaDB (log_event.cc
// checksum_version_product_mysql, checksum_version_product_mariadb). Versions
// that are no numbers are newer than that.
func knowsChecksums(version string) bool {
	var v [3]int
	for i, part := range strings.SplitN(version, ".", 3) {
		digits := part[:len(part)-len(strings.TrimLeft(part, "0123456789"))]
		n, err := strconv.Atoi(digits)
		if err != nil {
			return i == 0
		}
		v[i] = n
	}
	if strings.Contains(strings.ToLower(version), "mariadb") {
		return v[0] > 5 || v[0] == 5 && v[1] >= 3
	}
	return v[0] > 5 || v[0] == 5 && (v[1] > 6 || v[1] == 6 && v[2] >= 1)
}

// A GTID is the global transaction id of MariaDB.
type GTID struct {
	Domain, Server uint32
	Sequence       uint64
}

func (g GTID) String() string {
	return strconv.FormatUint(uint64(g.Domain), 10) + "-" + strconv.FormatUint(uint64(g.Server), 10) + "-" + strconv.FormatUint(g.Sequence, 10)
}

// Flags of a MariaDB GTID event (log_event.h Gtid_log_event).
const (
	GTIDStandalone  uint8 = 0x01 // the next event is the whole transaction
	GTIDGroupCommit uint8 = 0x02
	GTIDDDL         uint8 = 0x20
	GTIDPreparedXA  uint8 = 0x40
	GTIDCompletedXA uint8 = 0x80
)

// ParseGTID reads a MariaDB GTID event (type 162).
func ParseGTID(e *Event) (g GTID, flags uint8, ok bool) {
	if e.Type != GTIDType || len(e.Body) < 13 {
		return g, 0, false
	}
	return GTID{
		Sequence: binary.LittleEndian.Uint64(e.Body), Domain: binary.LittleEndian.Uint32(e.Body[8:]), Server: e.ServerID,
	}, e.Body[12], true
}

// ParseGTIDList reads the state of all domains at the beginning of a MariaDB
// log (type 163): the last GTID of each server in each domain, the last
// server of a domain last.
func ParseGTIDList(e *Event) (list []GTID, ok bool) {
	if e.Type != GTIDListType || len(e.Body) < 4 {
		return nil, false
	}
	count := int64(binary.LittleEndian.Uint32(e.Body) & 0x0fffffff)
	b := e.Body[4:]
	for range min(count, maxList, int64(len(b)/16)) {
		list = append(list, GTID{
			Domain: binary.LittleEndian.Uint32(b), Server: binary.LittleEndian.Uint32(b[4:]), Sequence: binary.LittleEndian.Uint64(b[8:]),
		})
		b = b[16:]
	}
	return list, int64(len(list)) == count
}

// A SourceGTID is the global transaction id of MySQL.
type SourceGTID struct {
	UUID   string // of the server that committed first
	Number int64
}

func (g SourceGTID) String() string { return g.UUID + ":" + strconv.FormatInt(g.Number, 10) }

// ParseSourceGTID reads a MySQL GTID event (type 33).
func ParseSourceGTID(e *Event) (g SourceGTID, ok bool) {
	if e.Type != MySQLGTIDType || len(e.Body) < 25 {
		return g, false
	}
	return SourceGTID{formatUUID(e.Body[1:17]), int64(binary.LittleEndian.Uint64(e.Body[17:]))}, true
}

// An Interval is a range of transactions of one server.
type Interval struct {
	UUID        string
	First, Last int64
}

// ParsePreviousGTIDs reads the set of all transactions in earlier logs
// (type 35, mysql-server sql/rpl_gtid_set.cc Gtid_set::encode). ok is false if
// it does not parse to the end.
func ParsePreviousGTIDs(e *Event) (set []Interval, ok bool) {
	if e.Type != PreviousGTIDsType || len(e.Body) < 8 {
		return nil, false
	}
	servers, b := binary.LittleEndian.Uint64(e.Body), e.Body[8:]
	for ; servers > 0; servers-- {
		if len(b) < 24 {
			return set, false
		}
		uuid, intervals := formatUUID(b[:16]), binary.LittleEndian.Uint64(b[16:])
		b = b[24:]
		for ; intervals > 0; intervals-- {
			if len(b) < 16 || len(set) == maxList {
				return set, false
			}
			first, end := int64(binary.LittleEndian.Uint64(b)), int64(binary.LittleEndian.Uint64(b[8:]))
			if first < 1 || end <= first {
				return set, false
			}
			set = append(set, Interval{uuid, first, end - 1})
			b = b[16:]
		}
	}
	return set, len(b) == 0
}

func formatUUID(b []byte) string {
	h := hex.EncodeToString(b)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// ParseXID reads the number that ends a transaction (type 16). On Galera nodes
// it is the wsrep seqno (MariaDB/server sql/handler.cc ha_commit_trans).
func ParseXID(e *Event) (xid uint64, ok bool) {
	if e.Type != XIDType || len(e.Body) < 8 {
		return 0, false
	}
	return binary.LittleEndian.Uint64(e.Body), true
}

// ParseRotate reads the name and the first position of the next log (type 4).
func ParseRotate(e *Event) (name string, position uint64, ok bool) {
	if e.Type != RotateType || len(e.Body) < 8 {
		return "", 0, false
	}
	return logName(e.Body[8:]), binary.LittleEndian.Uint64(e.Body), true
}

// ParseBinlogCheckpoint reads the name of the oldest log that a recovery
// needs (type 161).
func ParseBinlogCheckpoint(e *Event) (name string, ok bool) {
	if e.Type != BinlogCheckpointType || len(e.Body) < 4 {
		return "", false
	}
	n := int64(binary.LittleEndian.Uint32(e.Body))
	b := e.Body[4:]
	if n > int64(len(b)) || n > maxName {
		return "", false
	}
	return logName(b[:n]), true
}

func logName(b []byte) string {
	return strings.ToValidUTF8(string(b[:min(len(b), maxName)]), "\uFFFD")
}

// A Query is what may be known of a statement.
type Query struct {
	Thread    uint32
	ErrorCode uint16
	Database  string
	Class     Class
}

// ParseQuery reads a statement event (type 2, and 165 without the class). The
// text of the statement is not kept.
func ParseQuery(e *Event) (q Query, ok bool) {
	if e.Type != QueryType && e.Type != QueryCompressedType && e.Type != ExecuteLoadQueryType || len(e.Body) < 13 {
		return q, false
	}
	b := e.Body
	q.Thread, q.ErrorCode = binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint16(b[9:])
	database, status := int(b[8]), int(binary.LittleEndian.Uint16(b[11:]))
	b = b[13:]
	if e.Type == ExecuteLoadQueryType {
		b = b[min(len(b), 13):]
	}
	if len(b) < status+database+1 {
		return q, false
	}
	b = b[status:]
	q.Database = strings.ToValidUTF8(string(b[:database]), "\uFFFD")
	if q.Class = Compressed; e.Type == QueryType {
		q.Class = Classify(b[database+1:])
	}
	return q, true
}

// A TableMap names the table that rows events with its id are about.
type TableMap struct {
	ID       uint64 // 48 bits
	Flags    uint16
	Database string
	Table    string
}

// ParseTableMap reads a table map (type 19).
func ParseTableMap(e *Event) (m TableMap, ok bool) {
	if e.Type != TableMapType || len(e.Body) < 9 {
		return m, false
	}
	m.ID, m.Flags = tableID(e.Body), binary.LittleEndian.Uint16(e.Body[6:])
	b := e.Body[8:]
	for _, text := range []*string{&m.Database, &m.Table} {
		if len(b) == 0 || len(b) < int(b[0])+2 {
			return m, false
		}
		*text = strings.ToValidUTF8(string(b[1:1+int(b[0])]), "\uFFFD")
		b = b[int(b[0])+2:]
	}
	return m, true
}

// FlagStatementEnd of a rows event: the last one of its statement.
const FlagStatementEnd uint16 = 0x0001

// ParseRows reads the table and the flags of a rows event; the rows are left.
func ParseRows(e *Event) (table uint64, flags uint16, ok bool) {
	if !e.Type.IsRows() || len(e.Body) < 8 {
		return 0, 0, false
	}
	return tableID(e.Body), binary.LittleEndian.Uint16(e.Body[6:]), true
}

func tableID(b []byte) uint64 {
	return uint64(binary.LittleEndian.Uint32(b)) | uint64(binary.LittleEndian.Uint16(b[4:]))<<32
}

// An XAPrepare is a transaction that was prepared by its client.
type XAPrepare struct {
	OnePhase bool
	FormatID int32
	GTRID    []byte
	BQual    []byte
}

// ParseXAPrepare reads an XA PREPARE (type 38).
func ParseXAPrepare(e *Event) (x XAPrepare, ok bool) {
	if e.Type != XAPrepareType || len(e.Body) < 13 {
		return x, false
	}
	x.OnePhase, x.FormatID = e.Body[0] != 0, int32(binary.LittleEndian.Uint32(e.Body[1:]))
	gtrid, bqual := uint64(binary.LittleEndian.Uint32(e.Body[5:])), uint64(binary.LittleEndian.Uint32(e.Body[9:]))
	data := e.Body[13:]
	if gtrid > 64 || bqual > 64 || gtrid+bqual > uint64(len(data)) {
		return x, false
	}
	x.GTRID, x.BQual = bytes.Clone(data[:gtrid]), bytes.Clone(data[gtrid:gtrid+bqual])
	return x, true
}
