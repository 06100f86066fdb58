// Verifies a log with Go's own implementation of the public formats (golang.org/x/mod/sumdb), none of it ours:
// the checkpoint's signature, every tile under it, every entry's hash, and an inclusion proof for each entry.
//
//	GO111MODULE=off GOPATH=/usr/share/gocode go run verify.go WHERE VKEY
//
// WHERE has the files of the read surface (checkpoint, tile/...): a folder, or an address such as http://127.0.0.1:8080.
package main

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func fail(format string, args ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
	os.Exit(1)
}

func main() {
	if len(os.Args) != 3 {
		fail("usage: verify WHERE VKEY")
	}
	where, vkey := os.Args[1], os.Args[2]
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		fail("vkey: %v", err)
	}
	signed, err := read(where, "checkpoint")
	if err != nil {
		fail("%v", err)
	}
	opened, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		fail("checkpoint: %v", err)
	}
	lines := strings.Split(opened.Text, "\n")
	if lines[0] != verifier.Name() {
		fail("checkpoint: origin is %q", lines[0])
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		fail("checkpoint: %v", err)
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		fail("checkpoint: bad root")
	}
	tree := tlog.Tree{N: size}
	copy(tree.Hash[:], root)
	hashes := tlog.TileHashReader(tree, tiles{where})
	entries := 0
	for bundle := int64(0); bundle*256 < size; bundle++ {
		width := int(min(size-bundle*256, 256))
		data, err := read(where, path("entries", bundle, width))
		if err != nil {
			fail("%v", err)
		}
		for ; len(data) >= 2; entries++ {
			length := int(binary.BigEndian.Uint16(data))
			if len(data) < 2+length {
				fail("bundle %d is cut short", bundle)
			}
			check(tree, hashes, int64(entries), data[2:2+length])
			data = data[2+length:]
		}
		if len(data) != 0 || entries != int(bundle)*256+width {
			fail("bundle %d does not hold %d entries", bundle, width)
		}
	}
	fmt.Printf("%d entries verified under %s\n", entries, base64.StdEncoding.EncodeToString(root))
}

func check(tree tlog.Tree, hashes tlog.HashReader, index int64, entry []byte) {
	proof, err := tlog.ProveRecord(tree.N, index, hashes)
	if err != nil {
		fail("entry %d: %v", index, err)
	}
	if err := tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(entry)); err != nil {
		fail("entry %d: %v", index, err)
	}
}

func min(a, b int64) int64 {
	if a < b {
		return a
	}
	return b
}

// path is C2SP tlog-tiles' path, which differs from the one sumdb uses.
func path(level string, number int64, width int) string {
	digits := fmt.Sprintf("%03d", number%1000)
	for number >= 1000 {
		number /= 1000
		digits = fmt.Sprintf("x%03d/%s", number%1000, digits)
	}
	if width < 256 {
		digits += fmt.Sprintf(".p/%d", width)
	}
	return "tile/" + level + "/" + digits
}

// read reads a file of the read surface.
func read(where, name string) ([]byte, error) {
	if !strings.HasPrefix(where, "http") {
		return os.ReadFile(filepath.Join(where, name))
	}
	answer, err := http.Get(where + "/" + name)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", name, answer.Status)
	}
	return io.ReadAll(answer.Body)
}

// tiles reads tiles; TileHashReader authenticates what it reads against the tree.
type tiles struct{ where string }

func (t tiles) Height() int { return 8 }

func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var data [][]byte
	for _, tile := range wanted {
		bytes, err := read(t.where, path(strconv.Itoa(tile.L), tile.N, tile.W))
		if err != nil {
			return nil, err
		}
		data = append(data, bytes)
	}
	return data, nil
}
