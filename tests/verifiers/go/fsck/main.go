// Command fsck runs Tessera's integrity check over a log: signature, root, every tile and entry bundle of its checkpoint.
//
// Tessera v1.0.4 has a command of this name that exits 0 whatever it finds, hence this one around the same package.
package main

import (
	"context"
	"flag"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"golang.org/x/mod/sumdb/note"
)

func main() {
	log := flag.String("log", "", "where the log is served: an http, https or file URL")
	key := flag.String("key", "", "the log's verifier key")
	flag.Parse()
	found, err := check(*log, *key)
	if err != nil {
		// Whole tiles follow, in hexadecimal.
		reason, _, _ := strings.Cut(err.Error(), ": log has:\n")
		fmt.Printf("fsck: FAIL: %s\n", reason)
		os.Exit(1)
	}
	fmt.Printf("fsck: ok: %s\n", found)
}

func check(log, key string) (string, error) {
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return "", err
	}
	fetcher, err := open(log)
	if err != nil {
		return "", err
	}
	run := fsck.New(verifier.Name(), verifier, fetcher, leafHashes, fsck.Opts{N: 4})
	done := make(chan error, 1)
	go func() { done <- run.Check(context.Background()) }()
	if err := wait(run, done); err != nil {
		return "", err
	}
	return count(run.Status())
}

// count answers how much was checked; what the check passed over in silence would be an error.
func count(status fsck.Status) (string, error) {
	bundles, tiles := uint64(0), uint64(0)
	for _, one := range status.EntryRanges {
		bundles += one.N
	}
	for level, ranges := range status.TileRanges {
		for _, one := range ranges {
			if one.State != fsck.OK {
				return "", fmt.Errorf("tiles at level %d were not checked: %s", level, one.String())
			}
			tiles += one.N
		}
	}
	return fmt.Sprintf("signature, root, %d tiles, %d bundles", tiles, bundles), nil
}

// wait returns what the check says, or the first tile found wrong: once every worker has found one, the check never ends.
func wait(run *fsck.Fsck, done <-chan error) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case err := <-done:
			return err
		case <-tick.C:
			if wrong := firstWrong(run.Status()); wrong != "" {
				return fmt.Errorf("%s", wrong)
			}
		}
	}
}

func firstWrong(status fsck.Status) string {
	for level, ranges := range status.TileRanges {
		for _, one := range ranges {
			if one.State == fsck.Invalid || one.State == fsck.FetchError {
				return fmt.Sprintf("tiles at level %d: %s", level, one.String())
			}
		}
	}
	return ""
}

func open(log string) (fsck.Fetcher, error) {
	where, err := url.Parse(log)
	if err != nil {
		return nil, err
	}
	if where.Scheme == "file" {
		return &client.FileFetcher{Root: where.Path}, nil
	}
	return client.NewHTTPFetcher(where, nil)
}

func leafHashes(bundle []byte) ([][]byte, error) {
	var entries api.EntryBundle
	if err := entries.UnmarshalText(bundle); err != nil {
		return nil, err
	}
	hashes := make([][]byte, 0, len(entries.Entries))
	for _, entry := range entries.Entries {
		hashes = append(hashes, rfc6962.DefaultHasher.HashLeaf(entry))
	}
	return hashes, nil
}
