//go:build !linux

package source

import "os"

// listDirectory lists a directory without describing its files.
func listDirectory(root *os.Root, name string) ([]entry, error) {
	info, err := root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, errNotDirectory
	}
	dir, err := root.OpenFile(name, os.O_RDONLY|flagNonblock, 0)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	names, err := dir.ReadDir(-1)
	list := make([]entry, 0, len(names))
	for _, e := range names {
		list = append(list, entry{e.Name(), e.Type()})
	}
	return sortEntries(list), err
}
