package cowsql

import (
	"bytes"
	"fmt"

	"github.com/lastwrite/lastwrite/parse"
)

// A CommandType is the type of a log command (cowsql src/command.h).
type CommandType uint8

// The command types. Only Frames changes data.
const (
	CommandOpen       CommandType = 1
	CommandFrames     CommandType = 2
	CommandUndo       CommandType = 3
	CommandCheckpoint CommandType = 4
)

func (t CommandType) String() string {
	switch t {
	case CommandOpen:
		return "open"
	case CommandFrames:
		return "frames"
	case CommandUndo:
		return "undo"
	case CommandCheckpoint:
		return "checkpoint"
	}
	return fmt.Sprintf("command %d", uint8(t))
}

// A CommandBody is a decoded log command. Page content stays where it is.
type CommandBody struct {
	Type     CommandType
	Database string // file name; open, frames, checkpoint
	TxID     uint64 // frames, undo
	Truncate uint32
	Commit   bool
	PageSize int
	Pages    []uint64 // page numbers, from 1
	Content  []byte   // len(Pages) pages, shares the payload's memory
}

// ParseCommand decodes the payload of a command entry (cowsql src/command.c
// command__decode). base is the payload's offset in file.
func ParseCommand(file, prefix string, base int64, payload []byte) (CommandBody, *parse.Damage) {
	c := parse.NewCursor(file, prefix, base, payload)
	var b CommandBody
	if f := c.U8("format"); c.OK() && f != 1 {
		c.FailAt("format", parse.BadVersion, base, 1, "1", fmt.Sprint(f))
	}
	b.Type = CommandType(c.U8("type"))
	c.Bytes("unused", 6)
	switch b.Type {
	case CommandOpen, CommandCheckpoint:
		b.Database = c.PaddedText("filename")
	case CommandUndo:
		b.TxID = c.U64("tx_id")
	case CommandFrames:
		b.Database = c.PaddedText("filename")
		b.TxID = c.U64("tx_id")
		b.Truncate = c.U32("truncate")
		b.Commit = c.U8("is_commit") != 0
		c.Bytes("unused", 3)
		n := int64(c.U32("pages"))
		size := c.U16("page_size")
		c.Bytes("unused", 2)
		b.PageSize = int(size) // 65536 does not fit into the field
		if c.OK() && n > 0 && (b.PageSize < 512 || b.PageSize&(b.PageSize-1) != 0) {
			c.Fail("page_size", parse.BadValue, 0, "a power of two from 512 to 32768", fmt.Sprint(b.PageSize))
		}
		if c.OK() && n*(8+int64(b.PageSize)) > c.Left() {
			c.Fail("pages", parse.Truncated, c.Left(), fmt.Sprintf("%d pages of %d bytes", n, b.PageSize), fmt.Sprintf("%d bytes left", c.Left()))
		}
		for i := int64(0); i < n && c.OK(); i++ {
			b.Pages = append(b.Pages, c.U64("page_number"))
		}
		b.Content = c.Bytes("content", n*int64(b.PageSize))
	default:
		c.FailAt("type", parse.BadValue, base+1, 1, "1 to 4", fmt.Sprint(uint8(b.Type)))
	}
	return b, c.Damage()
}

// headOfCommand is how much of a command's payload is looked at while
// streaming: enough for the header, the longest file name (512 bytes and its end,
// VFS__MAX_PATHNAME in cowsql src/vfs.c) and the commit flag.
const headOfCommand = 8 + 520 + 8 + 8

// A commandHead is what streaming looks at of a command.
type commandHead struct {
	known, frames, commit bool
	database              string
}

// parseCommandHead reads the start of a command's payload. The name shares
// the memory of head.
func parseCommandHead(head []byte) (h commandHead, name []byte) {
	if len(head) < 8 || head[0] != 1 || head[1] < 1 || head[1] > 4 {
		return commandHead{}, nil
	}
	if CommandType(head[1]) != CommandFrames {
		return commandHead{known: true}, nil
	}
	end := bytes.IndexByte(head[8:], 0)
	if end < 0 {
		return commandHead{}, nil
	}
	commit := 8 + pad8(end+1) + 12 // behind the name, the transaction and truncate
	if commit >= len(head) {
		return commandHead{}, nil
	}
	return commandHead{known: true, frames: true, commit: head[commit] != 0}, head[8 : 8+end]
}
