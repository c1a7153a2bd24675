package source

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"
	"syscall"

	"github.com/dustin/go-humanize"
)

// A Problem classifies an InputError.
type Problem string

// The problems with a path.
const (
	Missing    Problem = "missing"
	Unreadable Problem = "unreadable"
	Empty      Problem = "empty"
	FIFO       Problem = "fifo"
	Device     Problem = "device"
	Socket     Problem = "socket"
	LinkLoop   Problem = "link-loop"
	Irregular  Problem = "irregular" // none of the above, and neither file nor directory
)

// An InputError says that there is nothing to read at a path.
type InputError struct {
	Path    string
	Problem Problem
	Err     error // what the operating system said, nil if it did not
}

func (e *InputError) Unwrap() error { return e.Err }

// Error is one sentence for the operator: what is wrong and what to do.
func (e *InputError) Error() string {
	const give = "; give the directory that holds the data files, or an archive of it"
	path := Printable(e.Path)
	switch e.Problem {
	case Missing:
		return path + ": there is no such file or directory; check the spelling, and that the copy is mounted here"
	case Unreadable:
		return fmt.Sprintf("%s: cannot be read (%s); run as a user who may read it, or copy it to a place that is readable", path, reason(e.Err))
	case Empty:
		return path + ": the file is empty; copy it again from where it was made"
	case FIFO:
		return path + ": is a FIFO, which is never opened" + give
	case Device:
		return path + ": is a device, which is never opened; mount it read-only and give the directory"
	case Socket:
		return path + ": is a socket, which is never opened" + give
	case LinkLoop:
		return path + ": is a link that leads back to itself" + give
	default:
		return path + ": is neither a directory nor a regular file" + give
	}
}

// inputError turns what the operating system said about path into an
// *InputError.
func inputError(path string, err error) *InputError {
	problem := Unreadable
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		problem = Missing
	case errors.Is(err, syscall.ELOOP):
		problem = LinkLoop
	}
	return &InputError{Path: path, Problem: problem, Err: err}
}

func problemOf(mode fs.FileMode) Problem {
	switch {
	case mode&fs.ModeNamedPipe != 0:
		return FIFO
	case mode&fs.ModeSocket != 0:
		return Socket
	case mode&fs.ModeDevice != 0:
		return Device
	default:
		return Irregular
	}
}

func describeMode(mode fs.FileMode) string {
	switch {
	case mode&fs.ModeSymlink != 0:
		return "symbolic link, not followed"
	case mode&fs.ModeNamedPipe != 0:
		return "FIFO, not opened"
	case mode&fs.ModeSocket != 0:
		return "socket, not opened"
	case mode&fs.ModeCharDevice != 0:
		return "character device, not opened"
	case mode&fs.ModeDevice != 0:
		return "block device, not opened"
	default:
		return "neither a file nor a directory, not opened"
	}
}

// A NotArchiveError says that a path is a regular file, and no archive that
// can be read. The caller decides whether such a file has a use.
type NotArchiveError struct {
	Path string
	What string // what the content is, "" if it is not known
}

func (e *NotArchiveError) Error() string {
	what := e.What
	if what == "" {
		what = "not an archive"
	}
	return fmt.Sprintf("%s: the file is %s; give a directory, or a .tar, .tar.gz, .tar.zst or .zip of one", Printable(e.Path), what)
}

// An EscapeError says that an archive was refused because the name of a member
// leads out of it. Nothing of it was kept.
type EscapeError struct {
	Path   string
	Member string // its name as it stands in the archive
}

func (e *EscapeError) Error() string {
	return fmt.Sprintf("%s: refused, because the member %s is an absolute path or leads out of the archive; "+
		"make the archive again with relative names, or unpack it in a safe place and give the directory", Printable(e.Path), strconv.Quote(e.Member))
}

// An IncompleteError says that an archive is damaged or cut off. The members
// that were read completely before the damage are served.
type IncompleteError struct {
	Path    string
	Member  string // the first member that is lost, "" if it is not known
	Members int    // regular files that were read completely
	Err     error  // what is wrong
}

func (e *IncompleteError) Unwrap() error { return e.Err }

func (e *IncompleteError) Error() string {
	place := ""
	if e.Member != "" {
		place = " at member " + strconv.Quote(e.Member)
	}
	return fmt.Sprintf("%s: the archive is damaged%s (%s); %s read completely; copy the archive again from where it was made",
		Printable(e.Path), place, reason(e.Err), count(e.Members, "file was", "files were"))
}

// A SpaceError says that unpacking an archive was stopped before it filled the
// disk.
type SpaceError struct {
	Path string // the archive
	Dir  string // where it was being unpacked
	Free uint64 // bytes left there
	Err  error  // what the operating system said, nil if the limit was ours
}

func (e *SpaceError) Unwrap() error { return e.Err }

func (e *SpaceError) Error() string {
	return fmt.Sprintf("%s: unpacking stopped, only %s are left in %s; choose a directory with more space, or unpack it yourself and give the directory",
		Printable(e.Path), humanize.IBytes(e.Free), Printable(e.Dir))
}

// A LiveError says that a running server seems to hold a directory.
type LiveError struct {
	Path  string
	Signs []LiveSign // at least one
}

func (e *LiveError) Error() string {
	return fmt.Sprintf("%s: a running server seems to hold it (%s: %s); stop the server or read a copy, or insist with --live-ok",
		Printable(e.Path), Printable(e.Signs[0].Path), e.Signs[0].Text)
}

var (
	errNotRegular   = errors.New("not a regular file")
	errNotDirectory = errors.New("not a directory")
	errShrunk       = errors.New("the file became shorter while it was read")
	errEndMark      = errors.New("it ends without the mark of its end")
)

// reason returns the innermost text of err, without the paths that the os
// package puts in front of it.
func reason(err error) string {
	var path *fs.PathError
	for errors.As(err, &path) {
		err = path.Err
	}
	switch {
	case err == nil:
		return "unknown reason"
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return "it ends too early"
	}
	return err.Error()
}

// Printable returns s, quoted if a terminal could take it for more than text.
func Printable(s string) string {
	if s == "" || strings.ContainsFunc(s, func(r rune) bool { return r == '\uFFFD' || !strconv.IsPrint(r) }) {
		return strconv.Quote(s)
	}
	return s
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return humanize.Comma(int64(n)) + " " + many
}
