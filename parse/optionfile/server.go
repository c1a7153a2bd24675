package optionfile

import (
	"strconv"
	"strings"

	"github.com/lastwrite/lastwrite/parse"
)

// A Server is what the settings of a server say about its data directory and
// its cluster. An option that is not Set is not in the files.
type Server struct {
	DataDir  Value[string]
	LogError Value[string]
	ServerID Value[int64]
	PidFile  Value[string]

	LogBin         Value[string] // "" when given without a name; not Set when switched off
	LogBinOff      Value[bool]   // log_bin is switched off
	LogBinIndex    Value[string]
	LogTC          Value[string] // log_tc, the file of the transaction coordinator
	SyncBinlog     Value[int64]
	EncryptBinlog  Value[bool]
	BinlogChecksum Value[string]

	WsrepOn            Value[bool]
	WsrepProvider      Value[string]
	ClusterAddress     Value[ClusterAddress]
	ClusterName        Value[string]
	NodeName           Value[string]
	NodeAddress        Value[string]
	NodeIncoming       Value[string]
	SSTMethod          Value[string]
	WsrepDataHomeDir   Value[string] // where grastate.dat is; the data directory if not Set
	WsrepNewCluster    Value[bool]   // a leftover: bootstraps at every start
	WsrepRecover       Value[bool]   // a leftover: the server prints its position and ends
	WsrepStartPosition Value[string] // a leftover: UUID:seqno
	WsrepGTIDMode      Value[bool]
	WsrepGTIDDomainID  Value[int64]
	Provider           Provider

	DataFilePath      Value[[]DataFile]
	InnoDBDataHomeDir Value[string]
	LogGroupHomeDir   Value[string]
	UndoDirectory     Value[string]
	UndoTablespaces   Value[int64]
	PageSize          Value[int64] // bytes
	LogFilesInGroup   Value[int64]
	LogFileSize       Value[int64] // bytes
	FlushLogAtCommit  Value[int64]
	ForceRecovery     Value[int64]
	EncryptLog        Value[bool]
	ReadOnly          Value[bool] // innodb_read_only

	WeSQL WeSQL
}

// NewServer reads the settings of the groups of a server, as Settings.In
// returns them. Damage names values that do not parse, without quoting them.
func NewServer(settings Settings) (Server, []parse.Damage) {
	v := &values{settings: settings}
	s := Server{
		DataDir: v.text("datadir"), LogError: v.text("log_error"), ServerID: v.size("server_id"), PidFile: v.text("pid_file"),

		LogBinIndex: v.text("log_bin_index"), LogTC: v.text("log_tc"), SyncBinlog: v.size("sync_binlog"),
		EncryptBinlog: v.toggle("encrypt_binlog"), BinlogChecksum: v.text("binlog_checksum"),

		WsrepOn: v.toggle("wsrep_on"), WsrepProvider: v.text("wsrep_provider"), ClusterName: v.text("wsrep_cluster_name"),
		NodeName: v.text("wsrep_node_name"), NodeAddress: v.text("wsrep_node_address"), NodeIncoming: v.text("wsrep_node_incoming_address"),
		SSTMethod: v.text("wsrep_sst_method"), WsrepDataHomeDir: v.text("wsrep_data_home_dir"),
		WsrepNewCluster: v.toggle("wsrep_new_cluster"), WsrepRecover: v.toggle("wsrep_recover"),
		WsrepStartPosition: v.text("wsrep_start_position"),
		WsrepGTIDMode:      v.toggle("wsrep_gtid_mode"), WsrepGTIDDomainID: v.size("wsrep_gtid_domain_id"),

		InnoDBDataHomeDir: v.text("innodb_data_home_dir"), LogGroupHomeDir: v.text("innodb_log_group_home_dir"),
		UndoDirectory: v.text("innodb_undo_directory"), UndoTablespaces: v.size("innodb_undo_tablespaces"),
		PageSize: v.size("innodb_page_size"), LogFilesInGroup: v.size("innodb_log_files_in_group"), LogFileSize: v.size("innodb_log_file_size"),
		FlushLogAtCommit: v.size("innodb_flush_log_at_trx_commit"), ForceRecovery: v.size("innodb_force_recovery"),
		EncryptLog: v.toggle("innodb_encrypt_log"), ReadOnly: v.toggle("innodb_read_only"),

		WeSQL: newWeSQL(v),
	}
	s.LogBin, s.LogBinOff = v.logBin()
	s.clusterAddress(v)
	s.dataFilePath(v)
	return s, v.damage
}

// logBin reads log_bin, which has an optional name, and is off as skip_log_bin
// or with "0" or "OFF" (MariaDB takes these for names; nobody names a log so).
func (v *values) logBin() (name Value[string], off Value[bool]) {
	name = v.text("log_bin")
	if !name.Set {
		return name, off
	}
	switch on, ok := ParseBool(name.V); {
	case ok && !on:
		off = Value[bool]{At: name.At, Set: true, V: true}
		name.Set, name.V = false, ""
	case ok:
		name.V = ""
	}
	return name, off
}

func (s *Server) clusterAddress(v *values) {
	var options []ProviderOption
	setting, ok := v.settings.Last("wsrep_provider_options")
	if ok {
		options = append(options, setting.Options...)
	}
	address, out, kept := take[ClusterAddress](v, "wsrep_cluster_address")
	if kept {
		out.Set, out.V = true, ParseClusterAddress(address.Value)
		out.V.Options = address.Options
	}
	s.ClusterAddress = out
	s.Provider = newProvider(setting.Span, append(options, address.Options...))
}

// A DataFile is one file of innodb_data_file_path.
type DataFile struct {
	Name       string
	Size       int64 // bytes
	Autoextend bool
	Max        int64 // bytes, 0: no limit
	Raw        bool  // a device: "raw" or "newraw"
}

func (s *Server) dataFilePath(v *values) {
	setting, out, ok := take[[]DataFile](v, "innodb_data_file_path")
	if ok {
		if out.V, out.Set = ParseDataFilePath(setting.Value); !out.Set {
			v.bad(setting, "name:size[:autoextend[:max:size]];…")
		}
	}
	s.DataFilePath = out
}

// ParseDataFilePath reads innodb_data_file_path (MariaDB/server
// storage/innobase/fsp/fsp0sysspace.cc SysTablespace::parse_params): files
// separated by ";", sizes with K, M or G.
func ParseDataFilePath(text string) (files []DataFile, ok bool) {
	for part := range strings.SplitSeq(text, ";") {
		if part == "" {
			continue
		}
		fields := strings.Split(part, ":")
		if len(fields) < 2 || fields[0] == "" || len(files) == 1000 {
			return files, false
		}
		f := DataFile{Name: fields[0]}
		if f.Size, ok = ParseSize(strings.TrimSuffix(strings.TrimSuffix(fields[1], "newraw"), "raw")); !ok || f.Size < 0 {
			return files, false
		}
		f.Raw = strings.HasSuffix(fields[1], "raw")
		for rest := fields[2:]; len(rest) > 0; rest = rest[1:] {
			switch {
			case rest[0] == "autoextend":
				f.Autoextend = true
			case rest[0] == "max" && len(rest) > 1:
				if f.Max, ok = ParseSize(rest[1]); !ok {
					return files, false
				}
				rest = rest[1:]
			default:
				return files, false
			}
		}
		files = append(files, f)
	}
	return files, len(files) > 0
}

// WeSQL holds the options that only a WeSQL server knows (wesql/wesql
// plugin/raft_replication/system_variables.cc, sql/sys_vars.cc).
type WeSQL struct {
	Serverless            Value[bool]
	ClusterInfo           Value[string] // raft_replication_cluster_info
	ClusterID             Value[string]
	Logger                Value[bool] // raft_replication_log_type_node
	Learner               Value[bool]
	StartIndex            Value[int64]
	ForceChangeMeta       Value[bool]
	ForceResetMeta        Value[bool]
	ForceRecoverIndex     Value[int64]
	ForceSingleMode       Value[bool]
	CurrentTerm           Value[int64]
	RecoverBackup         Value[bool]
	ArchiveRecovery       Value[bool]
	ArchiveLogBinIndex    Value[string]
	MaxLogSize            Value[int64]
	Checksum              Value[bool]
	ClusterInfoOnStore    Value[bool] // raft_replication_cluseter_info_on_objectstore; the name is misspelt in the server
	ServerIDOnStore       Value[string]
	StoreProvider         Value[string]
	StoreRegion           Value[string]
	StoreEndpoint         Value[string]
	StoreBucket           Value[string]
	StoreHTTPS            Value[bool]
	Repository            Value[string] // repo_objectstore_id
	Branch                Value[string] // branch_objectstore_id
	TableOnStore          Value[bool]
	RecoverFromStore      Value[bool] // recovery_snapshot_from_objectstore
	RecoverySnapshotTime  Value[string]
	RecoveryTmpDir        Value[string]
	RecoverySnapshotOnly  Value[bool]
	InitializeFromStore   Value[bool]
	BinlogArchive         Value[bool]
	BinlogArchiveDir      Value[string]
	SnapshotArchive       Value[bool]
	SnapshotArchiveDir    Value[string]
	EngineDataDir         Value[string]
	EngineWALDir          Value[string]
	EngineWALRecoveryMode Value[string]
	EngineFlushLog        Value[int64]
	SourceVerifyChecksum  Value[bool]
}

func newWeSQL(v *values) WeSQL {
	const raft = "raft_replication_"
	return WeSQL{
		Serverless: v.toggle("serverless"), ClusterInfo: v.text(raft + "cluster_info"), ClusterID: v.text(raft + "cluster_id"),
		Logger: v.toggle(raft + "log_type_node"), Learner: v.toggle(raft + "learner_node"), StartIndex: v.size(raft + "start_index"),
		ForceChangeMeta: v.toggle(raft + "force_change_meta"), ForceResetMeta: v.toggle(raft + "force_reset_meta"),
		ForceRecoverIndex: v.size(raft + "force_recover_index"), ForceSingleMode: v.toggle(raft + "force_single_mode"),
		CurrentTerm: v.size(raft + "current_term"), RecoverBackup: v.toggle(raft + "recover_backup"),
		ArchiveRecovery: v.toggle(raft + "archive_recovery"), ArchiveLogBinIndex: v.text(raft + "archive_log_bin_index"),
		MaxLogSize: v.size(raft + "max_log_size"), Checksum: v.toggle(raft + "checksum"),
		ClusterInfoOnStore: v.toggle(raft + "cluseter_info_on_objectstore"), ServerIDOnStore: v.text("server_id_on_objectstore"),
		StoreProvider: v.text("objectstore_provider"), StoreRegion: v.text("objectstore_region"), StoreEndpoint: v.text("objectstore_endpoint"),
		StoreBucket: v.text("objectstore_bucket"), StoreHTTPS: v.toggle("objectstore_use_https"),
		Repository: v.text("repo_objectstore_id"), Branch: v.text("branch_objectstore_id"), TableOnStore: v.toggle("table_on_objectstore"),
		RecoverFromStore: v.toggle("recovery_snapshot_from_objectstore"), RecoverySnapshotTime: v.text("recovery_snapshot_timestamp"),
		RecoveryTmpDir: v.text("recovery_snapshot_tmpdir"), RecoverySnapshotOnly: v.toggle("recovery_snapshot_only"),
		InitializeFromStore: v.toggle("initialize_from_objectstore"), BinlogArchive: v.toggle("binlog_archive"),
		BinlogArchiveDir: v.text("binlog_archive_dir"), SnapshotArchive: v.toggle("snapshot_archive"),
		SnapshotArchiveDir: v.text("snapshot_archive_dir"), EngineDataDir: v.text("smartengine_data_dir"), EngineWALDir: v.text("smartengine_wal_dir"),
		EngineWALRecoveryMode: v.text("smartengine_wal_recovery_mode"), EngineFlushLog: v.size("smartengine_flush_log_at_trx_commit"),
		SourceVerifyChecksum: v.toggle("source_verify_checksum"),
	}
}

// Position splits "uuid:seqno", as wsrep_start_position has it; a server GTID
// behind a comma is ignored.
func Position(text string) (uuid string, seqno int64, ok bool) {
	text, _, _ = strings.Cut(strings.TrimSpace(text), ",")
	uuid, number, found := strings.Cut(text, ":")
	n, err := strconv.ParseInt(number, 10, 64)
	return uuid, n, found && err == nil && len(uuid) == 36
}
