// Command xver checks a log served as C2SP tlog-tiles with the code that checks Go's own checksum database
// (golang.org/x/mod/sumdb): the checkpoint's signature, every tile against its root, the inclusion of every entry, and that
// each earlier checkpoint given as a file is a beginning of this log.
package main

import (
	"flag"
	"fmt"
	"os"

	"golang.org/x/mod/sumdb/note"
)

func main() {
	where := flag.String("log", "", "where the log is served: an http, https or file URL")
	key := flag.String("key", "", "the log's verifier key")
	flag.Parse()
	found, err := check(*where, *key, flag.Args())
	if err != nil {
		fmt.Printf("xver: FAIL: %v\n", err)
		os.Exit(1)
	}
	fmt.Printf("xver: ok: %s\n", found)
}

func check(where, key string, earlier []string) (string, error) {
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return "", fmt.Errorf("key: %w", err)
	}
	source, err := open(where)
	if err != nil {
		return "", err
	}
	content, err := source.read("checkpoint")
	if err != nil {
		return "", err
	}
	tree, err := checkpoint(content, verifier)
	if err != nil {
		return "", fmt.Errorf("checkpoint: %w", err)
	}
	log := newLog(source, tree)
	if err := log.checkTiles(); err != nil {
		return "", err
	}
	if err := log.checkEntries(); err != nil {
		return "", err
	}
	for _, path := range earlier {
		if err := log.checkEarlier(path, verifier); err != nil {
			return "", fmt.Errorf("%s: %w", path, err)
		}
	}
	return fmt.Sprintf("signature, root, %d tiles, %d entries, %d earlier checkpoints", len(log.tiles), tree.N, len(earlier)), nil
}

func (l *log) checkEarlier(path string, verifier note.Verifier) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	old, err := checkpoint(content, verifier)
	if err != nil {
		return err
	}
	if err := l.checkConsistency(old); err != nil {
		return err
	}
	return l.checkServed(old)
}
