// SPDX-License-Identifier: Apache-2.0
// A Rust service that publishes its spans, recorded, as few hosts can build it (test/publishers/rust.test.ts).
import assert from 'node:assert/strict';
import { closeSync, ftruncateSync, mkdirSync, mkdtempSync, openSync, rmSync, symlinkSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { CONTEXT, PUBLISHER, TLS, TLS_PLACE } from '../../../src/abi.generated.ts';
import { forecast } from '../../../src/doctor/forecast.ts';
import { placesIn } from '../../../src/prober/protocol.ts';
import { Executables } from '../../../src/prober/service/executables.ts';
import { explain } from '../../../src/prober/service/explain.ts';
import { locatePublisher } from '../../../src/prober/thread-context/record.ts';
import { fixtureText } from '../fixtures.ts';

interface RecordedProcess {
  pid: number;
  exe: string;
  /** Files of /proc/PID: the bytes at some offsets, as base64. */
  files: Record<string, { size: number; bytes: Record<string, string> }>;
}

const recorded: RecordedProcess = JSON.parse(fixtureText('processes/rust.json'));
// Addresses are offsets in its memory: other file systems do not have files as large.
const proc = mkdtempSync('/dev/shm/compactstall-test-');
after(() => rmSync(proc, { recursive: true }));

const folder = join(proc, String(recorded.pid));
for (const [name, { size, bytes }] of Object.entries(recorded.files)) {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  const file = openSync(join(folder, name), 'w');
  if (size > 0) ftruncateSync(file, size);
  for (const [at, some] of Object.entries(bytes)) {
    const content = Buffer.from(some, 'base64');
    writeSync(file, content, 0, content.length, Number(at));
  }
  closeSync(file);
}
symlinkSync(recorded.exe, join(folder, 'exe'));

describe('datadog-opentelemetry in Rust, recorded', { skip: process.arch !== 'x64' && 'x86-64 only' }, () => {
  const located = locatePublisher(recorded.pid, proc);

  it("has its place for spans in the executable's thread-local variables", () => {
    assert.ok('publisher' in located, JSON.stringify(located));
    assert.deepEqual(located.keys, ['datadog.local_root_span_id']);
    assert.equal(placesIn(located.publisher), 1);
    const place = located.publisher.subarray(PUBLISHER.places.offset);
    assert.equal(place.readUInt32LE(TLS_PLACE.kind.offset), TLS.STATIC);
    assert.equal(place.readUInt32LE(TLS_PLACE.source.offset), CONTEXT.THREAD);
    // readelf -lsW: at 0xd8 of the TLS block of 0x298 bytes, which ends at the thread pointer.
    assert.equal(place.readBigInt64LE(TLS_PLACE.offset.offset), 0xd8n - 0x298n);
  });

  it('has its service from its process context', () => {
    const { facts } = new Executables({ services: true, proc }).see(recorded.pid)!;
    assert.equal(facts?.executable, 'spans');
    const { 'service.instance.id': id, ...resource } = facts.resource!;
    assert.match(String(id), /^[\da-f-]{36}$/);
    assert.deepEqual(resource, {
      'service.name': 'shop',
      'host.name': 'shop-1',
      'telemetry.sdk.language': 'rust',
      'telemetry.sdk.name': 'libdatadog',
      'telemetry.sdk.version': '0.6.0',
    });
  });

  it('doctor --pid foretells children', () => {
    const explanation = explain(recorded.pid, proc);
    assert.deepEqual(explanation, {
      namedBy: 'process_context',
      environment: 'there',
      configFile: false,
      forbidden: false,
      announces: true,
    });
    const { facts } = new Executables({ services: true, proc }).see(recorded.pid)!;
    const { why } = forecast({ facts: facts!, located, explanation });
    assert.match(
      why,
      /^A stall in a span is its child if the trace flags say that it is sampled, or else linked to it\./,
    );
  });
});
