package command

import (
	"bytes"
	"fmt"
	"io"

	"github.com/lastwrite/lastwrite/internal/hexdump"
	"github.com/lastwrite/lastwrite/parse"
	"github.com/lastwrite/lastwrite/parse/galera"
)

// A decoded is a file that is none of a raft log.
type decoded struct {
	kind   string
	sum    []string // in a few words
	show   func(p *printer, limit int)
	hex    func(d *hexdump.Writer, limit int) error // nil if no bytes are annotated
	binary bool                                     // of a file without hex: it is no text
	damage []parse.Damage
}

// A decoder reads a file. brief asks for the sum alone, where the whole would
// take long.
type decoder func(f *inspected, brief bool) (*decoded, error)

// decoderOf returns what reads a file of that name and beginning, nil if
// nothing does.
func decoderOf(name string, head []byte) decoder {
	if read := manticoreDecoder(name, head); read != nil {
		return read
	}
	if read := wesqlDecoder(name, head); read != nil {
		return read
	}
	n := galera.ParseName(name)
	switch n.Kind {
	case galera.KindState, galera.KindStateCopy:
		return decodeState
	case galera.KindView, galera.KindViewTemporary:
		return decodeView
	case galera.KindCache:
		return decodeCache
	case galera.KindPage:
		return decodePage
	case galera.KindTransferInfo:
		return decodeTransfer
	case galera.KindBackupInfo, galera.KindBackupCheckpoints:
		return decodeBackup
	case galera.KindErrorLog, galera.KindRecoveryLog:
		return decodeServerLog
	case galera.KindRedoLog:
		return decodeRedo
	case galera.KindSystemTablespace, galera.KindUndoTablespace:
		return decodeTablespace
	case galera.KindBinlogIndex:
		return decodeBinlogIndex
	case galera.KindCoordinatorLog:
		return decodeCoordinatorLog
	}
	if text := marks(n); text != "" {
		return func(*inspected, bool) (*decoded, error) { return decodeMark(text), nil }
	}
	return decoderByContent(name, head)
}

// decoderByContent goes by how a file begins, and by the end of its name where
// every file of a kind may begin otherwise.
func decoderByContent(name string, head []byte) decoder {
	switch {
	case bytes.HasPrefix(head, []byte("\xfebin")), bytes.HasPrefix(head, []byte("\xfdbin")):
		return decodeBinlog
	case bytes.HasPrefix(head, []byte("# GALERA saved state")):
		return decodeState
	case bytes.HasPrefix(head, []byte("my_uuid:")):
		return decodeView
	case bytes.HasPrefix(head, []byte("Version: ")) && bytes.Contains(head, []byte("\nGID: ")):
		return decodeCache
	case hasSuffix(name, ".ibd", ".ibu"):
		return decodeTablespace
	case hasSuffix(name, ".cnf", ".cnf.bak", "my.ini"):
		return decodeOptions
	case bytes.HasPrefix(head, []byte("Phys")), bytes.HasPrefix(head, []byte("PHYS")):
		return decodeRedo
	}
	return nil
}

// marks says what the name alone tells of a file whose content tells no more.
func marks(n galera.Name) string {
	switch n.Kind {
	case galera.KindTransferRunning:
		return "a full state transfer into this directory did not end: the data are not complete"
	case galera.KindFailedWriteSet:
		return fmt.Sprintf("write set %d, which this node could not apply; it holds rows, which are not shown", n.Seqno)
	case galera.KindTemporary:
		return "temporary tablespace, made anew at every start"
	case galera.KindDDLLog:
		return "schema changes in progress, of the server alone; no position"
	}
	return ""
}

func decodeMark(text string) *decoded {
	return &decoded{kind: "a file that its name explains", binary: true, sum: []string{text}, show: func(p *printer, _ int) { p.line("  %s", text) }}
}

func hasSuffix(name string, suffixes ...string) bool {
	for _, s := range suffixes {
		if len(name) > len(s) && name[len(name)-len(s):] == s || name == s {
			return true
		}
	}
	return false
}

// decode reads the file as one of the other families, if it is one.
func (f *inspected) decode(brief bool) error {
	head, err := f.head(512)
	if err != nil {
		return err
	}
	read := decoderOf(f.name.File, head)
	if read == nil {
		return nil
	}
	d, err := read(f, brief)
	if err != nil {
		return err
	}
	f.other, f.kind, f.damage = d, inspectKind(d.kind), d.damage
	return nil
}

// text returns the beginning of a text file.
func (f *inspected) text() ([]byte, error) {
	return io.ReadAll(io.NewSectionReader(f.at, 0, min(f.size, maxText)))
}

// maxText bounds what is read of a small text file, in bytes.
const maxText = 4 << 20
