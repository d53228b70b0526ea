package container

import "time"

// Recover adopts the container id that an earlier agent launched with this checkpoint directory. One that has ended
// with a status that is known comes back with Done closed; of any other that has ended, what is left is killed, and the
// error is ErrGone.
func (p *Processes) Recover(id, dir string) (*Container, error) {
	if exit, ok := readExit(dir); ok {
		p.killLeftovers(id)
		return p.ended(id, exit), nil
	}
	i, found, err := readIdentity(dir)
	if err != nil {
		return nil, err
	}
	if !found {
		// Killed between the fork and the checkpoint, or before the fork.
		if i, found = findMain(id); !found {
			return nil, ErrGone
		}
		if err := writeIdentity(dir, i); err != nil {
			return nil, err
		}
	}
	c := p.reopen(id, i)
	if c == nil {
		p.killLeftovers(id)
		if exit, ok := keptExit(dir, i); ok {
			return p.ended(id, exit), nil
		}
		return nil, ErrGone
	}
	c.checkpoint, c.kept = dir, p.keeper.keeps(i)
	if err := p.adopt(c); err != nil {
		return nil, err
	}
	return c, nil
}

// ended is a container that has ended already.
func (p *Processes) ended(id string, exit Exit) *Container {
	c := p.container(id, 0, system{}, false)
	c.exit, c.released = exit, true
	close(c.done)
	return c
}

// keptExit gives the status that a keeper has written, or is about to write: it hears of the end at the same time as we do.
func keptExit(dir string, i identity) (Exit, bool) {
	for pause := time.Millisecond; ; pause *= 2 {
		there := i.Keeper.PID != 0 && i.Boot == bootID() && startTime(i.Keeper.PID) == i.Keeper.Start
		if exit, ok := readExit(dir); ok || !there || pause > maxBusy {
			return exit, ok
		}
		time.Sleep(pause)
	}
}
