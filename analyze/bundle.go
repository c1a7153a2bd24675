package analyze

// A Keeper is a Reading that can be kept in an evidence bundle and be brought
// back where the files are not: what it took from the files is one value, and
// all that follows from it is computed anew.
type Keeper interface {
	Reading
	// Evidence returns what was read, for encoding/json. It is asked for when
	// Finish and Judge are done. Strings are mapped by the caller; text is for
	// those that stand inside of encoded bytes.
	Evidence(text func(string) string) any
	// Recall takes the JSON of Evidence in place of all calls of Take, before
	// Finish. The directory of the Reading is a listing then: files have names,
	// sizes and modes, and no content. data may come from anybody.
	Recall(data []byte) error
}

// A Partial is a Keeper that does not keep all there is.
type Partial interface {
	// Missing says what Evidence left out to stay small, one phrase for each
	// thing; nothing if it is whole.
	Missing() []string
}

// A StoredSource is an input whose nodes were read before: nothing is looked
// for in it, and no file of it has content.
type StoredSource interface {
	Source
	Stored() []StoredNode
}

// A StoredNode is one node of a StoredSource.
type StoredNode struct {
	System    string
	Name      string
	Candidate Candidate
	Evidence  []byte
}

// A ReadNode is a node as it was found and read.
type ReadNode struct {
	System    string
	Candidate Candidate
	Reading   Reading
	Node      *Node
}
