// SPDX-License-Identifier: Apache-2.0
// The machine is booted with lockdown=confidentiality, which forbids probe reads. If the tracepoints pass compact_control, the
// agent works without them and reports what is missing. Otherwise it refuses, with the reason.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { COMPACT_MEMORY, compact, populatedZones } from '../../../../harness/host.ts';
import { Agent, parseLines, runToEnd } from '../../../support/agent.ts';
import { ALL_STACKS, PLANS, quiet, setUp } from '../settings.ts';

const WRITES = 5;

it('the kernel is locked down', () => {
  assert.match(readFileSync('/sys/kernel/security/lockdown', 'utf8'), /\[confidentiality\]/);
});

if (PLANS.includes('tp_btf')) {
  describe('tp_btf without probe reads', () => {
    it('gives the same records, except for the reported gaps', async () => {
      setUp();
      await quiet();
      const agent = await new Agent(['--output', 'json', '--verify', ...ALL_STACKS]).attached();
      compact(COMPACT_MEMORY, WRITES);
      const zones = populatedZones();
      const { code, stdout, stderr } = await agent.stop();
      assert.equal(code, 0, stderr);
      assert.match(stderr, /attached \(tp_btf\)/);
      assert.equal(stderr.match(/forbids probe reads \(lockdown=confidentiality\)/g)?.length, 1, stderr);
      const events = parseLines(stdout).filter(({ pid }) => pid === process.pid);
      assert.equal(events.length, WRITES * zones.length);
      for (const [i, { node, zone, watermark, begin, end, stack, scanned, order, mode, trigger }] of events.entries()) {
        const { free: _, ...same } = zones[i % zones.length]!;
        assert.deepEqual({ node, name: zone, ...watermark }, same);
        assert.deepEqual([trigger, order, mode], ['manual', -1, 'sync']);
        for (const { free, blocks } of [begin, end]) {
          assert.equal(
            free,
            blocks.reduce((sum, count, blockOrder) => sum + count * 2 ** blockOrder, 0),
          );
          assert.ok(free > 0);
        }
        assert.ok(scanned.migrate > 0);
        assert.ok(
          stack.some((frame) => frame.startsWith('compact_zone+0x')),
          stack.join('\n'),
        );
      }
      assert.doesNotMatch(stderr, /NOT EQUAL/);
    });

    it('doctor warns, and reports that this host can run it', async () => {
      const { code, stdout } = await runToEnd(['doctor']);
      assert.equal(code, 0, stdout);
      assert.match(stdout, /^warn +lockdown .*forbids probe reads/m);
    });
  });
}

for (const [plan, reason] of [
  ['fentry', /fentry: the kernel forbids probe reads \(lockdown=confidentiality\)/],
  ['kprobe', /kprobe: tracefs is not mounted at \/sys\/kernel\/tracing, or not readable/],
] as const) {
  it(`${plan} is refused, with the reason`, async () => {
    const { code, stderr } = await runToEnd(['--attach', plan, '--duration', '1']);
    assert.equal(code, 3, stderr);
    assert.match(stderr, reason);
  });
}

if (!PLANS.includes('tp_btf')) {
  it('without any plan left, run and doctor refuse, with the reason', async () => {
    const { code, stderr } = await runToEnd(['--duration', '1']);
    assert.equal(code, 3, stderr);
    assert.match(stderr, /forbids probe reads \(lockdown=confidentiality\)\..* Boot with lockdown=integrity/);
    const doctor = await runToEnd(['doctor']);
    assert.equal(doctor.code, 3, doctor.stdout);
    assert.match(doctor.stdout, /^fail +attach .*/m);
  });
}
