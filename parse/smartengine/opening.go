package smartengine

import "fmt"

// A Cause is what keeps an engine from opening.
type Cause string

// The causes, in the order in which an opening engine meets them.
const (
	NoCause       Cause = ""                // it opens
	NewEngine     Cause = "new"             // an empty directory: it opens, and begins anew
	NoCurrent     Cause = "no-current"      // CURRENT is missing and the first files of the engine too
	BadCurrent    Cause = "bad-current"     // CURRENT cannot be read
	NoCheckpoint  Cause = "no-checkpoint"   // the checkpoint that CURRENT names is missing
	BadCheckpoint Cause = "bad-checkpoint"  // it does not decode
	BadManifest   Cause = "bad-manifest"    // a record that checks does not decode, or speaks of an unknown subtable
	BadDataHeader Cause = "bad-data-header" // a header of a data file
	NoDataFile    Cause = "no-data-file"    // a live extent is in a file that is missing
	ShortDataFile Cause = "short-data-file" // a live extent is behind the end of its file
	BadWAL        Cause = "bad-wal"         // damage in front of the last block of the newest WAL
	statusCorrupt       = 2                 // codes of common::Status (util/status.h)
	statusInvalid       = 4
	statusIO            = 5
	statusError         = 21
)

// An Opening says what a start of the engine does, in the default recovery mode
// (smartengine_wal_recovery_mode, absolute consistency).
type Opening struct {
	Opens bool
	Cause Cause
	Code  int    // the engine's status
	Words string // of the engine's log, without place and file
	File  string // that the start fails on
	// Overwrites: the start writes CURRENT, 0.checkpoint and 1.manifest anew
	// even if it fails then.
	Overwrites bool
}

// judge walks through an opening.
func (r *reading) judge() {
	o := &r.Opening
	refuse := func(cause Cause, code int, file, words string) {
		if o.Cause == NoCause {
			o.Cause, o.Code, o.File, o.Words = cause, code, file, words
		}
	}
	if r.Current == nil {
		o.Overwrites = true
		switch {
		case len(r.files[CheckpointFile])+len(r.files[ManifestFile])+len(r.files[DataFileType])+len(r.files[WALFile]) == 0:
			o.Opens, o.Cause = true, NewEngine
			return
		case !r.has(CheckpointFile, 0) || !r.has(ManifestFile, 1):
			refuse(NoCurrent, statusError, string(CurrentFile), "")
		}
	} else if r.Current.Damage != nil {
		words := ""
		if r.Current.Damage.Field == "newline" || r.Current.Damage.Length == 0 {
			words = `manifest name's last charactor not \n`
		}
		refuse(BadCurrent, statusCorrupt, string(CurrentFile), words)
	}
	checkpoint, _ := r.start()
	switch {
	case r.Checkpoint == nil:
		refuse(NoCheckpoint, statusIO, checkpoint, "fail to create checkpoint reader")
	case len(r.Checkpoint.Damage) > 0:
		refuse(BadCheckpoint, statusCorrupt, checkpoint, "")
	}
	for _, m := range r.Manifests {
		if m.undecoded {
			refuse(BadManifest, statusCorrupt, m.File, "")
		}
	}
	if f := r.actual.failure; f != nil {
		refuse(BadManifest, statusError, f.File, "unexpected error, subtable must not nullptr")
		r.Damage = append(r.Damage, *f)
	}
	r.judgeDataFiles(refuse)
	r.judgeWALs(refuse)
	o.Opens = o.Cause == NoCause
}

func (r *reading) judgeDataFiles(refuse func(Cause, int, string, string)) {
	sizes := map[uint64]int64{}
	for _, f := range r.DataFiles {
		sizes[f.Number] = f.Size
		switch {
		case !f.Refused:
		case f.Copies[0].Magic != headerMagic || f.Copies[1].Magic != headerMagic:
			refuse(BadDataHeader, statusError, f.File, "unexpected error, DataFileHeader's magic number mismatch")
		default:
			refuse(BadDataHeader, statusError, f.File, "unexpected error, master_header and backup_header mismatch")
		}
	}
	for _, x := range r.actual.live() {
		if x.ID.Object() {
			continue
		}
		name := fileName(DataFileType, uint64(x.ID.File))
		size, ok := sizes[uint64(x.ID.File)]
		switch {
		case !ok:
			refuse(NoDataFile, statusError, name, "unexpected error, fail to get data file")
		case int64(x.ID.Number) >= size/ExtentSize:
			refuse(ShortDataFile, statusInvalid, name, fmt.Sprintf("reference_if_need, extent %d: invalid argument", x.ID.Number))
		}
	}
}

func (r *reading) judgeWALs(refuse func(Cause, int, string, string)) {
	for i, w := range r.WALs {
		if w.Stop != nil && !w.Stop.Silent && (i < len(r.WALs)-1 || !w.Stop.AtEnd) {
			refuse(BadWAL, statusError, w.File, "unexpected error, only last record may corruption under kAbsoluteConsistency recovery mode")
		}
	}
}
