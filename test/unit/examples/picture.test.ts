// SPDX-License-Identifier: Apache-2.0
// The picture of a trace. docs/images/stall-in-a-request.json comes from Jaeger; `npm run picture` records it again.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { tracePicture } from '../../../examples/trace/picture.ts';
import { CODE, LABEL, SMALL, TITLE } from '../../../examples/trace/picture-style.ts';
import { textWidth } from '../../../examples/trace/svg.ts';
import { flattenSpans, type ReceivedSpan } from '../../../harness/receivers/otlp.ts';

const IMAGE = new URL('../../../docs/images/stall-in-a-request', import.meta.url).pathname;
const recorded = () => flattenSpans(JSON.parse(readFileSync(`${IMAGE}.json`, 'utf8')));

/** Asserts that every element is closed, attributes are quoted, and text is escaped. */
function assertWellFormed(svg: string): void {
  const open: string[] = [];
  const rest = svg.replace(
    /<(\/?)([a-z]+)((?: [a-zA-Z]+="[^"<&]*(?:&[a-z]+;[^"<&]*)*")*)(\/?)>/g,
    (_, end, name, __, empty) => {
      if (end) assert.equal(open.pop(), name);
      else if (!empty) open.push(name);
      return '';
    },
  );
  assert.deepEqual(open, []);
  assert.doesNotMatch(rest.replaceAll(/&(amp|lt|gt|quot);/g, ''), /[<>&]/);
}

function assertInside(svg: string): void {
  const [, width, height] = svg.match(/viewBox="0 0 (\d+) (\d+)"/)!.map(Number) as [number, number, number];
  const texts = [...svg.matchAll(/<text x="([^"]*)" y="([^"]*)"(.*?)>(.*?)<\/text>/g)];
  assert.ok(texts.length > 10);
  for (const [all, x, y, attributes, escaped] of texts) {
    const font = /\bcode\b/.test(attributes!)
      ? CODE
      : /\bsmall\b/.test(attributes!)
        ? SMALL
        : /title/.test(attributes!)
          ? TITLE
          : LABEL;
    const long = textWidth(escaped!.replaceAll(/&[a-z]+;/g, '_'), font);
    const left = /\bend\b/.test(attributes!)
      ? Number(x) - long
      : /middle/.test(attributes!)
        ? Number(x) - long / 2
        : Number(x);
    assert.ok(left >= 0 && left + long <= width, all);
    assert.ok(Number(y) >= font.size && Number(y) < height, all);
  }
}

/** The same spans, with other words. */
const renamed = (spans: ReceivedSpan[], name: string, service: string) =>
  spans.map((one) => ({
    ...one,
    resource: { ...one.resource, 'service.name': service },
    span: { ...one.span, name: one.span.name.startsWith('compaction ') ? one.span.name : name },
  }));

describe('the picture of a trace', () => {
  it('is the one in docs/images; otherwise: npm run generate', () => {
    assert.equal(tracePicture(recorded()), readFileSync(`${IMAGE}.svg`, 'utf8'));
  });

  it('is well-formed, and no text exceeds it', () => {
    const svg = tracePicture(recorded());
    assertWellFormed(svg);
    assertInside(svg);
    assert.match(svg, />compaction direct</);
    assert.match(svg, />kernel\.stack</);
    assert.match(svg, />try_to_compact_pages\+0x/);
  });

  it('takes any names', () => {
    const svg = tracePicture(renamed(recorded(), 'GET <"a&b">'.repeat(30), '&<service>'.repeat(30)));
    assertWellFormed(svg);
    assertInside(svg);
  });

  it('takes spans of any length', () => {
    const spans = recorded();
    const root = spans.find(({ span }) => !span.parentSpanId)!;
    const short = spans.map((one) => (one === root ? one : { ...one, start: root.end - 1n, end: root.end }));
    assertWellFormed(tracePicture(short));
    assertInside(tracePicture(short));
    assertInside(
      tracePicture(spans.map((one) => (one === root ? { ...one, end: one.end + 3_600_000_000_000n } : one))),
    );
  });
});
