package api

import (
	"math"
	"sync"
	"time"

	"github.com/valyala/histogram"
)

// meter counts, and knows how often that was in the last 1, 5 and 15 minutes: averages that forget exponentially, moved on every five
// seconds, as Marathon's metrics and a Unix load average are made. Times are given to it.
type meter struct {
	mu    sync.Mutex
	count uint64
	fresh uint64 // since the last step
	born  time.Time
	step  time.Time // when the averages were moved on last
	warm  bool      // the averages have begun
	rates [3]float64
}

// rates are events per second.
type rates struct {
	count             uint64
	mean, m1, m5, m15 float64
}

const meterStep = 5 * time.Second

var meterMinutes = [3]float64{1, 5, 15}

func newMeter(now time.Time) *meter { return &meter{born: now, step: now} }

func (m *meter) mark(now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.advance(now)
	m.count++
	m.fresh++
}

func (m *meter) read(now time.Time) rates {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.advance(now)
	r := rates{count: m.count, m1: m.rates[0], m5: m.rates[1], m15: m.rates[2]}
	if lived := now.Sub(m.born).Seconds(); lived > 0 {
		r.mean = float64(m.count) / lived
	}
	return r
}

// advance moves the averages on to now. After the first step nothing new can have come in the others, so they are one power.
func (m *meter) advance(now time.Time) {
	steps := int(now.Sub(m.step) / meterStep)
	if steps <= 0 {
		return
	}
	m.step = m.step.Add(time.Duration(steps) * meterStep)
	rate := float64(m.fresh) / meterStep.Seconds()
	m.fresh = 0
	for i, minutes := range meterMinutes {
		keep := math.Exp(-meterStep.Minutes() / minutes)
		if m.warm {
			m.rates[i] = rate + (m.rates[i]-rate)*keep
		} else {
			m.rates[i] = rate
		}
		m.rates[i] *= math.Pow(keep, float64(steps-1))
	}
	m.warm = true
}

// duration knows how long things took, in seconds: of all the least, the most and the deviation, of a sample the quantiles.
type duration struct {
	mu                 sync.Mutex
	count, sum, square float64
	least, most        float64
	sample             histogram.Fast
}

// durations are what a duration has found.
type durations struct {
	count                        uint64
	least, mean, most, deviation float64
	quantiles                    []float64 // in the order of quantiles
}

func (d *duration) add(seconds float64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.count == 0 || seconds < d.least {
		d.least = seconds
	}
	d.most = max(d.most, seconds)
	d.count++
	d.sum += seconds
	d.square += seconds * seconds
	d.sample.Update(seconds)
}

func (d *duration) read() durations {
	d.mu.Lock()
	defer d.mu.Unlock()
	r := durations{count: uint64(d.count), least: d.least, most: d.most, quantiles: make([]float64, len(quantiles))}
	if d.count == 0 {
		return r
	}
	r.mean = d.sum / d.count
	r.deviation = math.Sqrt(max(0, d.square/d.count-r.mean*r.mean))
	for i, q := range quantiles {
		r.quantiles[i] = d.sample.Quantile(q.phi)
	}
	return r
}
