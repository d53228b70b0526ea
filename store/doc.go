// Package store keeps records where they outlive the process: the state of a framework, in batches that are written whole or not at all.
//
//	records, err := store.OpenFile("/var/lib/web/records")
//	if err != nil {
//		return err // errors.Is(err, store.ErrInUse): another process has it open
//	}
//	defer records.Close()
//	all, err := records.Load(ctx) // keys and values, once at the start
//	...
//	err = records.Commit(ctx, map[string][]byte{
//		"task/web-0.k3v9": []byte(`{"state":"TASK_RUNNING"}`),
//		"task/web-0.c0fe": nil, // removed
//	})
//
// [File] is for a scheduler that runs on one machine, [Memory] for tests. All behave alike:
//
//   - Load gives copies of all records.
//   - Commit makes its changes all or none, also when the process or the machine dies meanwhile. When it returns nil they outlive both.
//     When it fails, the caller does not know whether they were made unless the error says so: the same Commit again is right in either case.
//   - The methods may be called from several goroutines. Commits happen one after the other.
//   - One process writes at a time. A second one gets an error instead of making a muddle.
//
// # The caller's duties
//
// Keys are 1 to 512 bytes; a slash separates their parts by custom only. Frameworks of package scheduler use "framework-id" and what begins
// with "task/" or "operation/"; other keys are their author's. Records should be small: each is read at the start, and held in memory.
// Close when nothing is written any more.
package store
