// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { LAYERS, ROOT } from '../../runner/layers.ts';
import { withoutMissing } from '../../runner/optional.ts';
import { reportText } from '../../runner/report.ts';
import { Results } from '../../runner/results.ts';

const [RUST, OTHER] = [`${ROOT}test/publishers/rust.test.ts`, `${ROOT}test/publishers/java.test.ts`];

it('an optional file that cannot run is left out with its reason in the last lines, and does not count as failed', () => {
  const results = new Results();
  const run = withoutMissing([OTHER, RUST], [{ file: RUST, missing: () => 'it needs rustc.' }], results);
  assert.deepEqual(run, [OTHER]);
  const text = reportText(results, []);
  assert.match(text, /^this host cannot run:\n {2}test\/publishers\/rust\.test\.ts: it needs rustc\.$/m);
  assert.match(text, /^0 passed, 0 failed, 0 skipped$/m);
});

it('one that can run does, as in a layer without any', () => {
  const results = new Results();
  assert.deepEqual(withoutMissing([OTHER, RUST], [{ file: RUST, missing: () => undefined }], results), [OTHER, RUST]);
  assert.deepEqual(withoutMissing([OTHER], undefined, results), [OTHER]);
  assert.deepEqual(results.leftOut, []);
});

it('each optional file is a file of its layer', () => {
  const optional = LAYERS.flatMap((layer) => (layer.optional ?? []).map(({ file }) => ({ layer, file })));
  assert.ok(optional.length > 0);
  for (const { layer, file } of optional) assert.ok(layer.files.includes(file), file);
});
