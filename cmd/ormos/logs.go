package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"sync"

	"github.com/spf13/cobra"

	"github.com/ormosproject/ormos/app"
	"github.com/ormosproject/ormos/operator"
)

// logsCommand is `ormos logs`: what tasks write.
func logsCommand() *cobra.Command {
	var o logsOptions
	cmd := &cobra.Command{
		Use:   "logs APP|GROUP|TASK...",
		Short: "Print what tasks write, as their agents keep it",
		Long: `Print what tasks have written to stdout and stderr: those of apps, those of all apps in a group, or single ones. It is read from the agents, which
keep it for as long as the sandbox is there: also that of a task that has ended.

With -f it goes on, also with tasks that are started later. Lines of several tasks have the task before them; what tasks write to stderr comes on stderr.`,
		Example: `  ormos logs web
  ormos logs -f --tail 100 web
  ormos logs -f /shop worker
  ormos logs --previous web
  ormos logs --file app.log web.3f2a1b9c`,
		Args: cobra.MinimumNArgs(1),
	}
	cmd.ValidArgsFunction = o.completeApps
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.BoolVarP(&o.follow, "follow", "f", false, "go on with what is written, until Ctrl-C")
	flags.IntVarP(&o.tail, "tail", "n", -1, "begin with so many last lines; -1 is all")
	flags.StringSliceVar(&o.files, "file", []string{"stdout", "stderr"}, "files of the sandbox")
	flags.BoolVarP(&o.previous, "previous", "p", false, "those of the app's task that failed last")
	o.mesosAccess.flags(cmd)
	return o.verb(cmd, func(ctx context.Context, s *session, args []string) error {
		m, err := o.open(ctx, s.client, warnings(cmd))
		if err != nil {
			return err
		}
		defer m.master.Close()
		return o.run(ctx, s, m, args)
	})
}

type logsOptions struct {
	connection
	mesosAccess
	follow, previous bool
	tail             int
	files            []string
}

func (o *logsOptions) run(ctx context.Context, s *session, m *clusterOf, words []string) error {
	to := &lines{out: s.out, err: s.err, paint: s.paint}
	if o.previous {
		return o.printPrevious(ctx, s, m, words, to)
	}
	tasks, err := findTasks(ctx, s.client, words...)
	if err != nil {
		return o.ended(ctx, m, words, to, err)
	}
	if len(tasks) == 0 && !o.follow {
		word := words[0]
		return fmt.Errorf("%s has no tasks; 'ormos explain %s' tells why, 'ormos logs --previous %s' prints what the last that failed has written", word, word, word)
	}
	if o.follow {
		return o.followAll(ctx, s, m, words, to)
	}
	for _, task := range tasks {
		name := ""
		if len(tasks) > 1 {
			name = shortTask(task.ID)
		}
		if err := o.task(ctx, m, task.ID, to, name); err != nil {
			return err
		}
	}
	return nil
}

// ended prints what a task has written that has ended, or gives the reason why there is no such.
func (o *logsOptions) ended(ctx context.Context, m *clusterOf, words []string, to *lines, why error) error {
	if len(words) > 1 {
		return why
	}
	sandbox, err := m.sandbox(ctx, words[0])
	if err != nil {
		return why
	}
	defer sandbox.Close()
	return o.print(ctx, sandbox, to, "")
}

// printPrevious prints what the last tasks that failed have written.
func (o *logsOptions) printPrevious(ctx context.Context, s *session, m *clusterOf, words []string, to *lines) error {
	for _, word := range words {
		id, err := findApp(ctx, s.client, word)
		if err != nil {
			return err
		}
		if err := o.printFailed(ctx, s, m, id, to); err != nil {
			return err
		}
	}
	return nil
}

// printFailed prints what the last task of an app that failed has written.
func (o *logsOptions) printFailed(ctx context.Context, s *session, m *clusterOf, id app.ID, to *lines) error {
	info, err := s.client.App(ctx, id)
	if err != nil {
		return err
	}
	if info.LastTaskFailure == nil {
		return fmt.Errorf("no task of %s has failed", id)
	}
	f := info.LastTaskFailure
	fmt.Fprintf(s.err, "%s on %s: %s %s\n", shortTask(f.TaskID), f.Host, stateOf(app.Task{State: f.State}), printable(f.Message))
	return o.task(ctx, m, f.TaskID, to, "")
}

// task prints the files of one task.
func (o *logsOptions) task(ctx context.Context, m *clusterOf, id string, to *lines, name string) error {
	sandbox, err := m.sandbox(ctx, id)
	if err != nil {
		return err
	}
	defer sandbox.Close()
	return o.print(ctx, sandbox, to, name)
}

// print writes the files of a sandbox, one after the other, or all at once while they grow.
func (o *logsOptions) print(ctx context.Context, sandbox *operator.Sandbox, to *lines, name string) error {
	var wg sync.WaitGroup
	errs := make([]error, len(o.files))
	for i, file := range o.files {
		w := to.of(name, file)
		offset, err := o.begin(ctx, sandbox, file)
		if err != nil {
			errs[i] = o.unreadable(err, file)
			continue
		}
		if !o.follow {
			errs[i] = errors.Join(copyFrom(ctx, sandbox, file, offset, w), w.flush())
			continue
		}
		wg.Go(func() { errs[i] = errors.Join(sandbox.Follow(ctx, w, file, offset), w.flush()) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// unreadable tells what is wrong with a file; of the usual ones it is none that there is no such file.
func (o *logsOptions) unreadable(err error, file string) error {
	refused, ok := errors.AsType[*operator.Error](err)
	if ok && refused.Status == 404 {
		if file == "stdout" || file == "stderr" {
			return nil
		}
		return fmt.Errorf("the sandbox has no file %s", file)
	}
	return err
}

// tailChunk is how much is read backwards at once, in bytes.
const tailChunk = 64 << 10

// begin finds where printing a file begins: before its last lines.
func (o *logsOptions) begin(ctx context.Context, sandbox *operator.Sandbox, file string) (int64, error) {
	path := sandbox.Path + "/" + file
	_, size, err := sandbox.Agent.ReadFile(ctx, path, 0, 1)
	if err != nil || o.tail < 0 {
		return 0, err
	}
	if o.tail == 0 {
		return int64(size), nil
	}
	found := 0
	for at := size; at > 0; {
		from := at - min(at, tailChunk)
		data, _, err := sandbox.Agent.ReadFile(ctx, path, from, at-from)
		if err != nil {
			return 0, err
		}
		for i := len(data) - 1; i >= 0; i-- {
			behind := from + uint64(i) + 1
			if data[i] != '\n' || behind == size {
				continue
			}
			if found++; found == o.tail {
				return int64(behind), nil
			}
		}
		at = from
	}
	return 0, nil
}

// copyFrom writes what a file has from an offset on.
func copyFrom(ctx context.Context, sandbox *operator.Sandbox, file string, offset int64, w io.Writer) error {
	for at := uint64(offset); ; {
		data, _, err := sandbox.Agent.ReadFile(ctx, sandbox.Path+"/"+file, at, tailChunk)
		if err != nil || len(data) == 0 {
			return err
		}
		if _, err := w.Write(data); err != nil {
			return err
		}
		at += uint64(len(data))
	}
}

// lines keeps the lines of several writers whole.
type lines struct {
	mu       sync.Mutex
	out, err io.Writer
	// paint colors the names of tasks; nil leaves them as they are.
	paint func(color, string) string
}

// lineWriter is one of them.
type lineWriter struct {
	to     *lines
	w      io.Writer
	prefix string
	rest   []byte
}

// of gives the writer for a file of a task: stderr goes to our own, with the task's name before each line where there is one.
func (l *lines) of(task, file string) *lineWriter {
	w := &lineWriter{to: l, w: l.out}
	if file == "stderr" {
		w.w = l.err
	}
	if task != "" {
		w.prefix = "[" + task + "] "
		if l.paint != nil {
			w.prefix = l.paint(colorOf(task), "["+task+"]") + " "
		}
	}
	return w
}

// colorOf is the color of a task, by which its lines are told from others.
func colorOf(task string) color {
	h := fnv.New32()
	_, _ = io.WriteString(h, task) // never fails
	return color(fmt.Sprint(31 + h.Sum32()%6))
}

// maxLine is from where on a line is written though it is not complete, in bytes.
const maxLine = 64 << 10

func (w *lineWriter) Write(p []byte) (int, error) {
	w.rest = append(w.rest, p...)
	end := bytes.LastIndexByte(w.rest, '\n') + 1
	if end == 0 && len(w.rest) > maxLine {
		end = len(w.rest)
	}
	if end == 0 {
		return len(p), nil
	}
	whole := w.rest[:end]
	w.rest = append([]byte(nil), w.rest[end:]...)
	return len(p), w.put(whole)
}

// flush writes what is left.
func (w *lineWriter) flush() error {
	if len(w.rest) == 0 {
		return nil
	}
	rest := w.rest
	w.rest = nil
	return w.put(rest)
}

func (w *lineWriter) put(text []byte) error {
	if w.prefix != "" {
		text = append([]byte(w.prefix), bytes.ReplaceAll(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"), []byte("\n"+w.prefix))...)
		text = append(text, '\n')
	}
	w.to.mu.Lock()
	defer w.to.mu.Unlock()
	_, err := w.w.Write(text)
	return err
}
