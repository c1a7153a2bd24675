package source

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

const tarBlock = 512

// readTar reads a tar archive from s. Members are served in place if the
// archive is whole, a plain tar file; otherwise they are unpacked.
func (a *archive) readTar(ctx context.Context, s *source, whole *extent) error {
	var in io.Reader = s
	if s.seeker != nil {
		in = seekingSource{s}
	}
	r := tar.NewReader(in)
	for {
		s.mark()
		h, err := r.Next()
		switch {
		case err == io.EOF:
			if s.read < tarBlock || s.nonzero {
				return a.incomplete("", errEndMark)
			}
			return a.finishTar(s)
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil && (h == nil || !errors.Is(err, tar.ErrInsecurePath)): // we judge names
			return a.incomplete("", describeTar(err))
		}
		if err := a.addTar(s, r, h, whole); err != nil {
			return err
		}
	}
}

// finishTar reads what stands behind the end, for the checksums of the
// compression. Archives are padded with zeros; anything else is reported.
func (a *archive) finishTar(s *source) error {
	buf := make([]byte, 16*tarBlock)
	trailing := false
	for {
		n, err := s.Read(buf)
		trailing = trailing || len(bytes.Trim(buf[:n], "\x00")) > 0
		switch {
		case err == nil:
			continue
		case err == io.EOF:
		case errors.Is(err, gzip.ErrHeader): // not gzip any more, and all before it was whole
			trailing = true
		case s.ctx.Err() != nil:
			return context.Cause(s.ctx)
		case errors.Is(err, gzip.ErrChecksum), errors.Is(err, zstd.ErrCRCMismatch):
			return a.incomplete("", fmt.Errorf("the checksum of the whole is wrong, so that any of its files may be: %w", err))
		default:
			return a.incomplete("", err)
		}
		break
	}
	if trailing {
		a.report(Stranger{Path: ".", Reason: "bytes behind the end of the archive, not read", Unread: true})
	}
	return nil
}

// addTar puts one member into the index.
func (a *archive) addTar(s *source, r *tar.Reader, h *tar.Header, whole *extent) error {
	switch h.Typeflag {
	case tar.TypeXGlobalHeader, 'V': // defaults; the label of a volume
		return nil
	}
	name, ok, err := a.clean(h.Name)
	if err != nil || !ok {
		return err
	}
	mode := h.FileInfo().Mode().Perm()
	switch h.Typeflag {
	case tar.TypeDir, 'D':
		a.addDir(name, mode, h.ModTime)
		return nil
	case tar.TypeReg, tar.TypeCont, tar.TypeGNUSparse:
		if !a.free(name) {
			return nil
		}
		n := &node{member: member{mode: mode, modified: h.ModTime}}
		if whole != nil && !sparseTar(h) {
			n.content = *whole
			n.content.base, n.content.size = s.offset, h.Size
			if h.Size > whole.size-s.offset {
				return a.incomplete(name, io.ErrUnexpectedEOF)
			}
		} else if n.content, err = a.spool.put(r, h.Size); err != nil {
			return a.spoolError(name, err)
		}
		a.add(name, n)
	case tar.TypeSymlink:
		a.addStranger(name, fs.ModeSymlink|mode, h.Linkname)
	case tar.TypeLink:
		a.report(Stranger{Path: name, Target: h.Linkname, Reason: "hard link in an archive, not followed", Unread: true})
	case tar.TypeChar:
		a.addStranger(name, fs.ModeDevice|fs.ModeCharDevice|mode, "")
	case tar.TypeBlock:
		a.addStranger(name, fs.ModeDevice|mode, "")
	case tar.TypeFifo:
		a.addStranger(name, fs.ModeNamedPipe|mode, "")
	default:
		a.refuse(name, fmt.Sprintf("archive member of the unknown type %q, refused", h.Typeflag))
	}
	return nil
}

// addStranger puts in a member that can be listed but not opened.
func (a *archive) addStranger(name string, mode fs.FileMode, target string) {
	if !a.free(name) {
		return
	}
	a.add(name, &node{member: member{mode: mode}, target: target})
	a.report(Stranger{Path: name, Reason: describeMode(mode), Target: target})
}

// sparseTar reports whether the member's bytes are not simply those that
// follow its header.
func sparseTar(h *tar.Header) bool {
	if h.Typeflag == tar.TypeGNUSparse {
		return true
	}
	for key := range h.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return true
		}
	}
	return false
}

// spoolError tells a damaged archive from a failure to unpack it.
func (a *archive) spoolError(name string, err error) error {
	if damage := (errSource{}); errors.As(err, &damage) {
		return a.incomplete(name, describeTar(damage.error))
	}
	return err
}

// incomplete reports the member that is lost, if it is known, and returns the
// error for Open.
func (a *archive) incomplete(name string, err error) error {
	if name != "" {
		a.refuse(name, "archive member that could not be read to its end: "+reason(err))
	}
	return &IncompleteError{Path: a.path, Member: name, Members: a.files, Err: err}
}

func describeTar(err error) error {
	if errors.Is(err, tar.ErrHeader) {
		return fmt.Errorf("there is no valid tar header where one must be: %w", err)
	}
	return err
}
