package serverlog

import "strings"

// innodbRules are messages of InnoDB, without "InnoDB: ", of any level.
var innodbRules = []rule{
	{CrashRecovery, "Starting crash recovery from checkpoint LSN=%d", nil},
	{CrashRecovery, "Starting crash recovery", nothing},
	{CrashRecovery, "Starting final batch to recover", nothing},
	{CrashRecovery, "Database was not shutdown normally", nothing},
	{CrashRecovery, "Database was not shut down normally", nothing},
	{EndOfLog, "End of log at LSN=%d", nil},
	{EndOfLog, "Doing recovery: scanned up to log sequence number %d", nil},
	{LogSequence, "log sequence number %d; transaction id %d", nil},
	{LogSequence, "Shutdown completed; log sequence number %d; transaction id %d", nil},
	{LogSequence, "Shutdown completed; log sequence number %d", nil},
	{Assertion, "Assertion failure in file %s line %d", assertion},
	{Assertion, "Assertion failure: %s:%d", assertion},
}

func assertion(e *Event, c *capture) {
	e.Text, e.First = c.s[0][strings.LastIndexByte(c.s[0], '/')+1:], c.d[0]
}

func failure(code string) func(*Event, *capture) {
	return func(e *Event, c *capture) {
		e.Code, e.First, e.Last, e.Name = code, c.d[0], c.d[1], c.s[0]
	}
}

// innodbErrors are messages of InnoDB with the level of an error. Code says
// which one it is.
var innodbErrors = []rule{
	{InnoDBError, "File %s was not found", failure("log-missing")},
	{InnoDBError, "%s is empty, and LSN is unknown", failure("log-empty")},
	{InnoDBError, "Invalid log header checksum", failure("log-header")},
	{InnoDBError, "No valid checkpoint was found", failure("no-checkpoint")},
	{InnoDBError, "No valid checkpoint found", failure("no-checkpoint")},
	{InnoDBError, "Missing FILE_DELETE or FILE_MODIFY for [page id: space=%d, page number=%d]", failure("undo-or-table-missing")},
	{InnoDBError, "Missing MLOG_FILE_NAME or MLOG_FILE_DELETE", failure("undo-or-table-missing")},
	{InnoDBError, "Missing FILE_CHECKPOINT", failure("no-file-checkpoint")},
	{InnoDBError, "Missing MLOG_CHECKPOINT", failure("no-file-checkpoint")},
	{InnoDBError, "The Auto-extending data file '%s' is of a different size %d pages", failure("system-tablespace-size")},
	{InnoDBError, "The innodb_system data file '%s' is of a different size %d pages", failure("system-tablespace-size")},
	{InnoDBError, "The data file '%s' is of a different size", failure("system-tablespace-size")},
	{InnoDBError, "undo tablespace '%s' exists", failure("system-tablespace-missing")},
	{InnoDBError, "Tablespace %d was not found at %s.ibd", failure("tablespace-missing")},
	{InnoDBError, "Cannot open '%s'", failure("cannot-open")},
	{InnoDBError, "Cannot open datafile for read-only: '%s'", failure("cannot-open")},
	{InnoDBError, "Operating system error number %d in a file operation", failure("os-error")},
	{InnoDBError, "Unable to lock %s error: %d", failure("locked")},
	{InnoDBError, "Upgrade after a crash is not supported", failure("upgrade-after-crash")},
	{InnoDBError, "Unsupported redo log format", failure("log-format")},
	{InnoDBError, "Plugin initialization aborted", failure("start-failed")},
	{InnoDBError, "Database page corruption on disk or a failed read of file '%s' page [page id: space=%d, page number=%d]", failure("page-corrupt")},
	{InnoDBError, "Database page corruption", failure("page-corrupt")},
	{InnoDBError, "Failed to read page %d from file '%s'", failure("page-corrupt")},
	{InnoDBError, "Page [page id: space=%d, page number=%d] log sequence number %d is in the future", failure("lsn-in-the-future")},
	{InnoDBError, "Space id and page no stored in the page", failure("page-misplaced")},
	{InnoDBError, "Log scan aborted at LSN %d", failure("log-scan-aborted")},
	{InnoDBError, "Missing checkpoint", failure("no-checkpoint")},
	{InnoDBError, "Obtaining redo log encryption key version %d failed", failure("encryption-key")},
	{InnoDBError, "Plugin 'InnoDB'", failure("start-failed")},
	{InnoDBError, "redo log file '%s' exists", failure("system-tablespace-missing")},
	{InnoDBError, "Cannot create %s because %s already exists", failure("log-exists")},
}

// serverRules are messages of the server itself.
var serverRules = []rule{
	{Start, "Starting MariaDB %s source revision", nil},
	{Start, "Starting MariaDB %s as process", nil},
	{Version, "Version: '%s'", nil},
	{Aborting, "Aborting", nothing},
	{Aborting, "Data Dictionary initialization failed", nothing},
	{PreparedFound, "Found %d prepared transaction(s) in %s", nil},
	{PreparedFound, "Found %d prepared XA transactions", nil},
	{CrashRecoveryLog, "Recovering after a crash using %s", nil},
	{CrashRecoveryLog, "Starting crash recovery", nothing},
	{CrashRecoveryLog, "Starting XA crash recovery", nothing},
	{CrashRecoveryDone, "Crash recovery finished", nothing},
	{CrashRecoveryDone, "XA crash recovery finished", nothing},
	{PrivilegeTables, "Could not open mysql.plugin table", nothing},
	{PrivilegeTables, "Fatal error: Can't open and lock privilege tables", nothing},
	{PrivilegeTables, "Can't open and lock privilege tables", nothing},
	{UnknownEngine, "Unknown/unsupported storage engine: %s", nil},
	{UnknownEngine, "Plugin '%s' registration as a STORAGE ENGINE failed", nil},
	{UnknownEngine, "Plugin '%s' init function returned error", nil},
	{ShutdownBegin, "Received SHUTDOWN from user", nothing},
}

// anywhere are texts that stand behind the name of a program or of a file.
var anywhere = []struct {
	kind    Kind
	marker  string
	pattern string
	set     func(*Event, *capture)
}{
	{Ready, ": ready for connections", ": ready for connections", func(e *Event, c *capture) {
		var v capture
		if match(". Version: '%s'", c.rest, &v) {
			e.Text = v.s[0]
		}
	}},
	{ShutdownComplete, ": Shutdown complete", ": Shutdown complete", nothing},
	{ShutdownBegin, ": Normal shutdown", ": Normal shutdown", nothing},
	{Signal, " got signal ", " got signal %d", nil},
	{Start, ") starting as process ", ") starting as process ", nothing},
	{Assertion, ": Assertion `", ": Assertion `", nothing},
	{Assertion, "InnoDB: Assertion failure", "InnoDB: Assertion failure in file %s line %d", assertion},
	{Assertion, "Assertion failure: ", "Assertion failure: %s:%d", assertion},
}
