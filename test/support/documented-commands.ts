// SPDX-License-Identifier: Apache-2.0
/** The tests that run the commands of the documents. test/unit/docs/commands.test.ts checks that the list is complete. */

interface Test {
  file: string;
  /** A part of its name. */
  name: string;
}

const here = (name: string): Test => ({ file: 'test/backends/commands.test.ts', name });
const hostExample: Test = { file: 'test/backends/example.test.ts', name: 'prints a request of each service' };
const machineExample: Test = { file: 'test/vm/example.ts', name: 'shows direct stalls inside requests' };

const booted: Test = { file: 'test/booted/guest/unit.test.ts', name: 'is active once the agent is attached' };

const looking: Test = { file: 'test/unit/docs/reading-a-stall.test.ts', name: 'has commands that look' };

export const RUN_BY = {
  'cat /sys/kernel/mm/transparent_hugepage/enabled /sys/kernel/mm/transparent_hugepage/defrag': looking,
  'grep -rs compact_memory /etc/cron* /etc/systemd /etc/tuned /var/spool/cron || echo none': looking,
  'git clone <this repository> compactstall && cd compactstall': here('makes a clone'),
  'npm start': here('the first stall'),
  'echo 1 > /proc/sys/vm/compact_memory': here('the first stall'),
  'npm run collector': here('the first span, in a collector'),
  'OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4317 npm start': here('the first span, in a collector'),
  'jaeger --config otel-collector/jaeger.yaml': here('the first span, in Jaeger'),
  'node --import /path/to/compactstall/dist/register/index.js app.js': here('starts a service of Node.js'),
  'NODE_OPTIONS="--import /path/to/node_modules/compactstall/dist/register/index.js"': {
    file: 'test/register/node-options.test.ts',
    name: 'reaches npm, which works',
  },
  'npm install --global ./compactstall-0.1.0.tgz': {
    file: 'test/packages/installed.test.ts',
    name: 'is what a global installation needs',
  },
  'compactstall doctor': { file: 'test/packages/roots.test.ts', name: 'doctor finds all parts' },
  'tar -xJf compactstall-0.1.0-linux-x64.tar.xz -C /opt': {
    file: 'test/packages/roots.test.ts',
    name: 'shows compactions',
  },
  '/opt/compactstall-0.1.0-linux-x64/bin/compactstall': {
    file: 'test/packages/roots.test.ts',
    name: 'shows compactions',
  },
  'npm start -- doctor': here('the doctor says'),
  'npm start -- doctor --pid PID': here('the doctor says'),
  'caps=-all,+bpf,+perfmon,+syslog,+sys_ptrace,+dac_read_search,+checkpoint_restore': here('the least capabilities'),
  'setpriv --reuid 64999 --regid 64999 --clear-groups --no-new-privs --inh-caps=$caps --ambient-caps=$caps --bounding-set=$caps node_modules/.bin/node dist/bin/compactstall.js doctor':
    here('the least capabilities'),
  'npm start -- -o json:stalls.jsonl': here('replays a recording'),
  'npm start -- replay stalls.jsonl': here('replays a recording'),
  'npm start -- --summary': here('sums up who waited'),
  'npm start -- summary examples/recording.jsonl': here('has a recording'),
  'npm start -- replay examples/recording.jsonl': here('has a recording'),
  'npm start -- --live': { file: 'test/browser/live-page.test.ts', name: 'is where the documents say' },
  'npm start -- report examples/recording.jsonl -o /tmp/report.html': here('has a recording'),
  'sudo compactstall -d 60 -o json | compactstall correlate - --jaeger http://127.0.0.1:16686': {
    file: 'test/backends/correlate.test.ts',
    name: 'live: while an agent records into the pipe, until both are interrupted',
  },
  'compactstall correlate stalls.jsonl --otlp-json spans.jsonl': {
    file: 'test/backends/correlate.test.ts',
    name: 'has them printed for people',
  },
  'npm start -- replay examples/recording.jsonl -o perfetto:stalls.pftrace': {
    file: 'test/spans/perfetto.test.ts',
    name: 'is a slice of its thread',
  },
  'npm start -- replay examples/recording.jsonl -o otlp-json:spans.jsonl': {
    file: 'test/backends/otlp-json.test.ts',
    name: 'the recording of the documents',
  },
  'npm start -- config --config examples/compactstall.yaml': here('shows a configuration'),
  'node examples/library/metric.js': { file: 'test/backends/library.test.ts', name: 'metric.js: a real Collector' },
  'node packaging/shell-files.ts /usr/local/share': {
    file: 'test/packages/manual.test.ts',
    name: 'are written by a command',
  },
  'helm template compactstall packaging/chart --namespace monitoring --set image.repository=REGISTRY/compactstall > compactstall.yaml':
    { file: 'test/packages/chart.test.ts', name: 'the command of the documents' },
  'systemctl daemon-reload': booted,
  'systemctl enable --now compactstall': booted,
  'systemctl status compactstall': booted,
  'node packaging/image/build.ts': { file: 'test/packages/image.test.ts', name: 'built again' },
  'node packaging/debian/build.ts': {
    file: 'test/packages/debian.test.ts',
    name: 'is the same when it is built again',
  },
  'apt-get install ./compactstall_0.1.0-1_amd64.deb': {
    file: 'test/packages/debian.test.ts',
    name: 'is installed by apt',
  },
  'docker run --rm --read-only --pid=host --network=host --uts=host --cgroupns=host --user 0 --security-opt no-new-privileges --cap-drop ALL --cap-add BPF --cap-add PERFMON --cap-add SYSLOG --cap-add SYS_PTRACE --cap-add DAC_READ_SEARCH --cap-add CHECKPOINT_RESTORE --cap-add SETUID --cap-add SETGID --volume /sys/kernel/tracing:/sys/kernel/tracing:ro --volume /sys/fs/cgroup:/sys/fs/cgroup:ro --volume /etc/machine-id:/etc/machine-id:ro --env OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4317 REGISTRY/compactstall:0.1.0 -o otlp':
    {
      file: 'test/packages/image.test.ts',
      name: 'runs it with the documented rights',
    },
  'npm run compactsnoop': here('uses compactsnoop'),
  'npm run demo': { file: 'test/vm/demo.ts', name: 'the demo shows direct stalls' },
  'npm run example': hostExample,
  'npm run example -- --machine': machineExample,
  'npm run example -- --machine [KERNEL]': machineExample,
  'npm run example -- --picture FILE --recording FILE': here('draws a trace'),
} satisfies Record<string, Test>;

/** The commands that no test runs, each with its reason. */
export const NOT_RUN: Record<string, string> = {
  'npm test': 'it would run this test again; .ci/run runs it',
  'sudo OTEL_EXPORTER_OTLP_ENDPOINT=... npm start': 'abridged; a host without sudo runs the same without the word',
  'journalctl --unit compactstall --follow': 'does not end; test/booted reads the journal without --follow',
  'skopeo copy --all oci-archive:build/packages/compactstall-0.1.0-image.tar docker://REGISTRY/compactstall:0.1.0':
    'needs a registry; test/packages/image.test.ts copies it into a folder',
  'npm run fuzz -- --only recordings --seed 16 --cases 100000':
    'takes a minute; test/unit/runner/fuzz.test.ts runs what it runs, with fewer cases',
  './setup.sh package': '.ci/run runs ./setup.sh all, which does the same and more',
  'helm install compactstall packaging/chart --namespace monitoring --set image.repository=REGISTRY/compactstall':
    'needs a cluster; test/packages/chart.test.ts renders the same',
  'kubectl apply --filename compactstall.yaml': 'needs a cluster',
  'npm run outage': 'takes ten minutes; test/backends/outage.test.ts is the short form',
  'npm run powercuts': 'takes an hour or two; test/vm/power-cut.test.ts is the short form',
  'npm run soak -- --minutes 10 --seed 16': 'takes ten minutes; test/backends/soak.test.ts is the short form',
  'node bench/backlog.ts 1000000': 'a measurement of six minutes',
  'npm run package': 'test/packages/ makes the packages by npm pack, and the layer builds what is in them',
  'scp build/packages/compactstall-0.1.0-linux-x64 root@HOST:compactstall':
    'needs a host; test/packages/roots.test.ts runs the file in other roots',
  'ssh root@HOST ./compactstall': 'needs a host; test/packages/roots.test.ts runs the file in other roots',
  'npm run picture': 'writes docs/images again; the example in a machine and --picture are run each',
  'npm run recording': 'writes examples/recording.jsonl again; the example in a machine and --recording are run each',
  'npm install compactstall': 'no registry has it; test/packages/installed.test.ts installs the packed package',
  'node --import compactstall/register app.js':
    'needs that installation; test/packages/installed.test.ts runs it there',
  'node test/fixtures/record.ts && npm run format': 'writes fixtures of this host into the tree',
  'node test/fixtures/record-process.ts && npm run format': 'writes a fixture into the tree, and needs Rust',
  'python3 test/fixtures/snoop-golden.py': 'writes fixtures of this host into the tree, and needs bcc',
  'node test/vm/run.ts --kernel 7.3': 'test/vm/matrix.test.ts runs the same function on every kernel',
  'node test/vm/run.ts --kernel 7.3 --file plans --test fentry': 'test/vm/matrix.test.ts runs the same function',
  'node test/vm/run.ts --kernel 6.1 --shell': 'a shell for a person',
  'node test/vm/run.ts --kernel 6.1 --append lockdown=confidentiality --memory 2048 --nodes 1':
    'test/vm/matrix.test.ts runs the same function with lockdown',
  'mkdir -p /tmp/lock && cp --parents package.json package-lock.json .npmrc native/bpf-loader/package.json toolchain/package.json /tmp/lock':
    'replaces the lock file of the tree',
  '(cd /tmp/lock && npm install --package-lock-only) && cp /tmp/lock/package-lock.json .':
    'replaces the lock file of the tree',
};
