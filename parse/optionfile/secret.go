package optionfile

import (
	"slices"
	"strings"
)

// kept are the options whose values are kept. Everything else might hold a
// secret: an option of a plugin that nobody here knows, or the name of a
// password with one damaged letter.
var kept = []string{
	"datadir", "log_error", "server_id", "pid_file", "port", "bind_address", "socket", "basedir", "tmpdir", "user", "read_only",
	"default_storage_engine", "lower_case_table_names", "plugin_load", "plugin_load_add", "plugin_dir",

	"log_bin", "log_bin_index", "log_basename", "log_tc", "log_tc_size", "sync_binlog", "encrypt_binlog", "binlog_checksum", "binlog_format",
	"max_binlog_size", "expire_logs_days", "binlog_expire_logs_seconds", "log_slave_updates", "log_replica_updates", "gtid_mode",
	"enforce_gtid_consistency", "gtid_domain_id", "gtid_strict_mode", "tc_heuristic_recover", "relay_log", "sync_relay_log", "binlog_storage_engine",

	"wsrep_on", "wsrep_provider", "wsrep_provider_options", "wsrep_cluster_address", "wsrep_cluster_name", "wsrep_node_name", "wsrep_node_address",
	"wsrep_node_incoming_address", "wsrep_sst_method", "wsrep_sst_donor", "wsrep_sst_receive_address", "wsrep_data_home_dir", "wsrep_new_cluster",
	"wsrep_recover", "wsrep_start_position", "wsrep_gtid_mode", "wsrep_gtid_domain_id", "wsrep_slave_threads", "wsrep_applier_threads",
	"wsrep_log_conflicts", "wsrep_desync", "wsrep_osu_method", "wsrep_trx_fragment_size", "wsrep_trx_fragment_unit", "pxc_strict_mode",

	"innodb_data_file_path", "innodb_data_home_dir", "innodb_log_group_home_dir", "innodb_undo_directory", "innodb_undo_tablespaces",
	"innodb_page_size", "innodb_log_files_in_group", "innodb_log_file_size", "innodb_redo_log_capacity", "innodb_flush_log_at_trx_commit",
	"innodb_flush_method", "innodb_force_recovery", "innodb_encrypt_log", "innodb_encrypt_tables", "innodb_read_only", "innodb_doublewrite",
	"innodb_doublewrite_dir", "innodb_checksum_algorithm", "innodb_temp_data_file_path", "innodb_file_per_table", "innodb_fast_shutdown",

	"serverless", "raft_replication_cluster_info", "raft_replication_cluster_id", "raft_replication_log_type_node",
	"raft_replication_learner_node", "raft_replication_start_index", "raft_replication_force_change_meta", "raft_replication_force_reset_meta",
	"raft_replication_force_recover_index", "raft_replication_force_single_mode", "raft_replication_current_term",
	"raft_replication_recover_backup", "raft_replication_archive_recovery", "raft_replication_archive_log_bin_index",
	"raft_replication_archive_recovery_stop_datetime", "raft_replication_recover_new_cluster", "raft_replication_allow_no_valid_entry",
	"raft_replication_max_log_size", "raft_replication_large_trx", "raft_replication_large_event_split_size", "raft_replication_checksum",
	"raft_replication_election_timeout", "raft_replication_new_follower_threshold", "raft_replication_configure_change_timeout",
	"raft_replication_auto_leader_transfer", "raft_replication_cluseter_info_on_objectstore", "server_id_on_objectstore",
	"objectstore_provider", "objectstore_region", "objectstore_endpoint", "objectstore_use_https", "objectstore_bucket",
	"repo_objectstore_id", "branch_objectstore_id", "table_on_objectstore", "recovery_snapshot_from_objectstore",
	"recovery_snapshot_timestamp", "recovery_snapshot_tmpdir", "recovery_snapshot_only", "initialize_from_objectstore",
	"initialize_objectstore_provider", "initialize_objectstore_region", "initialize_objectstore_bucket", "initialize_objectstore_endpoint",
	"initialize_objectstore_use_https", "initialize_repo_objectstore_id", "initialize_branch_objectstore_id",
	"initialize_smartengine_objectstore_data", "binlog_archive", "binlog_archive_dir", "binlog_archive_period",
	"binlog_archive_slice_max_size", "binlog_archive_expire_seconds", "snapshot_archive", "snapshot_archive_dir", "snapshot_archive_period",
	"snapshot_archive_innodb_tar_mode", "snapshot_archive_smartengine_tar_mode", "smartengine_data_dir", "smartengine_wal_dir",
	"smartengine_wal_recovery_mode", "smartengine_flush_log_at_trx_commit", "source_verify_checksum",

	"server_uuid", // auto.cnf
}

// secretParts mark names whose values are never kept, whoever asks for them.
var secretParts = []string{"pass", "secret", "token", "auth", "key", "credential", "pwd"}

// isSecret reports whether a name speaks of a secret.
func isSecret(name string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc(secretParts, func(p string) bool { return strings.Contains(name, p) })
}

// isKept reports whether the value of an option may be kept. Options of the
// transfer scripts never are.
func isKept(group, name string) bool {
	for _, p := range []string{"skip_", "disable_", "enable_", "maximum_"} {
		if rest, ok := strings.CutPrefix(name, p); ok {
			name = rest
			break
		}
	}
	return slices.Contains(kept, name) && !isSecret(name) && !strings.HasPrefix(strings.ToLower(strings.TrimSpace(group)), "sst")
}

// isPlain reports whether an option without value may be shown by name: its
// "=" may be the byte that was damaged.
func isPlain(name string) bool {
	return isKept("", name) || !isSecret(name) && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz_") == ""
}

// holdsSecret reports whether a value may hold a secret although its option
// does not: an address with more than hosts and ports, or something with "=",
// which may be another option behind a damaged line end.
func holdsSecret(value string) bool {
	if strings.Contains(value, "=") {
		return true
	}
	_, address, ok := strings.Cut(value, "://")
	if !ok {
		return false
	}
	hosts, _, _ := strings.Cut(address, "/")
	for host := range strings.SplitSeq(hosts, ",") {
		if !isHost(host) {
			return true
		}
	}
	return false
}

// isHost reports whether text is a host, host:port or [address]:port.
func isHost(text string) bool {
	text = strings.TrimSpace(text)
	host, port := text, ""
	if at := strings.LastIndexByte(text, ':'); at >= 0 {
		host, port = text[:at], text[at+1:]
	}
	if address, ok := strings.CutPrefix(text, "["); ok {
		address, port, ok = strings.Cut(address, "]")
		return ok && strings.Trim(strings.ToLower(address), "0123456789abcdef:.%th") == "" && strings.Trim(port, ":0123456789") == ""
	}
	return strings.Trim(port, "0123456789") == "" && (host == "" || isName(host) && !strings.Contains(host, ":"))
}

// openSockets are the options of the provider's sockets that are no secret.
var openSockets = []string{"socket.ssl", "socket.checksum", "socket.dynamic", "socket.ssl_compression", "socket.recv_buf_size", "socket.send_buf_size"}

// isKeptByProvider reports whether the value of a provider option may be kept.
func isKeptByProvider(key, value string) bool {
	if isSecret(key) || holdsSecret(value) {
		return false
	}
	if slices.Contains(openSockets, key) {
		return true
	}
	prefixes := []string{"gcache.", "pc.", "gmcast.", "evs.", "gcs.", "gcomm.", "repl.", "cert.", "ist.", "protonet.", "base_", "debug"}
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(key, p) })
}

// isName reports whether text can be the name of an option. What cannot might
// be anything, a piece of a secret too.
func isName(text string) bool {
	if text == "" || len(text) > 80 {
		return false
	}
	for _, c := range []byte(text) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '.', c == ':':
		default:
			return false
		}
	}
	return true
}
