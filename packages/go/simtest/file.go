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
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// file is a file that was read.
type file struct {
	path    string
	content []byte
}

// isFile tells a path from the name of something built in: names have no endings.
func isFile(value any) (path string, is bool) {
	path, isText := value.(string)
	return path, isText && slices.Contains([]string{".yaml", ".yml", ".json"}, ending(path))
}

func ending(path string) string { return strings.ToLower(filepath.Ext(path)) }

func read(path string) (*file, error) {
	content, err := os.ReadFile(path)
	var why *fs.PathError
	if errors.As(err, &why) {
		return nil, fmt.Errorf("%s: %w", path, why.Err)
	}
	return &file{path, content}, err
}

func (file *file) isJSON() bool { return ending(file.path) == ".json" }

func (file *file) mediaType() string {
	if file.isJSON() {
		return "application/json"
	}
	return "application/yaml"
}

// text is what is in it, to be put into a body of JSON, where it stands in a name's place: names have no line breaks.
func (file *file) text() (string, error) {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(file.content, []byte{0xff, 0xfe}):
		order = binary.LittleEndian
	case bytes.HasPrefix(file.content, []byte{0xfe, 0xff}):
		order = binary.BigEndian
	case !utf8.Valid(file.content):
		return "", file.unreadable("neither UTF-8 nor UTF-16")
	default:
		return strings.TrimPrefix(string(file.content), "\ufeff") + "\n", nil
	}
	var units []uint16
	for rest := file.content[2:]; len(rest) > 1; rest = rest[2:] {
		units = append(units, order.Uint16(rest))
	}
	return string(utf16.Decode(units)) + "\n", nil
}

// value is the JSON in it.
func (file *file) value() (json.RawMessage, error) {
	if !file.isJSON() {
		return nil, errAlone
	}
	text, err := file.text()
	if err == nil && !json.Valid([]byte(text)) {
		err = file.unreadable("not JSON")
	}
	return json.RawMessage(text), err
}

func (file *file) unreadable(why string) error {
	return fmt.Errorf("%s: %s; `sync-group-sim check %s` says what is wrong with it", file.path, why, file.path)
}

var errAlone = errors.New("a scenario in a YAML file stands alone; expected one file, or names and JSON files")

// named is the server's words about it, with its own name instead of what the server calls it.
func (file *file) named(message, called string) string {
	lines := strings.Split(message, "\n")
	for index, line := range lines {
		if rest, is := strings.CutPrefix(line, called+":"); is {
			lines[index] = file.path + ":" + rest
		}
	}
	return strings.Join(lines, "\n")
}
