// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { attach } from '../../../src/doctor/attach.ts';
import { obi } from '../../../src/doctor/obi.ts';
import { plan } from '../../../src/doctor/plan.ts';
import { HostError, InstallError } from '../../../src/errors.ts';
import { NO_PROBE_READS, obiUnread, preemptible } from '../../../src/host/limitations.ts';
import type { KernelFeatures } from '../../../src/live/kernel-features.ts';
import type { LiveSource } from '../../../src/live/live-source.ts';
import { message } from '../../../src/messages/message.ts';

/** The features of Linux 6.1 and later, as distributions build it. */
const NEW: KernelFeatures = {
  ownBtf: true,
  tracepoints: true,
  tracepointsPassControl: true,
  compactZoneTakesControl: true,
  compactZoneNames: () => ['compact_zone'],
  kprobes: true,
  tracefs: true,
  preemptibleTracepoints: false,
};

describe('plan, by the features of a kernel', () => {
  for (const [what, differences, status, why] of [
    ['a new kernel', {}, 'ok', /^tp_btf: its tracepoints pass compact_control\.$/],
    ['7.0', { preemptibleTracepoints: true }, 'ok', /^kprobe: its programs cannot be preempted/],
    [
      '7.0 without tracefs',
      { preemptibleTracepoints: true, tracefs: false },
      'warn',
      /^tp_btf: .*some records are lost, and counted\. Not kprobe: tracefs is not mounted at .*readable\.$/,
    ],
    [
      '7.0 that hides its symbols',
      { preemptibleTracepoints: true, compactZoneNames: () => undefined },
      'ok',
      /^kprobe: /,
    ],
    ['7.0 that hides its event sources', { preemptibleTracepoints: true, kprobes: undefined }, 'ok', /^kprobe: /],
    [
      'BTF that is hidden',
      { ownBtf: false, btfHidden: { why: 'covered', todo: 'uncover it.' }, kprobes: false },
      'fail',
      /^none fits .*Not tp_btf: this process does not see the kernel's own types \(covered\)/,
    ],
    [
      '5.10 that hides its symbols',
      { tracepointsPassControl: false, compactZoneNames: () => undefined },
      'ok',
      /^fentry: /,
    ],
    ['5.10', { tracepointsPassControl: false }, 'ok', /^fentry: .* Not tp_btf: its tracepoints do not pass/],
    [
      'a kernel without its own BTF',
      { ownBtf: false, tracepointsPassControl: false },
      'ok',
      /^kprobe: .* Not tp_btf: .* Not fentry: /,
    ],
    [
      'no plan',
      { tracepointsPassControl: false, compactZoneNames: () => ['__compact_zone'] },
      'fail',
      /^none fits this kernel\. Not tp_btf: .* Not fentry: .*__compact_zone.* Not kprobe: [^.]*\.$/,
    ],
    ['no tracepoints', { tracepoints: false }, 'fail', /no mm_compaction tracepoints/],
  ] as const) {
    it(what, () => {
      const found = plan(() => ({ ...NEW, ...differences }));
      assert.equal(found.status, status);
      assert.match(found.why, why);
    });
  }

  it('without BTF it is unknown', () => {
    assert.equal(plan(() => undefined).status, 'fail');
  });
});

describe('attach', () => {
  const source = (passedOver: string[], probeReads = true, preemptible = false) => {
    let closed = 0;
    const opened = {
      attachment: { plan: { name: 'fentry', probeReads }, preemptible, passedOver },
      close: () => closed++,
    } as unknown as LiveSource;
    return { open: async () => opened, closed: () => closed };
  };

  it('names the plan taken and those passed over, and leaves nothing attached', async () => {
    const { open, closed } = source(['tp_btf: refused: no.', 'fentry: x']);
    assert.deepEqual(await attach(open), {
      status: 'ok',
      why: 'loaded and attached with fentry, and detached again. Not tp_btf: refused: no. Not fentry: x.',
    });
    assert.equal(closed(), 1);
  });

  it('without probe reads it is a warning, in the words of run', async () => {
    const found = await attach(source(['tp_btf: refused: no'], false).open);
    assert.equal(found.status, 'warn');
    assert.ok(found.why.endsWith(NO_PROBE_READS.why), found.why);
  });

  it('programs that can be preempted are a warning, in the words of run', async () => {
    const found = await attach(source(['kprobe: refused: no'], true, true).open);
    assert.equal(found.status, 'warn');
    assert.ok(found.why.includes('Not kprobe: refused: no.') && found.why.endsWith(preemptible([]).why), found.why);
    assert.ok('todo' in found && found.todo.endsWith('was not taken: refused: no.'));
  });

  const obstacle = message('addon_missing', { reason: 'one.' }, 'two.');
  for (const error of [new HostError(obstacle, 'log'), new InstallError(obstacle)]) {
    it(`${error.constructor.name}: message and advice are separate`, async () => {
      const found = await attach(() => Promise.reject(error));
      assert.deepEqual(found, { status: 'fail', why: 'one.', todo: 'two.', exitCode: error.exitCode });
    });
  }

  it('a defect is not a finding', async () => {
    await assert.rejects(
      attach(() => Promise.reject(new TypeError('x'))),
      TypeError,
    );
  });
});

describe('the map of OpenTelemetry eBPF Instrumentation', () => {
  const map = fileURLToPath(import.meta.url);
  const opens = (differences: object) => async () =>
    ({
      attachment: { plan: { probeReads: true }, ...differences },
      close: async () => {},
    }) as unknown as LiveSource;

  it('is absent, or unknown: nothing is loaded', async () => {
    const fails = () => assert.fail('nothing to load for');
    assert.match((await obi('/nonexistent/map', fails)).why, /^no map at \/nonexistent\/map: /);
    const odd = `/${'x'.repeat(300)}`;
    assert.equal((await obi(odd, fails)).why, `unknown: ${odd}: name too long.`);
  });

  it('is read', async () => {
    assert.equal((await obi(map, opens({}))).status, 'ok');
  });

  it('is not read for a reason: a warning, in the words of run', async () => {
    const { why, todo } = obiUnread('Why.');
    assert.deepEqual(await obi(map, opens({ obiObstacle: 'Why.' })), { status: 'warn', why, todo });
  });

  it('is not read without probe reads, which lockdown and attach report', async () => {
    const found = await obi(map, opens({ plan: { probeReads: false } }));
    assert.deepEqual(found, { status: 'ok', why: `not read: ${map} exists, but this kernel forbids probe reads.` });
  });

  it('is unknown where nothing can be loaded; a defect is not a finding', async () => {
    assert.match(
      (await obi(map, () => Promise.reject(new HostError(message('addon_missing', { reason: 'one.' }, 'two.'))))).why,
      /^unknown: .* be loaded\.$/,
    );
    await assert.rejects(
      obi(map, () => Promise.reject(new TypeError('x'))),
      TypeError,
    );
  });
});
