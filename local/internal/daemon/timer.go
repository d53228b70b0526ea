package daemon

import (
	"slices"
	"strconv"
	"sync"
	"time"
)

// timerWindow is of how many of the last times a Timer tells how they are distributed.
const timerWindow = 1000

// Timer is a metric: how long something took that is done again and again. The zero value has measured nothing. Its methods may be called
// from any goroutine.
type Timer struct {
	mu    sync.Mutex
	last  []float64 // in ms, a ring once it is full
	next  int       // where the next one goes
	count int       // of all
}

// Add notes a time.
func (t *Timer) Add(d time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.count++
	if len(t.last) < timerWindow {
		t.last = append(t.last, 0)
	}
	t.last[t.next] = d.Seconds() * 1000
	t.next = (t.next + 1) % timerWindow
}

// Show puts what a timer tells into metrics, by Mesos' names: name_ms, name_ms/count, name_ms/p50 ... It is nothing before the first time.
func (t *Timer) Show(all Metrics, name string) {
	t.mu.Lock()
	count, values := t.count, slices.Clone(t.last)
	newest := (t.next + timerWindow - 1) % timerWindow
	t.mu.Unlock()
	if count == 0 {
		return
	}
	name += "_ms"
	all[name], all[name+"/count"] = values[newest], float64(count)
	slices.Sort(values)
	all[name+"/min"], all[name+"/max"] = values[0], values[len(values)-1]
	for _, digits := range []string{"50", "90", "95", "99", "999", "9999"} {
		part, _ := strconv.ParseFloat("0."+digits, 64) // of digits
		all[name+"/p"+digits] = percentile(values, part)
	}
}

// percentile is the value below which a part of the sorted values lies, between two of them where need be.
func percentile(sorted []float64, part float64) float64 {
	at := part * float64(len(sorted)-1)
	low := int(at)
	if low == len(sorted)-1 {
		return sorted[low]
	}
	return sorted[low] + (at-float64(low))*(sorted[low+1]-sorted[low])
}
