// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { isCompaction } from '../../../src/event/event.ts';
import { parseEvent } from '../../../src/event/parse.ts';
import { Summary } from '../../../src/event/summary.ts';
import { summaryTable } from '../../../src/sinks/text/summary-table.ts';

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
const events = read('examples/recording.jsonl').trimEnd().split('\n').map(parseEvent);

describe('examples/recording.jsonl', () => {
  it('has direct stalls of services, with their stacks, inside the spans of applications', () => {
    const direct = events.filter(isCompaction).filter(({ trigger, resource }) => trigger === 'direct' && resource);
    assert.ok(direct.length > 20);
    assert.ok(direct.every(({ stack }) => stack.includes('compact_zone+0xc08')));
    // A thread may stall between two requests.
    assert.ok(direct.filter(({ context }) => context?.relation === 'child').length > 20);
  });

  it('has the summary that docs/cli.md shows', () => {
    const summary = new Summary();
    summary.add(events);
    assert.ok(read('docs/cli.md').includes(`\`\`\`\n${summaryTable(summary.report())}\n\`\`\`\n`));
  });
});
