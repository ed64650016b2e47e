package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

var errMissing = errors.New("not there")

// source is where a log is served.
type source struct {
	folder string
	prefix string
	client *http.Client
}

func open(where string) (*source, error) {
	parsed, err := url.Parse(where)
	if err != nil {
		return nil, err
	}
	switch parsed.Scheme {
	case "file":
		return &source{folder: parsed.Path}, nil
	case "http", "https":
		client := &http.Client{
			Timeout: time.Minute,
			CheckRedirect: func(*http.Request, []*http.Request) error {
				return errors.New("a log does not redirect")
			},
		}
		return &source{prefix: strings.TrimSuffix(where, "/") + "/", client: client}, nil
	}
	return nil, fmt.Errorf("%q is no http, https or file URL", where)
}

// read answers errMissing where the log has nothing at the path.
func (s *source) read(path string) ([]byte, error) {
	if s.client == nil {
		content, err := os.ReadFile(filepath.Join(s.folder, filepath.FromSlash(path)))
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%s: %w", path, errMissing)
		}
		return content, err
	}
	answer, err := s.client.Get(s.prefix + path)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", path, err)
	case answer.StatusCode == http.StatusNotFound:
		return nil, fmt.Errorf("%s: %w", path, errMissing)
	case answer.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("%s: %s", path, answer.Status)
	}
	return content, nil
}

// readTile reads a tile or bundle (level -1), or the full one where a partial one is not served any more; which, it tells.
func (s *source) readTile(tile tlog.Tile) (tlog.Tile, []byte, error) {
	content, err := s.read(pathOf(tile))
	if errors.Is(err, errMissing) && tile.W < width {
		full := tile
		full.W = width
		if content, errFull := s.read(pathOf(full)); errFull == nil {
			return full, content, nil
		}
	}
	return tile, content, err
}

// pathOf is the C2SP tlog-tiles path: the checksum database's without the height, and with its own word for entries.
func pathOf(tile tlog.Tile) string {
	path := strings.TrimPrefix(tile.Path(), fmt.Sprintf("tile/%d/", tile.H))
	if rest, found := strings.CutPrefix(path, "data/"); found {
		path = "entries/" + rest
	}
	return "tile/" + path
}
