// Package operator is what an operator, a tool or a user interface says to Mesos' masters and agents, over the v1 operator API: all calls, with
// typed answers.
//
//	master, err := operator.NewMaster(operator.Options{
//		Address:  "zk://10.0.0.1:2181/mesos", // or host:port
//		Security: security.Options{Principal: "ops", SecretFile: "/etc/mesos/ops"},
//	})
//	if err != nil {
//		return err
//	}
//	defer master.Close()
//	tasks, err := master.GetTasks(ctx)
//	if err != nil {
//		return err
//	}
//	for _, task := range tasks.Tasks {
//		fmt.Println(task.TaskID.Value, task.State)
//	}
//
// A [Model] is what runs in the cluster, kept up by the master's stream of events, with a feed of changes:
//
//	model := operator.NewModel(master)
//	for change, err := range model.Changes(ctx) {
//		if err != nil {
//			return err
//		}
//		fmt.Println(change, len(model.Cluster().Tasks))
//	}
//
// [Master.Sandbox] finds a task's files, to list, copy and follow. [Agent.LaunchNestedContainerSession] runs a command beside a task, and
// [Agent.AttachContainerInput] and [Agent.AttachContainerOutput] are the two directions of its terminal.
//
// # The caller's duties
//
//   - Close a client in the end: it keeps connections for later calls; a Sandbox, an Output and an Input too.
//   - Bound calls with ctx: while the masters recover, or none leads, a call tries again until ctx ends.
//   - Look at [Error].Status where it matters what was refused. Any other error is the network's; then a call that changes something may
//     have had its effect.
//   - Do not take acceptance for the deed: ReserveResources and the like are done later, and only GET_STATE tells.
//   - Clone what is kept for long of an answer: its parts share memory.
//
// # Security
//
// Credentials go to the master that is configured or detected, and to those it redirects to; from https to http no redirection is followed. They
// appear in no log and no error.
package operator
