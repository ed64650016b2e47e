package main

import (
	"encoding/binary"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

const (
	height  = 8
	width   = 1 << height
	entries = -1
)

// log is a tree and what its tiles say. It is the tlog.TileReader of its tree and, once the tiles are checked, a
// tlog.HashReader.
type log struct {
	*source
	tree   tlog.Tree
	tiles  map[tlog.Tile][]byte
	hashes map[int64]tlog.Hash
}

func newLog(source *source, tree tlog.Tree) *log {
	return &log{source: source, tree: tree, tiles: map[tlog.Tile][]byte{}, hashes: map[int64]tlog.Hash{}}
}

func (l *log) Height() int { return height }

func (l *log) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	contents := make([][]byte, len(tiles))
	for i, tile := range tiles {
		content, kept := l.tiles[tile]
		if !kept {
			found, read, err := l.readTile(tile)
			if err != nil {
				return nil, err
			}
			if len(read) != found.W*tlog.HashSize {
				return nil, fmt.Errorf("%s has %d bytes", pathOf(found), len(read))
			}
			content = read[:tile.W*tlog.HashSize]
		}
		contents[i] = content
	}
	return contents, nil
}

// SaveTiles is given the tiles that agree with the root.
func (l *log) SaveTiles(tiles []tlog.Tile, contents [][]byte) {
	for i, tile := range tiles {
		l.tiles[tile] = contents[i]
	}
}

// checkTiles checks every tile against the root of the checkpoint.
func (l *log) checkTiles() error {
	if l.tree.N == 0 {
		empty, err := tlog.TreeHash(0, nil)
		if err == nil && empty != l.tree.Hash {
			err = fmt.Errorf("the root of the empty log is %s", l.tree.Hash)
		}
		return err
	}
	reader := tlog.TileHashReader(l.tree, l)
	for _, tile := range tlog.NewTiles(height, 0, l.tree.N) {
		first := tlog.StoredHashIndex(tile.L*height, tile.N<<height)
		if _, err := reader.ReadHashes([]int64{first}); err != nil {
			return fmt.Errorf("%s, or what stands above it: %w", pathOf(tile), err)
		}
		if _, checked := l.tiles[tile]; !checked {
			return fmt.Errorf("%s was not checked", pathOf(tile))
		}
	}
	return nil
}

// checkEntries proves that every entry, as its bundle has it, is in the tree at its index.
func (l *log) checkEntries() error {
	for _, bundle := range bundles(l.tree.N) {
		leaves, err := l.leaves(bundle)
		if err != nil {
			return err
		}
		for i, leaf := range leaves {
			index := bundle.N<<height + int64(i)
			proof, err := tlog.ProveRecord(l.tree.N, index, l)
			if err != nil {
				return fmt.Errorf("entry %d: %w", index, err)
			}
			if err := tlog.CheckRecord(proof, l.tree.N, l.tree.Hash, index, leaf); err != nil {
				return fmt.Errorf("entry %d is not in the tree: %w", index, err)
			}
		}
	}
	return nil
}

// checkConsistency proves that the tree begins with an earlier one.
func (l *log) checkConsistency(old tlog.Tree) error {
	switch {
	case old.N > l.tree.N:
		return fmt.Errorf("the log shrank from %d entries to %d", old.N, l.tree.N)
	case old.N == 0:
		// A tree of nothing is the beginning of every tree; nothing is left to prove but that it is one.
		return newLog(l.source, old).checkTiles()
	}
	proof, err := tlog.ProveTree(l.tree.N, old.N, l)
	if err != nil {
		return err
	}
	if err := tlog.CheckTree(proof, l.tree.N, l.tree.Hash, old.N, old.Hash); err != nil {
		return fmt.Errorf("the log does not begin with its checkpoint of %d entries: %w", old.N, err)
	}
	return nil
}

// checkServed checks that the tiles and bundles an earlier checkpoint ends in are still served, in full tiles or as they were.
func (l *log) checkServed(old tlog.Tree) error {
	if old.N == 0 {
		return nil
	}
	before := newLog(l.source, old)
	if _, err := tlog.TileHashReader(old, before).ReadHashes([]int64{tlog.StoredHashIndex(0, old.N-1)}); err != nil {
		return fmt.Errorf("the tiles of its right edge: %w", err)
	}
	all := bundles(old.N)
	last := all[len(all)-1]
	leaves, err := before.leaves(last)
	if err != nil {
		return err
	}
	for i, leaf := range leaves {
		index := last.N<<height + int64(i)
		now, err := l.ReadHashes([]int64{tlog.StoredHashIndex(0, index)})
		if err != nil {
			return err
		}
		if now[0] != leaf {
			return fmt.Errorf("%s has another entry %d", pathOf(last), index)
		}
	}
	return nil
}

// ReadHashes reads from the tiles that are checked.
func (l *log) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		hash, known := l.hashes[index]
		if !known {
			tile := tlog.TileForIndex(height, index)
			tile.W = min(width, int(l.tree.N>>(height*tile.L)-tile.N<<height))
			content, checked := l.tiles[tile]
			if !checked {
				return nil, fmt.Errorf("%s was not checked", pathOf(tile))
			}
			read, err := tlog.HashFromTile(tile, content, index)
			if err != nil {
				return nil, err
			}
			hash, l.hashes[index] = read, read
		}
		hashes[i] = hash
	}
	return hashes, nil
}

func bundles(size int64) []tlog.Tile {
	var all []tlog.Tile
	for n := int64(0); n<<height < size; n++ {
		all = append(all, tlog.Tile{H: height, L: entries, N: n, W: int(min(width, size-n<<height))})
	}
	return all
}

// leaves answers the leaf hashes of a bundle, as many as it is wide.
func (l *log) leaves(bundle tlog.Tile) ([]tlog.Hash, error) {
	found, content, err := l.readTile(bundle)
	if err != nil {
		return nil, err
	}
	leaves := []tlog.Hash{}
	for rest := content; len(rest) > 0; {
		if len(rest) < 2 || len(rest)-2 < int(binary.BigEndian.Uint16(rest)) {
			return nil, fmt.Errorf("%s is cut off", pathOf(found))
		}
		end := 2 + int(binary.BigEndian.Uint16(rest))
		leaves = append(leaves, tlog.RecordHash(rest[2:end]))
		rest = rest[end:]
	}
	if len(leaves) != found.W {
		return nil, fmt.Errorf("%s holds %d entries", pathOf(found), len(leaves))
	}
	return leaves[:bundle.W], nil
}
