package binlog

import "strconv"

// A Type is the type of an event (MariaDB/server sql/log_event.h
// Log_event_type; mysql/mysql-server libbinlogevents/include/binlog_event.h;
// wesql/wesql for 101 to 104).
type Type uint8

// The types that the package knows more of than the name.
const (
	QueryType             Type = 2
	StopType              Type = 3
	RotateType            Type = 4
	FormatDescriptionType Type = 15
	XIDType               Type = 16
	TableMapType          Type = 19
	WriteRowsV1Type       Type = 23
	DeleteRowsV1Type      Type = 25
	IncidentType          Type = 26
	WriteRowsV2Type       Type = 30
	DeleteRowsV2Type      Type = 32
	MySQLGTIDType         Type = 33
	AnonymousGTIDType     Type = 34
	PreviousGTIDsType     Type = 35
	XAPrepareType         Type = 38
	PartialUpdateRowsType Type = 39
	PayloadType           Type = 40 // a compressed transaction
	TaggedGTIDType        Type = 42

	ConsensusLogType           Type = 101 // WeSQL
	PreviousConsensusIndexType Type = 102
	ConsensusClusterInfoType   Type = 103
	ConsensusEmptyType         Type = 104

	AnnotateRowsType           Type = 160 // MariaDB
	BinlogCheckpointType       Type = 161
	GTIDType                   Type = 162
	GTIDListType               Type = 163
	StartEncryptionType        Type = 164
	QueryCompressedType        Type = 165
	WriteRowsCompressedV1Type  Type = 166
	DeleteRowsCompressedV2Type Type = 171
	lastKnown                       = DeleteRowsCompressedV2Type
	ExecuteLoadQueryType       Type = 18
	BeginLoadQueryType         Type = 17
)

// typeNames are the names that SHOW BINLOG EVENTS prints.
var typeNames = [...]string{
	1: "Start_v3", 2: "Query", 3: "Stop", 4: "Rotate", 5: "Intvar", 6: "Load", 7: "Slave", 8: "Create_file", 9: "Append_block",
	10: "Exec_load", 11: "Delete_file", 12: "New_load", 13: "RAND", 14: "User_var", 15: "Format_desc", 16: "Xid",
	17: "Begin_load_query", 18: "Execute_load_query", 19: "Table_map", 20: "Pre_GA_write_rows", 21: "Pre_GA_update_rows",
	22: "Pre_GA_delete_rows", 23: "Write_rows_v1", 24: "Update_rows_v1", 25: "Delete_rows_v1", 26: "Incident", 27: "Heartbeat",
	28: "Ignorable", 29: "Rows_query", 30: "Write_rows", 31: "Update_rows", 32: "Delete_rows", 33: "Gtid", 34: "Anonymous_Gtid",
	35: "Previous_gtids", 36: "Transaction_context", 37: "View_change", 38: "XA_prepare", 39: "Partial_update_rows",
	40: "Transaction_payload", 41: "Heartbeat_v2", 42: "Gtid_tagged",
	101: "Consensus_log", 102: "Previous_consensus_index", 103: "Consensus_cluster_info", 104: "Consensus_empty",
	160: "Annotate_rows", 161: "Binlog_checkpoint", 162: "Gtid", 163: "Gtid_list", 164: "Start_encryption", 165: "Query_compressed",
	166: "Write_rows_compressed_v1", 167: "Update_rows_compressed_v1", 168: "Delete_rows_compressed_v1",
	169: "Write_rows_compressed", 170: "Update_rows_compressed", 171: "Delete_rows_compressed",
}

// Known reports whether servers write events of this type.
func (t Type) Known() bool { return int(t) < len(typeNames) && typeNames[t] != "" }

func (t Type) String() string {
	if t.Known() {
		return typeNames[t]
	}
	return "type " + strconv.Itoa(int(t))
}

// IsRows reports whether events of this type hold rows.
func (t Type) IsRows() bool {
	return t >= WriteRowsV1Type && t <= DeleteRowsV1Type || t >= WriteRowsV2Type && t <= DeleteRowsV2Type ||
		t == PartialUpdateRowsType || t >= WriteRowsCompressedV1Type && t <= DeleteRowsCompressedV2Type
}

// Flags of an event header.
const (
	FlagInUse      uint16 = 0x0001 // of format descriptions: the log was not closed
	FlagArtificial uint16 = 0x0020
	FlagRelayLog   uint16 = 0x0040
	FlagIgnorable  uint16 = 0x0080
)

// A Checksum is the checksum algorithm of a log.
type Checksum uint8

// The algorithms.
const (
	NoChecksum Checksum = 0
	CRC32      Checksum = 1
)

func (c Checksum) String() string {
	switch c {
	case NoChecksum:
		return "none"
	case CRC32:
		return "CRC-32"
	}
	return strconv.Itoa(int(c))
}

// checksumSize is the length of a checksum in bytes.
const checksumSize = 4

// HeaderSize is the length of an event header in bytes.
const HeaderSize = 19
