// SPDX-License-Identifier: Apache-2.0
/** The services in an emulated machine, which sends to this host. */
import { PROJECT } from '../../harness/machine/contents.ts';
import { missingForMachines } from '../../harness/machine/ensure.ts';
import { fetchKernel } from '../../harness/machine/fetch.ts';
import { projectImage } from '../../harness/machine/image.ts';
import { kernelNamed, kernelsOf } from '../../harness/machine/kernels.ts';
import { runMachine } from '../../harness/machine/machine.ts';
import { type Outcome, parseMessage, type Setting } from './scenario.ts';

const MEMORY_MB = 1024;
const LIMIT_MS = 600_000;
const THP = '/sys/kernel/mm/transparent_hugepage';

export async function runInMachine(
  name: string | undefined,
  setting: Setting,
  say: (text: string) => void,
): Promise<Outcome> {
  const missing = missingForMachines();
  if (missing) throw new Error(missing);
  // The services are built for this host.
  const kernels = kernelsOf('x64');
  const kernel = name === undefined ? kernels.at(-1)! : kernelNamed(name, kernels);
  const folder = fetchKernel(kernel);
  // The address of this host, seen from inside.
  const fromInside = (endpoint: string) => endpoint.replace('127.0.0.1', '10.0.2.2');
  const inside = { ...setting, grpc: fromInside(setting.grpc), http: fromInside(setting.http) };
  say(`Linux ${kernel.name} in an emulated machine of ${MEMORY_MB} MB, where page faults compact (direct); it is slow`);
  const machine = runMachine({
    name: 'example',
    kernel: folder,
    image: projectImage('x64', folder),
    memoryMb: MEMORY_MB,
    network: [],
    // Programs that ask for huge pages compact for them; nothing else compacts meanwhile.
    command: [
      `echo madvise | tee ${THP}/enabled ${THP}/defrag`,
      'echo 0 >/proc/sys/vm/compaction_proactiveness',
      `exec node ${PROJECT}/examples/trace/scenario.ts '${JSON.stringify(inside)}'`,
    ].join('; '),
    limitMs: LIMIT_MS,
    say,
  });
  let outcome: Outcome | undefined;
  for (;;) {
    const next = await machine.next();
    if (next.done) {
      if (next.value !== 0 || !outcome) throw new Error(`the scenario ended with ${next.value}`);
      return outcome;
    }
    const message = parseMessage(next.value);
    if (message.type === 'said') say(message.text);
    else outcome = message;
  }
}
