// SPDX-License-Identifier: Apache-2.0
/** The two services, ready for requests. */
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { Child, freePorts } from '../../harness/child.ts';
import { COMPACT_NODE0 } from '../../harness/host.ts';

/** Long: the clock of an emulated machine may run fast when its host is busy. */
export const START_MS = 600_000;

export const SERVICES = [
  { name: 'reports', language: 'Node.js', operation: 'GET /reports/{name}', stalls: 'render' },
  { name: 'thumbnails', language: 'C', operation: 'GET /thumbnails/{name}', stalls: 'scale' },
] as const;
export type ServiceName = (typeof SERVICES)[number]['name'];

export interface Service {
  name: ServiceName;
  child: Child;
  /** A prefix: the name of a report or a thumbnail follows. */
  url: string;
}

/**
 * @param collector its endpoint for OTLP over HTTP
 * @param direct memory is fragmented, and the services want huge pages; otherwise their requests compact by hand
 */
export async function startServices(collector: string, direct: boolean): Promise<Service[]> {
  const [port, otherPort] = (await freePorts(2)) as [number, number];
  const service = (name: ServiceName, port: number, command: string, args: string[], ifDirect = {}): Service => {
    const env = {
      OTEL_SERVICE_NAME: name,
      OTEL_EXPORTER_OTLP_ENDPOINT: collector,
      ...(direct ? ifDirect : { COMPACT_FILE: COMPACT_NODE0 }),
    };
    return { name, child: new Child(name, command, args, env), url: `http://127.0.0.1:${port}/${name}/` };
  };
  const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
  const register = ['--import', import.meta.resolve('compactstall/register')];
  const services = [
    service('reports', port, process.execPath, [...register, path('../http-service/server.js'), `${port}`], {
      // Makes glibc's malloc ask for huge pages.
      GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1',
    }),
    service('thumbnails', otherPort, path('../c-service/build/service'), [`${otherPort}`]),
  ];
  for (const { child, url } of services) await child.ready(() => accepts(new URL(url)), START_MS);
  return services;
}

function accepts({ hostname, port }: URL): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.end();
      resolve(true);
    });
  });
}

export async function request(url: string): Promise<void> {
  const response = await fetch(url);
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`${url} answers ${response.status}`);
}
