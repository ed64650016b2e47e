// Command tessera-posix writes entries to a Tessera log on this machine's disk from many writers at once, each waiting for the
// index of its last entry before it adds the next, and prints how fast as one line of JSON. An index is given when the entry is
// on disk and integrated into the tree.
package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"
)

type plan struct {
	folder     string
	entries    int
	writers    int
	length     int
	batch      uint
	batchAge   time.Duration
	checkpoint time.Duration
}

type figures struct {
	Entries          int     `json:"entries"`
	Writers          int     `json:"writers"`
	Bytes            int     `json:"bytes"`
	Seconds          float64 `json:"seconds"`
	EntriesPerSecond float64 `json:"entries_per_second"`
	P50              float64 `json:"p50_ms"`
	P99              float64 `json:"p99_ms"`
	Key              string  `json:"key"`
}

func main() {
	var p plan
	flag.StringVar(&p.folder, "folder", "", "an empty folder for the log")
	flag.IntVar(&p.entries, "entries", 10_000, "how many entries")
	flag.IntVar(&p.writers, "writers", 256, "how many write at the same time")
	flag.IntVar(&p.length, "bytes", 500, "length of an entry")
	flag.UintVar(&p.batch, "batch", 256, "entries in a full batch")
	flag.DurationVar(&p.batchAge, "batch-age", 50*time.Millisecond, "how long a batch waits to be full")
	flag.DurationVar(&p.checkpoint, "checkpoint", time.Second, "how often a checkpoint is published")
	flag.Parse()
	if p.entries < 1 || p.writers < 1 {
		fmt.Fprintln(os.Stderr, "tessera-posix: at least one entry and one writer")
		os.Exit(2)
	}
	found, err := run(context.Background(), p)
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(found)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "tessera-posix: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, p plan) (figures, error) {
	secret, key, err := note.GenerateKey(rand.Reader, "tessera.example/log")
	if err != nil {
		return figures{}, err
	}
	signer, err := note.NewSigner(secret)
	if err != nil {
		return figures{}, err
	}
	driver, err := posix.New(ctx, posix.Config{Path: p.folder})
	if err != nil {
		return figures{}, err
	}
	options := tessera.NewAppendOptions().WithCheckpointSigner(signer).WithBatching(p.batch, p.batchAge).WithCheckpointInterval(p.checkpoint)
	appender, shutdown, _, err := tessera.NewAppender(ctx, driver, options)
	if err != nil {
		return figures{}, err
	}
	begun := time.Now()
	waits, err := write(ctx, appender, p)
	seconds := time.Since(begun).Seconds()
	if err != nil {
		return figures{}, err
	}
	// Publishes a checkpoint over everything added.
	if err := shutdown(ctx); err != nil {
		return figures{}, err
	}
	slices.Sort(waits)
	return figures{
		Entries: p.entries, Writers: p.writers, Bytes: p.length, Key: key,
		Seconds: seconds, EntriesPerSecond: float64(p.entries) / seconds,
		P50: milliseconds(waits[len(waits)/2]), P99: milliseconds(waits[len(waits)*99/100]),
	}, nil
}

// write answers how long each entry waited for its index.
func write(ctx context.Context, appender *tessera.Appender, p plan) ([]time.Duration, error) {
	waits := make([]time.Duration, p.entries)
	failures := make(chan error, p.writers)
	var next atomic.Int64
	var writers sync.WaitGroup
	for range p.writers {
		writers.Go(func() {
			for {
				i := int(next.Add(1) - 1)
				if i >= p.entries {
					return
				}
				begun := time.Now()
				if _, err := appender.Add(ctx, tessera.NewEntry(entry(i, p.length)))(); err != nil {
					failures <- err
					return
				}
				waits[i] = time.Since(begun)
			}
		})
	}
	writers.Wait()
	close(failures)
	return waits, <-failures
}

func entry(i, length int) []byte {
	start := fmt.Sprintf(`{"i":%d,"filler":"`, i)
	bytes := make([]byte, max(length, len(start)+2))
	for j := range bytes {
		bytes[j] = 'x'
	}
	copy(bytes, start)
	copy(bytes[len(bytes)-2:], `"}`)
	return bytes
}

func milliseconds(d time.Duration) float64 {
	return float64(d.Microseconds()) / 1000
}
