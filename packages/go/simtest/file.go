// Scenario and fixture files of the user's. The server reads them as they stand, so that it takes what the program takes
// (byte order marks, UTF-16) and says in its own words what is wrong, and where.

package simtest

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"unicode/utf16"
)

// file is a file that was read.
type file struct {
	path    string
	content []byte
}

// isFile tells a path from the name of something built in: names have no endings.
func isFile(value any) (path string, is bool) {
	path, isText := value.(string)
	return path, isText && slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(path))
}

func read(path string) (*file, error) {
	content, err := os.ReadFile(path)
	var why *fs.PathError
	if errors.As(err, &why) {
		return nil, fmt.Errorf("%s: %w", path, why.Err)
	}
	return &file{path, content}, err
}

func (file *file) isJSON() bool { return filepath.Ext(file.path) == ".json" }

func (file *file) mediaType() string {
	if file.isJSON() {
		return "application/json"
	}
	return "application/yaml"
}

// utf8 is what is in it, to be put into a body of JSON.
func (file *file) utf8() []byte {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(file.content, []byte{0xff, 0xfe}):
		order = binary.LittleEndian
	case bytes.HasPrefix(file.content, []byte{0xfe, 0xff}):
		order = binary.BigEndian
	default:
		return bytes.TrimPrefix(file.content, []byte("\ufeff"))
	}
	var units []uint16
	for rest := file.content[2:]; len(rest) > 1; rest = rest[2:] {
		units = append(units, order.Uint16(rest))
	}
	return []byte(string(utf16.Decode(units)))
}

// value is the JSON in it.
func (file *file) value() (json.RawMessage, error) {
	if !file.isJSON() {
		return nil, errAlone
	}
	text := file.utf8()
	if !json.Valid(text) {
		return nil, fmt.Errorf("%s: not JSON; `sync-group-sim check %s` says what is wrong with it", file.path, file.path)
	}
	return text, nil
}

var errAlone = errors.New("a scenario in a YAML file stands alone; expected one file, or names and JSON files")

var itsPlace = regexp.MustCompile(`(?m)^body:(?:1:(\d+):)?`)

// named is the server's words about it, with its own name. So many characters stand before it in the body's first line.
func (file *file) named(message string, before int) string {
	return itsPlace.ReplaceAllStringFunc(message, func(found string) string {
		column, err := strconv.Atoi(itsPlace.FindStringSubmatch(found)[1])
		if err != nil {
			return file.path + ":"
		}
		return fmt.Sprintf("%s:1:%d:", file.path, column-before)
	})
}
