package executor

import (
	"testing"
	"testing/synctest"

	"github.com/ormosproject/ormos/internal/recordings"
	"github.com/ormosproject/ormos/mesos"
)

// FuzzStream has an agent say anything. The driver tells what makes sense of it, takes updates meanwhile, and ends with the stream.
func FuzzStream(f *testing.F) {
	for file := range streams {
		stream := recordings.Read(f, file)
		f.Add(stream, file == "executor.json.recordio")
		f.Add(stream[:len(stream)/2], file == "executor.json.recordio")
	}
	f.Add([]byte("2\n{}18446744073709551616\n"), true)
	f.Fuzz(func(t *testing.T, stream []byte, json bool) {
		synctest.Test(t, func(t *testing.T) {
			a := start(t, false)
			a.recorded = make(chan []byte, 1)
			a.recorded <- stream
			o := Options{Environment: a.environment(), Dial: a.dial, Kill: func() {}}
			o.Environment.Checkpoint = false
			driver, err := New(o)
			if err != nil {
				t.Fatal(err)
			}
			if json {
				driver.media = streams["executor.json.recordio"]
			}
			for event := range driver.Events(t.Context()) {
				switch e := event.(type) {
				case *EventLaunch:
					// Refused where the id cannot be written, and then nothing else is.
					_ = driver.Update(mesos.TaskStatus{TaskID: e.Task.TaskID, State: mesos.TaskFinished})
				case *EventShutdown:
					driver.Stop()
				}
			}
		})
	})
}
