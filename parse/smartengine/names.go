package smartengine

import (
	"math"
	"strings"
)

// A FileType says what a file of the directory is.
type FileType string

// The types, with their suffixes or names (util/file_name.h).
const (
	CurrentFile    FileType = "CURRENT"
	LockFile       FileType = "LOCK"
	WALFile        FileType = "wal"
	DataFileType   FileType = "sst"
	ManifestFile   FileType = "manifest"
	CheckpointFile FileType = "checkpoint"
	TemporaryFile  FileType = "tmp"
)

// ParseName tells a file of the engine by its name: CURRENT, LOCK, or a
// decimal number, a point and a suffix (util/file_name.cc parse_file_name). ok
// is false for names that the engine ignores.
func ParseName(name string) (t FileType, number uint64, ok bool) {
	switch FileType(name) {
	case CurrentFile, LockFile:
		return FileType(name), 0, true
	}
	digits, suffix, _ := strings.Cut(name, ".")
	if number, ok = decimal(digits); !ok {
		return "", 0, false
	}
	switch t = FileType(suffix); t {
	case WALFile, DataFileType, ManifestFile, CheckpointFile, TemporaryFile:
		return t, number, true
	}
	return "", 0, false
}

// decimal reads a number of digits alone, which strconv does not insist on.
func decimal(s string) (n uint64, ok bool) {
	for _, c := range []byte(s) {
		if c < '0' || c > '9' || n > (math.MaxUint64-9)/10 {
			return 0, false
		}
		n = n*10 + uint64(c-'0')
	}
	return n, s != ""
}
