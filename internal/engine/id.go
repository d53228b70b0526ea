package engine

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/ormosproject/ormos/app"
)

// uuid makes an id that is not used again: of the seed, the time, and how many were made in this Step.
func (e *Engine) uuid(of string) string {
	e.seq++
	var b []byte
	b = binary.BigEndian.AppendUint64(b, e.opts.Seed)
	b = binary.BigEndian.AppendUint64(b, uint64(e.now.UnixNano()))
	b = binary.BigEndian.AppendUint64(b, uint64(e.seq))
	sum := sha256.Sum256(append(b, of...))
	u := sum[:16]
	u[6], u[8] = u[6]&0x0f|0x80, u[8]&0x3f|0x80 // version 8, of our own making
	text := hex.EncodeToString(u)
	return text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:]
}

// chance gives a number from 0 to 1 that is always the same for the same seed and key.
func (e *Engine) chance(key string) float64 {
	sum := sha256.Sum256(binary.BigEndian.AppendUint64([]byte(key), e.opts.Seed))
	return float64(binary.BigEndian.Uint64(sum[:])>>11) / (1 << 53)
}

// newInstanceID gives Marathon's: shop_web.instance-<uuid>.
func (e *Engine) newInstanceID(id app.ID) string {
	return strings.ReplaceAll(strings.TrimPrefix(string(id), "/"), "/", "_") + ".instance-" + e.uuid(string(id))
}

// taskOf gives the id of an instance's task: the first is <instance>._app.1.
func taskOf(instance string, incarnation int) string {
	return instance + "._app." + strconv.Itoa(incarnation)
}

// instanceOf is the reverse of taskOf, as far as ids of ours go; else the id itself. The app is a guess: / and _ are both written as _.
func instanceOf(task string) (instance string, id app.ID) {
	instance, _, _ = strings.Cut(task, "._app.")
	name, _, ok := strings.Cut(instance, ".instance-")
	if !ok {
		return instance, ""
	}
	return instance, app.ID("/" + strings.ReplaceAll(name, "_", "/"))
}
