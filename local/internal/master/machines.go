package master

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"

	"github.com/ormosproject/ormos/local/internal/daemon"
	"github.com/ormosproject/ormos/local/internal/link"
	"github.com/ormosproject/ormos/mesos"
	"github.com/ormosproject/ormos/operator"
)

// takeDown takes machines of the schedule away: their agents are removed, and no agent is taken in from there until bringUp.
//
//	up -> (UPDATE_MAINTENANCE_SCHEDULE) -> draining -> (takeDown) -> down -> (bringUp) -> up
func (m *Master) takeDown(machines []mesos.MachineID) error {
	if err := validateMachines(machines); err != nil {
		return err
	}
	for i := range machines {
		id := machineText(&machines[i])
		switch {
		case !m.maintenance.plans(id):
			return says("Machine '%s' is not part of a maintenance schedule", id)
		case m.maintenance.down[id]:
			return says("Machine '%s' is not in DRAINING mode and cannot be brought down", id)
		}
	}
	for i := range machines {
		m.maintenance.down[machineText(&machines[i])] = true
	}
	for _, a := range m.sortedAgents() {
		if m.maintenance.down[machineText(a.machine())] {
			a.send(link.Shutdown{Reason: machineDown})
			m.removeAgent(a, machineDown)
		}
	}
	m.saveRegistry(nil)
	return nil
}

const machineDown = "Operator initiated 'Machine DOWN'"

// bringUp lets agents of machines that were taken down come again, and takes the machines off the schedule.
func (m *Master) bringUp(machines []mesos.MachineID) error {
	if err := validateMachines(machines); err != nil {
		return err
	}
	up := map[string]bool{}
	for i := range machines {
		id := machineText(&machines[i])
		if up[id] = true; !m.maintenance.down[id] {
			return says("Machine '%s' is not in DOWN mode and cannot be brought up", id)
		}
	}
	windows := m.maintenance.schedule.Windows
	for i := range windows {
		windows[i].MachineIDs = slices.DeleteFunc(windows[i].MachineIDs, func(id mesos.MachineID) bool { return up[machineText(&id)] })
	}
	m.maintenance.schedule.Windows = slices.DeleteFunc(windows, func(w operator.MaintenanceWindow) bool { return len(w.MachineIDs) == 0 })
	for id := range up {
		delete(m.maintenance.down, id)
	}
	m.saveRegistry(nil)
	return nil
}

// plans tells whether a machine is in the schedule.
func (m *maintenance) plans(id string) bool {
	return slices.ContainsFunc(m.schedule.Windows, func(w operator.MaintenanceWindow) bool {
		return slices.ContainsFunc(w.MachineIDs, func(other mesos.MachineID) bool { return machineText(&other) == id })
	})
}

// isDown tells whether agents at an address are to stay away.
func (m *maintenance) isDown(a link.Address) bool {
	return m.down[machineText(&mesos.MachineID{Hostname: &a.Hostname, IP: &a.IP})]
}

func validateMachines(machines []mesos.MachineID) error {
	if len(machines) == 0 {
		return says("List of machines is empty")
	}
	seen := map[string]bool{}
	for i := range machines {
		if err := validateMachine(&machines[i]); err != nil {
			return err
		}
		id := machineText(&machines[i])
		if seen[id] {
			return says("Machine '%s' appears more than once", id)
		}
		seen[id] = true
	}
	return nil
}

// serveMachines answers START_MAINTENANCE and STOP_MAINTENANCE, which are takeDown and bringUp.
func (m *Master) serveMachines(w http.ResponseWriter, r *http.Request, machines []mesos.MachineID, change func([]mesos.MachineID) error) {
	var err error
	if !m.do(r.Context(), func() { err = change(machines) }) {
		unavailable(w)
		return
	}
	if err != nil {
		daemon.Error(w, http.StatusBadRequest, err.Error())
	}
}

// machinesForm is /machine/down and /machine/up: POST of a JSON list of machines.
func (m *Master) machinesForm(change func([]mesos.MachineID) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !m.leading(w, r) {
			return
		}
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			daemon.Error(w, http.StatusMethodNotAllowed, "")
			return
		}
		body, err := io.ReadAll(io.LimitReader(r.Body, maxForm))
		var texts []json.RawMessage
		if err == nil {
			err = json.Unmarshal(body, &texts)
		}
		machines := make([]mesos.MachineID, len(texts))
		for i := range texts {
			if err == nil {
				err = machines[i].UnmarshalJSON(texts[i])
			}
		}
		if err != nil {
			daemon.Error(w, http.StatusBadRequest, "Failed to parse JSON: "+err.Error())
			return
		}
		m.serveMachines(w, r, machines, change)
	}
}
