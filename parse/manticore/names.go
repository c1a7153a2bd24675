package manticore

import (
	"path"
	"strconv"
	"strings"
)

// A Kind is the kind of a file below a data directory, by its name alone.
type Kind uint8

// The kinds of files.
const (
	Other            Kind = iota
	ConfigFile            // manticore.json
	ConfigNew             // manticore.json.new: a save that did not end
	ConfigOld             // manticore.json.old
	BinlogMetaFile        // binlog.meta
	BinlogMetaNew         // binlog.meta.new
	LogFile               // binlog.NNNN
	TableMetaFile         // NAME.meta
	TableRAM              // NAME.ram
	SharedMemoryFile      // mcrpl_…
	LockFile              // NAME.lock, binlog.lock
	ServerConfFile        // manticore.conf, sphinx.conf
	ServerLogFile         // searchd.log
	GrastateFile          // grastate.dat
	GrastateLeftover      // grastate.dat.new, grastate.dat.old: a forced start that did not end
	GvwstateFile          // gvwstate.dat
	GaleraCacheFile       // galera.cache
)

// KindOf returns the kind of a file by the last element of its path.
func KindOf(name string) Kind {
	base := path.Base(name)
	switch base {
	case "manticore.json":
		return ConfigFile
	case "manticore.json.new":
		return ConfigNew
	case "manticore.json.old":
		return ConfigOld
	case "binlog.meta":
		return BinlogMetaFile
	case "binlog.meta.new":
		return BinlogMetaNew
	case "grastate.dat":
		return GrastateFile
	case "grastate.dat.new", "grastate.dat.old":
		return GrastateLeftover
	case "gvwstate.dat":
		return GvwstateFile
	case "galera.cache":
		return GaleraCacheFile
	case "manticore.conf", "sphinx.conf":
		return ServerConfFile
	case "searchd.log":
		return ServerLogFile
	}
	if _, ok := LogNumber(base); ok {
		return LogFile
	}
	switch {
	case IsSharedMemory(base):
		return SharedMemoryFile
	case strings.HasSuffix(base, ".meta"):
		return TableMetaFile
	case strings.HasSuffix(base, ".ram"):
		return TableRAM
	case strings.HasSuffix(base, ".lock"):
		return LockFile
	}
	return Other
}

// LogNumber returns the number of a log, binlog.0003: three digits before
// 7.0.0, then as many as binlog_filename_digits says, 4 without it.
func LogNumber(base string) (uint64, bool) {
	digits, ok := strings.CutPrefix(base, "binlog.")
	if !ok || digits == "" || strings.Trim(digits, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 10, 32)
	return n, err == nil
}
