package innodb

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
)

// A UUID is a group UUID in the byte order in which it is printed.
type UUID [16]byte

// IsZero reports whether u is the undefined UUID.
func (u UUID) IsZero() bool { return u == UUID{} }

// String renders u in lower case, with hyphens.
func (u UUID) String() string {
	h := hex.EncodeToString(u[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// A ServerGTID is the MariaDB GTID that wsrep_gtid_mode keeps beside the
// seqno. Without that mode all three numbers are zero.
type ServerGTID struct {
	Domain, Server uint32
	Seq            uint64
}

// IsZero reports whether no GTID was stored.
func (g ServerGTID) IsZero() bool { return g == ServerGTID{} }

// String renders g as domain-server-sequence. The server prints the first two
// as signed numbers (sql/wsrep_mysqld.cc wsrep_recover).
func (g ServerGTID) String() string {
	return fmt.Sprintf("%d-%d-%d", int32(g.Domain), int32(g.Server), g.Seq)
}

// A Position is a place in the history of a group.
type Position struct {
	UUID  UUID
	Seqno int64
	GTID  ServerGTID
}

// undefined is what a server without a position prints.
func undefined() Position { return Position{Seqno: -1} }

// IsUndefined reports whether p says nothing.
func (p Position) IsUndefined() bool { return p.UUID.IsZero() && p.Seqno == -1 }

// String renders p as mariadbd --wsrep-recover does with wsrep_gtid_mode=OFF.
func (p Position) String() string { return fmt.Sprintf("%s:%d", p.UUID, p.Seqno) }

// WithGTID renders p as mariadbd --wsrep-recover does with wsrep_gtid_mode=ON.
func (p Position) WithGTID() string { return p.String() + "," + p.GTID.String() }

// The fields of an XID as InnoDB stores it, and of the data of a wsrep XID
// (MariaDB sql/wsrep_xid.cc). The numbers in front are big-endian, those in
// the data little-endian.
const (
	xidFormat  = 0  // u32
	xidGTRID   = 4  // u32, length of the global part
	xidBQUAL   = 8  // u32, length of the branch part
	xidData    = 12 // 128 bytes
	xidUUID    = xidData + 8
	xidSeqno   = xidData + 24
	xidGTID    = xidData + 32
	xidEnd     = xidData + 128
	xidVersion = xidData + 7
	xidPrefix  = "WSREPXi"
)

// parseXID reads a stored XID of xidEnd bytes. ok is false for any XID that is
// not one of wsrep (sql/wsrep_xid.cc wsrep_is_wsrep_xid).
func parseXID(b []byte) (p Position, ok bool) {
	if len(b) < xidEnd || binary.BigEndian.Uint32(b[xidFormat:]) != 1 || binary.BigEndian.Uint32(b[xidBQUAL:]) != 0 ||
		string(b[xidData:xidVersion]) != xidPrefix {
		return undefined(), false
	}
	length := binary.BigEndian.Uint32(b[xidGTRID:])
	switch version := b[xidVersion]; {
	case (version == 'd' || version == 'e') && length == 32:
	case version == 'f' && length == 48:
		p.GTID = ServerGTID{
			Domain: binary.LittleEndian.Uint32(b[xidGTID:]),
			Server: binary.LittleEndian.Uint32(b[xidGTID+4:]),
			Seq:    binary.LittleEndian.Uint64(b[xidGTID+8:]),
		}
	default:
		return undefined(), false
	}
	copy(p.UUID[:], b[xidUUID:])
	p.Seqno = int64(binary.LittleEndian.Uint64(b[xidSeqno:]))
	return p, true
}
