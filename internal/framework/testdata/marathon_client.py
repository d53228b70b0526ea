"""Drives a server with Debian's python3-marathon, as tools that were written for Marathon do. Its argument is the server's URL.

It waits for nothing but events and answers, and ends with a status other than 0 when anything is not as Marathon had it."""

import json
import sys
import threading

import marathon
from marathon import MarathonClient, NotFoundError
from marathon.exceptions import ConflictError, MarathonHttpError
from marathon.models import MarathonApp, MarathonGroup

marathon.log.setLevel('CRITICAL')  # refusals are expected
url = sys.argv[1]
client = MarathonClient(url, timeout=60)


class Events(threading.Thread):
    """Reads the event stream, and knows which deployments are over."""

    def __init__(self):
        super().__init__(daemon=True)
        self.changed = threading.Condition()
        self.attached = False
        self.over = {}
        self.kinds = set()

    def run(self):
        for event in client.event_stream(raw=True):
            event = json.loads(event)
            kind = event['eventType']
            with self.changed:
                self.kinds.add(kind)
                if kind == 'event_stream_attached':
                    self.attached = True
                if kind in ('deployment_success', 'deployment_failed'):
                    self.over[event['id']] = kind
                self.changed.notify_all()

    def until(self, what, condition):
        with self.changed:
            if not self.changed.wait_for(condition, timeout=120):
                sys.exit('waited in vain for ' + what)

    def deployed(self, result):
        identity = result['deploymentId']
        self.until('deployment ' + identity, lambda: identity in self.over)
        assert self.over[identity] == 'deployment_success', self.over[identity]


def check(condition, *what):
    if not condition:
        sys.exit('not as Marathon: ' + ' '.join(map(str, what)))


events = Events()
events.start()
events.until('the stream', lambda: events.attached)

# Who answers
info = client.get_info()
check(info.name == 'marathon' and info.framework_id and info.elected, info)
check(client.ping() == b'"pong"', client.ping())
check(':' in client.get_leader()['leader'], client.get_leader())
check('gauges' in client.get_metrics(), client.get_metrics())

# An app
made = client.create_app('/py/web', MarathonApp(cmd='exec sleep 100000', cpus=0.1, mem=32, instances=2, labels={'by': 'python'}))
check(made.id == '/py/web' and len(made.deployments) == 1, made)
events.deployed({'deploymentId': made.deployments[0].id})
app = client.get_app('/py/web')
check(app.tasks_running == 2 and app.instances == 2 and len(app.tasks) == 2, app)
check([a.id for a in client.list_apps(label='by==python')] == ['/py/web'], 'label')
tasks = client.list_tasks('/py/web')
check(len(tasks) == 2 and all(t.started_at and len(t.ports) == 1 and t.host for t in tasks), tasks)
check(len(client.list_endpoints()) >= 2, 'endpoints')
try:
    client.create_app('/py/web', MarathonApp(cmd='exec sleep 1'))
    check(False, 'an app was created twice')
except ConflictError as e:
    check('already exists' in e.error_message, e.error_message)

# Scaling, an update, restart, versions, rollback
events.deployed(client.scale_app('/py/web', instances=3))
check(client.get_app('/py/web').tasks_running == 3, 'scaled')
events.deployed(client.scale_app('/py/web', delta=-2))
check(client.get_app('/py/web').tasks_running == 1, 'scaled')
events.deployed(client.update_app('/py/web', MarathonApp(cmd='exec sleep 200000')))
events.deployed(client.restart_app('/py/web'))
versions = client.list_versions('/py/web')
check(len(versions) == 5 and versions[0] > versions[-1], versions)
check(client.get_version('/py/web', versions[-1]).cmd == 'exec sleep 100000', 'an old version')
events.deployed(client.rollback_app('/py/web', versions[-1]))
check(client.get_app('/py/web').cmd == 'exec sleep 100000', 'rolled back')

# All of an app as it was read is taken back, with what only reads
app = client.get_app('/py/web')
app.instances = 1
events.deployed(client.update_app('/py/web', app))

# Kills
task = client.list_tasks('/py/web')[0]
check(client.kill_task('/py/web', task.id).id == task.id, 'the task that was killed')
check(client.kill_given_tasks([t.id for t in client.list_tasks('/py/web')]), 'killed')
check(isinstance(client.kill_tasks('/py/web', scale=True), (dict, list)), 'killed and scaled')

# Groups
result = client.create_group(MarathonGroup(id='/py/shop', apps=[
    MarathonApp(id='/py/shop/db', cmd='exec sleep 1000', cpus=0.1, mem=32),
    MarathonApp(id='/py/shop/front', cmd='exec sleep 1000', cpus=0.1, mem=32, dependencies=['/py/shop/db']),
]))
events.deployed(result)
group = client.get_group('/py/shop')
check(sorted(a.id for a in group.apps) == ['/py/shop/db', '/py/shop/front'], group)
events.deployed(client.scale_group('/py/shop', 2))
check(client.get_app('/py/shop/db').instances == 2, 'a group scaled')
check([g.id for g in client.list_groups()] == ['/py'], 'groups')

# What cannot be deployed: a deployment under way, the queue, force
big = client.create_app('/py/big', MarathonApp(cmd='exec sleep 1', cpus=100000, mem=32))
check([d.id for d in client.list_deployments()] == [big.deployments[0].id], client.list_deployments())
queue = client._do_request('GET', '/v2/queue').json()['queue']  # list_queue does not know the field role, which Marathon has had since 1.9
check([q['app']['id'] for q in queue] == ['/py/big'], queue)
client.reset_delay('/py/big')
try:
    client.scale_app('/py/big', instances=2)
    check(False, 'a locked app was changed')
except ConflictError as e:
    check('App is locked by one or more deployments' in e.error_message, e.error_message)
client.delete_deployment(big.deployments[0].id, force=True)
check(client.list_deployments() == [], 'ended by force')

# What is wrong
try:
    client.get_app('/py/absent')
    check(False, 'an app that is not there')
except NotFoundError as e:
    check(e.error_message == "App '/py/absent' does not exist", e.error_message)
try:
    client.create_app('/py/wrong', MarathonApp(cpus=-1))
    check(False, 'an app that is wrong')
except MarathonHttpError as e:
    check(e.status_code == 422, e.status_code)

# The end
events.deployed(client.delete_group('/py', force=True))
check(client.list_apps(app_id='/py') == [], 'everything is gone')
for kind in ('api_post_event', 'status_update_event', 'instance_changed_event', 'deployment_info', 'deployment_step_success', 'group_change_success', 'app_terminated_event'):
    check(kind in events.kinds, 'never told:', kind)
print('ok')
