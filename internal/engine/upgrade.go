package engine

import (
	"encoding/json"
	"fmt"
	"maps"
)

// A migration brings records from one format to the next: it changes the map that it is given, values included, as it likes.
type migration func(records map[string][]byte) error

// migrations lead here from every format that there was: the first from 1 to 2.
func migrations() []migration { return nil }

// format is of the records: one more with every migration. One that is newer is refused.
func format() int { return 1 + len(migrations()) }

// Upgrade brings records that an older version of the program has written to the present format. Changes are what has to be committed in
// one piece, nil when nothing has: From was the format before. The records stay as they are. An error wraps [ErrNewer], or names the record.
func Upgrade(records map[string][]byte) (changes map[string][]byte, from int, err error) {
	return upgrade(records, migrations())
}

func upgrade(records map[string][]byte, steps []migration) (map[string][]byte, int, error) {
	from, err := formatOf(records, 1+len(steps))
	if err != nil || from == 1+len(steps) {
		return nil, from, err
	}
	now := maps.Clone(records)
	for i, step := range steps[from-1:] {
		if err := step(now); err != nil {
			return nil, from, fmt.Errorf("cannot bring the records from format %d to %d: %w", from+i, from+i+1, err)
		}
	}
	now[metaKey] = encode(meta{Format: 1 + len(steps)})
	changes := map[string][]byte{}
	for key, value := range now {
		if was, ok := records[key]; !ok || string(was) != string(value) {
			changes[key] = value
		}
	}
	for key := range records {
		if _, ok := now[key]; !ok {
			changes[key] = nil
		}
	}
	return changes, from, nil
}

// formatOf is the format of records; of none it is the latest.
func formatOf(records map[string][]byte, latest int) (int, error) {
	value, ok := records[metaKey]
	if !ok {
		return latest, nil
	}
	var m meta
	if err := json.Unmarshal(value, &m); err != nil {
		return 0, fmt.Errorf("cannot read the record %s: %w", metaKey, err)
	}
	if m.Format > latest {
		return 0, fmt.Errorf("%w: their format is %d, the latest it knows is %d; use the version that wrote them, or a later one", ErrNewer, m.Format, latest)
	}
	if m.Format < 1 {
		return 0, fmt.Errorf("cannot read the record %s: there is no format %d", metaKey, m.Format)
	}
	return m.Format, nil
}
