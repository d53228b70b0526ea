package api

import (
	"runtime"
	"sync"
	"weak"
)

// rendered keeps what was made of constant values for as long as these live, by their identity. Its zero value is ready;
// it may be used from many goroutines.
type rendered[T any] struct {
	kept sync.Map // weak.Pointer[T] to []byte
}

// of gives what render makes of p, from the first time on without calling it. Nobody changes the result.
func (r *rendered[T]) of(p *T, render func(*T) ([]byte, error)) ([]byte, error) {
	key := weak.Make(p)
	if b, ok := r.kept.Load(key); ok {
		return b.([]byte), nil
	}
	b, err := render(p)
	if err != nil {
		return nil, err
	}
	if _, again := r.kept.LoadOrStore(key, b); !again {
		runtime.AddCleanup(p, func(key weak.Pointer[T]) { r.kept.Delete(key) }, key)
	}
	return b, nil
}
